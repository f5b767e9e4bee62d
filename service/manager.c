/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "manager-private.h"

#include "error.h"

G_DEFINE_FINAL_TYPE (DhManager, dh_manager, G_TYPE_OBJECT)

enum { SIGNAL_CHANGED, SIGNAL_STATISTICS, SIGNAL_TARGET_EXITED, N_SIGNALS };

static guint signals[N_SIGNALS];

void
dh_manager_emit_changed (DhManager *self)
{
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

DhProcess *
dh_manager_get_live_process (DhManager *self)
{
  return self->target && dh_target_is_alive (self->target) ? dh_target_get_process (self->target)
                                                           : NULL;
}

void
dh_manager_set_error (DhManager *self, const GError *error)
{
  self->has_error = error != NULL;
  if (!error)
    return;
  if (error->domain == DH_ERROR)
    self->last_error = (DhError) error->code;
  else if (g_error_matches (error, DH_UNAVAILABLE, DH_UNAVAILABLE_NEEDS_REBOOT))
    self->last_error = DH_ERROR_KERNEL_REJECTED;
  else
    self->last_error = DH_ERROR_NOT_AVAILABLE;
  g_warning ("%s", error->message);
}

void
dh_manager_remember_target (DhManager *self)
{
  DhStoredTarget record = { .pid = 0 };
  DhProcess *process = dh_manager_get_live_process (self);

  /* What somebody else began is not ours to take up again. */
  if (self->foreign)
    process = NULL;
  if (process) {
    record.pid = (guint32) dh_process_get_pid (process);
    record.start_time = dh_process_get_start_time (process);
    record.owner = *dh_target_get_owner (self->target);
    record.enabled = dh_target_is_enabled (self->target);
    record.ratio = self->settings.current.values[DH_SETTING_RATIO];
  }
  dh_store_save_target (self->store, process ? &record : NULL);
}

void
dh_manager_note_statistics (DhManager *self)
{
  if (self->engine && dh_engine_get_statistics (self->engine, &self->statistics))
    self->has_statistics = TRUE;
}

static gboolean
on_statistics_timer (gpointer user_data)
{
  DhManager *self = user_data;

  dh_manager_note_statistics (self);
  g_signal_emit (self, signals[SIGNAL_STATISTICS], 0);
  return G_SOURCE_CONTINUE;
}

/* No timer but while the target is served. */
void
dh_manager_update_statistics_timer (DhManager *self)
{
  guint64 interval = self->settings.current.values[DH_SETTING_STATISTICS_INTERVAL];

  if (!self->target || !dh_target_is_enabled (self->target))
    interval = 0;
  if (interval == self->statistics_interval)
    return;
  self->statistics_interval = interval;
  g_clear_handle_id (&self->statistics_timer, g_source_remove);
  if (interval > 0)
    self->statistics_timer = g_timeout_add (MAX (interval / 1000, 1), on_statistics_timer, self);
}

DhSituation
dh_manager_get_situation (DhManager *self)
{
  const DhEngineInfo *info = dh_engine_get_info (self->engine);

  return (DhSituation){
    .root = self->root,
    .engine = self->engine,
    .target = self->target,
    .settings = self->settings.current,
    .stored = self->settings.stored,
    .defaults = self->settings.defaults,
    .own_suffices =
      !info->machine_wide
      || g_strv_contains ((const char *const *) self->configuration->allow_own_on, info->name),
    /* After the exit nothing of his is left to be changed. */
    .foreign = self->foreign && !(self->target && !dh_target_is_alive (self->target)),
  };
}

static gboolean
check_available (DhManager *self, GError **error)
{
  if (self->stopping) {
    g_set_error_literal (error, DH_ERROR, DH_ERROR_NOT_AVAILABLE, "The service is about to end");
    return FALSE;
  }
  if (self->engine)
    return TRUE;
  if (dh_gate_is_open (self->ready))
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_AVAILABLE,
                 "No engine works here (%s): Engines has the details",
                 dh_manager_get_unavailable_reason (self));
  else
    g_set_error_literal (error, DH_ERROR, DH_ERROR_NOT_AVAILABLE,
                         "The engines are still being looked at");
  return FALSE;
}

gboolean
dh_manager_check (DhManager *self, DhChange *change, GError **error)
{
  DhSituation situation;

  if (!check_available (self, error))
    return FALSE;
  situation = dh_manager_get_situation (self);
  return dh_plan_check (&situation, change, error);
}

gboolean
dh_manager_get_required (DhManager *self, DhChange *change, const DhCaller *caller,
                         DhActions *ret_actions, GError **error)
{
  const DhSituation situation = dh_manager_get_situation (self);
  const DhRightsRules rules = dh_situation_get_rules (&situation);

  return dh_rights_for_change (&rules, change, caller, ret_actions, error);
}

DhActions
dh_manager_get_required_to_inspect (DhManager *self, const DhCaller *caller)
{
  return dh_rights_to_inspect (self->target, caller);
}

DhProcess *
dh_manager_get_subject (DhManager *self, const DhChange *change)
{
  if (change && change->process)
    return change->process;
  return dh_manager_get_live_process (self);
}

gboolean
dh_manager_get_enabled (DhManager *self)
{
  return !self->unknown && self->target && dh_target_is_enabled (self->target);
}

guint32
dh_manager_get_pid (DhManager *self)
{
  return self->target ? (guint32) dh_process_get_pid (dh_target_get_process (self->target)) : 0;
}

guint64
dh_manager_get_setting (DhManager *self, DhSetting setting)
{
  return self->settings.current.values[setting];
}

DhState
dh_manager_get_state (DhManager *self)
{
  if (!dh_gate_is_open (self->ready))
    return DH_STATE_STARTING;
  if (!self->engine)
    return DH_STATE_UNAVAILABLE;
  if (self->unknown)
    return DH_STATE_FAILED;
  if (!self->target)
    return self->dropped ? DH_STATE_FAILED : DH_STATE_DISABLED;
  return dh_state_of_target (dh_target_get_state (self->target));
}

guint
dh_manager_get_active_targets (DhManager *self)
{
  return dh_manager_get_enabled (self) ? 1 : 0;
}

gboolean
dh_manager_get_last_error (DhManager *self, DhError *ret_code)
{
  *ret_code = self->last_error;
  return self->has_error;
}

const char *
dh_manager_get_unavailable_reason (DhManager *self)
{
  return self->engine ? dh_engine_chooser_get_reason_of (self->chooser, self->engine)
                      : dh_engine_chooser_get_reason (self->chooser);
}

DhEngine *
dh_manager_get_engine (DhManager *self)
{
  return self->engine;
}

gboolean
dh_manager_get_range (DhManager *self, DhSetting setting, DhRange *ret_range)
{
  if (!self->engine || !dh_engine_get_range (self->engine, setting, ret_range))
    return FALSE;
  ret_range->fallback = self->settings.defaults.values[setting];
  return TRUE;
}

GPtrArray *
dh_manager_get_engines (DhManager *self)
{
  return dh_engine_chooser_get_engines (self->chooser);
}

gboolean
dh_manager_get_statistics (DhManager *self, DhStatistics *ret_statistics)
{
  dh_manager_note_statistics (self);
  *ret_statistics = self->statistics;
  return self->has_statistics;
}

gboolean
dh_manager_has_target (DhManager *self)
{
  return dh_manager_get_live_process (self) != NULL;
}

static void
dh_manager_finalize (GObject *object)
{
  DhManager *self = DH_MANAGER (object);

  g_clear_handle_id (&self->statistics_timer, g_source_remove);
  g_clear_pointer (&self->target, dh_target_free);
  g_queue_clear_full (&self->jobs, g_object_unref);
  dh_gate_free (self->ready);
  g_object_unref (self->chooser);
  g_object_unref (self->store);
  dh_configuration_free (self->configuration);
  g_free (self->root);
  G_OBJECT_CLASS (dh_manager_parent_class)->finalize (object);
}

static void
dh_manager_init (DhManager *self)
{
  g_queue_init (&self->jobs);
  self->ready = dh_gate_new (DH_MANAGER_READY_SEC);
  dh_engine_settings_init (&self->settings);
}

static void
dh_manager_class_init (DhManagerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dh_manager_finalize;
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", DH_TYPE_MANAGER, G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_STATISTICS] = g_signal_new ("statistics", DH_TYPE_MANAGER, G_SIGNAL_RUN_LAST, 0,
                                             NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_TARGET_EXITED] = g_signal_new ("target-exited", DH_TYPE_MANAGER, G_SIGNAL_RUN_LAST,
                                                0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

DhManager *
dh_manager_new (DhConfiguration *configuration, DhStore *store, GPtrArray *engines,
                const char *root)
{
  DhManager *self = g_object_new (DH_TYPE_MANAGER, NULL);

  self->configuration = configuration;
  self->store = g_object_ref (store);
  self->chooser = dh_engine_chooser_new (engines, configuration->engine);
  self->root = g_strdup (root);
  return self;
}
