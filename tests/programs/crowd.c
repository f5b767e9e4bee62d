/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* crowd NUMBER: so many processes that do nothing, and end with it. Prints "ready" once they are
 * there. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static void
wait_for_the_end (pid_t parent)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  /* It may have ended before. */
  while (getppid () == parent)
    pause ();
  _exit (0);
}

int
main (int argc, char **argv)
{
  const pid_t parent = getpid ();
  const int number = argc == 2 ? atoi (argv[1]) : 0;

  for (int i = 0; i < number; i++) {
    const pid_t child = fork ();

    if (child < 0)
      return EXIT_FAILURE;
    if (child == 0)
      wait_for_the_end (parent);
  }
  puts ("ready");
  fflush (stdout);
  for (;;)
    pause ();
}
