/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* How much may be collapsed: time inside collapse calls and bytes per window. What a call took
 * beyond its window is a debt that later windows pay first, so the average never passes the quota
 * even where one block costs more than a window allows. A debt of time ends at
 * DH_QUOTA_DEBT_WINDOWS.
 *
 * Pure, no clock of its own: times are microseconds. Not thread-safe. */

/* A call that waited half a minute for memory or a lock was not half a minute of work: what it owes
 * beyond so many windows is let off, or nothing would be done for the next hour. */
#define DH_QUOTA_DEBT_WINDOWS 16

typedef struct {
  guint64 time;     /* per window, 0: no limit but the ceiling */
  guint64 size;     /* bytes per window, 0: none */
  guint64 interval; /* the window, not 0 */
  guint64 ceiling;  /* microseconds of collapse calls per second that are never passed, not 0 */
} DhQuotaLimits;

typedef struct {
  DhQuotaLimits limits;
  guint64 window_start;
  guint64 time_charged; /* this window's, with the debt of earlier ones */
  guint64 size_charged;
  double block_usec; /* a moving average of what one block takes; 0: unknown */
  guint64 exceeds;   /* windows in which work was refused: quota-exceeds */
  gboolean limited;  /* work was refused in this window */
} DhQuota;

void dh_quota_init (DhQuota *quota, const DhQuotaLimits *limits, guint64 now);

/* New limits hold from now on; what was charged stays. An interval of 0 counts as 1. */
void dh_quota_set_limits (DhQuota *quota, const DhQuotaLimits *limits);

/* Opens the windows that have come since. Returns: how many opened (0: still the same). Where time
 * went backwards the same window starts anew. */
guint dh_quota_advance (DhQuota *quota, guint64 now);

/* Blocks that may be collapsed now. A block is let through if the window has room for its expected
 * time and its size (or, where a block never fits a whole window, if nothing is charged); one at a
 * time until a call has told the price. Asked with work at hand: 0 marks the window as exceeded. */
guint dh_quota_allowance (DhQuota *quota);

/* Charges one call: @bytes made huge (0 if it failed), of @blocks tried, and @time spent in it. */
void dh_quota_charge (DhQuota *quota, guint blocks, guint64 bytes, guint64 time);

/* When to ask again after dh_quota_allowance() said 0. */
guint64 dh_quota_next_window (const DhQuota *quota);

/* Bytes per window that the limits come to at the present price of a block: `effective-quota`. At
 * most one block while the price is unknown, never 0. */
guint64 dh_quota_effective_size (const DhQuota *quota);
