/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "plan.h"

#include "error.h"

DhRightsRules
dh_situation_get_rules (const DhSituation *situation, const DhChange *change,
                        const DhCaller *caller)
{
  return (DhRightsRules){
    .primary = situation->primary,
    .target = dh_change_is_of_target (change)
                ? dh_target_list_find (situation->targets, change->target)
                : NULL,
    .own_suffices = situation->own_suffices,
    .foreign = situation->foreign,
    .unlimited = caller->uid == 0,
    .free_ratio = dh_engine_get_info (situation->engine)->free_ratio,
  };
}

void
dh_outcome_clear (DhOutcome *outcome)
{
  g_clear_pointer (&outcome->plan.targets, g_array_unref);
  g_clear_pointer (&outcome->draft, dh_draft_free);
}

static void
clear_plan_target (gpointer data)
{
  dh_process_unref (((DhPlanTarget *) data)->process);
}

/* What the engine is to do for what is in @draft. */
static GArray *
list_targets (const DhDraft *draft)
{
  GArray *targets = g_array_new (FALSE, FALSE, sizeof (DhPlanTarget));

  g_array_set_clear_func (targets, clear_plan_target);
  for (guint i = 0; i < dh_draft_get_size (draft); i++) {
    const DhDraftTarget *entry = dh_draft_get (draft, i);
    const DhPlanTarget target = { .process = entry->target->process,
                                  .owner = entry->owner,
                                  .enabled = dh_target_state_is_enabled (entry->state),
                                  .goals = entry->goals };

    if (entry->state == DH_TARGET_GONE || entry->state == DH_TARGET_EXITED)
      continue;
    dh_process_ref (target.process);
    g_array_append_val (targets, target);
  }
  return targets;
}

/* The settings as they would be; the goals are those of the primary. */
static void
plan_settings (const DhSituation *situation, const DhChange *change, DhActions granted,
               const DhDraft *draft, DhSettings *ret_settings, DhSettings *ret_stored)
{
  const DhDraftTarget *primary = dh_draft_get_primary (draft);
  const gboolean of_service = change->kind == DH_CHANGE_SERVICE;

  *ret_settings = situation->settings;
  *ret_stored = situation->stored;
  for (DhSetting i = 0; of_service && i < DH_N_SETTINGS; i++) {
    DhRange range;

    if (change->resets && dh_engine_get_range (situation->engine, i, &range))
      ret_settings->values[i] = ret_stored->values[i] = situation->defaults.values[i];
    else if (change->has_setting[i])
      ret_settings->values[i] = change->settings[i];
    if (change->has_setting[i] && (granted & DH_ACTION_TUNE))
      ret_stored->values[i] = change->settings[i];
  }
  if (primary && primary->state != DH_TARGET_EXITED)
    dh_settings_set_goals (ret_settings, &primary->goals);
}

static void
change_goals (const DhChange *change, DhGoals *goals)
{
  if (change->has_setting[DH_SETTING_RATIO])
    goals->ratio = (guint32) change->settings[DH_SETTING_RATIO];
  if (change->has_setting[DH_SETTING_FEEDBACK])
    goals->feedback = (guint32) change->settings[DH_SETTING_FEEDBACK];
}

/* What @process would begin with as the primary, in the place of the one that is. */
static DhGoals
inherit_goals (const DhSituation *situation, const DhOwner *owner)
{
  DhGoals goals = dh_settings_get_goals (&situation->settings);

  if (!situation->primary || !dh_owner_equal (owner, &situation->primary->owner)) {
    goals.ratio = (guint32) situation->stored.values[DH_SETTING_RATIO];
    goals.feedback = 0;
  }
  return goals;
}

static DhDraftTarget *
add_target (const DhSituation *situation, const DhChange *change, const DhCaller *caller,
            DhDraft *draft)
{
  const guint32 adder = caller ? caller->uid : change->adder;
  DhTarget *target = dh_target_new (dh_target_list_next_id (situation->targets), change->process,
                                    &change->owner, adder);
  DhDraftTarget *entry = dh_draft_add (draft, target);

  dh_draft_handle (entry, DH_EVENT_SET);
  return entry;
}

/* The primary target is another one from now on: what it was before is nobody's wish any more,
 * unless it was added. */
static void
replace_primary (const DhSituation *situation, DhDraft *draft, const DhDraftTarget *entry)
{
  DhDraftTarget *current = dh_draft_get_primary (draft);

  if (current == entry)
    return;
  dh_draft_set_primary (draft, entry);
  if (!current)
    return;
  current->set = FALSE;
  /* There is no room for another. */
  if (situation->max_targets == 1)
    current->added = FALSE;
  dh_draft_let_go (current, DH_EVENT_REMOVE);
}

/* Pid names it: the same as before, another target, or a new one. */
static DhDraftTarget *
draft_pid (const DhSituation *situation, const DhChange *change, const DhCaller *caller,
           DhDraft *draft)
{
  DhDraftTarget *entry;

  if (!change->process) {
    replace_primary (situation, draft, NULL);
    return NULL;
  }
  entry = dh_draft_find_process (draft, change->process);
  if (!entry) {
    entry = add_target (situation, change, caller, draft);
    entry->goals = inherit_goals (situation, &change->owner);
  }
  entry->set = TRUE;
  replace_primary (situation, draft, entry);
  return entry;
}

static void
draft_service (const DhSituation *situation, const DhChange *change, const DhCaller *caller,
               DhDraft *draft)
{
  const DhDraftTarget *before = dh_draft_get_primary (draft);
  gboolean was_enabled = before && dh_target_state_is_enabled (before->state);
  DhDraftTarget *entry;

  entry =
    change->has_pid ? draft_pid (situation, change, caller, draft) : dh_draft_get_primary (draft);
  if (!entry)
    return;
  if (change->has_owner) {
    /* What one owner wanted is not what the next one does. */
    if (!entry->is_new && !dh_owner_equal (&entry->owner, &change->owner))
      entry->goals = inherit_goals (situation, &change->owner);
    entry->owner = change->owner;
  }
  change_goals (change, &entry->goals);
  if (change->resets)
    entry->goals = dh_settings_get_goals (&situation->defaults);
  if (change->has_enabled)
    dh_draft_handle (entry, change->enabled ? DH_EVENT_ENABLE : DH_EVENT_DISABLE);
  else if (change->has_pid && was_enabled)
    dh_draft_handle (entry, DH_EVENT_ENABLE);
}

static void
draft_addition (const DhSituation *situation, const DhChange *change, const DhCaller *caller,
                DhDraft *draft)
{
  DhDraftTarget *entry = add_target (situation, change, caller, draft);
  DhTarget *target = entry->target;

  entry->added = TRUE;
  target->client = g_strdup (change->client);
  target->application_id = g_strdup (change->application_id);
  target->reason = g_strdup (change->reason);
  entry->goals = (DhGoals){
    .ratio = (guint32) situation->defaults.values[DH_SETTING_RATIO],
  };
  change_goals (change, &entry->goals);
  if (change->enabled)
    dh_draft_handle (entry, DH_EVENT_ENABLE);
  if (change->primary || situation->max_targets == 1)
    replace_primary (situation, draft, entry);
}

static void
draft_leave (const DhChange *change, DhDraft *draft)
{
  for (guint i = 0; i < dh_draft_get_size (draft); i++) {
    DhDraftTarget *entry = dh_draft_get (draft, i);

    if (!entry->added || g_strcmp0 (entry->target->client, change->client) != 0)
      continue;
    entry->added = FALSE;
    dh_draft_let_go (entry, DH_EVENT_CLIENT_GONE);
  }
}

static void
draft_change (const DhSituation *situation, const DhChange *change, const DhCaller *caller,
              DhDraft *draft)
{
  DhDraftTarget *entry =
    dh_change_is_of_target (change) ? dh_draft_find (draft, change->target) : NULL;

  switch (change->kind) {
  case DH_CHANGE_SERVICE:
    draft_service (situation, change, caller, draft);
    break;
  case DH_CHANGE_ADD:
    draft_addition (situation, change, caller, draft);
    break;
  case DH_CHANGE_GOALS:
    change_goals (change, &entry->goals);
    break;
  case DH_CHANGE_REMOVE:
    dh_draft_handle (entry, DH_EVENT_REMOVE);
    break;
  case DH_CHANGE_UNDO:
    dh_draft_handle (entry, DH_EVENT_UNDO);
    break;
  case DH_CHANGE_LEAVE:
    draft_leave (change, draft);
    break;
  }
  entry = dh_draft_get_primary (draft);
  if (entry && entry->state == DH_TARGET_GONE)
    dh_draft_set_primary (draft, NULL);
}

/* Before a change's turn has come, an earlier one can have put another process in the place of the
 * one that it was authorized with, and that one can have become another user's. */
static gboolean
check_rights (const DhSituation *situation, DhChange *change, const DhCaller *caller,
              DhActions granted, GError **error)
{
  DhRightsRules rules;
  DhActions required;

  if (!caller)
    return TRUE;
  rules = dh_situation_get_rules (situation, change, caller);
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
              DhActions granted, DhOutcome *ret_outcome, GError **error)
{
  if (!dh_plan_check (situation, change, caller, error)
      || !check_rights (situation, change, caller, granted, error))
    return FALSE;
  ret_outcome->draft = dh_draft_new (situation->targets, situation->primary);
  draft_change (situation, change, caller, ret_outcome->draft);
  ret_outcome->plan.targets = list_targets (ret_outcome->draft);
  plan_settings (situation, change, granted, ret_outcome->draft, &ret_outcome->plan.settings,
                 &ret_outcome->stored);
  return TRUE;
}
