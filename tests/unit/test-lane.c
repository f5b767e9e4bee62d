/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "lane-case.h"

#include "error.h"
#include "wait.h"

#include <errno.h>
#include <sys/prctl.h>

/* Two epochs and more: by then a lane has begun to collapse what is hot. */
#define SOON 10

/* Until then nothing comes that a lane would do at once; milliseconds. */
#define A_WHILE 1200

static void
test_hottest_first (LaneCase *self, gconstpointer data)
{
  static const guint heat[] = { 250, 512, 30, 340, 210, 460, 150, 100, 410, 180, 280, 60 };
  static const guint order[] = { 1, 5, 8, 3, 10, 0, 4, 9, 6, 7, 11, 2 };
  g_autoptr (GArray) tried = NULL;

  /* Far from one another, so that none is taken along. */
  for (guint i = 0; i < G_N_ELEMENTS (heat); i++)
    fake_eye_add (self->eye, 10 * (i + 1), 1, heat[i]);
  lane_case_start (self);
  lane_case_wait_huge (self, G_N_ELEMENTS (heat), SOON);
  tried = fake_eye_dup_tried (self->eye);
  g_assert_cmpuint (tried->len, ==, G_N_ELEMENTS (order));
  for (guint i = 0; i < tried->len; i++)
    g_assert_cmpuint (g_array_index (tried, guint, i), ==, 10 * (order[i] + 1));
}

static void
test_cold_and_one_page (LaneCase *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, LANE_N_HOT, 512);
  fake_eye_add (self->eye, 100, 32, 0);
  fake_eye_add (self->eye, 200, 32, 1);
  lane_case_start (self);
  lane_case_wait_huge (self, LANE_N_HOT, SOON);
  wait_for (2 * A_WHILE);
  g_assert_cmpuint (lane_case_count_all_tried (self), ==, LANE_N_HOT);
  for (guint i = 1; i <= LANE_N_HOT; i++)
    g_assert_true (fake_eye_is_huge (self->eye, i));
}

static void
test_runs (LaneCase *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, LANE_N_HOT, 512);
  lane_case_start (self);
  lane_case_wait_event (self, DH_LANE_SERVING, SOON);
  lane_case_wait_huge (self, LANE_N_HOT, SOON);
  wait_for (100);
  g_assert_cmpuint (lane_case_get (self, DH_STATISTIC_TRIED_REGIONS), <=, LANE_N_HOT / 4 + 2);
  g_assert_cmpuint (lane_case_get (self, DH_STATISTIC_COLLAPSED_REGIONS), ==,
                    lane_case_get (self, DH_STATISTIC_TRIED_REGIONS));
  g_assert_cmpuint (lane_case_get (self, DH_STATISTIC_TRIED_BYTES), ==, LANE_N_HOT * DH_BLOCK_SIZE);
  g_assert_cmpuint (lane_case_get (self, DH_STATISTIC_COLLAPSED_BYTES), ==,
                    LANE_N_HOT * DH_BLOCK_SIZE);
  g_assert_cmpuint (lane_case_get (self, DH_STATISTIC_HUGEPAGE_BYTES), ==,
                    LANE_N_HOT * DH_BLOCK_SIZE);
  g_assert_cmpuint (lane_case_get (self, DH_STATISTIC_RATIO), ==, 10000);
  g_assert_cmpuint (self->events->len, ==, 1);
}

static void
test_quota (LaneCase *self, gconstpointer data)
{
  self->limits.size = 5 * DH_BLOCK_SIZE;
  fake_eye_add (self->eye, 1, LANE_N_HOT, 512);
  lane_case_start (self);
  lane_case_wait_huge (self, 5, SOON);
  wait_for (A_WHILE);
  g_assert_cmpuint (fake_eye_count_huge (self->eye), ==, 5);
  g_assert_cmpuint (lane_case_get (self, DH_STATISTIC_QUOTA_EXCEEDS), ==, 1);
  g_assert_cmpuint (lane_case_get (self, DH_STATISTIC_EFFECTIVE_QUOTA), ==, self->limits.size);
}

static void
test_ratio (LaneCase *self, gconstpointer data)
{
  self->goals.ratio = 2500;
  self->limits.interval = 20000;
  self->limits.time = 10000;
  fake_eye_add (self->eye, 1, 48, 512);
  fake_eye_add (self->eye, 100, 16, 0);
  lane_case_start (self);
  lane_case_wait_huge (self, 16, SOON);
  wait_for (A_WHILE);
  g_assert_cmpuint (fake_eye_count_huge (self->eye), ==, 16);
  g_assert_cmpuint (lane_case_get (self, DH_STATISTIC_RATIO), ==, 2500);
  g_assert_cmpuint (lane_case_get (self, DH_STATISTIC_GOAL), ==, 2500);

  self->goals.ratio = 5000;
  dh_lane_set_goals (self->lane, &self->goals);
  lane_case_wait_huge (self, 32, SOON);
}

static void
test_feedback (LaneCase *self, gconstpointer data)
{
  self->goals.feedback = 20000;
  self->limits.interval = 20000;
  self->limits.time = 10000;
  fake_eye_add (self->eye, 1, LANE_N_HOT, 512);
  lane_case_start (self);
  wait_for (3000);
  g_assert_cmpuint (lane_case_count_all_tried (self), ==, 0);
  g_assert_cmpuint (lane_case_get (self, DH_STATISTIC_HOT_BYTES), ==, LANE_N_HOT * DH_BLOCK_SIZE);

  self->goals.feedback = 1;
  dh_lane_set_goals (self->lane, &self->goals);
  lane_case_wait_huge (self, LANE_N_HOT, SOON);
}

static void
test_shared (LaneCase *self, gconstpointer data)
{
  FakeBlock *block;

  fake_eye_add (self->eye, 1, LANE_N_HOT + 1, 512);
  block = fake_eye_lock (self->eye, 4);
  block->read_only = block->shared = 3;
  fake_eye_unlock (self->eye);
  lane_case_start (self);
  lane_case_wait_huge (self, LANE_N_HOT, SOON);
  wait_for (2 * A_WHILE);
  g_assert_cmpuint (lane_case_count_tried (self, 4), ==, 0);
  g_assert_cmpuint (lane_case_get (self, DH_STATISTIC_SKIPPED_BYTES), ==, DH_BLOCK_SIZE);
}

static void
test_became_ineligible (LaneCase *self, gconstpointer data)
{
  fake_eye_add (self->eye, 20, LANE_N_HOT, 400);
  /* The hottest, also where a busy machine takes its time between clearing the first blocks and the
   * last. */
  fake_eye_add (self->eye, 60, 1, 512);
  fake_eye_hold (self->eye);
  lane_case_start (self);
  lane_case_wait_held (self, SOON);
  fake_eye_lock (self->eye, 25)->resident = 100;
  fake_eye_unlock (self->eye);
  fake_eye_release (self->eye);
  lane_case_wait_huge (self, LANE_N_HOT, SOON);
  wait_for (A_WHILE);
  g_assert_cmpuint (lane_case_count_tried (self, 25), ==, 0);
}

static void
test_exec (LaneCase *self, gconstpointer data)
{
  guint tried;

  fake_eye_add (self->eye, 1, LANE_N_HOT, 512);
  self->limits.size = 4 * DH_BLOCK_SIZE;
  lane_case_start (self);
  lane_case_wait_huge (self, 4, SOON);
  fake_eye_exec (self->eye);
  self->limits.size = 0;
  dh_budget_set_limits (self->budget, &self->limits);
  tried = lane_case_count_all_tried (self);
  g_assert_cmpuint (tried, ==, 4);
  /* Heat must be learned anew, which takes two epochs. */
  wait_for (1000);
  g_assert_cmpuint (lane_case_count_all_tried (self), ==, tried);
  lane_case_wait_huge (self, LANE_N_HOT, SOON);
}

static void
test_owner_changed (LaneCase *self, gconstpointer data)
{
  self->stranger = TRUE;
  fake_eye_add (self->eye, 1, LANE_N_HOT, 512);
  lane_case_start (self);
  lane_case_wait_event (self, DH_LANE_OWNER_CHANGED, SOON);
  g_assert_error (self->error, DH_ERROR, DH_ERROR_PROCESS_NOT_PERMITTED);
  wait_for (A_WHILE);
  g_assert_cmpuint (self->events->len, ==, 1);
  g_assert_cmpuint (fake_eye_count_clears (self->eye), ==, 0);
}

static void
test_exit (LaneCase *self, gconstpointer data)
{
  guint clears;

  fake_eye_add (self->eye, 1, LANE_N_HOT, 512);
  self->limits.size = DH_BLOCK_SIZE;
  lane_case_start (self);
  lane_case_wait_huge (self, 1, SOON);
  child_kill (self->child);
  wait_for (A_WHILE);
  clears = fake_eye_count_clears (self->eye);
  wait_for (2 * A_WHILE);
  g_assert_cmpuint (fake_eye_count_clears (self->eye), ==, clears);
  /* Whoever holds the pidfd knows already. */
  g_assert_cmpuint (self->events->len, ==, 1);
}

static void
test_blind (LaneCase *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, LANE_N_HOT, 512);
  lane_case_start (self);
  lane_case_wait_event (self, DH_LANE_SERVING, SOON);
  fake_eye_break (self->eye);
  lane_case_wait_event (self, DH_LANE_FAILED, SOON);
  g_assert_error (self->error, DH_ERROR, DH_ERROR_KERNEL_REJECTED);
}

static void
switch_huge_pages_off (void)
{
  if (prctl (PR_SET_THP_DISABLE, 1, 0, 0, 0) < 0)
    _exit (1);
}

static void
test_switched_off (LaneCase *self, gconstpointer data)
{
  self->prepare = switch_huge_pages_off;
  fake_eye_add (self->eye, 1, LANE_N_HOT, 512);
  lane_case_start (self);
  lane_case_wait_event (self, DH_LANE_HAMPERED, SOON);
  g_assert_error (self->error, DH_ERROR, DH_ERROR_PROCESS_NOT_PERMITTED);
  wait_for (3000);
  g_assert_cmpuint (lane_case_count_all_tried (self), ==, 0);
  g_assert_cmpuint (lane_case_count_events (self, DH_LANE_HAMPERED), ==, 1);
  g_assert_cmpuint (lane_case_count_events (self, DH_LANE_SERVING), ==, 1);
}

static void
test_stop (LaneCase *self, gconstpointer data)
{
  gint64 start;

  fake_eye_add (self->eye, 1, LANE_N_HOT, 512);
  lane_case_start (self);
  lane_case_wait_event (self, DH_LANE_SERVING, SOON);
  start = g_get_monotonic_time ();
  lane_case_stop (self);
  lane_case_wait_ended (self, 1);
  g_assert_cmpint (g_get_monotonic_time () - start, <, G_USEC_PER_SEC);
}

static void
test_stop_while_blocked (LaneCase *self, gconstpointer data)
{
  gint64 start;

  fake_eye_add (self->eye, 1, LANE_N_HOT, 512);
  fake_eye_set_failure (self->eye, 1, ENOMEM);
  fake_eye_hold (self->eye);
  lane_case_start (self);
  lane_case_wait_held (self, SOON);
  start = g_get_monotonic_time ();
  lane_case_stop (self);
  g_assert_cmpint (g_get_monotonic_time () - start, <, G_USEC_PER_SEC / 4);

  wait_for (200);
  g_assert_true (fake_eye_is_held (self->eye));
  fake_eye_release (self->eye);
  lane_case_wait_ended (self, SOON);
  wait_for (100);
  /* It would have been hampered, and gone on with the other blocks. */
  g_assert_cmpuint (self->events->len, ==, 1);
  g_assert_cmpuint (lane_case_count_all_tried (self), ==, 1);
}

/* A notice that is under way when the lane is stopped is not delivered. */
static void
test_stop_before_notice (LaneCase *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, LANE_N_HOT, 512);
  lane_case_start (self);
  /* No iteration of the main context. */
  for (guint i = 0; i < 500 && fake_eye_count_clears (self->eye) == 0; i++)
    g_usleep (10000);
  g_usleep (200000);
  lane_case_stop (self);
  wait_for (100);
  g_assert_cmpuint (self->events->len, ==, 0);
}

static void
add (const char *path, void (*test) (LaneCase *, gconstpointer))
{
  g_test_add (path, LaneCase, NULL, lane_case_set_up, test, lane_case_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/lane/hottest-first", test_hottest_first);
  add ("/lane/cold-blocks-and-one-hot-page-are-left-alone", test_cold_and_one_page);
  add ("/lane/hot-neighbours-go-in-one-call", test_runs);
  add ("/lane/stops-at-the-quota", test_quota);
  add ("/lane/the-ratio-is-reached-and-not-passed", test_ratio);
  add ("/lane/feedback-holds-back-and-lets-go", test_feedback);
  add ("/lane/a-shared-block-is-left-alone-and-counted", test_shared);
  add ("/lane/a-block-that-became-ineligible-is-left-alone", test_became_ineligible);
  add ("/lane/exec-forgets-all", test_exec);
  add ("/lane/a-change-of-owner-ends-it", test_owner_changed);
  add ("/lane/the-exit-of-the-process-ends-it-silently", test_exit);
  add ("/lane/failing-reads-end-it", test_blind);
  add ("/lane/a-process-without-huge-pages-is-watched-only", test_switched_off);
  add ("/lane/stops-at-once", test_stop);
  add ("/lane/stops-at-once-while-a-call-is-blocked", test_stop_while_blocked);
  add ("/lane/no-notice-after-the-stop", test_stop_before_notice);

  return g_test_run ();
}
