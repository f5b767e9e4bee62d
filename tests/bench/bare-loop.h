/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "subject.h"

/* Makes a hotmap's hot blocks huge from outside, in the order of their addresses, one call after
 * the other, and does nothing else. The first two are set when it begins, and the rest is 0. */
typedef struct {
  const Subject *subject;
  double run_blocks; /* so long runs are on average, where so many blocks are adjacent */
  double due;        /* blocks that were due to be in a run so far */
  guint done;        /* blocks */
  gint64 usec;       /* in calls */
} BareLoop;

/* Goes on until it has spent so much in calls since it began. Returns: whether blocks are left. */
gboolean bare_loop_run (BareLoop *self, gint64 usec);

/* Does it with all of them, and with so many microseconds of calls in a second as a quota would let
 * through: a host that takes free memory back has then no more of it at hand than for the service.
 * Puts them back to 4 KiB pages. Returns: bytes made huge per second inside the calls. */
double bare_loop_measure (const Subject *subject, double run_blocks, guint usec_a_second);
