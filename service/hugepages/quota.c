/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "quota.h"
#include "block.h"
#include "saturating.h"

/* How much one call moves the average price. */
#define PRICE_WEIGHT 0.125

/* No 2 MiB are copied faster; a call that took no time by the clock must not make blocks free. */
#define MIN_BLOCK_USEC 1.0

static guint64
to_uint64 (double value)
{
  return value < (double) G_MAXUINT64 ? (guint64) value : G_MAXUINT64;
}

static guint64
window_time (const DhQuota *quota)
{
  const DhQuotaLimits *limits = &quota->limits;
  guint64 ceiling = dh_multiply_divide (limits->ceiling, limits->interval, G_USEC_PER_SEC);

  if (limits->time != 0)
    ceiling = MIN (ceiling, limits->time);
  return MAX (ceiling, 1);
}

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

/* What is left of @charged after @windows that pay @limit each. */
static guint64
pay (guint64 charged, guint64 limit, guint64 windows)
{
  return dh_subtract (charged, dh_multiply_divide (limit, windows, 1));
}

guint
dh_quota_advance (DhQuota *quota, guint64 now)
{
  guint64 windows;

  /* Waiting for the clock to catch up could take for ever. */
  if (now < quota->window_start)
    quota->window_start = now;

  windows = (now - quota->window_start) / quota->limits.interval;
  if (windows == 0)
    return 0;

  quota->window_start += windows * quota->limits.interval;
  quota->time_charged = pay (quota->time_charged, window_time (quota), windows);
  quota->size_charged =
    quota->limits.size != 0 ? pay (quota->size_charged, quota->limits.size, windows) : 0;
  quota->limited = FALSE;
  return (guint) MIN (windows, G_MAXUINT);
}

static guint64
blocks_by_time (const DhQuota *quota)
{
  guint64 room = dh_subtract (window_time (quota), quota->time_charged);
  guint64 blocks;

  if (room == 0)
    return 0;
  if (quota->block_usec <= 0)
    return 1;

  blocks = to_uint64 ((double) room / quota->block_usec);
  return quota->time_charged == 0 ? MAX (blocks, 1) : blocks;
}

static guint64
blocks_by_size (const DhQuota *quota)
{
  guint64 blocks;

  if (quota->limits.size == 0)
    return G_MAXUINT64;

  blocks = dh_subtract (quota->limits.size, quota->size_charged) / DH_BLOCK_SIZE;
  return quota->size_charged == 0 ? MAX (blocks, 1) : blocks;
}

guint
dh_quota_allowance (DhQuota *quota)
{
  guint64 blocks = MIN (blocks_by_time (quota), blocks_by_size (quota));

  if (blocks == 0 && !quota->limited) {
    quota->limited = TRUE;
    quota->exceeds = dh_add (quota->exceeds, 1);
  }
  return (guint) MIN (blocks, G_MAXUINT);
}

static void
learn_price (DhQuota *quota, guint blocks, guint64 bytes, guint64 time)
{
  guint64 made = MIN (bytes / DH_BLOCK_SIZE, blocks);
  guint64 shared_by = MAX (made > 0 ? made : blocks, 1);
  double sample = MAX ((double) time / (double) shared_by, MIN_BLOCK_USEC);

  /* Most failures come at once and would make blocks look cheap; dear ones are a warning. */
  if (made == 0 && (quota->block_usec <= 0 || sample <= quota->block_usec))
    return;

  if (quota->block_usec <= 0)
    quota->block_usec = sample;
  else
    quota->block_usec += (sample - quota->block_usec) * PRICE_WEIGHT;
}

void
dh_quota_charge (DhQuota *quota, guint blocks, guint64 bytes, guint64 time)
{
  guint64 most = dh_multiply_divide (window_time (quota), 1 + DH_QUOTA_DEBT_WINDOWS, 1);

  /* Where a lower limit has made an older debt longer than this, it stays as it is. */
  most = MAX (most, quota->time_charged);
  quota->time_charged = MIN (dh_add (quota->time_charged, time), most);
  quota->size_charged = dh_add (quota->size_charged, bytes);
  learn_price (quota, blocks, bytes, time);
}

guint64
dh_quota_next_window (const DhQuota *quota)
{
  return dh_add (quota->window_start, quota->limits.interval);
}

guint64
dh_quota_effective_size (const DhQuota *quota)
{
  guint64 bytes = DH_BLOCK_SIZE;

  if (quota->block_usec > 0)
    bytes = to_uint64 ((double) window_time (quota) / quota->block_usec * (double) DH_BLOCK_SIZE);
  if (quota->limits.size != 0)
    bytes = MIN (bytes, quota->limits.size);
  return MAX (bytes, 1);
}
