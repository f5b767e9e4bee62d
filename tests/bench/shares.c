/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "shares.h"

#include "block-set.h"
#include "engine-case.h"
#include "measurement.h"

/* From the interval's width on, so many rounds are added to it, so many times at most. */
#define WIDE 0.3
#define MORE_ROUNDS 3
#define MORE_TIMES 3

/* The bench ends a measurement after ten minutes. */
#define BUDGET_SECONDS 585

/* How long the service may take, and what of it nothing may happen in before it is done. */
#define COLLAPSE_SECONDS 60
#define STILL_SECONDS 8

#define POLL_MILLISECONDS 250

/* Of what is put, what must be found. */
#define PUT_PERCENT 98

static guint
count_huge (GPid pid)
{
  g_autoptr (GArray) huge = block_set_read_huge (pid);

  return huge->len;
}

void
share_put (GPid pid, GArray *set, ShareState state)
{
  g_autoptr (GArray) all = NULL;

  switch (state) {
  case SHARE_SMALL:
    block_set_split (pid);
    g_assert_cmpuint (count_huge (pid) * 100, <=, set->len * (100 - PUT_PERCENT));
    return;
  case SHARE_SET:
    block_set_split (pid);
    block_set_collapse (set, pid);
    g_assert_cmpuint (count_huge (pid) * 100, >=, set->len * PUT_PERCENT);
    return;
  case SHARE_ALL:
    all = block_set_read_all (pid);
    block_set_collapse (all, pid);
    g_assert_cmpuint (count_huge (pid) * 100, >=, set->len * PUT_PERCENT);
    return;
  }
}

static double
get_share (const double *sums)
{
  return (sums[SHARE_SET] - sums[SHARE_SMALL]) / (sums[SHARE_ALL] - sums[SHARE_SMALL]);
}

static void
run_rounds (ShareRoundFunc run, gpointer data, GArray *rounds, guint n)
{
  for (guint i = 0; i < n; i++) {
    const Round round = run (rounds->len, data);

    tell ("round %u: %.4g with 4 KiB pages, %.4g with the set, %.4g with all huge", rounds->len + 1,
          round.state[SHARE_SMALL], round.state[SHARE_SET], round.state[SHARE_ALL]);
    g_array_append_val (rounds, round);
  }
}

Estimate
share_estimate (ShareRoundFunc run, gpointer data, guint rounds, gint64 start)
{
  g_autoptr (GArray) done = g_array_new (FALSE, FALSE, sizeof (Round));
  const gint64 begin = g_get_monotonic_time ();
  Estimate estimate;
  gint64 now;

  run_rounds (run, data, done, rounds);
  for (guint i = 0;; i++) {
    estimate = estimate_pooled (done, get_share);
    now = g_get_monotonic_time ();
    if (estimate.high - estimate.low <= WIDE || i == MORE_TIMES
        || now + (now - begin) / done->len * MORE_ROUNDS > start + BUDGET_SECONDS * G_USEC_PER_SEC)
      return estimate;
    tell ("%.3f to %.3f: %u rounds more", estimate.low, estimate.high, MORE_ROUNDS);
    run_rounds (run, data, done, MORE_ROUNDS);
  }
}

void
share_wait_collapsed (Fixture *fixture, guint still, guint seconds, ShareCompleteFunc is_complete,
                      gpointer data)
{
  const gint64 start = g_get_monotonic_time (), end = start + seconds * G_USEC_PER_SEC;
  gint64 changed = start, now;
  guint64 before = 0, bytes;
  gboolean over;

  do {
    wait_for (POLL_MILLISECONDS);
    now = g_get_monotonic_time ();
    bytes = engine_get_statistic (fixture, "collapsed-bytes");
    if (bytes != before)
      changed = now;
    before = bytes;
    over = now >= end || (now - changed >= still * G_USEC_PER_SEC && is_complete (data));
  } while (!over);
  tell ("%" G_GUINT64_FORMAT " MiB collapsed, the last after %.1f s", bytes >> 20,
        (double) (changed - start) / G_USEC_PER_SEC);
}

GArray *
share_read_set (Fixture *fixture, GPid pid, gboolean smoke, ShareCompleteFunc is_complete,
                gpointer data)
{
  engine_serve (fixture, pid, ENGINE_QUICKLY);
  share_wait_collapsed (fixture, smoke ? 1 : STILL_SECONDS, smoke ? 3 : COLLAPSE_SECONDS,
                        is_complete, data);
  return block_set_read_huge (pid);
}
