/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "manager-private.h"

#include "error.h"

/* The primary target becomes @process, without anybody having asked the service for it. */
static void
show_process (DhManager *self, DhProcess *process, const DhOwner *owner)
{
  g_autoptr (DhTarget) last = self->primary ? dh_target_ref (self->primary) : NULL;
  DhTarget *target = dh_target_list_find_process (self->targets, process);

  if (!target) {
    g_autoptr (DhTarget) found =
      dh_target_new (dh_target_list_next_id (self->targets), process, owner, 0);

    found->goals = dh_settings_get_goals (&self->settings.current);
    dh_manager_admit (self, found);
    target = found;
  }
  target->set = TRUE;
  dh_manager_set_primary (self, target);
  if (last && last != target)
    dh_manager_handle (self, last, DH_EVENT_REMOVE);
  dh_manager_handle (self, target, DH_EVENT_SET);
}

/* Somebody else has begun it, or it is not known whether we have. */
static void
show_served (DhManager *self, guint32 pid)
{
  static const DhTargetEvent events[] = { DH_EVENT_ENABLE, DH_EVENT_SERVING };
  DhProcess *current = dh_target_get_live_process (self->primary);
  g_autoptr (DhProcess) process = NULL;
  DhOwner owner;

  if (!current || (guint32) dh_process_get_pid (current) != pid) {
    process = dh_process_open (self->root, pid, NULL);
    if (!process || !dh_process_read_owner (process, &owner, NULL))
      return;
    show_process (self, process, &owner);
    g_message ("Process %u is served, by %s", pid,
               self->foreign ? "somebody else's doing" : "an earlier request");
  }
  self->dropped = FALSE;
  self->primary->goals = dh_settings_get_goals (&self->settings.current);
  dh_manager_handle_all (self, self->primary, events, G_N_ELEMENTS (events));
}

static void
drop_primary (DhManager *self, DhTargetEvent event)
{
  g_autoptr (DhTarget) target = dh_target_ref (self->primary);

  dh_manager_set_primary (self, NULL);
  dh_manager_handle (self, target, event);
}

void
dh_manager_take_found (DhManager *self)
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
  if (dh_target_get_live_process (self->primary))
    self->primary->goals = dh_settings_get_goals (&self->settings.current);
  if (found.serving) {
    show_served (self, found.pid);
  } else if (was_foreign && dh_target_get_live_process (self->primary)) {
    drop_primary (self, DH_EVENT_REMOVE);
  } else if (self->primary && dh_target_is_enabled (self->primary)) {
    g_message ("Process %u is no longer served: somebody else has switched it off",
               dh_manager_get_pid (self));
    dh_manager_handle (self, self->primary, DH_EVENT_DISABLE);
  }
  dh_manager_remember_targets (self);
}

static void
drop_target (DhManager *self, DhTarget *target, const GError *error)
{
  if (target == self->primary) {
    dh_manager_set_error (self, error);
    self->dropped = TRUE;
    drop_primary (self, DH_EVENT_OWNER_CHANGED);
  } else {
    g_warning ("%s", error->message);
    dh_manager_handle (self, target, DH_EVENT_OWNER_CHANGED);
  }
  dh_manager_remember_targets (self);
  dh_manager_queue_refresh (self);
}

static void
fail_target (DhManager *self, DhTarget *target, const GError *error)
{
  if (error->domain == DH_UNAVAILABLE)
    dh_engine_chooser_note_unavailable (self->chooser, self->engine, error);
  if (target == self->primary) {
    dh_manager_set_error (self, error);
    self->foreign = FALSE;
  } else {
    g_warning ("%s", error->message);
  }
  dh_manager_handle (self, target, DH_EVENT_ENGINE_FAILED);
  dh_manager_remember_targets (self);
}

static void
note_hampered (DhManager *self, const DhTarget *target, const GError *error)
{
  if (target == self->primary)
    dh_manager_set_error (self, error);
  else if (error)
    g_warning ("%s", error->message);
}

static void
on_engine_event (DhEngine *engine, guint event, DhProcess *process, const GError *error,
                 gpointer user_data)
{
  DhManager *self = user_data;
  DhTarget *target = process ? dh_target_list_find_process (self->targets, process) : NULL;

  if (engine != self->engine || self->stopping)
    return;
  if (event != DH_ENGINE_FOUND && (!target || !dh_target_is_enabled (target)))
    return;
  switch ((DhEngineEvent) event) {
  case DH_ENGINE_FOUND:
    self->found_meanwhile = TRUE;
    dh_manager_take_found (self);
    break;
  case DH_ENGINE_SERVING:
    dh_manager_handle (self, target, DH_EVENT_SERVING);
    break;
  case DH_ENGINE_DROPPED:
    drop_target (self, target, error);
    break;
  case DH_ENGINE_FAILED:
    fail_target (self, target, error);
    break;
  case DH_ENGINE_HAMPERED:
  case DH_ENGINE_RECOVERED:
    note_hampered (self, target, error);
    break;
  }
  dh_manager_update_statistics_timer (self);
  dh_manager_emit_changed (self);
}

static void
settle (DhManager *self)
{
  dh_manager_queue_job (self, DH_JOB_SETTLE, dh_change_new (DH_CHANGE_SERVICE), NULL, 0, NULL,
                        NULL);
}

static void
on_taken_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DhManager *self = DH_MANAGER (source);

  dh_manager_apply_finish (self, result, NULL, NULL);
  if (!self->job && g_queue_is_empty (&self->jobs) && !dh_manager_has_target (self))
    settle (self);
}

/* Returns: whether it is going to be served again. */
static gboolean
take_up_target (DhManager *self, const DhStoredTarget *record)
{
  g_autoptr (DhChange) change = dh_change_new (record->added ? DH_CHANGE_ADD : DH_CHANGE_SERVICE);
  DhOwner owner;

  change->has_pid = change->has_enabled = TRUE;
  change->pid = record->pid;
  change->enabled = record->enabled;
  change->process = dh_process_open (self->root, record->pid, NULL);
  change->has_owner = TRUE;
  change->owner = record->owner;
  change->adder = record->adder;
  change->primary = record->primary;
  change->application_id = g_strdup (record->application_id);
  change->reason = g_strdup (record->reason);
  if (!change->process || dh_process_get_start_time (change->process) != record->start_time
      || !dh_process_read_owner (change->process, &owner, NULL)
      || !dh_owner_equal (&owner, &record->owner)) {
    g_message ("Process %u, served before, is not there any more", record->pid);
    return FALSE;
  }
  change->has_setting[DH_SETTING_RATIO] = TRUE;
  change->settings[DH_SETTING_RATIO] = record->ratio;
  g_message ("Taking up process %u again, which was served before a crash", record->pid);
  dh_manager_queue_job (self, DH_JOB_CHANGE, g_steal_pointer (&change), NULL, DH_ACTION_TARGET_ANY,
                        on_taken_up, NULL);
  return TRUE;
}

/* After a crash, in the same boot, the same processes of the same owners are served again. Returns:
 * whether any is going to be. */
static gboolean
take_up_targets (DhManager *self)
{
  g_autoptr (GArray) records = dh_store_load_targets (self->store);
  guint taken_up = 0;

  for (guint i = 0; i < records->len; i++)
    taken_up += take_up_target (self, &g_array_index (records, DhStoredTarget, i)) ? 1 : 0;
  if (taken_up == 0)
    dh_store_save_targets (self->store, NULL);
  return taken_up > 0;
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
    dh_manager_take_found (self);
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
  if (self->engine && (self->foreign || !take_up_targets (self)))
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
         && !self->stopping && !self->foreign && dh_manager_get_active_targets (self) == 0
         && dh_target_list_get_size (self->targets) <= (self->primary ? 1 : 0);
}

gboolean
dh_manager_is_prepared (DhManager *self, const DhChange *change)
{
  return !dh_manager_is_probing (self) && !is_to_probe (self, change);
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
