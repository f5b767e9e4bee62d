/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-case.h"

#include <signal.h>
#include <sys/wait.h>

/* A process that goes away between two writes. */

#define SECONDS 10

#define SHORT_INTERVALS "{'SampleIntervalUSec': <@t 1000>, 'AggregationIntervalUSec': <@t 5000>}"

typedef struct {
  const char *file; /* whose write lasts */
  gboolean reaped;  /* else it stays as a zombie until the call is answered */
} Row;

static void
set_up (ModuleCase *self, gconstpointer data)
{
  module_case_set_up (self, data);
  module_case_configure (self, SHORT_INTERVALS);
}

static void
end_process (Child *process, gboolean reaped)
{
  siginfo_t info;

  child_signal (process, SIGKILL);
  if (reaped)
    g_assert_true (child_wait (process, SECONDS, NULL));
  else
    g_assert_no_errno (waitid (P_PID, (id_t) child_get_pid (process), &info, WEXITED | WNOWAIT));
}

/* Begins, and ends @first and @second, which may be NULL, in the midst. */
static Call *
configure_and_end (ModuleCase *self, const Row *row, const char *settings, Child *first,
                   Child *second)
{
  Call *call;

  g_test_message ("%s %s", row->file, row->reaped ? "reaped" : "zombie");
  kernel_model_command (self->model, "block write %s", row->file);
  call = module_case_configure_begin (self, settings);
  kernel_model_wait (self->model, "blocked", "1", SECONDS);
  end_process (first, row->reaped);
  if (second)
    end_process (second, row->reaped);
  kernel_model_command (self->model, "release");
  return call;
}

static void
assert_nothing_runs (ModuleCase *self)
{
  assert_parameter_eventually (self->model, "enabled", "N", SECONDS);
  assert_parameter_eventually (self->model, "commit_inputs", "N", SECONDS);
  assert_property (self->fixture.connection, "Enabled", g_variant_new_boolean (FALSE));
  assert_property (self->fixture.connection, "ActiveTargets", g_variant_new_uint32 (0));
  assert_property_eventually (self->fixture.connection, "KdamondPid", g_variant_new_int32 (-1),
                              SECONDS);
}

static void
assert_settings_as_before (ModuleCase *self)
{
  assert_parameter_eventually (self->model, "min_age", "100000", SECONDS);
  assert_parameter_eventually (self->model, "quota_percentage_hugepage", "100", SECONDS);
  assert_parameter_eventually (self->model, "quota_reset_interval_ms", "1000", SECONDS);
  assert_property (self->fixture.connection, "MinAgeUSec", g_variant_new_uint64 (100000));
}

static void
assert_served (ModuleCase *self, guint32 pid)
{
  assert_property (self->fixture.connection, "Pid", g_variant_new_uint32 (pid));
  module_case_wait_state (self, "running", SECONDS);
  g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, pid);
  module_case_assert_in_force (self);
}

static void
test_starts (ModuleCase *self, gconstpointer data)
{
  static const Row rows[] = {
    { "min_age", TRUE },  { "monitored_pid", TRUE },  { "enabled", TRUE },
    { "min_age", FALSE }, { "monitored_pid", FALSE }, { "enabled", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    guint32 pid;
    Child *process = fixture_poser_as (&self->fixture, "alice", &pid, NULL);
    g_autofree char *settings =
      g_strdup_printf ("{'Pid': <@u %u>, 'Enabled': <true>, 'MinAgeUSec': <@t 7>}", pid);
    g_autofree char *before = module_case_dup_inputs (self), *after = NULL;

    assert_answer (configure_and_end (self, &rows[i], settings, process, NULL),
                   SERVICE_ERROR "ProcessExited");
    assert_nothing_runs (self);
    assert_settings_as_before (self);
    after = module_case_dup_inputs (self);
    g_assert_cmpstr (after, ==, before);
    assert_property (self->fixture.connection, "Pid", g_variant_new_uint32 (0));
    assert_property (self->fixture.connection, "State", g_variant_new_string ("disabled"));
  }
  module_case_serve (self, fixture_process_of (&self->fixture, "alice"), "");
}

static void
test_changes (ModuleCase *self, gconstpointer data)
{
  static const Row rows[] = {
    { "min_age", TRUE },        { "quota_percentage_hugepage", TRUE },
    { "commit_inputs", TRUE },  { "min_age", FALSE },
    { "commit_inputs", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    guint32 pid;
    Child *process = fixture_poser_as (&self->fixture, "alice", &pid, NULL);

    module_case_serve (self, pid, "");
    assert_answer (
      configure_and_end (self, &rows[i], "{'MinAgeUSec': <@t 7>, 'Ratio': <@u 9>}", process, NULL),
      SERVICE_ERROR "ProcessExited");
    module_case_wait_state (self, "target-exited", SECONDS);
    assert_nothing_runs (self);
    assert_settings_as_before (self);
    assert_property (self->fixture.connection, "Pid", g_variant_new_uint32 (pid));
    module_case_configure (self, "{'Pid': <@u 0>}");
  }
}

/* To be ended is all that was wanted. */
static void
test_stops (ModuleCase *self, gconstpointer data)
{
  static const Row rows[] = {
    { "min_age", TRUE },  { "commit_inputs", TRUE },  { "enabled", TRUE },
    { "min_age", FALSE }, { "commit_inputs", FALSE }, { "enabled", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    guint32 pid;
    Child *process = fixture_poser_as (&self->fixture, "alice", &pid, NULL);

    module_case_serve (self, pid, "");
    assert_answer (configure_and_end (self, &rows[i], "{'Enabled': <false>}", process, NULL), NULL);
    assert_nothing_runs (self);
    assert_settings_as_before (self);
  }
}

static void
test_ends_of_the_new_one (ModuleCase *self, gconstpointer data)
{
  static const Row rows[] = {
    { "min_age", TRUE },
    { "enabled", TRUE },
    { "monitored_pid", TRUE },
    { "monitored_pid", FALSE },
  };
  const guint32 first = fixture_process_of (&self->fixture, "alice");

  module_case_serve (self, first, "");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    guint32 second;
    Child *process = fixture_poser_as (&self->fixture, "alice", &second, NULL);
    g_autofree char *settings = g_strdup_printf ("{'Pid': <@u %u>}", second);

    assert_answer (configure_and_end (self, &rows[i], settings, process, NULL),
                   SERVICE_ERROR "ProcessExited");
    assert_served (self, first);
    assert_settings_as_before (self);
  }
}

static void
test_ends_of_the_old_one (ModuleCase *self, gconstpointer data)
{
  static const Row rows[] = {
    { "min_age", TRUE },       { "commit_inputs", TRUE }, { "enabled", TRUE },
    { "monitored_pid", TRUE }, { "enabled", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    guint32 first, second = fixture_process_of (&self->fixture, "alice");
    Child *process = fixture_poser_as (&self->fixture, "alice", &first, NULL);
    g_autofree char *settings = g_strdup_printf ("{'Pid': <@u %u>, 'Enabled': <true>}", second);

    module_case_serve (self, first, "");
    assert_answer (configure_and_end (self, &rows[i], settings, process, NULL), NULL);
    assert_served (self, second);
    assert_settings_as_before (self);
  }
}

static void
test_ends_of_both (ModuleCase *self, gconstpointer data)
{
  static const Row rows[] = {
    { "min_age", TRUE },
    { "enabled", TRUE },
    { "monitored_pid", TRUE },
    { "monitored_pid", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    guint32 pids[2];
    Child *first = fixture_poser_as (&self->fixture, "alice", &pids[0], NULL);
    Child *second = fixture_poser_as (&self->fixture, "alice", &pids[1], NULL);
    g_autofree char *settings = g_strdup_printf ("{'Pid': <@u %u>}", pids[1]);

    module_case_serve (self, pids[0], "");
    assert_answer (configure_and_end (self, &rows[i], settings, second, first),
                   SERVICE_ERROR "ProcessExited");
    module_case_wait_state (self, "target-exited", SECONDS);
    assert_nothing_runs (self);
    assert_settings_as_before (self);
    assert_property (self->fixture.connection, "Pid", g_variant_new_uint32 (pids[0]));
  }
  module_case_serve (self, fixture_process_of (&self->fixture, "alice"), "");
}

/* The kernel thread alone: that is no exit. */
static void
test_ends_of_the_kdamond (ModuleCase *self, gconstpointer data)
{
  guint32 pid = fixture_process_of (&self->fixture, "alice");
  Call *call;

  module_case_serve (self, pid, "");
  kernel_model_command (self->model, "commit-delay 60000");
  call = module_case_configure_begin (self, "{'MinAgeUSec': <@t 7>}");
  assert_parameter_eventually (self->model, "commit_inputs", "Y", SECONDS);
  kernel_model_command (self->model, "die");
  assert_answer (call, SERVICE_ERROR "KernelRejected");
  kernel_model_command (self->model, "commit-delay 0");
  module_case_wait_state (self, "failed", SECONDS);
  assert_nothing_runs (self);
  assert_settings_as_before (self);
  module_case_serve (self, pid, "");
  module_case_assert_in_force (self);
}

#define ADD(path, test)                                                                            \
  g_test_add ("/module/exits/" path, ModuleCase, NULL, set_up, test, module_case_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("starts", test_starts);
  ADD ("changes", test_changes);
  ADD ("stops", test_stops);
  ADD ("of-the-new-one", test_ends_of_the_new_one);
  ADD ("of-the-old-one", test_ends_of_the_old_one);
  ADD ("of-both", test_ends_of_both);
  ADD ("of-the-kdamond", test_ends_of_the_kdamond);
  return g_test_run ();
}
