/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "plan-outcome.h"

#include "error.h"

/* Changes of the service: Pid, Enabled, and the numbers. */

static void
test_first_process (PlanCase *self, gconstpointer data)
{
  const Child *child = plan_case_child (self);
  const DhDraftTarget *entry;

  begin_pid (self, child->pid);
  make (self);
  entry = get_new (self);
  g_assert_cmpint (dh_process_get_pid (entry->target->process), ==, child->pid);
  g_assert_true (entry->set && !entry->added);
  g_assert_cmpint (entry->state, ==, DH_TARGET_DISABLED);
  assert_primary (self, entry->target);
  assert_plan (self, 1, 0);

  begin_pid (self, child->pid);
  plan_case_enable (self, TRUE);
  make (self);
  g_assert_cmpint (get_new (self)->state, ==, DH_TARGET_STARTING);
  assert_plan (self, 1, 1);
  /* Nothing has happened yet. */
  g_assert_cmpuint (dh_target_list_get_size (self->situation.targets), ==, 0);
}

static void
test_another_process (PlanCase *self, gconstpointer data)
{
  DhTarget *before = add_set (self);

  begin_pid (self, plan_case_child (self)->pid);
  make (self);
  assert_state (self, before, DH_TARGET_GONE);
  g_assert_cmpint (before->state, ==, DH_TARGET_RUNNING);
  /* It goes on where the last one was. */
  g_assert_cmpint (get_new (self)->state, ==, DH_TARGET_STARTING);
  assert_primary (self, get_new (self)->target);
  assert_plan (self, 1, 1);
  /* The owner is the same. */
  assert_goals (self, 5000, 7);
}

static void
test_process_of_another_owner (PlanCase *self, gconstpointer data)
{
  DhTarget *before = add_set (self);

  before->owner.uids[0]++;
  self->situation.stored.values[DH_SETTING_RATIO] = 1234;
  begin_pid (self, plan_case_child (self)->pid);
  make (self);
  assert_goals (self, 1234, 0);
  g_assert_cmpuint (get_new (self)->goals.ratio, ==, 1234);
}

/* It has become another user's, and is authorized anew. */
static void
test_same_process_of_another_owner (PlanCase *self, gconstpointer data)
{
  DhTarget *target = add_set (self);

  target->owner.uids[0]++;
  self->situation.stored.values[DH_SETTING_RATIO] = 1234;
  plan_case_change (self, DH_CHANGE_SERVICE);
  plan_case_enable (self, TRUE);
  make (self);
  assert_goals (self, 1234, 0);
  g_assert_cmpuint (get_entry (self, target)->owner.uids[0], ==, target->owner.uids[0] - 1);
}

static void
test_no_process (PlanCase *self, gconstpointer data)
{
  const DhTarget *set = add_set (self), *added = add_added (self);

  begin_pid (self, 0);
  make (self);
  assert_primary (self, NULL);
  assert_state (self, set, DH_TARGET_GONE);
  assert_state (self, added, DH_TARGET_RUNNING);
  assert_plan (self, 1, 1);
}

/* With its own goals; what was the primary goes. */
static void
test_added_becomes_primary (PlanCase *self, gconstpointer data)
{
  const DhTarget *set = add_set (self);
  DhTarget *added = add_added (self);

  added->goals = (DhGoals){ .ratio = 11, .feedback = 12 };
  begin_pid (self, dh_process_get_pid (added->process));
  make (self);
  assert_primary (self, added);
  g_assert_true (get_entry (self, added)->set && get_entry (self, added)->added);
  assert_state (self, set, DH_TARGET_GONE);
  assert_state (self, added, DH_TARGET_RUNNING);
  assert_goals (self, 11, 12);
}

static void
test_primary_that_was_added_goes_on (PlanCase *self, gconstpointer data)
{
  DhTarget *both = plan_case_add (self, DH_TARGET_RUNNING, ALICE, TRUE, TRUE);

  plan_case_set_primary (self, both);
  begin_pid (self, 0);
  make (self);
  assert_primary (self, NULL);
  assert_state (self, both, DH_TARGET_RUNNING);
  g_assert_true (get_entry (self, both)->added && !get_entry (self, both)->set);
}

/* The one that it has is the primary, and leaves no trace. */
static void
test_engine_for_one (PlanCase *self, gconstpointer data)
{
  DhTarget *target;

  plan_case_use (self, fake_engine_new_for_one ());
  plan_case_change (self, DH_CHANGE_ADD);
  plan_case_name (self, plan_case_child (self)->pid);
  plan_case_enable (self, TRUE);
  make (self);
  assert_primary (self, get_new (self)->target);
  assert_plan (self, 1, 1);

  target = add_added (self);
  plan_case_set_primary (self, target);
  begin_pid (self, plan_case_child (self)->pid);
  make (self);
  assert_state (self, target, DH_TARGET_GONE);
  assert_plan (self, 1, 1);
}

/* On the root object: only who may tune says what the next start begins with. */
static void
test_ratio_is_stored_with_tune (PlanCase *self, gconstpointer data)
{
  const DhTarget *set = add_set (self);

  for (guint tune = 0; tune <= 1; tune++) {
    plan_case_change (self, DH_CHANGE_SERVICE);
    plan_case_put (self, DH_SETTING_RATIO, 41);
    if (tune)
      make_with_tune (self);
    else
      make (self);
    assert_goals (self, 41, 7);
    g_assert_cmpuint (get_entry (self, set)->goals.ratio, ==, 41);
    g_assert_cmpuint (self->outcome.stored.values[DH_SETTING_RATIO], ==, tune ? 41 : 10000);
  }
}

static void
test_reset (PlanCase *self, gconstpointer data)
{
  const DhTarget *set = add_set (self), *added = add_added (self);

  self->situation.settings.values[DH_SETTING_QUOTA_SIZE] = 1;
  self->situation.stored.values[DH_SETTING_QUOTA_SIZE] = 1;
  self->situation.stored.values[DH_SETTING_RATIO] = 1;
  plan_case_change (self, DH_CHANGE_SERVICE)->resets = TRUE;
  make_with_tune (self);
  for (DhSetting i = 0; i < DH_N_SETTINGS; i++) {
    g_assert_cmpuint (self->outcome.plan.settings.values[i], ==,
                      self->situation.defaults.values[i]);
    g_assert_cmpuint (self->outcome.stored.values[i], ==, self->situation.defaults.values[i]);
  }
  g_assert_cmpuint (get_entry (self, set)->goals.ratio, ==, 10000);
  g_assert_cmpuint (get_entry (self, added)->goals.ratio, ==, 5000);
  assert_plan (self, 2, 2);
}

/* Between the authorization and its turn another change was made. */
static void
test_rights_are_looked_at_again (PlanCase *self, gconstpointer data)
{
  const DhCaller caller = { .sender = ":1.1", .uid = getuid () + 1 };
  g_autoptr (GError) error = NULL;

  add_set (self);
  plan_case_change (self, DH_CHANGE_SERVICE);
  plan_case_put (self, DH_SETTING_RATIO, 51);
  g_assert_false (dh_plan_make (&self->situation, self->change, &caller,
                                DH_ACTION_TARGET_OWN | DH_ACTION_TUNE, &self->outcome, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_ACCESS_DENIED);
  g_assert_null (self->outcome.draft);
  g_clear_error (&error);
  g_assert_true (dh_plan_make (&self->situation, self->change, &caller, DH_ACTION_TARGET_ANY,
                               &self->outcome, &error));
  g_assert_no_error (error);
}

static void
add (const char *path, void (*test) (PlanCase *, gconstpointer))
{
  g_test_add (path, PlanCase, NULL, plan_case_set_up, test, plan_case_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/plan/first-process", test_first_process);
  add ("/plan/another-process-takes-its-place", test_another_process);
  add ("/plan/process-of-another-owner-begins-anew", test_process_of_another_owner);
  add ("/plan/same-process-of-another-owner-begins-anew", test_same_process_of_another_owner);
  add ("/plan/no-process", test_no_process);
  add ("/plan/added-target-becomes-the-primary", test_added_becomes_primary);
  add ("/plan/primary-that-was-added-goes-on", test_primary_that_was_added_goes_on);
  add ("/plan/engine-for-one", test_engine_for_one);
  add ("/plan/ratio-is-stored-with-tune", test_ratio_is_stored_with_tune);
  add ("/plan/reset", test_reset);
  add ("/plan/rights-are-looked-at-again", test_rights_are_looked_at_again);

  return g_test_run ();
}
