/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "plan-case.h"

/* What a change comes to: the draft, the plan for the engine, and what is stored. */

/* By root, who may do everything, and with no right to tune. */
static inline void
make (PlanCase *self)
{
  const DhCaller caller = { .sender = ":1.1" };
  g_autoptr (GError) error = NULL;

  g_assert_true (dh_plan_make (&self->situation, self->change, &caller,
                               DH_ACTIONS_ALL & ~DH_ACTION_TUNE, &self->outcome, &error));
  g_assert_no_error (error);
}

/* Who needs `tune` has it. */
static inline void
make_with_tune (PlanCase *self)
{
  const DhCaller caller = { .sender = ":1.1" };
  g_autoptr (GError) error = NULL;

  g_assert_true (
    dh_plan_make (&self->situation, self->change, &caller, DH_ACTIONS_ALL, &self->outcome, &error));
  g_assert_no_error (error);
}

static inline const DhDraftTarget *
get_entry (PlanCase *self, const DhTarget *target)
{
  return dh_draft_find (self->outcome.draft, target->id);
}

static inline void
assert_primary (PlanCase *self, const DhTarget *target)
{
  const DhDraftTarget *primary = dh_draft_get_primary (self->outcome.draft);

  g_assert_true ((primary ? primary->target : NULL) == target);
}

static inline void
assert_state (PlanCase *self, const DhTarget *target, DhTargetState state)
{
  g_assert_cmpint (get_entry (self, target)->state, ==, state);
}

static inline void
assert_goals (PlanCase *self, guint32 ratio, guint32 feedback)
{
  const DhGoals goals = dh_settings_get_goals (&self->outcome.plan.settings);

  g_assert_cmpuint (goals.ratio, ==, ratio);
  g_assert_cmpuint (goals.feedback, ==, feedback);
}

/* The engine serves @served of @all processes. */
static inline void
assert_plan (PlanCase *self, guint all, guint served)
{
  const GArray *targets = self->outcome.plan.targets;
  guint n = 0;

  for (guint i = 0; i < targets->len; i++)
    n += g_array_index (targets, DhPlanTarget, i).enabled ? 1 : 0;
  g_assert_cmpuint (targets->len, ==, all);
  g_assert_cmpuint (n, ==, served);
  g_assert_false (self->outcome.plan.releases);
}

static inline DhTarget *
add_set (PlanCase *self)
{
  DhTarget *target = plan_case_add (self, DH_TARGET_RUNNING, ALICE, TRUE, FALSE);

  plan_case_set_primary (self, target);
  return target;
}

static inline DhTarget *
add_added (PlanCase *self)
{
  return plan_case_add (self, DH_TARGET_RUNNING, ALICE, FALSE, TRUE);
}

/* Returns: (transfer none): the one that is new. */
static inline const DhDraftTarget *
get_new (PlanCase *self)
{
  const DhDraftTarget *entry =
    dh_draft_get (self->outcome.draft, dh_draft_get_size (self->outcome.draft) - 1);

  g_assert_true (entry->is_new);
  return entry;
}

static inline void
begin_pid (PlanCase *self, pid_t pid)
{
  plan_case_change (self, DH_CHANGE_SERVICE);
  plan_case_name (self, pid);
}
