/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* A process that is not what it seems to be, or does not stay what it was. See usage(). */

#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void *
sleep_in_thread (void *data)
{
  pid_t *tid = data;

  __atomic_store_n (tid, gettid (), __ATOMIC_RELEASE);
  for (;;)
    pause ();
  return NULL;
}

static pid_t
start_thread (void)
{
  static pid_t tid;
  pthread_t thread;

  if (pthread_create (&thread, NULL, sleep_in_thread, &tid) != 0)
    exit (EXIT_FAILURE);
  while (__atomic_load_n (&tid, __ATOMIC_ACQUIRE) == 0)
    usleep (1000);
  return tid;
}

/* What the child is worth knowing for: it has exited, and nobody has fetched its status. */
static pid_t
start_zombie (void)
{
  const pid_t child = fork ();

  if (child == 0)
    _exit (0);
  siginfo_t info;
  waitid (P_PID, (id_t) child, &info, WEXITED | WNOWAIT);
  return child;
}

/* DAMON cuts an address space into pieces, and none below 2 MiB is worked on: how large a small
 * program's are, its random layout would decide. There is nothing in it, and never a huge page. */
static void
be_large (void)
{
  const size_t length = (size_t) 64 << 20;
  void *start = mmap (NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  if (start == MAP_FAILED)
    exit (EXIT_FAILURE);
  madvise (start, length, MADV_NOHUGEPAGE);
}

static void
usage (FILE *stream)
{
  fputs ("poser [OPTION]...\n"
         "Prints \"ready\" and a process ID, and waits.\n"
         "  --name=BYTES      has that name\n"
         "  --not-dumpable    is nobody's to look into\n"
         "  --thread          the ID is that of a thread\n"
         "  --zombie          the ID is that of a child that has exited\n"
         "  --become=PROGRAM  executes PROGRAM on SIGUSR1\n",
         stream);
}

int
main (int argc, char **argv)
{
  static const struct option options[] = {
    { "name", required_argument, NULL, 'n' },   { "not-dumpable", no_argument, NULL, 'd' },
    { "thread", no_argument, NULL, 't' },       { "zombie", no_argument, NULL, 'z' },
    { "become", required_argument, NULL, 'b' }, { 0 },
  };
  char *program = NULL;
  pid_t pid = getpid ();
  sigset_t signals;
  int option, number;

  be_large ();
  sigemptyset (&signals);
  sigaddset (&signals, SIGUSR1);
  sigprocmask (SIG_BLOCK, &signals, NULL);
  while ((option = getopt_long (argc, argv, "", options, NULL)) != -1) {
    switch (option) {
    case 'n':
      prctl (PR_SET_NAME, optarg, 0, 0, 0);
      break;
    case 'd':
      prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
      break;
    case 't':
      pid = start_thread ();
      break;
    case 'z':
      pid = start_zombie ();
      break;
    case 'b':
      program = optarg;
      break;
    default:
      usage (stderr);
      return EXIT_FAILURE;
    }
  }
  printf ("ready %d\n", pid);
  fflush (stdout);
  sigwait (&signals, &number);
  if (program != NULL)
    execl (program, program, (char *) NULL);
  return EXIT_FAILURE;
}
