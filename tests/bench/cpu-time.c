/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "cpu-time.h"

#include <sched.h>
#include <time.h>

static double
read_clock (clockid_t clock)
{
  struct timespec now;

  g_assert_no_errno (clock_gettime (clock, &now));
  return (double) now.tv_sec + (double) now.tv_nsec * 1e-9;
}

double
cpu_time_get (GPid pid)
{
  clockid_t clock;

  g_assert_cmpint (clock_getcpuclockid (pid, &clock), ==, 0);
  return read_clock (clock);
}

double
cpu_time_get_own (void)
{
  return read_clock (CLOCK_THREAD_CPUTIME_ID);
}

void
cpu_pin (GPid pid, guint processor)
{
  cpu_set_t set;

  CPU_ZERO (&set);
  CPU_SET (processor, &set);
  g_assert_no_errno (sched_setaffinity (pid, sizeof set, &set));
}
