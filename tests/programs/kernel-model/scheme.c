/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "scheme.h"

#define GOAL 10000
#define LEAST_HEIGHT 10000

/* As many aggregations as a drain takes in the worst case: a quota that has fallen to one byte has
 * to double eleven times before it is worth a region, and the next pass clears the mark. Real
 * kernels often clear it sooner; who relies on that is found out here. Told by the clock, so that a
 * machine under load, where aggregations take longer, is not found out instead. */
#define DRAIN_AGGREGATIONS 12

/* No region grows as old as this: 2^32 aggregations are thirteen years. */
#define AGE_BEYOND_REACH G_MAXINT32

/* mult_frac(), but what is too large is as large as can be. */
static guint64
multiply_divide (guint64 a, guint64 b, guint64 divisor)
{
  guint64 whole, part;

  if (!g_uint64_checked_mul (&whole, a / divisor, b)
      || !g_uint64_checked_mul (&part, a % divisor, b)
      || !g_uint64_checked_add (&whole, whole, part / divisor))
    return G_MAXUINT64;
  return whole;
}

/* The highest of the goals' scores: the least aggressive one wins. */
static guint64
get_score (const Scheme *self, const SchemeWorker *worker)
{
  const guint64 ratio = worker->get_huge_ratio (worker->data);

  return MAX (multiply_divide (ratio, GOAL, MAX (self->settings.ratio, 1)),
              self->settings.feedback);
}

/* Doubles at a score of 0, stays at 10000, falls to one byte at twice that. */
static guint64
get_next_height (guint64 last, guint64 score)
{
  const guint64 difference = score > GOAL ? score - GOAL : GOAL - score;
  guint64 change;

  if (score >= 2 * GOAL)
    return LEAST_HEIGHT;
  change = multiply_divide (last, difference, GOAL);
  if (score > GOAL)
    return MAX (last - change, LEAST_HEIGHT);
  return last < G_MAXUINT64 - change ? last + change : G_MAXUINT64;
}

static void
set_quota (Scheme *self, guint64 score)
{
  const guint64 guess = 4096 * 1024; /* bytes a millisecond, until it was measured */
  guint64 throughput = guess;

  self->height = get_next_height (MAX (self->height, LEAST_HEIGHT), score);
  self->quota = self->height / GOAL;
  if (self->settings.quota_ms > 0) {
    if (self->total_nanoseconds > 0)
      throughput = multiply_divide (self->total_charged, 1000000, self->total_nanoseconds);
    self->quota = MIN (self->quota, MAX (multiply_divide (throughput, self->settings.quota_ms, 1),
                                         self->settings.least_region));
  }
  if (self->settings.quota_size > 0)
    self->quota = MIN (self->quota, self->settings.quota_size);
}

/* What is left is not worth a region. */
static gboolean
is_full (const Scheme *self)
{
  return self->charged >= self->quota || self->quota - self->charged < self->settings.least_region;
}

static gboolean
is_window_over (const Scheme *self, gint64 now)
{
  return (guint64) (now - self->window_begin) / 1000 >= self->settings.window_ms;
}

/* Others see the window of before or the new one, and never a mixture. */
static void
open_window (Scheme *self, gint64 now, const SchemeWorker *worker)
{
  guint64 score;

  if (self->begun && !is_window_over (self, now))
    return;
  score = get_score (self, worker);
  if (!self->begun) {
    self->begun = TRUE;
    self->window_begin = now;
    set_quota (self, score);
  }
  if (!is_window_over (self, now))
    return;
  if (is_full (self))
    self->statistics[STATISTIC_QUOTA_EXCEEDS]++;
  self->n_windows++;
  self->total_charged += self->charged;
  self->charged = 0;
  self->window_begin = now;
  set_quota (self, score);
}

static void
try_piece (Scheme *self, guint target, guint64 start, guint64 length, const SchemeWorker *worker)
{
  const gint64 begin = g_get_monotonic_time ();
  const guint64 block = (start + BLOCK_SIZE - 1) / BLOCK_SIZE * BLOCK_SIZE;
  gboolean done = FALSE;

  if (block + BLOCK_SIZE <= start + length)
    done = worker->collapse (worker->data, start, length);
  self->total_nanoseconds += (guint64) (g_get_monotonic_time () - begin) * 1000;
  self->charged += length;
  if (is_full (self)) {
    self->mark_target = target;
    self->mark_address = start + length;
  }
  self->statistics[STATISTIC_TRIED_REGIONS]++;
  self->statistics[STATISTIC_TRIED_BYTES] += length;
  if (done) {
    self->statistics[STATISTIC_COLLAPSED_REGIONS]++;
    self->statistics[STATISTIC_COLLAPSED_BYTES] += length;
  }
}

/* Whether the mark has to stay, although the pass has come to it. */
static gboolean
is_draining (const Scheme *self, gint64 now)
{
  return self->drain_begin != 0
         && (guint64) (now - self->drain_begin) / DRAIN_AGGREGATIONS < self->settings.aggregation;
}

/* Moves @start to where the last window ended. Returns: whether the region is to be left out. */
static gboolean
skip_charged (Scheme *self, const Region *region, gboolean last, gint64 now, guint64 *start)
{
  if (self->mark_target == 0)
    return FALSE;
  if (!last && region->end <= self->mark_address)
    return TRUE;
  if (is_draining (self, now))
    return TRUE;
  self->mark_target = 0;
  *start = CLAMP (self->mark_address, region->start, region->end);
  return last;
}

static void
apply_to_region (Scheme *self, guint target, Region *region, gboolean last, guint64 aggregation,
                 gint64 now, const SchemeWorker *worker)
{
  guint64 start = region->start;
  guint64 length, left;

  if (skip_charged (self, region, last, now, &start))
    return;
  length = region->end - start;
  if (length < BLOCK_SIZE || aggregation - region->since < self->settings.min_age)
    return;
  left = self->quota - self->charged;
  if (length > left)
    length = left / self->settings.least_region * self->settings.least_region;
  else
    region->since = aggregation;
  try_piece (self, target, start, length, worker);
}

void
scheme_apply (Scheme *self, guint target, GArray *regions, guint64 aggregation, gint64 now,
              const SchemeWorker *worker)
{
  open_window (self, now, worker);
  if (self->mark_target != 0 && self->mark_target != target)
    return;
  for (guint i = 0; i < regions->len && !is_full (self); i++)
    apply_to_region (self, target, &g_array_index (regions, Region, i), i + 1 == regions->len,
                     aggregation, now, worker);
}

void
scheme_set (Scheme *self, const SchemeSettings *settings, gint64 now)
{
  self->settings = *settings;
  if (settings->min_age <= AGE_BEYOND_REACH)
    self->drain_begin = 0;
  else if (self->drain_begin == 0)
    self->drain_begin = now;
}

gboolean
scheme_is_trapped (const Scheme *self, guint target)
{
  return self->mark_target != 0 && self->mark_target != target;
}

void
scheme_trap (Scheme *self)
{
  self->mark_target = G_MAXUINT;
  self->height = MAX (self->height, BLOCK_SIZE * GOAL);
  self->quota = MAX (self->quota, BLOCK_SIZE);
}
