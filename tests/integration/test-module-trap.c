/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-case.h"

#include <signal.h>

/* A module that can do nothing any more until the next boot is noticed, and no other is taken for
 * one. */

#define SECONDS 10
#define AUTO "--engine=auto"
#define MODULE "--engine=module"

static void
assert_text (ModuleCase *self, const char *property, const char *text)
{
  assert_property (self->fixture.connection, property, g_variant_new_string (text));
}

static void
assert_trapped (ModuleCase *self)
{
  module_case_wait_state (self, "failed", SECONDS);
  assert_text (self, "UnavailableReason", "needs-reboot");
  module_case_assert_module (self, "needs-reboot", "reboot");
  assert_property (self->fixture.connection, "Enabled", g_variant_new_boolean (FALSE));
  assert_parameter_eventually (self->model, "enabled", "N", 1);
}

static void
begin_trapped (ModuleCase *self, gboolean by_exit)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  Child *first;

  if (!by_exit) {
    kernel_model_command (self->model, "set-counters 5 5 5 5 5");
    kernel_model_command (self->model, "trap");
  } else {
    first = fixture_hotmap_as (&self->fixture, "alice", NULL, "--hot=8", "--cold=8", NULL);
    /* In a window that is long enough to die in, when it is full. */
    module_case_configure (self, "{'QuotaSize': <@t 4194304>,"
                                 " 'QuotaResetIntervalUSec': <@t 500000>,"
                                 " 'SampleIntervalUSec': <@t 1000>,"
                                 " 'AggregationIntervalUSec': <@t 5000>}");
    module_case_serve (self, (guint32) child_get_pid (first), "");
    module_case_wait_mark (self);
    child_signal (first, SIGKILL);
    g_assert_true (child_wait (first, SECONDS, NULL));
    module_case_wait_state (self, "target-exited", SECONDS);
  }
  module_case_serve (self, pid, MODULE_QUICKLY);
}

/* An earlier kdamond ended in the midst of a round; every later one does nothing. */
static void
test_trap (ModuleCase *self, gconstpointer data)
{
  module_case_start (self, AUTO, NULL);
  begin_trapped (self, GPOINTER_TO_INT (data));
  assert_trapped (self);
  module_case_serve_another (self, "bpf");
  module_case_assert_module (self, "needs-reboot", "boot");
  module_case_stop (self);

  module_case_start (self, AUTO, NULL);
  assert_text (self, "Engine", "bpf");
  module_case_assert_module (self, "needs-reboot", "boot");
  module_case_serve_another (self, "bpf");
}

static void
test_trap_without_another_engine (ModuleCase *self, gconstpointer data)
{
  module_case_start (self, MODULE, NULL);
  begin_trapped (self, FALSE);
  assert_trapped (self);
  module_case_assert_not_served (self);
  assert_text (self, "UnavailableReason", "needs-reboot");
  module_case_stop (self);

  kernel_model_command (self->model, "clear-log");
  module_case_start (self, MODULE, NULL);
  assert_text (self, "State", "unavailable");
  assert_text (self, "UnavailableReason", "needs-reboot");
  module_case_assert_module (self, "needs-reboot", "boot");
  module_case_assert_not_served (self);
  module_case_assert_unwritten (self);
}

/* There is reason to watch, but the module is well. @order: (nullable) */
static const struct {
  const char *name;
  const char *settings;
  const char *order;
  gboolean has_memory;
} well[] = {
  { "at-work", "{}", NULL, TRUE },
  { "regions-too-young", "{'MinAgeUSec': <@t 3600000000>}", NULL, TRUE },
  { "quota-too-small", "{'QuotaSize': <@t 1>}", NULL, TRUE },
  { "over-the-goal", "{}", "huge-ratio 10000", TRUE },
  { "goal-met", "{}", "huge-ratio 100", TRUE },
  { "nothing-allocated", "{}", NULL, FALSE },
};

static void
test_no_false_alarm (ModuleCase *self, gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  guint32 pid = fixture_process_of (&self->fixture, "alice");

  if (well[i].has_memory)
    pid = (guint32) child_get_pid (
      fixture_hotmap_as (&self->fixture, "alice", NULL, "--hot=8", "--cold=8", NULL));
  kernel_model_command (self->model, "set-counters 5 5 5 5 5");
  if (well[i].order)
    kernel_model_command (self->model, "%s", well[i].order);
  module_case_start (self, AUTO, NULL);
  module_case_configure (self, "{'Feedback': <@u 0>" MODULE_QUICKLY "}");
  module_case_configure (self, well[i].settings);
  module_case_serve (self, pid, "");
  wait_for (4500); /* by when it would have been raised */
  assert_text (self, "State", "running");
  assert_text (self, "UnavailableReason", "");
}

static void
test_drained_stops_keep_it_well (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = (guint32) child_get_pid (
    fixture_hotmap_as (&self->fixture, "alice", NULL, "--hot=8", "--cold=8", NULL));

  module_case_start (self, AUTO, NULL);
  module_case_configure (self, "{'QuotaSize': <@t 4194304>" MODULE_QUICKLY "}");
  for (guint i = 0; i < 5; i++) {
    module_case_serve (self, pid, "");
    g_assert_cmpint (kernel_model_get_number (self->model, "trapped"), ==, 0);
    module_case_wait_mark (self);
    module_case_configure (self, "{'Enabled': <false>}");
    assert_text (self, "Engine", "module");
    assert_text (self, "UnavailableReason", "");
  }
}

static void
add (const char *group, const char *name, gconstpointer data,
     void (*function) (ModuleCase *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/module/trap/", group, name, NULL);

  g_test_add (path, ModuleCase, data, module_case_set_up_model, function, module_case_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("noticed", "", GINT_TO_POINTER (FALSE), test_trap);
  add ("shut-by-an-exit", "", GINT_TO_POINTER (TRUE), test_trap);
  add ("without-another-engine", "", NULL, test_trap_without_another_engine);
  for (guint i = 0; i < G_N_ELEMENTS (well); i++)
    add ("no-false-alarm/", well[i].name, GUINT_TO_POINTER (i), test_no_false_alarm);
  add ("no-false-alarm/", "after-drained-stops", NULL, test_drained_stops_keep_it_well);
  return g_test_run ();
}
