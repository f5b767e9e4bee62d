/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* Hot memory of every kind: all of it is read all the time, and only some of it may be made huge.
 * Prints a line KIND ADDRESS BLOCKS for each, then "ready".
 *
 * SIGUSR1 forks a child that shares it all and waits ("forked"), SIGUSR2 ends that child
 * ("alone"), SIGHUP executes the program of --exec with the same options. */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE_SIZE ((size_t) 4096)
#define BLOCK_PAGES ((size_t) 512)
#define BLOCK_SIZE (PAGE_SIZE * BLOCK_PAGES)
#define TEBIBYTE ((size_t) 1 << 40)

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* linux/mman.h, since 6.1 */
#endif

struct area {
  const char *name;
  size_t n_blocks;
  size_t n_pages; /* of each block that are there */
  void (*map) (struct area *self, void *place);
  volatile char *start;
};

static volatile sig_atomic_t fork_asked;
static volatile sig_atomic_t reap_asked;
static volatile sig_atomic_t exec_asked;

static void
on_signal (int number)
{
  if (number == SIGUSR1)
    fork_asked = 1;
  else if (number == SIGUSR2)
    reap_asked = 1;
  else
    exec_asked = 1;
}

static _Noreturn void
die (const char *what)
{
  fprintf (stderr, "zoo: %s: %s\n", what, strerror (errno));
  exit (EXIT_FAILURE);
}

static void
map_at (struct area *self, void *place, int flags, int fd, off_t offset)
{
  void *start = mmap (place, self->n_blocks * BLOCK_SIZE, PROT_READ | PROT_WRITE, flags | MAP_FIXED,
                      fd, offset);

  if (start == MAP_FAILED)
    die (self->name);
  self->start = start;
}

static void
map_plain (struct area *self, void *place)
{
  map_at (self, place, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* In the middle of each block one page is a mapping of its own. */
static void
map_borders (struct area *self, void *place)
{
  map_plain (self, place);
  for (size_t i = 0; i < self->n_blocks; i++)
    if (madvise ((char *) place + i * BLOCK_SIZE + BLOCK_SIZE / 2, PAGE_SIZE, MADV_DONTDUMP) < 0)
      die (self->name);
}

static void
map_locked (struct area *self, void *place)
{
  map_plain (self, place);
  if (mlock (place, self->n_blocks * BLOCK_SIZE) < 0)
    die (self->name);
}

static void
map_refusing (struct area *self, void *place)
{
  map_plain (self, place);
  if (madvise (place, self->n_blocks * BLOCK_SIZE, MADV_NOHUGEPAGE) < 0)
    die (self->name);
}

static void
map_memfd (struct area *self, void *place, int flags, size_t offset)
{
  int fd = memfd_create (self->name, MFD_CLOEXEC);

  if (fd < 0 || ftruncate (fd, (off_t) (self->n_blocks * BLOCK_SIZE + offset)) < 0)
    die (self->name);
  map_at (self, place, flags, fd, (off_t) offset);
  close (fd);
}

static void
map_congruent (struct area *self, void *place)
{
  map_memfd (self, place, MAP_SHARED, 0);
}

static void
map_incongruent (struct area *self, void *place)
{
  map_memfd (self, place, MAP_SHARED, PAGE_SIZE);
}

static void
map_file (struct area *self, void *place)
{
  char name[] = "/tmp/damon-hugepage-zoo-XXXXXX";
  int fd = mkostemp (name, O_CLOEXEC);

  if (fd < 0 || unlink (name) < 0 || ftruncate (fd, (off_t) (self->n_blocks * BLOCK_SIZE)) < 0)
    die (self->name);
  map_at (self, place, MAP_PRIVATE, fd, 0);
  close (fd);
}

static struct area areas[] = {
  { "plain", 8, BLOCK_PAGES, map_plain, NULL },
  { "border", 4, BLOCK_PAGES, map_borders, NULL },
  { "sparse", 4, 479, map_plain, NULL },
  { "nearly-full", 4, 480, map_plain, NULL },
  { "locked", 2, BLOCK_PAGES, map_locked, NULL },
  { "refusing", 4, BLOCK_PAGES, map_refusing, NULL },
  { "congruent", 4, BLOCK_PAGES, map_congruent, NULL },
  { "incongruent", 4, BLOCK_PAGES, map_incongruent, NULL },
  { "file", 4, BLOCK_PAGES, map_file, NULL },
  { "own", 4, BLOCK_PAGES, map_plain, NULL }, /* that it makes huge itself */
};

#define N_AREAS (sizeof areas / sizeof *areas)

/* An empty block lies between any two areas. */
static void
map_areas (void)
{
  size_t size = BLOCK_SIZE;
  char *place;

  for (size_t i = 0; i < N_AREAS; i++)
    size += (areas[i].n_blocks + 1) * BLOCK_SIZE;
  place = mmap (NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED)
    die ("cannot map");
  place += BLOCK_SIZE - (uintptr_t) place % BLOCK_SIZE;
  for (size_t i = 0; i < N_AREAS; i++) {
    areas[i].map (&areas[i], place);
    place += (areas[i].n_blocks + 1) * BLOCK_SIZE;
  }
}

static void
fill (const struct area *area)
{
  for (size_t i = 0; i < area->n_blocks; i++)
    for (size_t j = 0; j < area->n_pages; j++)
      area->start[i * BLOCK_SIZE + j * PAGE_SIZE] = (char) (j | 1);
}

static void
make_own_huge (void)
{
  const struct area *area = &areas[N_AREAS - 1];

  /* Where no huge page is to be had at once, one is a moment later. */
  for (unsigned tries = 0; tries < 100; tries++) {
    if (madvise ((void *) area->start, area->n_blocks * BLOCK_SIZE, MADV_COLLAPSE) == 0)
      return;
    usleep (10000);
  }
  die (area->name);
}

static void
use (const struct area *area)
{
  for (size_t i = 0; i < area->n_blocks; i++)
    for (size_t j = 0; j < area->n_pages; j++)
      (void) area->start[i * BLOCK_SIZE + j * PAGE_SIZE];
}

/* Address space without a page. */
static void
reserve (void)
{
  unsigned tebibytes = 0;

  while (mmap (NULL, TEBIBYTE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
         != MAP_FAILED)
    tebibytes++;
  printf ("reserved %u\n", tebibytes);
}

static pid_t
fork_child (void)
{
  pid_t parent = getpid (), pid = fork ();

  if (pid < 0)
    die ("cannot fork");
  if (pid == 0) {
    prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    while (getppid () == parent)
      pause ();
    _exit (EXIT_SUCCESS);
  }
  printf ("forked %d\n", pid);
  return pid;
}

static _Noreturn void
execute (const char *program, char **argv)
{
  if (program == NULL)
    exit (EXIT_FAILURE);
  execv (program, argv);
  die (program);
}

static void
catch_signals (void)
{
  const int numbers[] = { SIGUSR1, SIGUSR2, SIGHUP };
  struct sigaction action = { .sa_handler = on_signal };

  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    sigaction (numbers[i], &action, NULL);
}

int
main (int argc, char **argv)
{
  static const struct option options[] = { { "reserve", no_argument, NULL, 'r' },
                                           { "disable-huge-pages", no_argument, NULL, 'd' },
                                           { "exec", required_argument, NULL, 'e' },
                                           { NULL, 0, NULL, 0 } };
  const char *program = NULL;
  bool reserves = false, disables = false;
  pid_t child = 0;
  int option;

  while ((option = getopt_long (argc, argv, "", options, NULL)) != -1) {
    if (option == '?')
      return EXIT_FAILURE;
    reserves = reserves || option == 'r';
    disables = disables || option == 'd';
    program = option == 'e' ? optarg : program;
  }
  setvbuf (stdout, NULL, _IOLBF, 0);
  catch_signals ();
  map_areas ();
  /* Where they are `always` on, a fault would give a huge page. */
  prctl (PR_SET_THP_DISABLE, 1, 0, 0, 0);
  for (size_t i = 0; i < N_AREAS; i++) {
    fill (&areas[i]);
    printf ("%s %" PRIxPTR " %zu\n", areas[i].name, (uintptr_t) areas[i].start, areas[i].n_blocks);
  }
  prctl (PR_SET_THP_DISABLE, disables ? 1 : 0, 0, 0, 0);
  if (!disables)
    make_own_huge ();
  if (reserves)
    reserve ();
  puts ("ready");

  while (!exec_asked) {
    for (size_t i = 0; i < N_AREAS; i++)
      use (&areas[i]);
    if (fork_asked) {
      fork_asked = 0;
      child = fork_child ();
    }
    if (reap_asked && child > 0) {
      reap_asked = 0;
      kill (child, SIGKILL);
      waitpid (child, NULL, 0);
      puts ("alone");
    }
  }
  execute (program, argv);
}
