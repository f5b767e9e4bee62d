/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "lane-private.h"

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
  dh_budget_unref (lane->shares.budget);
  dh_process_unref (lane->process);
  g_main_context_unref (lane->context);
  g_mutex_clear (&lane->lock);
  g_cond_clear (&lane->wake);
}

static void
unref_lane (gpointer lane)
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

  unref_lane (notice->lane);
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

static gboolean
is_not_stopping (gpointer user_data)
{
  DhLane *lane = user_data;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);

  return !lane->stopping;
}

/* @task: (transfer full). */
static void
run_undo (DhLane *lane, GTask *task)
{
  const DhUndo undo = {
    .eye = lane->eye,
    .advisor = lane->shares.advisor,
    .pidfd = dh_process_get_pidfd (lane->process),
    .ledger = lane->ledger,
    .goes_on = is_not_stopping,
    .user_data = lane,
  };
  DhUndoResult result;
  GError *error = NULL;

  if (dh_undo_run (&undo, &result, &error))
    g_task_return_pointer (task, g_memdup2 (&result, sizeof result), g_free);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

/* Returns: FALSE if there is nothing more to do. Sets @ret_undo (transfer full) (nullable): NULL
 * where serving is wanted. */
static gboolean
wait_for_order (DhLane *lane, GTask **ret_undo)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);

  *ret_undo = NULL;
  while (!lane->stopping && !lane->wanted && g_queue_is_empty (&lane->undos))
    g_cond_wait (&lane->wake, &lane->lock);
  /* Who waits is answered even then. */
  *ret_undo = g_queue_pop_head (&lane->undos);
  if (*ret_undo)
    return TRUE;
  if (lane->stopping)
    return FALSE;
  lane->serving = lane->service;
  lane->served_owner = lane->owner;
  return TRUE;
}

static gpointer
run_lane (gpointer data)
{
  DhLane *lane = data;
  GTask *undo;

  while (wait_for_order (lane, &undo)) {
    if (undo)
      run_undo (lane, undo);
    else
      dh_lane_run_service (lane);
  }
  unref_lane (lane);
  return NULL;
}

DhLane *
dh_lane_new (DhProcess *process, DhEye *eye, const DhLaneShares *shares, DhLaneFunc func,
             gpointer user_data)
{
  DhLane *lane = g_atomic_rc_box_new0 (DhLane);

  g_mutex_init (&lane->lock);
  g_cond_init (&lane->wake);
  g_queue_init (&lane->undos);
  lane->context = g_main_context_ref_thread_default ();
  lane->func = func;
  lane->user_data = user_data;
  lane->process = dh_process_ref (process);
  lane->shares = *shares;
  dh_budget_ref (shares->budget);
  dh_pace_ref (shares->pace);
  lane->eye = eye;
  lane->ledger = dh_ledger_new ();
  g_thread_unref (g_thread_new ("lane", run_lane, g_atomic_rc_box_acquire (lane)));
  return lane;
}

void
dh_lane_stop (DhLane *lane)
{
  lane->abandoned = TRUE;
  g_mutex_lock (&lane->lock);
  lane->stopping = TRUE;
  g_cond_signal (&lane->wake);
  g_mutex_unlock (&lane->lock);
  unref_lane (lane);
}

void
dh_lane_serve (DhLane *lane, const DhOwner *owner, const DhLaneGoals *goals)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);

  lane->wanted = TRUE;
  lane->service++;
  lane->owner = *owner;
  lane->goals = *goals;
  lane->has_statistics = FALSE;
  g_cond_signal (&lane->wake);
}

void
dh_lane_set_goals (DhLane *lane, const DhLaneGoals *goals)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);

  lane->goals = *goals;
}

void
dh_lane_rest (DhLane *lane)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);

  lane->wanted = FALSE;
  g_cond_signal (&lane->wake);
}

void
dh_lane_undo_async (DhLane *lane, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);

  g_queue_push_tail (&lane->undos, g_task_new (NULL, NULL, callback, user_data));
  g_cond_signal (&lane->wake);
}

gboolean
dh_lane_undo_finish (GAsyncResult *result, DhUndoResult *ret_result, GError **error)
{
  g_autofree DhUndoResult *done = g_task_propagate_pointer (G_TASK (result), error);

  if (done)
    *ret_result = *done;
  return done != NULL;
}

gboolean
dh_lane_get_statistics (DhLane *lane, DhStatistics *ret_statistics)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);

  *ret_statistics = lane->statistics;
  return lane->has_statistics;
}

DhHeatMap *
dh_lane_dup_heat_map (DhLane *lane)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);

  return lane->heat_map ? dh_heat_map_ref (lane->heat_map) : NULL;
}
