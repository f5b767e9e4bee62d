/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "plan.h"

#include "error.h"

/* All of them as they would be. */
static gboolean
check_together (const DhSituation *situation, const DhChange *change, GError **error)
{
  DhSettings settings = change->resets ? situation->defaults : situation->settings;
  gboolean matters = change->resets || change->enabled;

  for (DhSetting i = 0; i < DH_N_SETTINGS; i++)
    if (change->has_setting[i]) {
      settings.values[i] = change->settings[i];
      matters = TRUE;
    }
  return !matters || dh_engine_check_settings (situation->engine, &settings, error);
}

static gboolean
check_settings (const DhSituation *situation, const DhChange *change, GError **error)
{
  for (DhSetting i = 0; i < DH_N_SETTINGS; i++) {
    DhRange range;

    if (!change->has_setting[i])
      continue;
    if (!dh_engine_get_range (situation->engine, i, &range)) {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_SUPPORTED, "%s is not supported by the engine %s",
                   dh_setting_info (i)->name, dh_engine_get_name (situation->engine));
      return FALSE;
    }
    if (!dh_setting_check (i, &range, change->settings[i], error))
      return FALSE;
  }
  return check_together (situation, change, error);
}

/* The process is opened once and only looked at from then on: what was authorized is what is set.
 */
static gboolean
check_process (const DhSituation *situation, DhChange *change, GError **error)
{
  if (!change->has_pid || (change->pid == 0 && change->kind == DH_CHANGE_SERVICE))
    return TRUE;
  if (!change->process) {
    change->process = dh_process_open (situation->root, change->pid, error);
    return change->process != NULL;
  }
  if (dh_process_is_alive (change->process))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_PROCESS_EXITED, "Process %u has exited", change->pid);
  return FALSE;
}

static gboolean
check_enabled (const DhSituation *situation, const DhChange *change, GError **error)
{
  gboolean names_process = change->has_pid ? change->pid != 0 : situation->primary != NULL;

  if (!change->has_enabled || !change->enabled)
    return TRUE;
  if (!names_process) {
    g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_SUCH_PROCESS,
                         "Enabled needs a process: set Pid first, or with it");
    return FALSE;
  }
  if (change->has_pid || dh_target_is_alive (situation->primary))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_PROCESS_EXITED, "Process %u has exited: set Pid anew",
               (guint) dh_process_get_pid (situation->primary->process));
  return FALSE;
}

/* Whether the change takes away the primary target that there is. */
static gboolean
is_replaced (const DhSituation *situation, const DhChange *change)
{
  const DhTarget *primary = situation->primary;

  return primary && dh_target_is_alive (primary) && (!primary->added || situation->max_targets == 1)
         && (change->kind == DH_CHANGE_SERVICE || change->primary);
}

static gboolean
check_limits (const DhSituation *situation, const DhChange *change, const DhCaller *caller,
              GError **error)
{
  guint gone = is_replaced (situation, change) ? 1 : 0;
  guint all = dh_target_list_get_size (situation->targets) - gone;
  guint mine = 0;

  if (situation->max_targets == 1 && change->kind == DH_CHANGE_ADD
      && dh_target_list_get_size (situation->targets) > 0) {
    g_set_error (error, DH_ERROR, DH_ERROR_BUSY,
                 "The engine %s serves one process at a time, and has one",
                 dh_engine_get_name (situation->engine));
    return FALSE;
  }
  if (situation->max_targets > 1 && all >= situation->max_targets) {
    g_set_error (error, DH_ERROR, DH_ERROR_LIMIT_EXCEEDED,
                 "There are %u targets, as many as there may be: remove one", all);
    return FALSE;
  }
  if (!caller || caller->uid == 0)
    return TRUE;
  mine = dh_target_list_count_of (situation->targets, caller->uid)
         - (gone > 0 && situation->primary->adder == caller->uid ? 1 : 0);
  if (mine < situation->max_targets_per_user)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_LIMIT_EXCEEDED,
               "User %u has %u targets, as many as one may add: remove one", caller->uid, mine);
  return FALSE;
}

static gboolean
check_addition (const DhSituation *situation, const DhChange *change, const DhCaller *caller,
                GError **error)
{
  if (!change->process || dh_target_list_find_process (situation->targets, change->process)) {
    if (change->kind != DH_CHANGE_ADD)
      return TRUE;
    g_set_error (error, DH_ERROR, DH_ERROR_ALREADY_TARGET, "Process %u is a target already",
                 change->pid);
    return FALSE;
  }
  return check_limits (situation, change, caller, error);
}

static gboolean
check_target (const DhSituation *situation, const DhChange *change, GError **error)
{
  if (!dh_change_is_of_target (change))
    return TRUE;
  if (!dh_target_list_find (situation->targets, change->target)) {
    g_set_error_literal (error, DH_ERROR, DH_ERROR_UNKNOWN_TARGET,
                         "There is no such target, or no longer");
    return FALSE;
  }
  if (change->kind == DH_CHANGE_UNDO && !dh_engine_has_undo (situation->engine)) {
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_SUPPORTED,
                 "The engine %s cannot take back what it did",
                 dh_engine_get_name (situation->engine));
    return FALSE;
  }
  return TRUE;
}

gboolean
dh_plan_check (const DhSituation *situation, DhChange *change, const DhCaller *caller,
               GError **error)
{
  return check_settings (situation, change, error) && check_target (situation, change, error)
         && check_process (situation, change, error) && check_enabled (situation, change, error)
         && check_addition (situation, change, caller, error);
}
