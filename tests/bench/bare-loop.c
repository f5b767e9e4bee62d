/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bare-loop.h"

#include "hugepages/advisor.h"

#include <sys/syscall.h>
#include <unistd.h>

#define SECOND_MILLISECONDS 1000

/* Returns: how many blocks from the @first on, next to one another, make the next run. @due: blocks
 * that are due to be in a run so far. */
static guint
find_run (const GArray *blocks, guint first, double due)
{
  guint length = 1;

  while (first + length + 1 <= due && first + length < blocks->len
         && g_array_index (blocks, guint64, first + length)
              == g_array_index (blocks, guint64, first) + length * PAGE_TABLES_BLOCK_SIZE)
    length++;
  return length;
}

gboolean
bare_loop_run (BareLoop *self, gint64 usec)
{
  const GArray *blocks = self->subject->map->blocks[HEAT_CLASS_HOT];
  const int pidfd = (int) syscall (SYS_pidfd_open, self->subject->pid, 0);

  g_assert_no_errno (pidfd);
  while (self->done < blocks->len && self->usec < usec) {
    guint length;
    gint64 start;

    /* What rounding left, not what the end of a row of blocks did. */
    self->due = CLAMP (self->due, self->done - 0.5, self->done + 0.5) + self->run_blocks;
    length = find_run (blocks, self->done, self->due + 0.5);
    start = g_get_monotonic_time ();
    dh_advisor_collapse (&dh_kernel_advisor, pidfd, g_array_index (blocks, guint64, self->done),
                         length * PAGE_TABLES_BLOCK_SIZE);
    self->usec += g_get_monotonic_time () - start;
    self->done += length;
  }
  close (pidfd);
  return self->done < blocks->len;
}

double
bare_loop_measure (const Subject *subject, double run_blocks, guint usec_a_second)
{
  BareLoop loop = { .subject = subject, .run_blocks = run_blocks };
  guint huge;

  for (gint64 allowed = usec_a_second; bare_loop_run (&loop, allowed); allowed += usec_a_second)
    wait_for (SECOND_MILLISECONDS);
  huge = subject_count_huge (subject, HEAT_CLASS_HOT);
  subject_split (subject);
  return (double) huge * PAGE_TABLES_BLOCK_SIZE / (double) loop.usec * G_USEC_PER_SEC;
}
