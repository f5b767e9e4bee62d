/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "plan-outcome.h"

/* Changes of single targets. */

static void
test_addition (PlanCase *self, gconstpointer data)
{
  const DhTarget *set = add_set (self);
  const DhDraftTarget *entry;
  DhChange *change;

  self->situation.defaults.values[DH_SETTING_RATIO] = 8000;
  change = plan_case_change (self, DH_CHANGE_ADD);
  change->client = g_strdup (":1.77");
  change->application_id = g_strdup ("org.example.App");
  change->reason = g_strdup ("faster");
  plan_case_name (self, plan_case_child (self)->pid);
  plan_case_enable (self, TRUE);
  make (self);
  entry = get_new (self);
  g_assert_true (entry->added && !entry->set);
  g_assert_cmpint (entry->state, ==, DH_TARGET_STARTING);
  g_assert_cmpuint (entry->target->adder, ==, 0);
  g_assert_cmpstr (entry->target->client, ==, ":1.77");
  g_assert_cmpstr (entry->target->application_id, ==, "org.example.App");
  g_assert_cmpstr (entry->target->reason, ==, "faster");
  g_assert_cmpuint (entry->goals.ratio, ==, 8000);
  g_assert_cmpuint (entry->goals.feedback, ==, 0);
  assert_primary (self, set);
  assert_goals (self, 5000, 7);
  assert_plan (self, 2, 2);
}

static void
test_addition_as_the_primary (PlanCase *self, gconstpointer data)
{
  const DhTarget *set = add_set (self);

  plan_case_change (self, DH_CHANGE_ADD)->primary = TRUE;
  plan_case_name (self, plan_case_child (self)->pid);
  plan_case_enable (self, TRUE);
  plan_case_put (self, DH_SETTING_RATIO, 21);
  plan_case_put (self, DH_SETTING_FEEDBACK, 22);
  make (self);
  assert_primary (self, get_new (self)->target);
  assert_state (self, set, DH_TARGET_GONE);
  assert_goals (self, 21, 22);
  assert_plan (self, 1, 1);
  /* A target's is never stored. */
  g_assert_cmpuint (self->outcome.stored.values[DH_SETTING_RATIO], ==, 10000);
}

static void
test_ending (PlanCase *self, gconstpointer data)
{
  const DhTarget *set = add_set (self), *added = add_added (self);

  plan_case_change_of (self, DH_CHANGE_UNDO, set);
  make (self);
  assert_state (self, set, DH_TARGET_DISABLED);
  assert_primary (self, set);
  assert_plan (self, 2, 1);

  plan_case_change_of (self, DH_CHANGE_REMOVE, added);
  make (self);
  assert_state (self, added, DH_TARGET_GONE);
  assert_primary (self, set);
  assert_plan (self, 1, 1);

  /* However many want it. */
  ((DhTarget *) set)->added = TRUE;
  plan_case_change_of (self, DH_CHANGE_REMOVE, set);
  make (self);
  assert_state (self, set, DH_TARGET_GONE);
  assert_primary (self, NULL);
  assert_plan (self, 1, 1);
}

static void
test_client_leaves (PlanCase *self, gconstpointer data)
{
  DhTarget *bound = add_added (self), *of_other = add_added (self), *free_one = add_added (self),
           *both = plan_case_add (self, DH_TARGET_RUNNING, ALICE, TRUE, TRUE);

  bound->client = g_strdup (":1.7");
  of_other->client = g_strdup (":1.77");
  both->client = g_strdup (":1.7");
  plan_case_set_primary (self, both);
  plan_case_change (self, DH_CHANGE_LEAVE)->client = g_strdup (":1.7");
  /* Nobody asks for that but the service. */
  g_assert_true (dh_plan_make (&self->situation, self->change, NULL, 0, &self->outcome, NULL));
  assert_state (self, bound, DH_TARGET_GONE);
  assert_state (self, of_other, DH_TARGET_RUNNING);
  assert_state (self, free_one, DH_TARGET_RUNNING);
  assert_state (self, both, DH_TARGET_RUNNING);
  g_assert_true (get_entry (self, both)->set && !get_entry (self, both)->added);
  assert_primary (self, both);
  assert_plan (self, 3, 3);
}

static void
test_client_of_the_primary_leaves (PlanCase *self, gconstpointer data)
{
  DhTarget *bound = add_added (self);

  bound->client = g_strdup (":1.7");
  plan_case_set_primary (self, bound);
  plan_case_change (self, DH_CHANGE_LEAVE)->client = g_strdup (":1.7");
  g_assert_true (dh_plan_make (&self->situation, self->change, NULL, 0, &self->outcome, NULL));
  assert_primary (self, NULL);
  assert_plan (self, 0, 0);
}

static void
test_goals (PlanCase *self, gconstpointer data)
{
  const DhTarget *set = add_set (self), *added = add_added (self);

  plan_case_change_of (self, DH_CHANGE_GOALS, added);
  plan_case_put (self, DH_SETTING_RATIO, 31);
  make_with_tune (self);
  g_assert_cmpuint (get_entry (self, added)->goals.ratio, ==, 31);
  g_assert_cmpuint (get_entry (self, added)->goals.feedback, ==, 7);
  assert_goals (self, 5000, 7);
  g_assert_cmpuint (self->outcome.stored.values[DH_SETTING_RATIO], ==, 10000);

  plan_case_change_of (self, DH_CHANGE_GOALS, set);
  plan_case_put (self, DH_SETTING_FEEDBACK, 32);
  make (self);
  assert_goals (self, 5000, 32);
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

  add ("/plan-targets/addition", test_addition);
  add ("/plan-targets/addition-as-the-primary", test_addition_as_the_primary);
  add ("/plan-targets/remove-and-undo", test_ending);
  add ("/plan-targets/client-leaves", test_client_leaves);
  add ("/plan-targets/client-of-the-primary-leaves", test_client_of_the_primary_leaves);
  add ("/plan-targets/goals-of-one-target", test_goals);

  return g_test_run ();
}
