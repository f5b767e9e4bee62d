/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* parked MEBIBYTES: fills so much memory and then waits in the kernel, uninterruptibly (D in
 * ps(1)), for a vfork child that never executes anything. Prints "ready" before. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* vfork() on purpose, and nothing that the compiler would not have in a child of it. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

int
main (int argc, char **argv)
{
  const size_t size = (argc > 1 ? strtoul (argv[1], NULL, 10) : 0) << 20;
  char *area = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (size == 0 || area == MAP_FAILED)
    return EXIT_FAILURE;
  prctl (PR_SET_THP_DISABLE, 1, 0, 0, 0);
  memset (area, 1, size);
  prctl (PR_SET_THP_DISABLE, 0, 0, 0, 0);
  puts ("ready");
  fflush (stdout);
  if (vfork () == 0) {
    prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    for (;;)
      pause ();
  }
  return EXIT_FAILURE;
}
