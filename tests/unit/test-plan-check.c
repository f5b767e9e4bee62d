/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "plan-case.h"

#include "error.h"

/* What cannot be, whoever asks. */

#define GOOD (-1)

/* @code: GOOD, or of DH_ERROR. @uid: who asks. */
static void
assert_check_of (PlanCase *self, guint32 uid, int code)
{
  const DhCaller caller = { .sender = ":1.1", .uid = uid, .gid = uid };
  g_autoptr (GError) error = NULL;
  gboolean good = dh_plan_check (&self->situation, self->change, &caller, &error);

  if (code == GOOD)
    g_assert_no_error (error);
  else
    g_assert_error (error, DH_ERROR, code);
  g_assert_cmpint (good, ==, code == GOOD);
}

static void
assert_check (PlanCase *self, int code)
{
  assert_check_of (self, ALICE, code);
}

static const struct {
  const char *name;
  DhSetting setting;
  guint64 value;
  int code;
} settings[] = {
  { "ratio-of-zero", DH_SETTING_RATIO, 0, DH_ERROR_INVALID_VALUE },
  { "least-ratio", DH_SETTING_RATIO, 1, GOOD },
  { "most-ratio", DH_SETTING_RATIO, 10000, GOOD },
  { "ratio-above-all", DH_SETTING_RATIO, 10001, DH_ERROR_INVALID_VALUE },
  { "no-quota", DH_SETTING_QUOTA_SIZE, 0, GOOD },
  { "what-the-engine-does-not-have", DH_SETTING_ADDRESS_UNIT, 1, DH_ERROR_NOT_SUPPORTED },
  { "what-does-not-go-with-what-is-in-force", DH_SETTING_MAX_REGIONS, 5, DH_ERROR_INVALID_VALUE },
};

static void
test_setting (PlanCase *self, gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);

  plan_case_change (self, DH_CHANGE_SERVICE);
  plan_case_put (self, settings[i].setting, settings[i].value);
  assert_check (self, settings[i].code);
}

static void
test_settings_that_go_together (PlanCase *self, gconstpointer data)
{
  plan_case_change (self, DH_CHANGE_SERVICE);
  plan_case_put (self, DH_SETTING_MAX_REGIONS, 5);
  plan_case_put (self, DH_SETTING_MIN_REGIONS, 5);
  assert_check (self, GOOD);
  plan_case_put (self, DH_SETTING_MIN_REGIONS, 6);
  assert_check (self, DH_ERROR_INVALID_VALUE);
}

static void
test_enabled_needs_a_process (PlanCase *self, gconstpointer data)
{
  const pid_t pid = plan_case_child (self)->pid;

  plan_case_change (self, DH_CHANGE_SERVICE);
  plan_case_enable (self, FALSE);
  assert_check (self, GOOD);
  plan_case_enable (self, TRUE);
  assert_check (self, DH_ERROR_NO_SUCH_PROCESS);
  plan_case_name (self, 0);
  assert_check (self, DH_ERROR_NO_SUCH_PROCESS);
  plan_case_name (self, pid);
  assert_check (self, GOOD);

  plan_case_set_primary (self, plan_case_add (self, DH_TARGET_DISABLED, ALICE, TRUE, FALSE));
  plan_case_change (self, DH_CHANGE_SERVICE);
  plan_case_enable (self, TRUE);
  assert_check (self, GOOD);
  plan_case_exit (self);
  assert_check (self, DH_ERROR_PROCESS_EXITED);
  plan_case_name (self, 0);
  assert_check (self, DH_ERROR_NO_SUCH_PROCESS);
  plan_case_name (self, pid);
  assert_check (self, GOOD);
}

/* What was authorized is what is set: the process is opened once. */
static void
test_process_is_held (PlanCase *self, gconstpointer data)
{
  Child *child = plan_case_child (self);
  const DhProcess *process;

  plan_case_change (self, DH_CHANGE_SERVICE);
  plan_case_name (self, child->pid);
  assert_check (self, GOOD);
  process = self->change->process;
  g_assert_nonnull (process);
  assert_check (self, GOOD);
  g_assert_true (self->change->process == process);
  child_reap (child);
  assert_check (self, DH_ERROR_PROCESS_EXITED);
}

static const struct {
  const char *name;
  guint32 pid;
  int code;
} numbers[] = {
  { "no-number", 0, DH_ERROR_INVALID_VALUE },
  { "too-large-a-number", G_MAXUINT32, DH_ERROR_INVALID_VALUE },
  { "the-first-process", 1, DH_ERROR_PROCESS_NOT_PERMITTED },
  { "nobody's-number", G_MAXINT32, DH_ERROR_NO_SUCH_PROCESS },
};

static void
test_number (PlanCase *self, gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);

  plan_case_change (self, DH_CHANGE_ADD);
  plan_case_name (self, (pid_t) numbers[i].pid);
  assert_check (self, numbers[i].code);
}

static void
test_unknown_target (PlanCase *self, gconstpointer data)
{
  static const DhChangeKind kinds[] = { DH_CHANGE_GOALS, DH_CHANGE_REMOVE, DH_CHANGE_UNDO };
  DhTarget *target = plan_case_add (self, DH_TARGET_RUNNING, ALICE, TRUE, FALSE);

  plan_case_set_primary (self, target);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    plan_case_change_of (self, kinds[i], target);
    assert_check (self, GOOD);
    self->change->target++;
    assert_check (self, DH_ERROR_UNKNOWN_TARGET);
  }
  plan_case_exit (self);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    plan_case_change_of (self, kinds[i], target);
    assert_check (self, DH_ERROR_UNKNOWN_TARGET);
  }
}

static void
test_undo_is_not_every_engines (PlanCase *self, gconstpointer data)
{
  DhTarget *target;

  plan_case_use (self, fake_engine_new_for_one ());
  target = plan_case_add (self, DH_TARGET_RUNNING, ALICE, FALSE, TRUE);
  plan_case_change_of (self, DH_CHANGE_UNDO, target);
  assert_check (self, DH_ERROR_NOT_SUPPORTED);
}

/* By AddTarget; Pid names it again. */
static void
test_already_a_target (PlanCase *self, gconstpointer data)
{
  const DhTarget *target = plan_case_add (self, DH_TARGET_RUNNING, BOB, FALSE, TRUE);

  plan_case_change (self, DH_CHANGE_ADD);
  plan_case_name (self, dh_process_get_pid (target->process));
  assert_check (self, DH_ERROR_ALREADY_TARGET);
  plan_case_change (self, DH_CHANGE_SERVICE);
  plan_case_name (self, dh_process_get_pid (target->process));
  assert_check (self, GOOD);
}

static void
begin_addition (PlanCase *self, DhChangeKind kind)
{
  const pid_t pid = plan_case_child (self)->pid;

  plan_case_change (self, kind);
  plan_case_name (self, pid);
}

static void
test_limit_of_a_user (PlanCase *self, gconstpointer data)
{
  self->situation.max_targets_per_user = 2;
  plan_case_add (self, DH_TARGET_RUNNING, ALICE, FALSE, TRUE);
  plan_case_add (self, DH_TARGET_RUNNING, BOB, FALSE, TRUE);
  begin_addition (self, DH_CHANGE_ADD);
  assert_check (self, GOOD);
  plan_case_add (self, DH_TARGET_FAILED, ALICE, FALSE, TRUE);
  assert_check (self, DH_ERROR_LIMIT_EXCEEDED);
  assert_check_of (self, BOB, GOOD);
  for (guint i = 0; i < 3; i++)
    plan_case_add (self, DH_TARGET_RUNNING, 0, FALSE, TRUE);
  assert_check_of (self, 0, GOOD);
  /* By Pid as well, … */
  self->change->kind = DH_CHANGE_SERVICE;
  assert_check (self, DH_ERROR_LIMIT_EXCEEDED);
  /* … but for the process that there is already. */
  plan_case_name (self, self->children[0]->pid);
  g_clear_pointer (&self->change->process, dh_process_unref);
  assert_check (self, GOOD);
}

static void
test_limit_of_all (PlanCase *self, gconstpointer data)
{
  self->situation.max_targets = 2;
  plan_case_add (self, DH_TARGET_RUNNING, ALICE, FALSE, TRUE);
  begin_addition (self, DH_CHANGE_ADD);
  assert_check_of (self, 0, GOOD);
  plan_case_add (self, DH_TARGET_DISABLED, BOB, FALSE, TRUE);
  assert_check (self, DH_ERROR_LIMIT_EXCEEDED);
  assert_check_of (self, 0, DH_ERROR_LIMIT_EXCEEDED);
  /* Whoever it is. */
  g_assert_false (dh_plan_check (&self->situation, self->change, NULL, NULL));
}

/* The primary leaves its place to the next, unless somebody has added it. */
static void
test_replaced_one_does_not_count (PlanCase *self, gconstpointer data)
{
  self->situation.max_targets = 1 + 1;
  self->situation.max_targets_per_user = 2;
  plan_case_add (self, DH_TARGET_RUNNING, ALICE, FALSE, TRUE);
  plan_case_set_primary (self, plan_case_add (self, DH_TARGET_RUNNING, ALICE, TRUE, FALSE));
  begin_addition (self, DH_CHANGE_SERVICE);
  assert_check (self, GOOD);
  self->change->kind = DH_CHANGE_ADD;
  assert_check (self, DH_ERROR_LIMIT_EXCEEDED);
  self->change->primary = TRUE;
  assert_check (self, GOOD);
  self->situation.primary->added = TRUE;
  assert_check (self, DH_ERROR_LIMIT_EXCEEDED);
  self->change->kind = DH_CHANGE_SERVICE;
  assert_check (self, DH_ERROR_LIMIT_EXCEEDED);
}

/* One that has exited is in nobody's way. */
static void
test_exited_one_does_not_count (PlanCase *self, gconstpointer data)
{
  self->situation.max_targets = 2;
  self->situation.max_targets_per_user = 1;
  plan_case_set_primary (self, plan_case_add (self, DH_TARGET_RUNNING, ALICE, TRUE, TRUE));
  begin_addition (self, DH_CHANGE_ADD);
  assert_check (self, DH_ERROR_LIMIT_EXCEEDED);
  plan_case_exit (self);
  assert_check (self, GOOD);
}

/* Whoever asks; but Pid replaces it. */
static void
test_engine_for_one (PlanCase *self, gconstpointer data)
{
  plan_case_use (self, fake_engine_new_for_one ());
  begin_addition (self, DH_CHANGE_ADD);
  assert_check (self, GOOD);
  plan_case_set_primary (self, plan_case_add (self, DH_TARGET_RUNNING, ALICE, FALSE, TRUE));
  assert_check (self, DH_ERROR_BUSY);
  assert_check_of (self, BOB, DH_ERROR_BUSY);
  assert_check_of (self, 0, DH_ERROR_BUSY);
  self->change->primary = TRUE;
  assert_check_of (self, 0, DH_ERROR_BUSY);
  self->change->kind = DH_CHANGE_SERVICE;
  assert_check (self, GOOD);
  plan_case_exit (self);
  self->change->kind = DH_CHANGE_ADD;
  assert_check (self, GOOD);
}

static void
add (const char *path, gconstpointer data, void (*test) (PlanCase *, gconstpointer))
{
  g_test_add (path, PlanCase, data, plan_case_set_up, test, plan_case_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
    g_autofree char *path = g_strconcat ("/plan-check/setting/", settings[i].name, NULL);

    add (path, GUINT_TO_POINTER (i), test_setting);
  }
  add ("/plan-check/settings-that-go-together", NULL, test_settings_that_go_together);
  add ("/plan-check/enabled-needs-a-process", NULL, test_enabled_needs_a_process);
  add ("/plan-check/process-is-held", NULL, test_process_is_held);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    g_autofree char *path = g_strconcat ("/plan-check/process/", numbers[i].name, NULL);

    add (path, GUINT_TO_POINTER (i), test_number);
  }
  add ("/plan-check/unknown-target", NULL, test_unknown_target);
  add ("/plan-check/undo-is-not-every-engine's", NULL, test_undo_is_not_every_engines);
  add ("/plan-check/already-a-target", NULL, test_already_a_target);
  add ("/plan-check/limit-of-a-user", NULL, test_limit_of_a_user);
  add ("/plan-check/limit-of-all", NULL, test_limit_of_all);
  add ("/plan-check/replaced-one-does-not-count", NULL, test_replaced_one_does_not_count);
  add ("/plan-check/exited-one-does-not-count", NULL, test_exited_one_does_not_count);
  add ("/plan-check/engine-for-one-is-busy", NULL, test_engine_for_one);

  return g_test_run ();
}
