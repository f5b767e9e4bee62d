/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "lane-private.h"

#include "error.h"
#include "thread-clock.h"

static void
clear_lane (gpointer data)
{
  DhLane *lane = data;

  g_clear_pointer (&lane->observer, dh_observer_free);
  g_clear_pointer (&lane->heat_map, dh_heat_map_unref);
  dh_ledger_free (lane->ledger);
  g_clear_object (&lane->eye);
  dh_pace_unref (lane->shares.pace);
  g_clear_pointer (&lane->shares.slumber, dh_slumber_unref);
  dh_budget_unref (lane->shares.budget);
  dh_process_unref (lane->process);
  g_main_context_unref (lane->context);
  g_mutex_clear (&lane->lock);
  g_cond_clear (&lane->wake);
}

void
dh_lane_unref (DhLane *lane)
{
  g_atomic_rc_box_release_full (lane, clear_lane);
}

typedef struct {
  DhLane *lane;
  guint service; /* which it is about */
  DhLaneEvent event;
  GError *error;
} Notice;

static gboolean
deliver_notice (gpointer data)
{
  Notice *notice = data;
  DhLane *lane = notice->lane;

  /* Only this thread gives orders: no lock for what it has set itself. */
  if (!lane->abandoned && notice->service == lane->service)
    lane->func (lane, notice->event, notice->error, lane->user_data);
  return G_SOURCE_REMOVE;
}

static void
free_notice (gpointer data)
{
  Notice *notice = data;

  dh_lane_unref (notice->lane);
  g_clear_error (&notice->error);
  g_free (notice);
}

void
dh_lane_notify (DhLane *lane, DhLaneEvent event, const GError *error)
{
  Notice *notice = g_new0 (Notice, 1);
  g_autoptr (GSource) source = g_idle_source_new ();

  notice->lane = g_atomic_rc_box_acquire (lane);
  notice->service = lane->serving;
  notice->event = event;
  notice->error = error ? g_error_copy (error) : NULL;
  /* Behind the answer to whoever gave the order, however soon there is something to tell. */
  g_source_set_priority (source, G_PRIORITY_DEFAULT + 1);
  g_source_set_callback (source, deliver_notice, notice, free_notice);
  g_source_attach (source, lane->context);
}

void
dh_lane_set_hampered (DhLane *lane, const GError *error)
{
  if (!error && !lane->hampered)
    return;
  lane->hampered = error != NULL;
  dh_lane_notify (lane, error ? DH_LANE_HAMPERED : DH_LANE_RECOVERED, error);
}

gboolean
dh_lane_check_switched_on (DhLane *lane)
{
  g_autoptr (GError) error = NULL;
  gboolean was_off = lane->switched_off;

  lane->switched_off = !dh_process_thp_enabled (lane->process);
  if (lane->switched_off) {
    g_set_error (&error, DH_ERROR, DH_ERROR_PROCESS_NOT_PERMITTED,
                 "Process %d has switched huge pages off for itself (PR_SET_THP_DISABLE)",
                 dh_process_get_pid (lane->process));
    lane->not_before = G_MAXUINT64;
    if (!was_off)
      dh_lane_set_hampered (lane, error);
  } else if (was_off) {
    lane->not_before = 0;
    dh_lane_set_hampered (lane, NULL);
  }
  return !lane->switched_off;
}

guint64
dh_lane_now (void)
{
  return (guint64) g_get_monotonic_time ();
}

/* Under the lock. */
static gboolean
is_wanted (const DhLane *lane)
{
  return !lane->stopping && lane->wanted && lane->service == lane->serving
         && g_queue_is_empty ((GQueue *) &lane->undos);
}

gboolean
dh_lane_goes_on (DhLane *lane)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);

  return is_wanted (lane);
}

gboolean
dh_lane_wait (DhLane *lane, guint64 deadline, gboolean for_budget)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);

  while (is_wanted (lane) && !(for_budget && lane->woken)
         && g_cond_wait_until (&lane->wake, &lane->lock, (gint64) deadline))
    ;
  lane->woken = FALSE;
  return is_wanted (lane);
}

DhLaneGoals
dh_lane_get_goals (DhLane *lane)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);

  return lane->goals;
}

void
dh_lane_publish (DhLane *lane)
{
  DhStatistics *figures = &lane->statistics;
  DhObservation seen;
  DhGrant grant;

  dh_observer_get_observation (lane->observer, &seen);
  dh_seat_look (lane->seat, &grant);
  g_mutex_lock (&lane->lock);
  dh_statistics_set (figures, DH_STATISTIC_TIMESTAMP, dh_lane_now ());
  dh_statistics_set (figures, DH_STATISTIC_ANONYMOUS_BYTES, seen.anonymous_bytes);
  dh_statistics_set (figures, DH_STATISTIC_HUGEPAGE_BYTES, seen.hugepage_bytes);
  dh_statistics_set (figures, DH_STATISTIC_RATIO,
                     dh_measured_ratio (seen.hugepage_bytes, seen.anonymous_bytes));
  dh_statistics_set (figures, DH_STATISTIC_GOAL, lane->goals.ratio);
  dh_statistics_set (figures, DH_STATISTIC_HOT_BYTES, seen.heat.hot);
  dh_statistics_set (figures, DH_STATISTIC_SKIPPED_BYTES, seen.heat.skipped);
  dh_statistics_set (figures, DH_STATISTIC_QUOTA_EXCEEDS, grant.exceeds);
  dh_statistics_set (figures, DH_STATISTIC_EFFECTIVE_QUOTA, grant.effective_size);
  dh_statistics_set (figures, DH_STATISTIC_ENGINE_CPU, dh_thread_cpu_usec () - lane->cpu);
  lane->has_statistics = TRUE;
  g_mutex_unlock (&lane->lock);
}
