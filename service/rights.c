/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "rights.h"

#include "settings.h"

static DhProcess *
get_live_process (const DhTarget *target)
{
  return target && dh_target_is_alive (target) ? dh_target_get_process (target) : NULL;
}

static gboolean
for_target (const DhTarget *target, gboolean own, DhChange *change, const DhCaller *caller,
            DhAction *ret_action, GError **error)
{
  DhProcess *current = get_live_process (target);
  DhOwner owner;

  /* With nobody left to be harmed, who owned the last target may clear up after it. */
  if (!current && !change->process)
    own = own && target && dh_target_get_owner (target)->uids[0] == caller->uid;
  change->has_owner = FALSE;
  if (change->process) {
    if (!dh_process_read_owner (change->process, &change->owner, error))
      return FALSE;
    change->has_owner = TRUE;
    own = own && dh_owner_is_own (&change->owner, caller->uid, caller->gid);
  }
  /* A process that has just gone is no obstacle. */
  if (current && dh_process_read_owner (current, &owner, NULL)) {
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
for_goals_of_past (const DhTarget *target, gboolean own_suffices, const DhCaller *caller)
{
  if (target && own_suffices && dh_target_get_owner (target)->uids[0] == caller->uid)
    return DH_ACTION_TARGET_OWN;
  return DH_ACTION_TUNE;
}

/* Sorts what @change sets: the target's goals, and what is the service's. */
static void
sort_settings (const DhRightsRules *rules, const DhChange *change, gboolean *ret_goals,
               gboolean *ret_service)
{
  *ret_goals = FALSE;
  *ret_service = change->resets;
  for (DhSetting i = 0; i < DH_N_SETTINGS && !change->resets; i++) {
    if (change->has_setting[i] && dh_setting_info (i)->of_target)
      *ret_goals = TRUE;
    else if (change->has_setting[i])
      *ret_service = TRUE;
  }
  if (change->has_setting[DH_SETTING_RATIO]
      && change->settings[DH_SETTING_RATIO] > rules->free_ratio)
    *ret_service = TRUE;
}

gboolean
dh_rights_for_change (const DhRightsRules *rules, DhChange *change, const DhCaller *caller,
                      DhActions *ret_actions, GError **error)
{
  gboolean of_target = change->has_pid || change->has_enabled;
  gboolean own = rules->own_suffices && !rules->foreign;
  gboolean of_goals, of_service;
  DhAction action = 0;

  sort_settings (rules, change, &of_goals, &of_service);
  if (of_goals && !of_target && !rules->foreign && !get_live_process (rules->target))
    action = for_goals_of_past (rules->target, rules->own_suffices, caller);
  else if ((of_target || of_goals)
           && !for_target (rules->target, own, change, caller, &action, error))
    return FALSE;
  /* Whoever began it would see it changed. */
  if (rules->foreign)
    action = DH_ACTION_TARGET_ANY;
  *ret_actions = action | (of_service || action == 0 ? DH_ACTION_TUNE : 0);
  return TRUE;
}

DhActions
dh_rights_to_inspect (const DhTarget *target, const DhCaller *caller)
{
  DhProcess *process = get_live_process (target);
  DhOwner owner;

  if (!target)
    return 0;
  if (!process || !dh_process_read_owner (process, &owner, NULL))
    owner = *dh_target_get_owner (target);
  return dh_owner_is_own (&owner, caller->uid, caller->gid) ? 0 : DH_ACTION_INSPECT;
}
