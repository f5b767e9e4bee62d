/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* A process that never keeps still: while one thread reads its hot memory all the time, others come
 * and go, children are forked and reaped, and mappings made and dropped. Prints "hot ADDRESS
 * BLOCKS" and "ready". */

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE_SIZE ((size_t) 4096)
#define BLOCK_SIZE ((size_t) 2 << 20)
#define N_BLOCKS ((size_t) 32)
#define N_THREADS 8
#define CHILD_USEC 2000
#define PAUSE_USEC 10000

static volatile char *hot;

static _Noreturn void
die (const char *what)
{
  fprintf (stderr, "restless: %s: %s\n", what, strerror (errno));
  exit (EXIT_FAILURE);
}

static void
map_hot (void)
{
  char *area = mmap (NULL, (N_BLOCKS + 1) * BLOCK_SIZE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (area == MAP_FAILED)
    die ("cannot map");
  hot = area + (BLOCK_SIZE - (uintptr_t) area % BLOCK_SIZE);
  prctl (PR_SET_THP_DISABLE, 1, 0, 0, 0);
  for (size_t i = 0; i < N_BLOCKS * BLOCK_SIZE; i += PAGE_SIZE)
    hot[i] = (char) (i / PAGE_SIZE | 1);
  prctl (PR_SET_THP_DISABLE, 0, 0, 0, 0);
}

/* It only reads: a write after a fork takes huge pages apart. */
static void *
use_hot (void *unused)
{
  for (;;)
    for (size_t i = 0; i < N_BLOCKS * BLOCK_SIZE; i += PAGE_SIZE)
      (void) hot[i];
  return unused;
}

static void *
churn (void *unused)
{
  volatile char *area =
    mmap (NULL, BLOCK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (area == MAP_FAILED)
    die ("cannot map");
  for (size_t i = 0; i < BLOCK_SIZE / 8; i += PAGE_SIZE)
    area[i] = 1;
  munmap ((void *) area, BLOCK_SIZE);
  return unused;
}

static void
start_thread (pthread_t *thread, void *(*run) (void *) )
{
  errno = pthread_create (thread, NULL, run, NULL);
  if (errno != 0)
    die ("cannot start a thread");
}

static void
fork_and_reap (void)
{
  pid_t pid = fork ();

  if (pid < 0)
    die ("cannot fork");
  if (pid == 0) {
    usleep (CHILD_USEC);
    _exit (EXIT_SUCCESS);
  }
  waitpid (pid, NULL, 0);
}

int
main (void)
{
  pthread_t user, threads[N_THREADS];

  setvbuf (stdout, NULL, _IOLBF, 0);
  map_hot ();
  start_thread (&user, use_hot);
  printf ("hot %" PRIxPTR " %zu\nready\n", (uintptr_t) hot, N_BLOCKS);
  for (;;) {
    for (size_t i = 0; i < N_THREADS; i++)
      start_thread (&threads[i], churn);
    for (size_t i = 0; i < N_THREADS; i++)
      pthread_join (threads[i], NULL);
    fork_and_reap ();
    usleep (PAUSE_USEC);
  }
}
