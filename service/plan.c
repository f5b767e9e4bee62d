/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "plan.h"

#include "error.h"

static DhProcess *
get_live_process (const DhSituation *situation)
{
  const DhTarget *target = situation->target;

  return target && dh_target_is_alive (target) ? dh_target_get_process (target) : NULL;
}

DhRightsRules
dh_situation_get_rules (const DhSituation *situation)
{
  return (DhRightsRules){
    .target = situation->target,
    .own_suffices = situation->own_suffices,
    .foreign = situation->foreign,
    .free_ratio = dh_engine_get_info (situation->engine)->free_ratio,
  };
}

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

/* The process is opened by the first look and only looked at by later ones: what was authorized is
 * what is set. */
static gboolean
check_process (const DhSituation *situation, DhChange *change, GError **error)
{
  if (!change->has_pid || change->pid == 0)
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
  gboolean names_process = change->has_pid ? change->pid != 0 : situation->target != NULL;

  if (!change->has_enabled || !change->enabled)
    return TRUE;
  if (!names_process) {
    g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_SUCH_PROCESS,
                         "Enabled needs a process: set Pid first, or with it");
    return FALSE;
  }
  if (change->has_pid || dh_target_is_alive (situation->target))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_PROCESS_EXITED, "Process %u has exited: set Pid anew",
               (guint) dh_process_get_pid (dh_target_get_process (situation->target)));
  return FALSE;
}

gboolean
dh_plan_check (const DhSituation *situation, DhChange *change, GError **error)
{
  return check_settings (situation, change, error) && check_process (situation, change, error)
         && check_enabled (situation, change, error);
}

static void
plan_settings (const DhSituation *situation, const DhChange *change, DhActions granted,
               gboolean owner_changes, DhSettings *ret_settings, DhSettings *ret_stored)
{
  *ret_settings = situation->settings;
  *ret_stored = situation->stored;
  if (owner_changes) {
    ret_settings->values[DH_SETTING_RATIO] = situation->stored.values[DH_SETTING_RATIO];
    ret_settings->values[DH_SETTING_FEEDBACK] = 0;
  }
  for (DhSetting i = 0; i < DH_N_SETTINGS; i++) {
    DhRange range;

    if (change->resets && dh_engine_get_range (situation->engine, i, &range))
      ret_settings->values[i] = ret_stored->values[i] = situation->defaults.values[i];
    else if (change->has_setting[i])
      ret_settings->values[i] = change->settings[i];
    if (change->has_setting[i] && (granted & DH_ACTION_TUNE))
      ret_stored->values[i] = change->settings[i];
  }
}

/* Before a change's turn has come, an earlier one can have put another process in the place of the
 * one that it was authorized with, and that one can have become another user's. */
static gboolean
check_rights (const DhSituation *situation, DhChange *change, const DhCaller *caller,
              DhActions granted, GError **error)
{
  const DhRightsRules rules = dh_situation_get_rules (situation);
  DhActions required;

  if (!caller)
    return TRUE;
  if (!dh_rights_for_change (&rules, change, caller, &required, error))
    return FALSE;
  if (!(required & ~granted))
    return TRUE;
  g_set_error_literal (error, DH_ERROR, DH_ERROR_ACCESS_DENIED,
                       "The process is another one, or another user's, since the call was "
                       "authorized: call again");
  return FALSE;
}

gboolean
dh_plan_make (const DhSituation *situation, DhChange *change, const DhCaller *caller,
              DhActions granted, DhPlan *ret_plan, DhSettings *ret_stored, GError **error)
{
  const DhTarget *target = situation->target;
  DhProcess *current = get_live_process (situation);
  DhProcess *wanted;
  gboolean owner_changes = FALSE;

  if (!dh_plan_check (situation, change, error)
      || !check_rights (situation, change, caller, granted, error))
    return FALSE;
  wanted = change->has_pid ? change->process : current;
  if (wanted && current && dh_process_equal (wanted, current))
    wanted = current;
  if (wanted) {
    ret_plan->owner = change->has_owner ? change->owner : *dh_target_get_owner (target);
    owner_changes = !target || !dh_owner_equal (&ret_plan->owner, dh_target_get_owner (target));
  }
  ret_plan->process = wanted ? dh_process_ref (wanted) : NULL;
  ret_plan->enabled =
    wanted && (change->has_enabled ? change->enabled : target && dh_target_is_enabled (target));
  plan_settings (situation, change, granted, owner_changes, &ret_plan->settings, ret_stored);
  return TRUE;
}
