/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "manager-case.h"

#include "error.h"
#include "wait.h"

/* Changes that the engine does not make, and what happens while it is at them. */

static DhTargetState
get_state (ManagerCase *self)
{
  const DhTarget *target = manager_case_find (self);

  return target ? target->state : DH_TARGET_GONE;
}

static void
tell_with_warning (ManagerCase *self, DhEngineEvent event)
{
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "The test says so");
  manager_case_tell (self, event);
  g_test_assert_expected_messages ();
}

static void
assert_last_error (ManagerCase *self, int code)
{
  DhError last;
  gboolean has = dh_manager_get_last_error (self->manager, &last);

  g_assert_cmpint (has, ==, code >= 0);
  if (has)
    g_assert_cmpint (last, ==, code);
}

static DhChange *
make_nothing (ManagerCase *self)
{
  return manager_case_set_pid (self, 0);
}

static DhChange *
make_disable (ManagerCase *self)
{
  return manager_case_set_enabled (self, FALSE);
}

static DhChange *
make_remove (ManagerCase *self)
{
  return manager_case_change_of (self, DH_CHANGE_REMOVE);
}

static DhChange *
make_goals (ManagerCase *self)
{
  DhChange *change = manager_case_change_of (self, DH_CHANGE_GOALS);

  change->has_setting[DH_SETTING_RATIO] = TRUE;
  change->settings[DH_SETTING_RATIO] = 77;
  return change;
}

static DhChange *
make_tunable (ManagerCase *self)
{
  DhChange *change = dh_change_new (DH_CHANGE_SERVICE);

  change->has_setting[DH_SETTING_QUOTA_SIZE] = TRUE;
  change->settings[DH_SETTING_QUOTA_SIZE] = 77;
  return change;
}

static const struct {
  const char *name;
  DhChange *(*make) (ManagerCase *self);
} changes[] = {
  { "no-process", make_nothing }, { "disable", make_disable }, { "remove", make_remove },
  { "goals", make_goals },        { "tunable", make_tunable },
};

static void
test_refused_by_the_engine (ManagerCase *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  manager_case_add (self, TRUE);
  manager_case_tell (self, DH_ENGINE_SERVING);
  g_string_truncate (self->signals, 0);
  fake_engine_refuse (self->engine, DH_ERROR_BUSY);
  g_assert_false (manager_case_apply (self, changes[GPOINTER_TO_UINT (data)].make (self), &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_BUSY);
  fake_engine_comply (self->engine);
  g_assert_cmpint (get_state (self), ==, DH_TARGET_RUNNING);
  g_assert_true (dh_manager_get_enabled (self->manager));
  g_assert_cmpuint (dh_manager_get_pid (self->manager), ==, (guint) self->child->pid);
  g_assert_cmpuint (dh_manager_get_setting (self->manager, DH_SETTING_RATIO), ==, 10000);
  g_assert_cmpuint (dh_manager_get_setting (self->manager, DH_SETTING_QUOTA_SIZE), ==, 134217728);
  g_assert_cmpuint (manager_case_find (self)->goals.ratio, ==, 10000);
  g_assert_cmpstr (self->signals->str, ==, "");
  assert_last_error (self, -1);
}

static void
test_addition_is_refused_by_the_engine (ManagerCase *self, gconstpointer data)
{
  DhChange *change = manager_case_set_pid (self, self->child->pid);
  g_autoptr (GError) error = NULL;

  change->kind = DH_CHANGE_ADD;
  fake_engine_refuse (self->engine, DH_ERROR_BUSY);
  g_assert_false (manager_case_apply (self, change, &error));
  fake_engine_comply (self->engine);
  g_assert_cmpstr (self->signals->str, ==, "");
  g_assert_false (dh_manager_has_target (self->manager));
  /* It is not watched either. */
  child_kill (self->child);
  wait_for (50);
  g_assert_cmpstr (self->signals->str, ==, "");
}

static void
test_undo_is_refused_by_the_engine (ManagerCase *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  manager_case_add (self, FALSE);
  fake_engine_refuse (self->engine, DH_ERROR_BUSY);
  g_assert_false (manager_case_undo (self, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_BUSY);
  fake_engine_comply (self->engine);
  g_assert_cmpint (get_state (self), ==, DH_TARGET_STARTING);
  g_assert_false (fake_engine_is_undoing (self->engine, self->child->pid));
}

/* What has exited does not come back. */
static void
test_exit_meanwhile (ManagerCase *self, gconstpointer data)
{
  Answer answer;

  manager_case_add (self, TRUE);
  manager_case_make (self, manager_case_set_enabled (self, FALSE));
  g_string_truncate (self->signals, 0);
  fake_engine_hold (self->engine);
  g_assert_true (manager_case_begin (self, manager_case_set_enabled (self, TRUE), &answer, NULL));
  manager_case_exit (self);
  fake_engine_release (self->engine);
  manager_case_finish (self, &answer, NULL);
  wait_for (50);
  g_assert_cmpint (dh_manager_get_state (self->manager), ==, DH_STATE_TARGET_EXITED);
  g_assert_cmpuint (dh_manager_get_active_targets (self->manager), ==, 0);
  g_assert_cmpuint (fake_engine_count_targets (self->engine), ==, 0);
  g_assert_cmpstr (self->signals->str, ==, "exited removed primary-exited ");
}

/* Nor what has become another owner's. */
static void
test_owner_changes_meanwhile (ManagerCase *self, gconstpointer data)
{
  Answer answer;

  manager_case_add (self, TRUE);
  fake_engine_hold (self->engine);
  g_assert_true (manager_case_begin (self, make_goals (self), &answer, NULL));
  tell_with_warning (self, DH_ENGINE_DROPPED);
  fake_engine_release (self->engine);
  g_assert_true (manager_case_finish (self, &answer, NULL));
  wait_for (50);
  g_assert_cmpint (get_state (self), ==, DH_TARGET_GONE);
  g_assert_null (dh_manager_get_primary (self->manager));
  g_assert_cmpint (dh_manager_get_state (self->manager), ==, DH_STATE_FAILED);
  assert_last_error (self, DH_ERROR_PROCESS_NOT_PERMITTED);
  g_assert_cmpuint (fake_engine_count_targets (self->engine), ==, 0);
}

static void
test_removed_in_mid_undo (ManagerCase *self, gconstpointer data)
{
  Answer answer;

  manager_case_add (self, FALSE);
  g_assert_true (manager_case_begin_undo (self, &answer, NULL));
  g_assert_cmpint (get_state (self), ==, DH_TARGET_DISABLED);
  manager_case_make (self, make_remove (self));
  g_assert_cmpint (get_state (self), ==, DH_TARGET_GONE);
  /* Who asked for it is answered all the same. */
  g_assert_true (manager_case_finish_undo (self, &answer, NULL));
}

/* Each goes on from what the one before has made. */
static void
test_one_after_the_other (ManagerCase *self, gconstpointer data)
{
  Answer first, second;
  g_autoptr (GError) error = NULL;

  manager_case_add (self, TRUE);
  fake_engine_hold (self->engine);
  g_assert_true (manager_case_begin (self, make_remove (self), &first, NULL));
  g_assert_true (manager_case_begin (self, make_goals (self), &second, NULL));
  wait_for (50);
  g_assert_null (first.result);
  fake_engine_release (self->engine);
  g_assert_true (manager_case_finish (self, &first, NULL));
  g_assert_false (manager_case_finish (self, &second, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_UNKNOWN_TARGET);
}

/* Pid wants it by now, too. */
static void
test_client_leaves_what_another_wants (ManagerCase *self, gconstpointer data)
{
  manager_case_add (self, FALSE);
  manager_case_make (self, manager_case_set_pid (self, self->child->pid));
  dh_manager_note_client_left (self->manager, CASE_CLIENT);
  wait_for (20);
  g_assert_cmpint (get_state (self), ==, DH_TARGET_STARTING);
  g_assert_null (manager_case_find (self)->client);
  manager_case_make (self, make_nothing (self));
  g_assert_cmpint (get_state (self), ==, DH_TARGET_GONE);
}

static void
test_another_client_leaves (ManagerCase *self, gconstpointer data)
{
  manager_case_add (self, FALSE);
  dh_manager_note_client_left (self->manager, CASE_CLIENT "7");
  wait_for (20);
  g_assert_cmpint (get_state (self), ==, DH_TARGET_STARTING);
  g_assert_cmpstr (manager_case_find (self)->client, ==, CASE_CLIENT);
}

/* What is bound ends with its client, and is nothing for the next service. */
static void
test_remembered (ManagerCase *self, gconstpointer data)
{
  manager_case_add (self, FALSE);
  wait_for (100);
  g_assert_cmpuint (manager_case_count_remembered (self), ==, 0);
  manager_case_make (self, manager_case_set_pid (self, self->child->pid));
  wait_for (100);
  g_assert_cmpuint (manager_case_count_remembered (self), ==, 1);
  manager_case_stop (self);
  g_assert_cmpuint (manager_case_count_remembered (self), ==, 0);
  g_assert_true (fake_engine_has_released (self->engine));
}

static guint32
get_remembered_ratio (ManagerCase *self)
{
  g_autoptr (DhStore) store = open_store (&self->store);
  g_autoptr (GArray) targets = dh_store_load_targets (store);

  g_assert_cmpuint (targets->len, ==, 1);
  return g_array_index (targets, DhStoredTarget, 0).ratio;
}

static gboolean
is_ratio_remembered (gpointer data)
{
  return get_remembered_ratio (data) == 77;
}

/* Goals may change many times a second: what they are is written down a little later, or when it
 * is about to end. */
static void
test_goals_are_remembered_soon (ManagerCase *self, gconstpointer data)
{
  guint32 before;

  manager_case_add (self, FALSE);
  manager_case_make (self, manager_case_set_pid (self, self->child->pid));
  wait_for (100);
  before = get_remembered_ratio (self);
  manager_case_make (self, make_goals (self));
  g_assert_cmpuint (get_remembered_ratio (self), ==, before);
  g_assert_true (wait_until (is_ratio_remembered, self, CASE_SECONDS));

  manager_case_make (self, make_goals (self));
  manager_case_stop (self);
  wait_for (2 * DH_STORE_DELAY_MSEC);
  g_assert_cmpuint (manager_case_count_remembered (self), ==, 0);
}

static void
test_last_error (ManagerCase *self, gconstpointer data)
{
  manager_case_add (self, TRUE);
  tell_with_warning (self, DH_ENGINE_FAILED);
  assert_last_error (self, DH_ERROR_KERNEL_REJECTED);
  manager_case_make (self, make_goals (self));
  assert_last_error (self, DH_ERROR_KERNEL_REJECTED);
  manager_case_make (self, manager_case_set_enabled (self, TRUE));
  assert_last_error (self, -1);
  tell_with_warning (self, DH_ENGINE_HAMPERED);
  assert_last_error (self, DH_ERROR_KERNEL_REJECTED);
  g_assert_true (dh_manager_get_enabled (self->manager));
  manager_case_tell (self, DH_ENGINE_RECOVERED);
  assert_last_error (self, -1);
}

/* It is the primary's. */
static void
test_no_last_error_of_others (ManagerCase *self, gconstpointer data)
{
  manager_case_add (self, FALSE);
  tell_with_warning (self, DH_ENGINE_HAMPERED);
  assert_last_error (self, -1);
  tell_with_warning (self, DH_ENGINE_FAILED);
  assert_last_error (self, -1);
  g_assert_cmpint (dh_manager_get_state (self->manager), ==, DH_STATE_DISABLED);
}

static void
add (const char *path, gconstpointer data, void (*test) (ManagerCase *, gconstpointer))
{
  g_test_add (path, ManagerCase, data, manager_case_set_up, test, manager_case_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_autofree char *path =
      g_strconcat ("/manager-changes/refused-by-the-engine/", changes[i].name, NULL);

    add (path, GUINT_TO_POINTER (i), test_refused_by_the_engine);
  }
  add ("/manager-changes/refused-by-the-engine/addition", NULL,
       test_addition_is_refused_by_the_engine);
  add ("/manager-changes/refused-by-the-engine/undo", NULL, test_undo_is_refused_by_the_engine);
  add ("/manager-changes/exit-meanwhile", NULL, test_exit_meanwhile);
  add ("/manager-changes/owner-changes-meanwhile", NULL, test_owner_changes_meanwhile);
  add ("/manager-changes/removed-in-mid-undo", NULL, test_removed_in_mid_undo);
  add ("/manager-changes/one-after-the-other", NULL, test_one_after_the_other);
  add ("/manager-changes/client-leaves-what-another-wants", NULL,
       test_client_leaves_what_another_wants);
  add ("/manager-changes/another-client-leaves", NULL, test_another_client_leaves);
  add ("/manager-changes/remembered-but-for-the-bound", NULL, test_remembered);
  add ("/manager-changes/goals-are-remembered-soon", NULL, test_goals_are_remembered_soon);
  add ("/manager-changes/last-error-of-the-primary", NULL, test_last_error);
  add ("/manager-changes/no-last-error-of-others", NULL, test_no_last_error_of_others);

  return g_test_run ();
}
