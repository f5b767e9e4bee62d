/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "module-parameters.h"

/* Tells a module that works from one that was started and does nothing, as it is until the next
 * boot where an earlier kdamond ended in the midst of a round (Linux 7.3: the quota's mark of where
 * to go on names a target that is no more). Its regions are never tried; its full windows are
 * counted no further than while the quota climbs or once for a window left over.
 *
 * Time counts that lies between two looks which are near each other. A machine that was stopped as
 * a whole, as virtual ones are, goes on with the clock ahead, and whoever runs first then sees that
 * nothing has moved. Pure. */
typedef struct {
  guint doubt;     /* how much longer than the shortest possible it is waited; 0: not watched */
  guint64 exceeds; /* nr_quota_exceeds as last seen */
  guint64 watched; /* how long since it moved, or anything was changed; microseconds */
  guint64 looked;  /* when it was looked at last; microseconds */
} DhStallWatch;

/* After an end that was not seen to be in order, and after one that was. */
#define DH_STALL_LIKELY 1
#define DH_STALL_UNLIKELY 10

/* @doubt: DH_STALL_LIKELY, DH_STALL_UNLIKELY or 0. @base: the counters when serving began. @now:
 * microseconds, of the clock that dh_stall_watch_look() is given too. */
void dh_stall_watch_begin (DhStallWatch *watch, guint doubt, const DhParameterValues *base,
                           guint64 now);

/* How far apart looks may lie for the time between them to count. */
#define DH_STALL_GAP_USEC ((guint64) 2000000)

/* The time starts anew: settings have changed. */
void dh_stall_watch_defer (DhStallWatch *watch, guint64 now);

/* @values: everything, now. A region that was tried ends the watch. Returns: TRUE if both counters
 * have stood still for three windows in which regions were old enough to be tried, and for three
 * seconds at least, in a process that lives. */
gboolean dh_stall_watch_look (DhStallWatch *watch, const DhParameterValues *base,
                              const DhParameterValues *values, guint64 now);
