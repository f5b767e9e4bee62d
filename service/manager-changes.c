/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "manager-private.h"

#include "error.h"

/* What a change comes to, computed when its turn has come. */
typedef struct {
  DhJobKind kind;
  DhChange *change;
  DhCaller caller; /* sender NULL: the service itself */
  char *sender;    /* the caller's */
  DhActions granted;
  DhOutcome outcome;
} Job;

static void start_next_job (DhManager *self);

static void
free_job (gpointer data)
{
  Job *job = data;

  dh_outcome_clear (&job->outcome);
  dh_change_free (job->change);
  g_free (job->sender);
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
  if (caller) {
    job->caller = *caller;
    job->caller.sender = job->sender = g_strdup (caller->sender);
  }
  job->granted = granted;
  g_task_set_task_data (task, job, free_job);
  g_queue_push_tail (&self->jobs, task);
  start_next_job (self);
}

void
dh_manager_queue_refresh (DhManager *self)
{
  dh_manager_queue_job (self, DH_JOB_CHANGE, dh_change_new (DH_CHANGE_SERVICE), NULL, 0, NULL,
                        NULL);
}

static void
on_exited (DhTarget *target, gpointer user_data)
{
  g_autoptr (DhManager) self = g_object_ref (user_data);
  const gboolean foreign = self->foreign && target == self->primary;

  g_message ("Process %d has exited", dh_process_get_pid (target->process));
  dh_manager_handle (self, target, DH_EVENT_EXIT);
  dh_manager_remember_targets (self);
  dh_manager_update_statistics_timer (self);
  dh_manager_emit_changed (self);
  if (target == self->primary)
    g_signal_emit_by_name (self, "target-exited", (guint) dh_process_get_pid (target->process));
  /* What somebody else began is left as it is. */
  if (!foreign)
    dh_manager_queue_refresh (self);
}

void
dh_manager_admit (DhManager *self, DhTarget *target)
{
  dh_target_list_add (self->targets, target);
  dh_target_watch (target, on_exited, self);
}

static void
commit_target (DhManager *self, const DhDraftTarget *entry)
{
  DhTarget *target = entry->target;

  if (target->state == DH_TARGET_EXITED && !entry->is_new)
    return;
  target->owner = entry->owner;
  target->goals = entry->goals;
  target->set = entry->set;
  target->added = entry->added;
  if (!target->added)
    g_clear_pointer (&target->client, g_free);
  if (entry->is_new)
    dh_manager_admit (self, target);
  dh_manager_handle_all (self, target, entry->events, entry->n_events);
}

static void
commit_targets (DhManager *self, const DhDraft *draft)
{
  const DhDraftTarget *primary = dh_draft_get_primary (draft);

  /* While the engine was at it, the target may have become somebody else's. */
  if (primary && !primary->is_new && primary->target->state == DH_TARGET_GONE)
    primary = NULL;
  dh_manager_set_primary (self, primary ? primary->target : NULL);
  for (guint i = 0; i < dh_draft_get_size (draft); i++)
    commit_target (self, dh_draft_get (draft, i));
}

/* Whether the change says anew what is to become of the primary target. */
static gboolean
is_of_primary (const DhChange *change, const DhTarget *before, const DhTarget *after)
{
  return before != after || change->has_pid || change->has_enabled;
}

static void
commit_change (DhManager *self, Job *job)
{
  g_autoptr (DhTarget) before = self->primary ? dh_target_ref (self->primary) : NULL;
  DhFound found = { .serving = FALSE };

  self->settings.current = job->outcome.plan.settings;
  self->settings.stored = job->outcome.stored;
  self->unknown = FALSE;
  commit_targets (self, job->outcome.draft);
  if (is_of_primary (job->change, before, self->primary)) {
    self->dropped = FALSE;
    self->has_error = FALSE;
  }
  if (dh_engine_get_found (self->engine, &found))
    self->settings.found = found.settings;
  self->foreign = found.serving && found.foreign;
  /* The plan did not know of it. */
  if (self->found_meanwhile)
    dh_manager_take_found (self);
  dh_store_save_settings (self->store, dh_engine_get_name (self->engine), &self->settings.stored,
                          &self->settings.defaults);
  if (dh_change_is_of_goals_alone (job->change))
    dh_manager_remember_targets_soon (self);
  else
    dh_manager_remember_targets (self);
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
  if (error && (!job->sender || is_of_machine (error)))
    g_warning ("%s", error->message);
  if (g_error_matches (error, DH_ERROR, DH_ERROR_TIMEOUT))
    note_unknown (self, error);
  else if (!error && job->kind == DH_JOB_CHANGE)
    commit_change (self, job);
  else if (!error && !self->primary && dh_engine_get_found (self->engine, &found))
    dh_engine_settings_adopt (&self->settings, &found);
  dh_manager_update_statistics_timer (self);
  dh_manager_emit_changed (self);
}

/* Of a change that adds one. */
static guint64
get_new_target (const Job *job)
{
  for (guint i = 0; job->outcome.draft && i < dh_draft_get_size (job->outcome.draft); i++)
    if (dh_draft_get (job->outcome.draft, i)->is_new)
      return dh_draft_get (job->outcome.draft, i)->target->id;
  return 0;
}

static void
on_applied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DhManager) self = user_data;
  g_autoptr (GTask) task = g_steal_pointer (&self->job);
  Job *job = g_task_get_task_data (task);
  GError *error = NULL;

  dh_engine_apply_finish (DH_ENGINE (source), result, &error);
  job->change->target = get_new_target (job);
  finish_job (self, job, error);
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
    job->outcome.plan.settings = self->settings.current;
    job->outcome.plan.releases = TRUE;
    return TRUE;
  }
  if (!dh_manager_check (self, job->change, job->sender ? &job->caller : NULL, error))
    return FALSE;
  situation = dh_manager_get_situation (self);
  return dh_plan_make (&situation, job->change, job->sender ? &job->caller : NULL, job->granted,
                       &job->outcome, error);
}

static void
start_next_job (DhManager *self)
{
  while (!self->job && (self->job = g_queue_pop_head (&self->jobs))) {
    Job *job = g_task_get_task_data (self->job);
    g_autoptr (GError) error = NULL;

    if (plan_job (self, job, &error)) {
      dh_manager_note_statistics (self);
      self->found_meanwhile = FALSE;
      dh_engine_apply_async (self->engine, &job->outcome.plan, on_applied, g_object_ref (self));
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
dh_manager_apply_finish (DhManager *self, GAsyncResult *result, guint64 *ret_target, GError **error)
{
  const Job *job = g_task_get_task_data (G_TASK (result));

  if (ret_target)
    *ret_target = job->change->target;
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
dh_manager_note_client_left (DhManager *self, const char *client)
{
  DhChange *change = dh_change_new (DH_CHANGE_LEAVE);

  change->client = g_strdup (client);
  dh_manager_queue_job (self, DH_JOB_CHANGE, change, NULL, 0, NULL, NULL);
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
  /* The kernel may keep it from ending for long, and somebody may lose patience. */
  if (self->remember_timer != 0)
    dh_manager_remember_targets (self);
  if (!self->engine) {
    g_task_return_boolean (task, TRUE);
    g_object_unref (task);
    return;
  }
  g_timeout_add_seconds_full (G_PRIORITY_DEFAULT, DH_MANAGER_STOP_SEC, on_stop_timeout,
                              g_object_ref (task), g_object_unref);
  dh_manager_queue_job (self, DH_JOB_STOP, dh_change_new (DH_CHANGE_SERVICE), NULL, 0,
                        on_stop_job_done, task);
}

static void
forget_targets (DhManager *self)
{
  dh_manager_set_primary (self, NULL);
  while (dh_target_list_get_size (self->targets) > 0)
    dh_manager_handle (self, dh_target_list_get (self->targets, 0), DH_EVENT_STOP);
}

gboolean
dh_manager_stop_finish (DhManager *self, GAsyncResult *result, GError **error)
{
  forget_targets (self);
  dh_manager_update_statistics_timer (self);
  g_clear_handle_id (&self->remember_timer, g_source_remove);
  dh_store_save_targets (self->store, NULL);
  dh_store_flush (self->store);
  return g_task_propagate_boolean (G_TASK (result), error);
}
