/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "lane-case.h"

#include "error.h"
#include "wait.h"

/* Orders one after the other: to rest, to serve again, to take back, to stop. */

#define SOON 10

/* Until then nothing comes that a lane would do at once; milliseconds. */
#define A_WHILE 1200

/* What an undo comes to. */
typedef struct {
  gboolean done;
  DhUndoResult result;
  GError *error;
} Undone;

static void
on_undone (GObject *source, GAsyncResult *result, gpointer data)
{
  Undone *undone = data;

  g_assert_false (undone->done);
  undone->done = TRUE;
  dh_lane_undo_finish (result, &undone->result, &undone->error);
}

static gboolean
is_done (gpointer data)
{
  return ((Undone *) data)->done;
}

static void
assert_undone (Undone *undone, guint split, guint kept)
{
  g_assert_true (wait_until (is_done, undone, SOON));
  g_assert_no_error (undone->error);
  g_assert_cmpuint (undone->result.split_bytes, ==, split * DH_BLOCK_SIZE);
  g_assert_cmpuint (undone->result.kept_bytes, ==, kept * DH_BLOCK_SIZE);
}

static void
undo (LaneCase *self, guint split, guint kept)
{
  Undone undone = { .done = FALSE };

  dh_lane_undo_async (self->lane, on_undone, &undone);
  assert_undone (&undone, split, kept);
}

/* All that is hot has been made huge, and now the lane rests. */
static void
begin_resting (LaneCase *self)
{
  fake_eye_add (self->eye, 1, LANE_N_HOT, 512);
  lane_case_start (self);
  lane_case_wait_huge (self, LANE_N_HOT, SOON);
  dh_lane_rest (self->lane);
}

/* A look would fail, and that would be told. */
static void
test_rest (LaneCase *self, gconstpointer data)
{
  begin_resting (self);
  /* What it was at has an end. */
  wait_for (A_WHILE);
  fake_eye_break (self->eye);
  wait_for (2 * A_WHILE);
  g_assert_cmpuint (self->events->len, ==, 1);
}

static void
test_undo (LaneCase *self, gconstpointer data)
{
  begin_resting (self);
  undo (self, LANE_N_HOT, 0);
  g_assert_cmpuint (fake_eye_count_huge (self->eye), ==, 0);
  g_assert_cmpuint (fake_eye_count_splits (self->eye), ==, LANE_N_HOT);
}

static gboolean
has_figures (gpointer data)
{
  DhStatistics statistics;

  return dh_lane_get_statistics (((LaneCase *) data)->lane, &statistics);
}

/* What the last service did is not what this one does. */
static void
test_serve_again (LaneCase *self, gconstpointer data)
{
  begin_resting (self);
  wait_for (100);
  g_assert_cmpuint (lane_case_get (self, DH_STATISTIC_COLLAPSED_BYTES), ==,
                    LANE_N_HOT * DH_BLOCK_SIZE);
  g_assert_true (has_figures (self));

  fake_eye_lock (self->eye, 1);
  lane_case_serve (self);
  /* It cannot look yet. */
  wait_for (50);
  g_assert_false (has_figures (self));
  fake_eye_unlock (self->eye);
  g_assert_true (wait_until (has_figures, self, SOON));
  g_assert_cmpuint (lane_case_get (self, DH_STATISTIC_COLLAPSED_BYTES), ==, 0);
  g_assert_cmpuint (lane_case_get (self, DH_STATISTIC_TRIED_REGIONS), ==, 0);
  /* What is measured is measured anew. */
  g_assert_cmpuint (lane_case_get (self, DH_STATISTIC_HUGEPAGE_BYTES), ==,
                    LANE_N_HOT * DH_BLOCK_SIZE);
}

static void
test_two_services (LaneCase *self, gconstpointer data)
{
  begin_resting (self);
  wait_for (100);
  fake_eye_add (self->eye, 100, LANE_N_HOT, 512);
  lane_case_serve (self);
  lane_case_wait_huge (self, 2 * LANE_N_HOT, SOON);
  dh_lane_rest (self->lane);
  undo (self, 2 * LANE_N_HOT, 0);
}

/* Taken back is not made huge again by a lane that rests, but by one that serves. */
static void
test_serve_after_undo (LaneCase *self, gconstpointer data)
{
  begin_resting (self);
  undo (self, LANE_N_HOT, 0);
  wait_for (A_WHILE);
  g_assert_cmpuint (fake_eye_count_huge (self->eye), ==, 0);
  lane_case_serve (self);
  lane_case_wait_huge (self, LANE_N_HOT, SOON);
  g_assert_cmpuint (lane_case_count_events (self, DH_LANE_SERVING), ==, 2);
}

static void
test_undo_of_nothing (LaneCase *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, LANE_N_HOT, 0);
  fake_eye_lock (self->eye, 2)->huge = TRUE;
  fake_eye_unlock (self->eye);
  lane_case_start (self);
  lane_case_wait_event (self, DH_LANE_SERVING, SOON);
  dh_lane_rest (self->lane);
  undo (self, 0, 0);
  g_assert_true (fake_eye_is_huge (self->eye, 2));
}

/* A call into the kernel cannot be called back: what it makes huge is taken back after it. */
static void
test_undo_while_held (LaneCase *self, gconstpointer data)
{
  Undone undone = { .done = FALSE };
  guint tried;

  fake_eye_add (self->eye, 1, LANE_N_HOT, 512);
  fake_eye_hold (self->eye);
  lane_case_start (self);
  lane_case_wait_held (self, SOON);
  dh_lane_rest (self->lane);
  dh_lane_undo_async (self->lane, on_undone, &undone);
  wait_for (200);
  g_assert_false (undone.done);
  fake_eye_release (self->eye);
  g_assert_true (wait_until (is_done, &undone, SOON));
  tried = lane_case_count_all_tried (self);
  g_assert_cmpuint (tried, >, 0);
  g_assert_cmpuint (tried, <, LANE_N_HOT);
  assert_undone (&undone, tried, 0);
  g_assert_cmpuint (fake_eye_count_huge (self->eye), ==, 0);
}

static void
test_undo_keeps_shared (LaneCase *self, gconstpointer data)
{
  begin_resting (self);
  for (guint i = 3; i < 6; i++) {
    fake_eye_lock (self->eye, i)->shared = DH_BLOCK_PAGES;
    fake_eye_unlock (self->eye);
  }
  undo (self, LANE_N_HOT - 3, 3);
  g_assert_cmpuint (fake_eye_count_huge (self->eye), ==, 3);
  for (guint i = 3; i < 6; i++)
    g_assert_true (fake_eye_is_huge (self->eye, i));
}

static void
test_undo_after_exec (LaneCase *self, gconstpointer data)
{
  begin_resting (self);
  wait_for (100);
  fake_eye_exec (self->eye);
  undo (self, 0, 0);
  g_assert_cmpuint (fake_eye_count_splits (self->eye), ==, 0);
}

static void
test_undo_when_blind (LaneCase *self, gconstpointer data)
{
  Undone undone = { .done = FALSE };

  begin_resting (self);
  wait_for (100);
  fake_eye_break (self->eye);
  dh_lane_undo_async (self->lane, on_undone, &undone);
  g_assert_true (wait_until (is_done, &undone, SOON));
  g_assert_error (undone.error, DH_ERROR, DH_ERROR_KERNEL_REJECTED);
  g_clear_error (&undone.error);
}

static void
test_undo_twice (LaneCase *self, gconstpointer data)
{
  Undone first = { .done = FALSE }, second = { .done = FALSE };

  begin_resting (self);
  dh_lane_undo_async (self->lane, on_undone, &first);
  dh_lane_undo_async (self->lane, on_undone, &second);
  assert_undone (&second, 0, 0);
  assert_undone (&first, LANE_N_HOT, 0);
}

/* With what was done by then. */
static void
test_stop_in_mid_undo (LaneCase *self, gconstpointer data)
{
  Undone first = { .done = FALSE }, waiting = { .done = FALSE };

  begin_resting (self);
  wait_for (100);
  fake_eye_hold (self->eye);
  dh_lane_undo_async (self->lane, on_undone, &first);
  dh_lane_undo_async (self->lane, on_undone, &waiting);
  lane_case_wait_held (self, SOON);
  lane_case_stop (self);
  fake_eye_release (self->eye);
  assert_undone (&first, 1, LANE_N_HOT - 1);
  assert_undone (&waiting, 0, LANE_N_HOT - 1);
  lane_case_wait_ended (self, SOON);
  g_assert_cmpuint (fake_eye_count_splits (self->eye), ==, 1);
}

/* While what it waits for is still in the kernel. */
static void
test_stop_before_undo (LaneCase *self, gconstpointer data)
{
  Undone undone = { .done = FALSE };

  fake_eye_add (self->eye, 1, LANE_N_HOT, 512);
  fake_eye_hold (self->eye);
  lane_case_start (self);
  lane_case_wait_held (self, SOON);
  dh_lane_rest (self->lane);
  dh_lane_undo_async (self->lane, on_undone, &undone);
  lane_case_stop (self);
  wait_for (100);
  g_assert_false (undone.done);
  fake_eye_release (self->eye);
  assert_undone (&undone, 0, lane_case_count_all_tried (self));
  lane_case_wait_ended (self, SOON);
  g_assert_cmpuint (fake_eye_count_splits (self->eye), ==, 0);
}

/* Lets no event be delivered meanwhile. */
static void
sleep_until_clears (LaneCase *self, guint clears)
{
  for (guint i = 0; i < 100 * SOON && fake_eye_count_clears (self->eye) < clears; i++)
    g_usleep (10000);
  g_assert_cmpuint (fake_eye_count_clears (self->eye), >=, clears);
  g_usleep (200000);
}

static void
test_events_of_an_earlier_service (LaneCase *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, LANE_N_HOT, 512);
  fake_eye_hold (self->eye);
  lane_case_start (self);
  sleep_until_clears (self, 1);
  lane_case_serve (self);
  sleep_until_clears (self, 2);
  lane_case_wait_event (self, DH_LANE_SERVING, SOON);
  wait_for (100);
  g_assert_cmpuint (self->events->len, ==, 1);
}

/* The one that failed is over; what is served now does not fail with it. */
static void
test_failure_of_an_earlier_service (LaneCase *self, gconstpointer data)
{
  self->stranger = TRUE;
  fake_eye_add (self->eye, 1, LANE_N_HOT, 512);
  lane_case_start (self);
  g_usleep (300000);
  self->owner.uids[0]--;
  lane_case_serve (self);
  lane_case_wait_event (self, DH_LANE_SERVING, SOON);
  wait_for (100);
  g_assert_cmpuint (self->events->len, ==, 1);
}

/* It gives up, and goes on when it is told to. */
static void
test_serve_after_a_failure (LaneCase *self, gconstpointer data)
{
  self->stranger = TRUE;
  fake_eye_add (self->eye, 1, LANE_N_HOT, 512);
  lane_case_start (self);
  lane_case_wait_event (self, DH_LANE_OWNER_CHANGED, SOON);
  g_assert_cmpuint (fake_eye_count_clears (self->eye), ==, 0);
  self->owner.uids[0]--;
  lane_case_serve (self);
  lane_case_wait_huge (self, LANE_N_HOT, SOON);
}

static void
test_heat_map (LaneCase *self, gconstpointer data)
{
  DhHeatMap *map;

  fake_eye_add (self->eye, 1, LANE_N_HOT, 512);
  fake_eye_hold (self->eye);
  lane_case_start (self);
  g_assert_null (dh_lane_dup_heat_map (self->lane));
  fake_eye_release (self->eye);
  lane_case_wait_huge (self, LANE_N_HOT, SOON);
  dh_lane_rest (self->lane);
  wait_for (100);
  map = dh_lane_dup_heat_map (self->lane);
  g_assert_nonnull (map);
  g_assert_cmpuint (dh_heat_map_get_runs (map)->len, ==, 1);
  g_assert_cmpuint (g_array_index (dh_heat_map_get_runs (map), DhHeatRun, 0).length, ==,
                    LANE_N_HOT);
  dh_heat_map_unref (map);
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

  add ("/lane/rests-without-a-look", test_rest);
  add ("/lane/serves-again-with-figures-of-its-own", test_serve_again);
  add ("/lane/remembers-over-two-services", test_two_services);
  add ("/lane/serves-after-an-undo", test_serve_after_undo);
  add ("/lane/undo/all-that-was-made-huge", test_undo);
  add ("/lane/undo/nothing-was-made-huge", test_undo_of_nothing);
  add ("/lane/undo/waits-for-a-call-and-takes-back-that-too", test_undo_while_held);
  add ("/lane/undo/keeps-shared-blocks", test_undo_keeps_shared);
  add ("/lane/undo/nothing-after-exec", test_undo_after_exec);
  add ("/lane/undo/fails-when-nothing-can-be-read", test_undo_when_blind);
  add ("/lane/undo/twice-at-once", test_undo_twice);
  add ("/lane/undo/a-stop-in-the-midst-answers", test_stop_in_mid_undo);
  add ("/lane/undo/a-stop-before-it-answers", test_stop_before_undo);
  add ("/lane/events-of-an-earlier-service-are-not-told", test_events_of_an_earlier_service);
  add ("/lane/a-failure-of-an-earlier-service-is-not-told", test_failure_of_an_earlier_service);
  add ("/lane/serves-after-a-failure", test_serve_after_a_failure);
  add ("/lane/heat-map-stays-while-it-rests", test_heat_map);

  return g_test_run ();
}
