/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "plan.h"

#include "fake-engine.h"
#include "target-case.h"

/* A situation in which changes are tried, with real processes and an engine on paper. */

#define ALICE 1001
#define BOB 1002

#define MAX_PROCESSES 8

typedef struct {
  FakeEngine *engine;
  DhSituation situation;
  Child *children[MAX_PROCESSES]; /* NULL: not used yet */
  guint n_children;
  DhChange *change; /* the one that is tried */
  DhOutcome outcome;
} PlanCase;

static inline void
plan_case_use (PlanCase *self, FakeEngine *engine)
{
  g_clear_object (&self->engine);
  self->engine = engine;
  self->situation.engine = DH_ENGINE (engine);
  self->situation.max_targets = dh_engine_get_info (DH_ENGINE (engine))->max_targets;
}

static inline void
plan_case_set_up (PlanCase *self, gconstpointer data)
{
  plan_case_use (self, fake_engine_new ());
  self->situation.root = "/";
  self->situation.targets = dh_target_list_new ();
  self->situation.max_targets = 64;
  self->situation.max_targets_per_user = 16;
  self->situation.own_suffices = TRUE;
  dh_settings_init_defaults (&self->situation.defaults);
  self->situation.settings = self->situation.stored = self->situation.defaults;
}

static inline void
plan_case_tear_down (PlanCase *self, gconstpointer data)
{
  dh_outcome_clear (&self->outcome);
  g_clear_pointer (&self->change, dh_change_free);
  g_clear_pointer (&self->situation.primary, dh_target_unref);
  dh_target_list_free (self->situation.targets);
  for (guint i = 0; i < self->n_children; i++)
    child_free (self->children[i]);
  g_object_unref (self->engine);
}

/* A process that is no target. Returns: (transfer none) */
static inline Child *
plan_case_child (PlanCase *self)
{
  g_assert_cmpuint (self->n_children, <, MAX_PROCESSES);
  self->children[self->n_children] = child_new (NULL);
  return self->children[self->n_children++];
}

/* One more target, wanted as told. Returns: (transfer none) */
static inline DhTarget *
plan_case_add (PlanCase *self, DhTargetState state, guint32 adder, gboolean set, gboolean added)
{
  g_autoptr (DhTarget) target =
    new_target (dh_target_list_next_id (self->situation.targets), plan_case_child (self), adder);

  target->state = state;
  target->set = set;
  target->added = added;
  target->goals = (DhGoals){ .ratio = 5000, .feedback = 7 };
  dh_target_list_add (self->situation.targets, target);
  return target;
}

/* Its goals are what the settings say, as ever. */
static inline void
plan_case_set_primary (PlanCase *self, DhTarget *target)
{
  g_clear_pointer (&self->situation.primary, dh_target_unref);
  self->situation.primary = dh_target_ref (target);
  dh_settings_set_goals (&self->situation.settings, &target->goals);
}

/* The primary one has exited: it is in the list no more. */
static inline void
plan_case_exit (PlanCase *self)
{
  self->situation.primary->state = DH_TARGET_EXITED;
  dh_target_list_remove (self->situation.targets, self->situation.primary);
}

/* Begins a new one. Returns: (transfer none) */
static inline DhChange *
plan_case_change (PlanCase *self, DhChangeKind kind)
{
  dh_outcome_clear (&self->outcome);
  self->outcome = (DhOutcome){ .draft = NULL };
  g_clear_pointer (&self->change, dh_change_free);
  self->change = dh_change_new (kind);
  return self->change;
}

static inline DhChange *
plan_case_change_of (PlanCase *self, DhChangeKind kind, const DhTarget *target)
{
  DhChange *change = plan_case_change (self, kind);

  change->target = target->id;
  return change;
}

/* Pid, or the process of AddTarget. */
static inline void
plan_case_name (PlanCase *self, pid_t pid)
{
  self->change->has_pid = TRUE;
  self->change->pid = (guint32) pid;
}

static inline void
plan_case_enable (PlanCase *self, gboolean enabled)
{
  self->change->has_enabled = TRUE;
  self->change->enabled = enabled;
}

static inline void
plan_case_put (PlanCase *self, DhSetting setting, guint64 value)
{
  self->change->has_setting[setting] = TRUE;
  self->change->settings[setting] = value;
}
