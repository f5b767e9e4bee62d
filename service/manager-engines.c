/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "manager-private.h"

#include "error.h"

/* Somebody else has begun it, or it is not known whether we have. */
static void
show_served (DhManager *self, guint32 pid)
{
  DhProcess *current = dh_manager_get_live_process (self);
  g_autoptr (DhProcess) process = NULL;
  DhOwner owner;

  if (!current || (guint32) dh_process_get_pid (current) != pid) {
    process = dh_process_open (self->root, pid, NULL);
    if (!process || !dh_process_read_owner (process, &owner, NULL))
      return;
    dh_manager_set_target (self, process, &owner);
    g_message ("Process %u is served, by %s", pid,
               self->foreign ? "somebody else's doing" : "an earlier request");
  }
  self->dropped = FALSE;
  dh_target_set_state (self->target, DH_TARGET_RUNNING);
}

/* What the engine has found instead of what was applied. */
static void
take_found (DhManager *self)
{
  gboolean was_foreign = self->foreign;
  DhFound found;

  if (!dh_engine_get_found (self->engine, &found))
    return;
  if (self->unknown || found.serving)
    self->has_error = FALSE;
  self->unknown = FALSE;
  self->foreign = found.serving && found.foreign;
  /* Whose it is, decides. */
  if (self->foreign && !was_foreign)
    dh_engine_settings_adopt (&self->settings, &found);
  else
    dh_engine_settings_follow (&self->settings, &found);
  if (found.serving) {
    show_served (self, found.pid);
  } else if (was_foreign && dh_manager_get_live_process (self)) {
    dh_manager_set_target (self, NULL, NULL);
  } else if (self->target && dh_target_is_enabled (self->target)) {
    g_message ("Process %u is no longer served: somebody else has switched it off",
               dh_manager_get_pid (self));
    dh_target_set_state (self->target, DH_TARGET_DISABLED);
  }
  dh_manager_remember_target (self);
}

static void
on_engine_event (DhEngine *engine, guint event, const GError *error, gpointer user_data)
{
  DhManager *self = user_data;

  if (engine != self->engine || self->stopping)
    return;
  if (event == DH_ENGINE_FOUND) {
    take_found (self);
    dh_manager_update_statistics_timer (self);
    dh_manager_emit_changed (self);
    return;
  }
  if (!self->target || !dh_target_is_enabled (self->target))
    return;
  dh_manager_note_statistics (self);
  switch ((DhEngineEvent) event) {
  case DH_ENGINE_SERVING:
    dh_target_set_state (self->target, DH_TARGET_RUNNING);
    break;
  case DH_ENGINE_DROPPED:
    dh_manager_set_error (self, error);
    /* Nobody knows any more whose the figures are. */
    dh_manager_set_target (self, NULL, NULL);
    self->dropped = TRUE;
    dh_manager_remember_target (self);
    break;
  case DH_ENGINE_FAILED:
    dh_manager_set_error (self, error);
    if (error->domain == DH_UNAVAILABLE)
      dh_engine_chooser_note_unavailable (self->chooser, engine, error);
    self->foreign = FALSE;
    dh_target_set_state (self->target, DH_TARGET_FAILED);
    dh_manager_remember_target (self);
    break;
  case DH_ENGINE_HAMPERED:
    dh_manager_set_error (self, error);
    break;
  case DH_ENGINE_RECOVERED:
    dh_manager_set_error (self, NULL);
    break;
  case DH_ENGINE_FOUND:
    g_assert_not_reached ();
  }
  dh_manager_update_statistics_timer (self);
  dh_manager_emit_changed (self);
}

static void
settle (DhManager *self)
{
  dh_manager_queue_job (self, DH_JOB_SETTLE, dh_change_new (), NULL, 0, NULL, NULL);
}

static void
on_taken_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  if (!dh_manager_apply_finish (DH_MANAGER (source), result, NULL))
    settle (DH_MANAGER (source));
}

/* After a crash, in the same boot, the same process of the same owner is served again. Returns:
 * whether it is going to be. */
static gboolean
take_up_target (DhManager *self)
{
  g_autoptr (DhChange) change = dh_change_new ();
  DhStoredTarget record;
  DhOwner owner;

  if (!dh_store_load_target (self->store, &record))
    return FALSE;
  change->has_pid = change->has_enabled = TRUE;
  change->pid = record.pid;
  change->enabled = record.enabled;
  change->process = dh_process_open (self->root, record.pid, NULL);
  change->has_owner = TRUE;
  change->owner = record.owner;
  if (!change->process || dh_process_get_start_time (change->process) != record.start_time
      || !dh_process_read_owner (change->process, &owner, NULL)
      || !dh_owner_equal (&owner, &record.owner)) {
    g_message ("Process %u, served before, is not there any more", record.pid);
    dh_store_save_target (self->store, NULL);
    return FALSE;
  }
  change->has_setting[DH_SETTING_RATIO] = record.ratio != 0;
  change->settings[DH_SETTING_RATIO] = record.ratio;
  g_message ("Taking up process %u again, which was served before a crash", record.pid);
  dh_manager_queue_job (self, DH_JOB_CHANGE, g_steal_pointer (&change), NULL, DH_ACTION_TARGET_ANY,
                        on_taken_up, NULL);
  return TRUE;
}

static void
use_engine (DhManager *self, DhEngine *engine)
{
  DhFound found;

  if (self->engine)
    g_signal_handlers_disconnect_by_data (self->engine, self);
  self->engine = engine;
  self->foreign = FALSE;
  if (!engine)
    return;
  dh_engine_settings_load (&self->settings, engine, self->configuration, self->store);
  g_signal_connect_object (engine, "event", G_CALLBACK (on_engine_event), self, 0);
  if (!dh_engine_get_found (engine, &found))
    return;
  dh_engine_settings_adopt (&self->settings, &found);
  if (found.serving && found.foreign)
    take_found (self);
}

/* What another engine was doing before a crash, or until now, ends. */
static void
release_others (DhManager *self)
{
  GPtrArray *statuses = dh_engine_chooser_get_engines (self->chooser);
  const DhPlan nothing = { .releases = TRUE };

  for (guint i = 0; i < statuses->len; i++) {
    const DhEngineStatus *status = g_ptr_array_index (statuses, i);

    if (status->available && status->engine != self->engine)
      dh_engine_apply_async (status->engine, &nothing, NULL, NULL);
  }
}

static void
on_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DhManager) self = user_data;

  use_engine (self, dh_engine_chooser_probe_finish (self->chooser, result));
  release_others (self);
  if (self->engine && (self->foreign || !take_up_target (self)))
    settle (self);
  dh_gate_open (self->ready);
  dh_manager_emit_changed (self);
}

static void
on_probed_again (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DhManager) self = user_data;
  DhEngine *engine = dh_engine_chooser_probe_finish (self->chooser, result);
  DhGate *gate = g_steal_pointer (&self->again);

  /* A change that came meanwhile is the engine's that it was checked with. */
  if (engine != self->engine && !self->job && !self->stopping) {
    use_engine (self, engine);
    release_others (self);
  }
  dh_gate_open (gate);
  dh_gate_free (gate);
  dh_manager_emit_changed (self);
}

void
dh_manager_start (DhManager *self)
{
  dh_engine_chooser_probe_async (self->chooser, on_probed, g_object_ref (self));
}

/* Whether another engine may be better by now: none is at work, and one is asked for. */
static gboolean
is_to_probe (DhManager *self, const DhChange *change)
{
  return change && (change->pid != 0 || change->enabled) && !self->job && !self->unknown
         && !self->stopping && !self->foreign && !dh_manager_get_enabled (self);
}

void
dh_manager_prepare_async (DhManager *self, const DhChange *change, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  if (!self->again && dh_gate_is_open (self->ready) && is_to_probe (self, change)) {
    self->again = dh_gate_new (DH_MANAGER_READY_SEC);
    dh_engine_chooser_probe_async (self->chooser, on_probed_again, g_object_ref (self));
  }
  dh_gate_wait_async (self->again ? self->again : self->ready, self, callback, user_data);
}

gboolean
dh_manager_prepare_finish (DhManager *self, GAsyncResult *result, GError **error)
{
  return dh_gate_wait_finish (result, error);
}
