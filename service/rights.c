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

gboolean
dh_rights_for_change (const DhTarget *target, gboolean own_suffices, DhChange *change,
                      const DhCaller *caller, DhActions *ret_actions, GError **error)
{
  gboolean of_target = change->has_pid || change->has_enabled;
  gboolean of_goals = FALSE, of_service = change->resets;
  DhAction action = 0;

  for (DhSetting i = 0; i < DH_N_SETTINGS && !change->resets; i++) {
    if (change->has_setting[i] && dh_setting_info (i)->of_target)
      of_goals = TRUE;
    else if (change->has_setting[i])
      of_service = TRUE;
  }
  if (of_goals && !of_target && !get_live_process (target))
    action = for_goals_of_past (target, own_suffices, caller);
  else if ((of_target || of_goals)
           && !for_target (target, own_suffices, change, caller, &action, error))
    return FALSE;
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
