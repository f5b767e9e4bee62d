/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "lane-case.h"

#include "wait.h"

#define HOUR ((guint64) 3600 * G_USEC_PER_SEC)

void
lane_case_set_up (LaneCase *self, gconstpointer data)
{
  self->eye = fake_eye_new ();
  self->limits = (DhQuotaLimits){ .time = HOUR / 2, .interval = HOUR, .ceiling = G_USEC_PER_SEC };
  self->goals = (DhLaneGoals){ .ratio = 10000 };
  self->events = g_array_new (FALSE, FALSE, sizeof (DhLaneEvent));
}

void
lane_case_tear_down (LaneCase *self, gconstpointer data)
{
  if (self->lane)
    lane_case_stop (self);
  fake_eye_release (self->eye);
  lane_case_wait_ended (self, 10);
  dh_budget_unref (self->budget);
  dh_pace_unref (self->pace);
  child_free (self->child);
  g_object_unref (self->eye);
  g_array_unref (self->events);
  g_clear_error (&self->error);
}

static void
on_event (DhLane *lane, DhLaneEvent event, const GError *error, gpointer user_data)
{
  LaneCase *self = user_data;

  g_assert_true (lane == self->lane);
  g_array_append_val (self->events, event);
  g_clear_error (&self->error);
  self->error = error ? g_error_copy (error) : NULL;
}

void
lane_case_start (LaneCase *self)
{
  g_autoptr (DhProcess) process = NULL;
  g_autoptr (GError) error = NULL;
  DhLaneShares shares = { .advisor = fake_eye_get_advisor (self->eye) };

  self->child = child_new (self->prepare);
  process = dh_process_open ("/", (guint64) self->child->pid, &error);
  g_assert_no_error (error);
  g_assert_true (dh_process_read_owner (process, &self->owner, &error));
  g_assert_no_error (error);
  if (self->stranger)
    self->owner.uids[0]++;
  shares.budget = self->budget = dh_budget_new (&self->limits);
  shares.pace = self->pace = dh_pace_new ();
  self->lane = dh_lane_new (process, g_object_ref (DH_EYE (self->eye)), &shares, on_event, self);
  lane_case_serve (self);
}

void
lane_case_serve (LaneCase *self)
{
  dh_lane_serve (self->lane, &self->owner, &self->goals);
}

void
lane_case_stop (LaneCase *self)
{
  dh_lane_stop (g_steal_pointer (&self->lane));
}

typedef struct {
  LaneCase *self;
  guint n;
} Wanted;

static gboolean
has_huge (gpointer data)
{
  const Wanted *wanted = data;

  return fake_eye_count_huge (wanted->self->eye) >= wanted->n;
}

static gboolean
has_tried (gpointer data)
{
  const Wanted *wanted = data;

  return lane_case_count_all_tried (wanted->self) >= wanted->n;
}

static gboolean
has_event (gpointer data)
{
  const Wanted *wanted = data;

  return lane_case_count_events (wanted->self, (DhLaneEvent) wanted->n) > 0;
}

static gboolean
is_held (gpointer data)
{
  return fake_eye_is_held (((LaneCase *) data)->eye);
}

static gboolean
has_ended (gpointer data)
{
  return g_atomic_int_get (&G_OBJECT (((LaneCase *) data)->eye)->ref_count) == 1;
}

void
lane_case_wait_huge (LaneCase *self, guint n_blocks, guint seconds)
{
  wait_until (has_huge, &(Wanted){ self, n_blocks }, seconds);
  g_assert_cmpuint (fake_eye_count_huge (self->eye), ==, n_blocks);
}

void
lane_case_wait_tried (LaneCase *self, guint n_calls, guint seconds)
{
  wait_until (has_tried, &(Wanted){ self, n_calls }, seconds);
  g_assert_cmpuint (lane_case_count_all_tried (self), >=, n_calls);
}

void
lane_case_wait_event (LaneCase *self, DhLaneEvent event, guint seconds)
{
  g_assert_true (wait_until (has_event, &(Wanted){ self, event }, seconds));
}

void
lane_case_wait_held (LaneCase *self, guint seconds)
{
  g_assert_true (wait_until (is_held, self, seconds));
}

void
lane_case_wait_ended (LaneCase *self, guint seconds)
{
  g_assert_true (wait_until (has_ended, self, seconds));
}

guint
lane_case_count_events (LaneCase *self, DhLaneEvent event)
{
  guint n = 0;

  for (guint i = 0; i < self->events->len; i++)
    n += g_array_index (self->events, DhLaneEvent, i) == event ? 1 : 0;
  return n;
}

guint
lane_case_count_all_tried (LaneCase *self)
{
  g_autoptr (GArray) tried = fake_eye_dup_tried (self->eye);

  return tried->len;
}

guint
lane_case_count_tried (LaneCase *self, guint block)
{
  g_autoptr (GArray) tried = fake_eye_dup_tried (self->eye);
  guint n = 0;

  for (guint i = 0; i < tried->len; i++)
    n += g_array_index (tried, guint, i) == block ? 1 : 0;
  return n;
}

guint64
lane_case_get (LaneCase *self, DhStatistic statistic)
{
  DhStatistics statistics;

  dh_lane_get_statistics (self->lane, &statistics);
  g_assert_true (statistics.known[statistic]);
  return statistics.values[statistic];
}

guint64
lane_case_get_failures (LaneCase *self, int number)
{
  DhStatistics statistics;

  dh_lane_get_statistics (self->lane, &statistics);
  for (guint i = 0; i < DH_N_FAILURES; i++)
    if (statistics.failures[i].number == number)
      return statistics.failures[i].count;
  return 0;
}
