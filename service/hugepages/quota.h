/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* How much may be collapsed in a window: time inside collapse calls and bytes. The limits and the
 * windows alone; share.h divides them.
 *
 * Pure, no clock of its own: times are microseconds. Not thread-safe. */

typedef enum { DH_RESOURCE_TIME, DH_RESOURCE_SIZE, DH_N_RESOURCES } DhResource;

/* Microseconds and bytes. */
typedef struct {
  guint64 of[DH_N_RESOURCES];
} DhAmounts;

typedef struct {
  guint64 time;     /* per window, 0: no limit but the ceiling */
  guint64 size;     /* bytes per window, 0: none */
  guint64 interval; /* the window, not 0 */
  guint64 ceiling;  /* microseconds of collapse calls per second that are never passed, not 0 */
} DhQuotaLimits;

typedef struct {
  DhQuotaLimits limits;
  guint64 window_start;
  guint64 window; /* grows with every window */
} DhQuota;

void dh_quota_init (DhQuota *quota, const DhQuotaLimits *limits, guint64 now);

/* New limits hold from now on, in the window that is open. An interval of 0 counts as 1. */
void dh_quota_set_limits (DhQuota *quota, const DhQuotaLimits *limits);

/* Opens the windows that have come since. Returns: how many opened (0: still the same). Where time
 * went backwards the same window starts anew. */
guint64 dh_quota_advance (DhQuota *quota, guint64 now);

guint64 dh_quota_next_window (const DhQuota *quota);

/* What one window allows: time never 0, the ceiling at most; size G_MAXUINT64 without a limit. */
DhAmounts dh_quota_get_amounts (const DhQuota *quota);
