/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "lane-private.h"

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
  dh_lane_unref (lane);
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
  if (shares->slumber)
    dh_slumber_ref (shares->slumber);
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
  dh_lane_unref (lane);
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
