/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "manager-private.h"

#include "error.h"

/* What a change comes to, computed when its turn has come. */
typedef struct {
  DhJobKind kind;
  DhChange *change;
  DhCaller caller; /* sender NULL: the service itself */
  DhActions granted;
  DhPlan plan;
  DhSettings stored;
} Job;

static void start_next_job (DhManager *self);

static void
free_job (gpointer data)
{
  Job *job = data;

  g_clear_pointer (&job->plan.process, dh_process_unref);
  dh_change_free (job->change);
  g_free (job);
}

void
dh_manager_queue_job (DhManager *self, DhJobKind kind, DhChange *change, const DhCaller *caller,
                      DhActions granted, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  Job *job = g_new0 (Job, 1);

  job->kind = kind;
  job->change = change;
  if (caller)
    job->caller = *caller;
  job->granted = granted;
  g_task_set_task_data (task, job, free_job);
  g_queue_push_tail (&self->jobs, task);
  start_next_job (self);
}

static void
on_target_exited (DhTarget *target, gpointer user_data)
{
  g_autoptr (DhManager) self = g_object_ref (user_data);

  dh_manager_note_statistics (self);
  g_message ("Process %d has exited", dh_process_get_pid (dh_target_get_process (target)));
  dh_manager_remember_target (self);
  dh_manager_update_statistics_timer (self);
  dh_manager_emit_changed (self);
  g_signal_emit_by_name (self, "target-exited",
                         (guint) dh_process_get_pid (dh_target_get_process (target)));
  /* Nothing is different for the settings; the engine learns that there is no process any more.
   * What somebody else began is left as it is. */
  if (!self->foreign)
    dh_manager_queue_job (self, DH_JOB_CHANGE, dh_change_new (), NULL, 0, NULL, NULL);
}

void
dh_manager_set_target (DhManager *self, DhProcess *process, const DhOwner *owner)
{
  g_clear_pointer (&self->target, dh_target_free);
  if (process)
    self->target = dh_target_new (process, owner, on_target_exited, self);
  self->has_statistics = FALSE;
}

static void
commit_target (DhManager *self, Job *job)
{
  const DhPlan *plan = &job->plan;
  DhProcess *current = self->target ? dh_target_get_process (self->target) : NULL;
  gboolean was_enabled = self->target && dh_target_is_enabled (self->target);

  if (plan->process != current && (plan->process || job->change->has_pid)) {
    dh_manager_set_target (self, plan->process, &plan->owner);
    was_enabled = FALSE;
  } else if (plan->process) {
    dh_target_set_owner (self->target, &plan->owner);
  }
  if (!job->change->has_pid && !job->change->has_enabled)
    return;
  self->dropped = FALSE;
  self->has_error = FALSE;
  if (!self->target || !dh_target_is_alive (self->target))
    return;
  if (!plan->enabled)
    dh_target_set_state (self->target, DH_TARGET_DISABLED);
  else if (!was_enabled)
    dh_target_set_state (self->target, DH_TARGET_STARTING);
}

static void
commit_change (DhManager *self, Job *job)
{
  DhFound found = { .serving = FALSE };

  self->settings.current = job->plan.settings;
  self->settings.stored = job->stored;
  self->unknown = FALSE;
  commit_target (self, job);
  if (dh_engine_get_found (self->engine, &found))
    self->settings.found = found.settings;
  self->foreign = found.serving && found.foreign;
  dh_store_save_settings (self->store, dh_engine_get_name (self->engine), &self->settings.stored,
                          &self->settings.defaults);
  dh_manager_remember_target (self);
}

/* Nobody knows what came of the change. */
static void
note_unknown (DhManager *self, const GError *error)
{
  dh_manager_set_error (self, error);
  self->unknown = TRUE;
}

/* Whether it is the administrator's concern, whoever called. */
static gboolean
is_of_machine (const GError *error)
{
  return g_error_matches (error, DH_ERROR, DH_ERROR_KERNEL_REJECTED)
         || g_error_matches (error, DH_ERROR, DH_ERROR_NOT_AVAILABLE)
         || g_error_matches (error, DH_ERROR, DH_ERROR_CONFLICT);
}

static void
finish_job (DhManager *self, Job *job, const GError *error)
{
  DhFound found;

  if (job->kind == DH_JOB_STOP)
    return;
  if (error && (!job->caller.sender || is_of_machine (error)))
    g_warning ("%s", error->message);
  if (g_error_matches (error, DH_ERROR, DH_ERROR_TIMEOUT))
    note_unknown (self, error);
  else if (!error && job->kind == DH_JOB_CHANGE)
    commit_change (self, job);
  else if (!error && !self->target && dh_engine_get_found (self->engine, &found))
    dh_engine_settings_adopt (&self->settings, &found);
  dh_manager_update_statistics_timer (self);
  dh_manager_emit_changed (self);
}

static void
on_applied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DhManager) self = user_data;
  g_autoptr (GTask) task = g_steal_pointer (&self->job);
  GError *error = NULL;

  dh_engine_apply_finish (DH_ENGINE (source), result, &error);
  finish_job (self, g_task_get_task_data (task), error);
  if (error)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  start_next_job (self);
}

static gboolean
plan_job (DhManager *self, Job *job, GError **error)
{
  DhSituation situation;

  if (job->kind != DH_JOB_CHANGE) {
    job->plan.settings = self->settings.current;
    job->plan.releases = TRUE;
    return TRUE;
  }
  if (!dh_manager_check (self, job->change, error))
    return FALSE;
  situation = dh_manager_get_situation (self);
  return dh_plan_make (&situation, job->change, job->caller.sender ? &job->caller : NULL,
                       job->granted, &job->plan, &job->stored, error);
}

static void
start_next_job (DhManager *self)
{
  while (!self->job && (self->job = g_queue_pop_head (&self->jobs))) {
    Job *job = g_task_get_task_data (self->job);
    g_autoptr (GError) error = NULL;

    if (plan_job (self, job, &error)) {
      dh_manager_note_statistics (self);
      dh_engine_apply_async (self->engine, &job->plan, on_applied, g_object_ref (self));
    } else {
      g_autoptr (GTask) task = g_steal_pointer (&self->job);

      g_task_return_error (task, g_steal_pointer (&error));
    }
  }
}

void
dh_manager_apply_async (DhManager *self, DhChange *change, const DhCaller *caller,
                        DhActions granted, GAsyncReadyCallback callback, gpointer user_data)
{
  dh_manager_queue_job (self, DH_JOB_CHANGE, change, caller, granted, callback, user_data);
}

gboolean
dh_manager_apply_finish (DhManager *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_stop_job_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (g_task_get_completed (task))
    return;
  if (g_task_propagate_boolean (G_TASK (result), &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
on_stop_timeout (gpointer user_data)
{
  GTask *task = user_data;

  if (!g_task_get_completed (task))
    g_task_return_new_error (task, DH_ERROR, DH_ERROR_TIMEOUT,
                             "The kernel has not let go of the target in %d s",
                             DH_MANAGER_STOP_SEC);
  return G_SOURCE_REMOVE;
}

void
dh_manager_stop_async (DhManager *self, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  self->stopping = TRUE;
  if (!self->engine) {
    g_task_return_boolean (task, TRUE);
    g_object_unref (task);
    return;
  }
  g_timeout_add_seconds_full (G_PRIORITY_DEFAULT, DH_MANAGER_STOP_SEC, on_stop_timeout,
                              g_object_ref (task), g_object_unref);
  dh_manager_queue_job (self, DH_JOB_STOP, dh_change_new (), NULL, 0, on_stop_job_done, task);
}

gboolean
dh_manager_stop_finish (DhManager *self, GAsyncResult *result, GError **error)
{
  dh_manager_set_target (self, NULL, NULL);
  dh_manager_update_statistics_timer (self);
  dh_store_save_target (self->store, NULL);
  dh_store_flush (self->store);
  return g_task_propagate_boolean (G_TASK (result), error);
}
