/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "kernel-model-case.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Starting, stopping and exits in the kernel's model, as Linux 7.3 with RFC v3's module was seen to
 * do it. */

static void
test_refused_starts (ModelCase *self, gconstpointer data)
{
  model_case_aim (self);
  for (guint i = 0; i < G_N_ELEMENTS (refused_settings); i++) {
    g_autofree char *old = model_case_exchange (self, &refused_settings[i]);

    g_assert_cmpint (kernel_model_write (self->model, "enabled", "Y"), ==, EINVAL);
    assert_parameter (self->model, "enabled", "N");
    assert_parameter (self->model, "kdamond_pid", "-1");
    kernel_model_set (self->model, refused_settings[i].file, "%s", old);
  }
  kernel_model_command (self->model, "allow-hurt");
}

static void
test_accepted_starts (ModelCase *self, gconstpointer data)
{
  static const Setting accepted[] = {
    { "sample_interval", "0" },
    { "sample_interval", "100000" },
    { "max_nr_regions", "10" },
    { "quota_percentage_hugepage", "20000" },
    { "quota_ms", "0" },
    { "quota_sz", "0" },
    { "quota_reset_interval_ms", "0" },
    { "min_age", "0" },
    { "min_age", "18446744073709551615" },
    { "addr_unit", "2" },
    { "addr_unit", "3" },
    { "addr_unit", "4096" },
    { "addr_unit", "8193" },
  };

  model_case_aim (self);
  for (guint i = 0; i < G_N_ELEMENTS (accepted); i++) {
    g_autofree char *old = model_case_exchange (self, &accepted[i]);

    model_case_start (self);
    kernel_model_set (self->model, "enabled", "N");
    kernel_model_set (self->model, accepted[i].file, "%s", old);
  }
  kernel_model_command (self->model, "allow-hurt addr_unit");
}

static void
test_once_is_enough (ModelCase *self, gconstpointer data)
{
  pid_t kdamond;

  model_case_aim (self);
  kdamond = model_case_start (self);
  kernel_model_set (self->model, "monitored_pid", "0");
  kernel_model_set (self->model, "enabled", "Y");
  g_assert_cmpint (model_case_get_kdamond (self), ==, kdamond);
  kernel_model_set (self->model, "enabled", "N");
  assert_parameter (self->model, "kdamond_pid", "-1");
  g_assert_cmpint (kill (kdamond, 0), ==, -1);
  kernel_model_set (self->model, "enabled", "N");
}

static void
test_only_32_bits_count (ModelCase *self, gconstpointer data)
{
  kernel_model_set (self->model, "monitored_pid", "4294967297");
  model_case_start (self);
  g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, 1);
  kernel_model_command (self->model, "allow-hurt pid");
}

/* It is there until somebody asks for its status: the test, when its parent is gone. */
static void
test_zombies (ModelCase *self, gconstpointer data)
{
  guint32 pid;
  Child *poser = fixture_poser_as (&self->fixture, "alice", &pid, "--zombie", NULL);
  pid_t kdamond;

  kernel_model_set (self->model, "monitored_pid", "%u", pid);
  kdamond = model_case_start (self);
  g_assert_no_errno (prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
  child_signal (poser, SIGKILL);
  g_assert_true (child_wait (poser, 5, NULL));
  wait_for (50);
  g_assert_true (is_kdamond (kdamond));
  g_assert_cmpint (waitpid ((pid_t) pid, NULL, 0), ==, pid);
  kernel_model_wait (self->model, "running", "0", 5);
  g_assert_cmpint (model_case_get_kdamond (self), ==, kdamond);
  g_assert_no_errno (prctl (PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0));
}

static void
test_threads (ModelCase *self, gconstpointer data)
{
  guint32 thread;
  Child *poser = fixture_poser_as (&self->fixture, "alice", &thread, "--thread", NULL);

  g_assert_cmpuint (thread, !=, (guint32) child_get_pid (poser));
  kernel_model_set (self->model, "monitored_pid", "%u", thread);
  model_case_start (self);
  g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, thread);
}

static void
test_exits (ModelCase *self, gconstpointer data)
{
  Child *target = fixture_poser_as (&self->fixture, "alice", NULL, NULL);
  g_autofree char *number = g_strdup_printf ("%d", child_get_pid (target)), *stale = NULL;
  pid_t kdamond;

  kernel_model_set (self->model, "monitored_pid", "%s", number);
  kdamond = model_case_start (self);
  stale = kernel_model_read (self->model, "kdamond_pid");
  kernel_model_command (self->model, "set-counters 1 2 3 4 5");
  child_signal (target, SIGKILL);
  g_assert_true (child_wait (target, 5, NULL));
  kernel_model_wait (self->model, "running", "0", 5);
  g_assert_false (is_kdamond (kdamond));
  assert_parameter (self->model, "enabled", "Y");
  assert_parameter (self->model, "kdamond_pid", stale);
  assert_parameter (self->model, "nr_quota_exceeds", "5");
  kernel_model_set (self->model, "enabled", "Y");
  g_assert_cmpint (kernel_model_get_number (self->model, "running"), ==, 0);
  kernel_model_set (self->model, "enabled", "N");
  assert_parameter (self->model, "kdamond_pid", stale);
  g_assert_cmpint (kernel_model_write (self->model, "enabled", "Y"), ==, EINVAL);
  assert_parameter (self->model, "kdamond_pid", stale);
  model_case_aim (self);
  g_assert_cmpint (model_case_start (self), !=, kdamond);
}

#define SLOTS "kernel/mm/damon/admin/kdamonds/"

static void
set_up_slot (ModelCase *self)
{
  kernel_model_set (self->model, SLOTS "nr_kdamonds", "1");
  kernel_model_set (self->model, SLOTS "0/contexts/nr_contexts", "1");
  kernel_model_set (self->model, SLOTS "0/contexts/0/operations", "vaddr\n");
}

static void
test_one_user_at_a_time (ModelCase *self, gconstpointer data)
{
  static const Setting others[][2] = {
    { { "module/damon_stat/parameters/enabled", "Y" }, { NULL, "N" } },
    { { "module/damon_reclaim/parameters/enabled", "Y" }, { NULL, "N" } },
    { { "module/damon_lru_sort/parameters/enabled", "Y" }, { NULL, "N" } },
    { { SLOTS "0/state", "on" }, { NULL, "off" } },
  };

  model_case_aim (self);
  set_up_slot (self);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++) {
    const char *file = others[i][0].file, *on = others[i][0].value, *off = others[i][1].value;

    kernel_model_set (self->model, file, "%s", on);
    assert_parameter (self->model, file, on);
    g_assert_cmpint (kernel_model_write (self->model, "enabled", "Y"), ==, EBUSY);
    assert_parameter (self->model, "enabled", "N");
    assert_parameter (self->model, "kdamond_pid", "-1");
    kernel_model_set (self->model, file, "%s", off);
    model_case_start (self);
    g_assert_cmpint (kernel_model_write (self->model, file, on), ==, EBUSY);
    assert_parameter (self->model, file, off);
    kernel_model_set (self->model, "enabled", "N");
  }
  model_case_start (self);
  kernel_model_set (self->model, SLOTS "nr_kdamonds", "2");
}

static gpointer
stop_in_thread (gpointer model)
{
  kernel_model_set (model, "enabled", "N");
  return NULL;
}

/* And whoever wants any parameter of any module waits with it. */
static void
test_stop_waits_for_a_collapse (ModelCase *self, gconstpointer data)
{
  const gint64 begin = g_get_monotonic_time ();
  GThread *stopper;
  pid_t kdamond;

  model_case_aim (self);
  kdamond = model_case_start (self);
  kernel_model_command (self->model, "stop-delay 300");
  stopper = g_thread_new ("stopper", stop_in_thread, self->model);
  wait_for (50);
  g_assert_true (is_kdamond (kdamond));
  assert_parameter (self->model, "module/damon_stat/parameters/enabled", "N");
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 300000);
  g_assert_false (is_kdamond (kdamond));
  g_thread_join (stopper);
}

static void
test_ends_by_itself (ModelCase *self, gconstpointer data)
{
  pid_t kdamond;

  model_case_aim (self);
  kdamond = model_case_start (self);
  kernel_model_command (self->model, "die");
  kernel_model_wait (self->model, "running", "0", 5);
  assert_parameter (self->model, "enabled", "Y");
  g_assert_cmpint (model_case_get_kdamond (self), ==, kdamond);
}

static void
test_leaves_nothing (ModelCase *self, gconstpointer data)
{
  g_autofree char *file = kernel_model_get_path (self->model, "enabled");
  pid_t kdamond;

  model_case_aim (self);
  kdamond = model_case_start (self);
  kernel_model_stop (self->model);
  g_assert_false (g_file_test (file, G_FILE_TEST_EXISTS));
  g_assert_false (is_kdamond (kdamond));
  kernel_model_free (self->model);
  self->model = kernel_model_start (&self->fixture);
  assert_parameter (self->model, "enabled", "N");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  model_case_add ("/kernel-model-life/refused-starts", test_refused_starts);
  model_case_add ("/kernel-model-life/accepted-starts", test_accepted_starts);
  model_case_add ("/kernel-model-life/once-is-enough", test_once_is_enough);
  model_case_add ("/kernel-model-life/only-32-bits-count", test_only_32_bits_count);
  model_case_add ("/kernel-model-life/zombies", test_zombies);
  model_case_add ("/kernel-model-life/threads", test_threads);
  model_case_add ("/kernel-model-life/exits", test_exits);
  model_case_add ("/kernel-model-life/one-user-at-a-time", test_one_user_at_a_time);
  model_case_add ("/kernel-model-life/stop-waits-for-a-collapse", test_stop_waits_for_a_collapse);
  model_case_add ("/kernel-model-life/ends-by-itself", test_ends_by_itself);
  model_case_add ("/kernel-model-life/leaves-nothing", test_leaves_nothing);
  return g_test_run ();
}
