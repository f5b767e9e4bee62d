/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "engine-case.h"

/* A service, and beside it a hotmap of alice's that it may serve: what the measurements of the
 * engine stand on. The only caller is root, so there is no polkit. */
typedef struct {
  Fixture fixture;
  Child *child; /* the hotmap */
  GPid pid;
  HeatMap *map;
  PageTables *tables;
  Child *warmer; /* of stage_keep_warm() */
} Stage;

/* Blocks of each class. */
typedef struct {
  guint hot;
  guint warm;
  guint one;
  guint cold;
} StageSize;

/* Service and bus alone. */
void stage_set_up_service (Fixture *fixture);

/* The hotmap has the last processor to itself, as far as the service leaves it. As many huge pages
 * as its hot and warm blocks need are touched and given back before. */
void stage_set_up (Stage *self, const StageSize *size);
void stage_tear_down (Stage *self);

/* Where a host takes back memory that has been free for two seconds, the next use of a huge page
 * costs it ten times what the kernel takes: from now on a few are touched and given back all the
 * time. That takes time of the processor that the service's calls run on. */
void stage_keep_warm (Stage *self);

/* Has the hotmap served by a new target. Returns: (transfer full): its path. */
char *stage_serve (Stage *self);

/* Ends that, and puts all memory back to 4 KiB pages. Frees @path. */
void stage_stop_serving (Stage *self, char *path);

/* Waits until the service has begun to collapse. */
void stage_wait_for_work (Stage *self, const char *path, guint seconds);

guint stage_count_huge (Stage *self, HeatClass heat);

/* Accesses per microsecond over so many milliseconds that begin now. */
double stage_measure_rate (Stage *self, guint milliseconds);

/* Makes all hot blocks huge from outside, one call after the other, with runs that are @run_blocks
 * long on average where so many are adjacent, and with so many microseconds of calls in a second as
 * a quota would let through: a host that takes free memory back has then no more of it at hand than
 * for the service. Returns: bytes per second inside the calls. */
double stage_run_bare_loop (Stage *self, double run_blocks, guint usec_a_second);
