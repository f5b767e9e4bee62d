/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "quota.h"

#include "saturating.h"

void
dh_quota_init (DhQuota *quota, const DhQuotaLimits *limits, guint64 now)
{
  *quota = (DhQuota){ .window_start = now };
  dh_quota_set_limits (quota, limits);
}

void
dh_quota_set_limits (DhQuota *quota, const DhQuotaLimits *limits)
{
  quota->limits = *limits;
  quota->limits.interval = MAX (limits->interval, 1);
}

guint64
dh_quota_advance (DhQuota *quota, guint64 now)
{
  guint64 windows;

  /* Waiting for the clock to catch up could take for ever. */
  if (now < quota->window_start)
    quota->window_start = now;

  windows = (now - quota->window_start) / quota->limits.interval;
  quota->window_start += windows * quota->limits.interval;
  quota->window += windows;
  return windows;
}

guint64
dh_quota_next_window (const DhQuota *quota)
{
  return dh_add (quota->window_start, quota->limits.interval);
}

DhAmounts
dh_quota_get_amounts (const DhQuota *quota)
{
  const DhQuotaLimits *limits = &quota->limits;
  guint64 time = dh_multiply_divide (limits->ceiling, limits->interval, G_USEC_PER_SEC);

  if (limits->time != 0)
    time = MIN (time, limits->time);
  return (DhAmounts){ { MAX (time, 1), limits->size != 0 ? limits->size : G_MAXUINT64 } };
}
