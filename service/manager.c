/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "manager-private.h"

#include "error.h"

G_DEFINE_FINAL_TYPE (DhManager, dh_manager, G_TYPE_OBJECT)

enum {
  SIGNAL_CHANGED,
  SIGNAL_STATISTICS,
  SIGNAL_TARGET_ADDED,
  SIGNAL_TARGET_REMOVED,
  SIGNAL_TARGET_EXITED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

void
dh_manager_emit_changed (DhManager *self)
{
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
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

DhSituation
dh_manager_get_situation (DhManager *self)
{
  const DhEngineInfo *info = dh_engine_get_info (self->engine);

  return (DhSituation){
    .root = self->root,
    .engine = self->engine,
    .targets = self->targets,
    .primary = self->primary,
    .settings = self->settings.current,
    .stored = self->settings.stored,
    .defaults = self->settings.defaults,
    .max_targets = dh_manager_get_max_targets (self),
    .max_targets_per_user = self->configuration->max_targets_per_user,
    .own_suffices =
      !info->machine_wide
      || g_strv_contains ((const char *const *) self->configuration->allow_own_on, info->name),
    /* After the exit nothing of his is left to be changed. */
    .foreign = self->foreign && !(self->primary && !dh_target_is_alive (self->primary)),
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
dh_manager_take_pidfd (DhManager *self, DhChange *change, int pidfd, GError **error)
{
  change->process = dh_process_open_pidfd (self->root, pidfd, error);
  if (!change->process)
    return FALSE;
  change->pid = (guint32) dh_process_get_pid (change->process);
  return TRUE;
}

void
dh_manager_hold_process (DhManager *self, DhChange *change)
{
  if (change->has_pid && change->pid != 0 && !change->process)
    change->process = dh_process_open (self->root, change->pid, NULL);
}

gboolean
dh_manager_check (DhManager *self, DhChange *change, const DhCaller *caller, GError **error)
{
  DhSituation situation;

  if (!check_available (self, error))
    return FALSE;
  situation = dh_manager_get_situation (self);
  return dh_plan_check (&situation, change, caller, error);
}

gboolean
dh_manager_get_required (DhManager *self, DhChange *change, const DhCaller *caller,
                         DhActions *ret_actions, GError **error)
{
  const DhSituation situation = dh_manager_get_situation (self);
  const DhRightsRules rules = dh_situation_get_rules (&situation, change, caller);

  return dh_rights_for_change (&rules, change, caller, ret_actions, error);
}

DhProcess *
dh_manager_get_subject (DhManager *self, const DhChange *change)
{
  if (change && change->process)
    return change->process;
  if (change && dh_change_is_of_target (change))
    return dh_target_get_live_process (dh_target_list_find (self->targets, change->target));
  return dh_target_get_live_process (self->primary);
}

DhTarget *
dh_manager_get_primary (DhManager *self)
{
  return self->primary;
}

const DhTargetList *
dh_manager_get_targets (DhManager *self)
{
  return self->targets;
}

gboolean
dh_manager_get_enabled (DhManager *self)
{
  return !self->unknown && self->primary && dh_target_is_enabled (self->primary);
}

guint32
dh_manager_get_pid (DhManager *self)
{
  return self->primary ? (guint32) dh_process_get_pid (self->primary->process) : 0;
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
  if (!self->primary && !self->unknown)
    return self->dropped ? DH_STATE_FAILED : DH_STATE_DISABLED;
  return dh_manager_get_state_of (self, self->primary);
}

DhState
dh_manager_get_state_of (DhManager *self, const DhTarget *target)
{
  return self->unknown ? DH_STATE_FAILED : dh_state_of_target (target->state);
}

guint
dh_manager_get_active_targets (DhManager *self)
{
  return self->unknown ? 0 : dh_target_list_count_enabled (self->targets);
}

guint
dh_manager_get_max_targets (DhManager *self)
{
  guint most = self->engine ? dh_engine_get_info (self->engine)->max_targets : 1;

  return most > 0 ? most : self->configuration->max_targets;
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

DhHeatMap *
dh_manager_dup_heat_map (DhManager *self, DhTarget *target, GError **error)
{
  DhHeatMap *map;

  /* An engine that stops being available leaves its targets behind. */
  if (!check_available (self, error))
    return NULL;
  if (!dh_engine_has_heat_map (self->engine)) {
    g_set_error_literal (error, DH_ERROR, DH_ERROR_NOT_SUPPORTED,
                         "The engine in use has no heat maps");
    return NULL;
  }
  map = dh_engine_dup_heat_map (self->engine, target->process);
  if (!map)
    g_set_error_literal (error, DH_ERROR, DH_ERROR_NOT_AVAILABLE,
                         "The process was not looked at yet: try again in a few seconds");
  return map;
}

gboolean
dh_manager_is_probing (DhManager *self)
{
  return self->again || !dh_gate_is_open (self->ready);
}

gboolean
dh_manager_has_target (DhManager *self)
{
  return dh_target_list_get_size (self->targets) > 0;
}

static void
dh_manager_finalize (GObject *object)
{
  DhManager *self = DH_MANAGER (object);

  g_clear_handle_id (&self->remember_timer, g_source_remove);
  g_clear_handle_id (&self->statistics_timer, g_source_remove);
  g_clear_pointer (&self->primary, dh_target_unref);
  g_clear_pointer (&self->targets, dh_target_list_free);
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
  self->targets = dh_target_list_new ();
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
  signals[SIGNAL_TARGET_ADDED] = g_signal_new ("target-added", DH_TYPE_MANAGER, G_SIGNAL_RUN_LAST,
                                               0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[SIGNAL_TARGET_REMOVED] =
    g_signal_new ("target-removed", DH_TYPE_MANAGER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, G_TYPE_POINTER, G_TYPE_BOOLEAN);
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
