/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "rights.h"

#include "settings.h"

/* The process that @change names, and the one that is the primary now. */
static gboolean
for_processes (const DhRightsRules *rules, DhChange *change, gboolean replaces,
               const DhCaller *caller, DhAction *ret_action, GError **error)
{
  DhProcess *current = dh_target_get_live_process (rules->primary);
  gboolean own = rules->own_suffices && !rules->foreign;
  DhOwner owner;

  /* With nobody left to be harmed, who owned the last target may clear up after it. */
  if (!current && !change->process)
    own = own && rules->primary && rules->primary->owner.uids[0] == caller->uid;
  change->has_owner = FALSE;
  if (change->process) {
    if (!dh_process_read_owner (change->process, &change->owner, error))
      return FALSE;
    change->has_owner = TRUE;
    own = own && dh_owner_is_own (&change->owner, caller->uid, caller->gid);
  }
  /* A process that has just gone is no obstacle. */
  if (replaces && current && dh_process_read_owner (current, &owner, NULL)) {
    own = own && dh_owner_is_own (&owner, caller->uid, caller->gid);
    if (change->has_enabled && !change->has_pid) {
      change->owner = owner;
      change->has_owner = TRUE;
    }
  }
  *ret_action = own ? DH_ACTION_TARGET_OWN : DH_ACTION_TARGET_ANY;
  return TRUE;
}

/* Ratio and Feedback without a living process. */
static DhAction
for_goals_of_past (const DhRightsRules *rules, const DhCaller *caller)
{
  if (rules->primary && rules->own_suffices && rules->primary->owner.uids[0] == caller->uid)
    return DH_ACTION_TARGET_OWN;
  return DH_ACTION_TUNE;
}

static gboolean
has_costly_ratio (const DhRightsRules *rules, const DhChange *change)
{
  return change->has_setting[DH_SETTING_RATIO]
         && change->settings[DH_SETTING_RATIO] > rules->free_ratio;
}

/* Sorts what @change sets: the target's goals, and what is the service's. */
static void
sort_settings (const DhRightsRules *rules, const DhChange *change, gboolean *ret_goals,
               gboolean *ret_service)
{
  *ret_goals = FALSE;
  *ret_service = change->resets || has_costly_ratio (rules, change);
  for (DhSetting i = 0; i < DH_N_SETTINGS && !change->resets; i++) {
    if (change->has_setting[i] && dh_setting_info (i)->of_target)
      *ret_goals = TRUE;
    else if (change->has_setting[i])
      *ret_service = TRUE;
  }
}

static gboolean
for_service (const DhRightsRules *rules, DhChange *change, const DhCaller *caller,
             DhActions *ret_actions, GError **error)
{
  gboolean of_target = change->has_pid || change->has_enabled;
  gboolean of_goals, of_service;
  DhAction action = 0;

  sort_settings (rules, change, &of_goals, &of_service);
  if (of_goals && !of_target && !rules->foreign && !dh_target_get_live_process (rules->primary))
    action = for_goals_of_past (rules, caller);
  else if (of_goals && !of_target && rules->unlimited)
    action = DH_ACTION_TARGET_ANY;
  else if ((of_target || of_goals) && !for_processes (rules, change, TRUE, caller, &action, error))
    return FALSE;
  /* Whoever began it would see it changed. */
  if (rules->foreign)
    action = DH_ACTION_TARGET_ANY;
  *ret_actions = action | (of_service || action == 0 ? DH_ACTION_TUNE : 0);
  return TRUE;
}

static gboolean
for_addition (const DhRightsRules *rules, DhChange *change, const DhCaller *caller,
              DhActions *ret_actions, GError **error)
{
  DhAction action;

  if (!for_processes (rules, change, change->primary, caller, &action, error))
    return FALSE;
  *ret_actions = action | (has_costly_ratio (rules, change) ? DH_ACTION_TUNE : 0);
  return TRUE;
}

/* Whether @target's process, as it is now, is @caller's own; after its exit, as it was. */
static gboolean
is_own (const DhTarget *target, const DhCaller *caller)
{
  DhProcess *process = dh_target_get_live_process (target);
  DhOwner owner;

  if (!process || !dh_process_read_owner (process, &owner, NULL))
    owner = target->owner;
  return dh_owner_is_own (&owner, caller->uid, caller->gid);
}

static gboolean
is_foreign (const DhRightsRules *rules)
{
  return rules->foreign && rules->target == rules->primary;
}

static DhActions
for_goals (const DhRightsRules *rules, const DhChange *change, const DhCaller *caller)
{
  gboolean own = rules->own_suffices && !is_foreign (rules) && !rules->unlimited
                 && is_own (rules->target, caller);

  return (own ? DH_ACTION_TARGET_OWN : DH_ACTION_TARGET_ANY)
         | (has_costly_ratio (rules, change) ? DH_ACTION_TUNE : 0);
}

static DhActions
for_ending (const DhRightsRules *rules, const DhCaller *caller)
{
  if (is_foreign (rules))
    return DH_ACTION_TARGET_ANY;
  if (rules->target->adder == caller->uid || is_own (rules->target, caller))
    return 0;
  return DH_ACTION_MANAGE_TARGETS;
}

gboolean
dh_rights_for_change (const DhRightsRules *rules, DhChange *change, const DhCaller *caller,
                      DhActions *ret_actions, GError **error)
{
  switch (change->kind) {
  case DH_CHANGE_SERVICE:
    return for_service (rules, change, caller, ret_actions, error);
  case DH_CHANGE_ADD:
    return for_addition (rules, change, caller, ret_actions, error);
  case DH_CHANGE_GOALS:
    *ret_actions = for_goals (rules, change, caller);
    return TRUE;
  case DH_CHANGE_REMOVE:
  case DH_CHANGE_UNDO:
    *ret_actions = for_ending (rules, caller);
    return TRUE;
  case DH_CHANGE_LEAVE:
    break;
  }
  /* Only the service itself takes note of who has left. */
  *ret_actions = DH_ACTIONS_ALL;
  return TRUE;
}

DhActions
dh_rights_to_inspect (const DhTarget *target, const DhCaller *caller)
{
  return !target || is_own (target, caller) ? 0 : DH_ACTION_INSPECT;
}
