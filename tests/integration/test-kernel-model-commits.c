/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "kernel-model-case.h"

#include <errno.h>
#include <signal.h>

/* commit_inputs in the kernel's model, and what it says of orders that can hurt a kernel. */

static void
test_commit (ModelCase *self, gconstpointer data)
{
  model_case_aim (self);
  kernel_model_set (self->model, "commit_inputs", "Y");
  wait_for (50);
  assert_parameter (self->model, "commit_inputs", "Y");
  model_case_start (self);
  assert_parameter_eventually (self->model, "commit_inputs", "N", 5);
  kernel_model_set (self->model, "quota_ms", "77");
  g_assert_cmpint (kernel_model_get_number (self->model, "in-force.quota_ms"), ==, 10);
  model_case_commit (self);
  g_assert_cmpint (kernel_model_get_number (self->model, "in-force.quota_ms"), ==, 77);
}

/* It is taken within one sampling interval, which is that of before. */
static void
test_slow_commit (ModelCase *self, gconstpointer data)
{
  gint64 begin;

  model_case_aim (self);
  kernel_model_set (self->model, "sample_interval", "300000");
  kernel_model_set (self->model, "aggr_interval", "3000000");
  model_case_start (self);
  kernel_model_set (self->model, "sample_interval", "1000");
  kernel_model_set (self->model, "commit_inputs", "Y");
  wait_for (100);
  assert_parameter (self->model, "commit_inputs", "Y");
  assert_parameter_eventually (self->model, "commit_inputs", "N", 5);
  kernel_model_set (self->model, "sample_interval", "3000000");
  model_case_commit (self);
  begin = g_get_monotonic_time ();
  kernel_model_set (self->model, "enabled", "N");
  g_assert_cmpint (g_get_monotonic_time () - begin, <, G_USEC_PER_SEC);
}

static void
test_bad_commits (ModelCase *self, gconstpointer data)
{
  const guint32 pid = model_case_aim (self);
  pid_t kdamond = model_case_start (self);

  kernel_model_set (self->model, "quota_ms", "77");
  for (guint i = 0; i < G_N_ELEMENTS (refused_settings); i++) {
    g_autofree char *old = model_case_exchange (self, &refused_settings[i]);

    model_case_commit (self);
    assert_parameter (self->model, "enabled", "Y");
    g_assert_true (is_kdamond (kdamond));
    g_assert_cmpint (kernel_model_get_number (self->model, "in-force.quota_ms"), ==, 10);
    g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, pid);
    kernel_model_set (self->model, refused_settings[i].file, "%s", old);
  }
  kernel_model_command (self->model, "refuse-commit");
  model_case_commit (self);
  g_assert_cmpint (kernel_model_get_number (self->model, "in-force.quota_ms"), ==, 10);
  model_case_commit (self);
  g_assert_cmpint (kernel_model_get_number (self->model, "in-force.quota_ms"), ==, 77);
  kernel_model_command (self->model, "allow-hurt");
}

/* The new one is worked on where the old one's memory was, until DAMON looks again. */
static void
test_another_target (ModelCase *self, gconstpointer data)
{
  Child *old = fixture_poser_as (&self->fixture, "alice", NULL, NULL);
  Child *new;
  guint32 pid;

  kernel_model_set (self->model, "monitored_pid", "%d", child_get_pid (old));
  model_case_start (self);
  new = fixture_poser_as (&self->fixture, "alice", &pid, NULL);
  kernel_model_set (self->model, "monitored_pid", "%u", pid);
  model_case_commit (self);
  g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, pid);
  g_assert_cmpint (kernel_model_get_number (self->model, "stale-ranges"), ==, 1);
  g_assert_cmpint (kernel_model_get_number (self->model, "hurts"), ==, 1);
  child_signal (old, SIGKILL);
  g_assert_true (child_wait (old, 5, NULL));
  wait_for (50);
  g_assert_cmpint (kernel_model_get_number (self->model, "running"), ==, 1);
  kernel_model_command (self->model, "update-interval 10");
  kernel_model_set (self->model, "max_nr_regions", "999");
  model_case_commit (self);
  kernel_model_wait (self->model, "stale-ranges", "0", 5);
  child_signal (new, SIGKILL);
  g_assert_true (child_wait (new, 5, NULL));
  kernel_model_wait (self->model, "running", "0", 5);
  kernel_model_command (self->model, "allow-hurt switched");
}

/* Each by the word with which the state names it. */
static void
test_what_hurts (ModelCase *self, gconstpointer data)
{
  static const Setting hurts[] = {
    { "addr_unit", "3" },
    { "addr_unit", "8192" },
    { "monitored_pid", "4294967296" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (hurts); i++) {
    kernel_model_set (self->model, hurts[i].file, "%s", hurts[i].value);
    g_assert_cmpint (kernel_model_get_number (self->model, "hurts"), ==, i + 1);
  }
  kernel_model_command (self->model, "clear-hurts");
  kernel_model_set (self->model, "addr_unit", "1");
  model_case_aim (self);
  model_case_start (self);
  kernel_model_set (self->model, "commit_inputs", "Y");
  kernel_model_set (self->model, "quota_ms", "1");
  g_assert_cmpint (kernel_model_get_number (self->model, "hurts"), ==, 1);
  assert_parameter_eventually (self->model, "commit_inputs", "N", 5);
  kernel_model_set (self->model, "quota_ms", "2");
  g_assert_cmpint (kernel_model_get_number (self->model, "hurts"), ==, 1);
  kernel_model_command (self->model, "allow-hurt early");
  g_assert_cmpint (kernel_model_get_number (self->model, "hurts"), ==, 0);
}

static void
assert_crashed (ModelCase *self)
{
  g_assert_cmpint (kernel_model_write (self->model, "quota_ms", "1"), ==, EIO);
  g_assert_cmpint (kernel_model_get_number (self->model, "crashed"), ==, 1);
  kernel_model_command (self->model, "allow-hurt");
}

static void
test_crash_of_a_start (ModelCase *self, gconstpointer data)
{
  kernel_model_set (self->model, "addr_unit", "18446744073709551615");
  g_assert_cmpint (kernel_model_write (self->model, "enabled", "Y"), ==, EIO);
  assert_crashed (self);
}

static void
test_crash_of_a_commit (ModelCase *self, gconstpointer data)
{
  model_case_aim (self);
  model_case_start (self);
  kernel_model_command (self->model, "old-core on");
  kernel_model_set (self->model, "quota_percentage_hugepage", "0");
  kernel_model_set (self->model, "commit_inputs", "Y");
  kernel_model_wait (self->model, "running", "0", 5);
  assert_crashed (self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  model_case_add ("/kernel-model-commits/take-effect", test_commit);
  model_case_add ("/kernel-model-commits/slow", test_slow_commit);
  model_case_add ("/kernel-model-commits/bad", test_bad_commits);
  model_case_add ("/kernel-model-commits/another-target", test_another_target);
  model_case_add ("/kernel-model-commits/what-hurts", test_what_hurts);
  model_case_add ("/kernel-model-commits/crash-of-a-start", test_crash_of_a_start);
  model_case_add ("/kernel-model-commits/crash-of-a-commit", test_crash_of_a_commit);
  return g_test_run ();
}
