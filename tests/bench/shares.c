/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "shares.h"

#include "block-set.h"
#include "engine-case.h"
#include "measurement.h"

#define ATTEMPTS 3
#define WIDE 0.3

/* After a change of state, for caches to be as they will be. */
#define SETTLE_MILLISECONDS 300

#define ROUNDS 9
#define STATE_MILLISECONDS 10000 /* of each in each round */

/* The bench ends a measurement after ten minutes. */
#define BUDGET_SECONDS 580

/* How long the service may take, and what of it nothing may happen in before it is done. */
#define COLLAPSE_SECONDS 100
#define STILL_SECONDS 8

#define POLL_MILLISECONDS 250

typedef enum { STATE_SMALL, STATE_SET, STATE_ALL } State;

static void
put (const Share *self, State state)
{
  g_autoptr (GArray) all = NULL;

  switch (state) {
  case STATE_SMALL:
    block_set_split (self->pid);
    return;
  case STATE_SET:
    block_set_split (self->pid);
    block_set_collapse (self->set, self->pid);
    return;
  case STATE_ALL:
    all = block_set_read_all (self->pid);
    block_set_collapse (all, self->pid);
    return;
  }
}

/* Per second. */
static double
measure_rate (const Share *self)
{
  gint64 begin, end;
  guint64 first, last;

  wait_for (SETTLE_MILLISECONDS);
  begin = g_get_monotonic_time ();
  first = self->count (self->data);
  wait_for (self->milliseconds);
  end = g_get_monotonic_time ();
  last = self->count (self->data);
  return (double) (last - first) * G_USEC_PER_SEC / (double) (end - begin);
}

static guint
count_huge (const Share *self)
{
  g_autoptr (GArray) huge = block_set_read_huge (self->pid);

  return huge->len;
}

static Round
run_round (const Share *self, guint number)
{
  guint huge[ROUND_STATES];
  Round round;

  for (guint i = 0; i < ROUND_STATES; i++) {
    const State state = (State) ((number + i) % ROUND_STATES);

    put (self, state);
    round.state[state] = measure_rate (self);
    huge[state] = count_huge (self);
  }
  tell ("round %u: %.4g/s with 4 KiB pages, %.4g/s with %u blocks huge, %.4g/s with %u", number + 1,
        round.state[STATE_SMALL], round.state[STATE_SET], huge[STATE_SET], round.state[STATE_ALL],
        huge[STATE_ALL]);
  /* What was put is what was measured. */
  g_assert_cmpuint (huge[STATE_SMALL], <=, self->set->len / 100);
  g_assert_cmpuint (huge[STATE_SET] * 100, >=, self->set->len * 98);
  g_assert_cmpuint (huge[STATE_ALL], >=, huge[STATE_SET]);
  return round;
}

static double
get_share (const double *sums)
{
  return (sums[STATE_SET] - sums[STATE_SMALL]) / (sums[STATE_ALL] - sums[STATE_SMALL]);
}

static Estimate
run_rounds (const Share *self)
{
  g_autoptr (GArray) rounds = g_array_new (FALSE, FALSE, sizeof (Round));

  for (guint i = 0; i < self->rounds; i++) {
    const Round round = run_round (self, i);

    g_array_append_val (rounds, round);
  }
  return estimate_pooled (rounds, get_share);
}

Estimate
share_estimate (const Share *self)
{
  gint64 begin, end;
  Estimate estimate;

  for (guint i = 0; i < ATTEMPTS; i++) {
    begin = g_get_monotonic_time ();
    estimate = run_rounds (self);
    end = g_get_monotonic_time ();
    if (estimate.high - estimate.low <= WIDE)
      break;
    if (end + (end - begin) > self->deadline)
      break;
    tell ("%.3f to %.3f: once more", estimate.low, estimate.high);
  }
  return estimate;
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
  GArray *set;

  engine_serve (fixture, pid, ENGINE_QUICKLY);
  share_wait_collapsed (fixture, smoke ? 1 : STILL_SECONDS, smoke ? 3 : COLLAPSE_SECONDS,
                        is_complete, data);
  set = block_set_read_huge (pid);
  fixture_service_stop (fixture);
  return set;
}

Share
share_new (GPid pid, GArray *set, gint64 start, gboolean smoke)
{
  return (Share){ .pid = pid,
                  .set = set,
                  .rounds = smoke ? 1 : ROUNDS,
                  .milliseconds = smoke ? 200 : STATE_MILLISECONDS,
                  .deadline = smoke ? start : start + BUDGET_SECONDS * G_USEC_PER_SEC };
}
