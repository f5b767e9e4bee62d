/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-case.h"

#include <signal.h>
#include <string.h>

/* What somebody else has the module do: shown, left alone, and changed only for who may. */

#define SECONDS 10

/* Settings that are nobody's defaults; all that others write to be shown. */
static const struct {
  const char *file;
  const char *text;
  const char *property;
  const char *value;
} settings[] = {
  { "min_age", "12345", "MinAgeUSec", "@t 12345" },
  { "quota_ms", "3", "QuotaTimeUSec", "@t 3000" },
  { "quota_sz", "5000001", "QuotaSize", "@t 5000001" },
  { "quota_reset_interval_ms", "20", "QuotaResetIntervalUSec", "@t 20000" },
  { "quota_percentage_hugepage", "333", "Ratio", "@u 333" },
  { "quota_autotune_feedback", "9999", "Feedback", "@u 9999" },
  { "sample_interval", "1001", "SampleIntervalUSec", "@t 1001" },
  { "aggr_interval", "5005", "AggregationIntervalUSec", "@t 5005" },
  { "min_nr_regions", "11", "MinRegions", "@t 11" },
  { "max_nr_regions", "999", "MaxRegions", "@t 999" },
  { "addr_unit", "2", "AddressUnit", "@t 2" },
};

#define ANY_TO_BOB                                                                                 \
  "polkit.addRule (function (action, subject) {\n"                                                 \
  "  if (action.id == 'org.damon.Hugepage.target-any' && subject.user == 'bob')\n"                 \
  "    return polkit.Result.YES;\n"                                                                \
  "});\n"

static void
begin_with_settings (ModuleCase *self, guint32 pid)
{
  module_case_begin_foreign (self, pid);
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    kernel_model_set (self->model, settings[i].file, "%s\n", settings[i].text);
  kernel_model_command (self->model, "clear-log");
}

static void
assert_shown_at_all (ModuleCase *self, guint32 pid)
{
  GDBusConnection *connection = self->fixture.connection;

  assert_property_eventually (connection, "Pid", g_variant_new_uint32 (pid), 1);
  assert_property (connection, "Enabled", g_variant_new_boolean (TRUE));
  assert_property (connection, "State", g_variant_new_string ("running"));
  assert_property (connection, "LastError", g_variant_new_string (""));
  assert_property (connection, "Engine", g_variant_new_string ("module"));
  assert_property (connection, "ActiveTargets", g_variant_new_uint32 (1));
  assert_property (
    connection, "KdamondPid",
    g_variant_new_int32 ((gint32) kernel_model_get_number (self->model, "kdamond-pid")));
}

static void
assert_shown (ModuleCase *self, guint32 pid)
{
  GDBusConnection *connection = self->fixture.connection;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL, figures = NULL;

  assert_shown_at_all (self, pid);
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    assert_property_eventually (connection, settings[i].property,
                                g_variant_new_parsed (settings[i].value), 1);
  reply = call_method (connection, "GetStatistics", NULL, CALL_PLAIN, &error);
  g_assert_no_error (error);
  figures = g_variant_get_child_value (reply, 0);
  g_assert_true (g_variant_lookup (figures, "tried-regions", "t", NULL));
}

static void
test_shown_at_the_start (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  begin_with_settings (self, pid);
  module_case_start (self, NULL);
  assert_shown (self, pid);
  module_case_stop (self);
  module_case_assert_left_alone (self, pid);
}

static void
test_shown_while_the_service_runs (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  module_case_start (self, NULL);
  begin_with_settings (self, pid);
  assert_shown (self, pid);
  module_case_stop (self);
  module_case_assert_left_alone (self, pid);
}

static void
test_found_anew_after_a_crash (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  begin_with_settings (self, pid);
  for (guint i = 0; i < 2; i++) {
    module_case_start (self, NULL);
    assert_shown (self, pid);
    wait_for_files ();
    fixture_service_kill (&self->fixture);
  }
  module_case_start (self, NULL);
  assert_shown (self, pid);
  module_case_stop (self);
  module_case_assert_left_alone (self, pid);
}

/* Whether it stays for it or leaves and is called again. */
static void
test_idle_exit_leaves_it (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  begin_with_settings (self, pid);
  module_case_start (self, "--idle-exit=1", NULL);
  wait_for (2500);
  if (!child_has_exited (self->fixture.service))
    assert_shown (self, pid);
  module_case_assert_left_alone (self, pid);
}

static void
test_idle_exit_leaves_what_is_not_enabled (ModuleCase *self, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    kernel_model_set (self->model, settings[i].file, "%s\n", settings[i].text);
  kernel_model_command (self->model, "clear-log");
  module_case_start (self, "--idle-exit=1", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    assert_property_eventually (self->fixture.connection, settings[i].property,
                                g_variant_new_parsed (settings[i].value), 1);
  g_assert_cmpint (fixture_service_wait_exit (&self->fixture, 5), ==, 0);
  module_case_assert_unwritten (self);
}

/* A process is set here, and not enabled, when somebody else enables this or another one. */
static void
test_enabled_over_what_is_set (ModuleCase *self, gconstpointer data)
{
  const gboolean same = GPOINTER_TO_INT (data);
  const guint32 ours = fixture_process_of (&self->fixture, "alice");
  const guint32 theirs = same ? ours : fixture_process_of (&self->fixture, "bob");
  g_autofree char *text = g_strdup_printf ("{'Pid': <@u %u>}", ours);

  module_case_start (self, NULL);
  module_case_configure (self, text);
  begin_with_settings (self, theirs);
  assert_property_eventually (self->fixture.connection, "State", g_variant_new_string ("running"),
                              1);
  assert_shown (self, theirs);
  module_case_stop (self);
  module_case_assert_left_alone (self, theirs);
}

static void
assert_switched_off (ModuleCase *self)
{
  GDBusConnection *connection = self->fixture.connection;

  assert_property_eventually (connection, "State", g_variant_new_string ("disabled"), 1);
  assert_property (connection, "Enabled", g_variant_new_boolean (FALSE));
  assert_property (connection, "LastError", g_variant_new_string (""));
  assert_property (connection, "ActiveTargets", g_variant_new_uint32 (0));
  assert_property (connection, "KdamondPid", g_variant_new_int32 (-1));
}

/* Some milliseconds after the start. */
static void
test_their_end_is_shown (ModuleCase *self, gconstpointer data)
{
  begin_with_settings (self, fixture_process_of (&self->fixture, "alice"));
  module_case_start (self, NULL);
  wait_for (GPOINTER_TO_UINT (data));
  kernel_model_command (self->model, "allow-hurt undrained");
  kernel_model_set (self->model, "enabled", "N\n");
  kernel_model_command (self->model, "clear-log");
  assert_switched_off (self);
  wait_for (300);
  module_case_stop (self);
  module_case_assert_unwritten (self);
}

/* Once reaped at once, once lying about as a zombie, on which the kernel works on. */
static void
test_exit_of_theirs_is_shown (ModuleCase *self, gconstpointer data)
{
  const gboolean reaped = GPOINTER_TO_INT (data);
  GDBusConnection *connection = self->fixture.connection;
  guint32 pid;
  Child *target = fixture_poser_as (&self->fixture, "alice", &pid, NULL);
  g_autoptr (SignalWatch) exited = signal_watch_new (connection, NULL, "TargetExited");

  begin_with_settings (self, pid);
  kernel_model_set (self->model, "max_nr_regions", "2\n"); /* nothing that could be written back */
  kernel_model_command (self->model, "clear-log");
  module_case_start (self, NULL);
  wait_for_bus (connection);
  kill ((pid_t) pid, SIGKILL);
  if (reaped)
    g_assert_true (child_wait (target, SECONDS, NULL));
  else
    wait_for (1000);
  g_assert_true (signal_watch_wait (exited, 1, SECONDS));
  assert_property_eventually (connection, "State", g_variant_new_string ("target-exited"), 1);
  assert_property (connection, "Enabled", g_variant_new_boolean (FALSE));
  assert_property (connection, "Pid", g_variant_new_uint32 (pid));
  wait_for (300);
  module_case_stop (self);
  module_case_assert_unwritten (self);
}

/* What who has target-any makes of it. @stays: it is still theirs, and goes on when the service
 * ends. */
static const struct {
  const char *name;
  const char *settings; /* OTHER stands for another process */
  gboolean stays;
} changes[] = {
  { "ratio", "{'Ratio': <@u 500>}", TRUE },
  { "feedback", "{'Feedback': <@u 5000>}", TRUE },
  { "off", "{'Enabled': <false>}", FALSE },
  { "no-process", "{'Pid': <@u 0>}", FALSE },
  { "another-process", "{'Pid': <OTHER>}", FALSE },
  { "another-process-enabled", "{'Pid': <OTHER>, 'Enabled': <true>}", FALSE },
  { "another-process-not-enabled", "{'Pid': <OTHER>, 'Enabled': <false>}", FALSE },
};

static guint32
begin_at_work (ModuleCase *self)
{
  Child *theirs = fixture_hotmap_as (&self->fixture, "alice", NULL, "--hot=8", "--cold=8", NULL);

  kernel_model_set (self->model, "quota_sz", "4194304\n");
  module_case_begin_foreign (self, (guint32) child_get_pid (theirs));
  module_case_wait_mark (self);
  return (guint32) child_get_pid (theirs);
}

static void
assert_given_back (ModuleCase *self, const char *found)
{
  g_autofree char *left = module_case_dup_inputs (self);
  g_autoptr (GString) expected = g_string_new (found);

  g_string_replace (expected, "enabled Y", "enabled N", 1);
  g_assert_cmpstr (left, ==, expected->str);
  g_assert_cmpint (kernel_model_get_number (self->model, "running"), ==, 0);
}

static void
test_change (ModuleCase *self, gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  const guint32 theirs = begin_at_work (self);
  g_autofree char *other =
    g_strdup_printf ("<@u %u>", fixture_process_of (&self->fixture, "alice"));
  g_autofree char *found = module_case_dup_inputs (self);
  g_autoptr (GDBusConnection) bob = fixture_connection_as (&self->fixture, "bob");
  g_autoptr (GString) text = g_string_new (changes[i].settings);
  g_autoptr (GError) error = NULL;

  g_string_replace (text, "<OTHER>", other, 0);
  fixture_polkit_rules (&self->fixture, ANY_TO_BOB);
  module_case_start (self, NULL);
  configure (bob, text->str, CALL_PLAIN, &error);
  g_assert_no_error (error);
  g_assert_cmpint (kernel_model_get_number (self->model, "target-pid") == theirs, ==,
                   changes[i].stays);
  if (changes[i].stays)
    assert_shown_at_all (self, theirs);
  else if (strstr (changes[i].settings, "false") || strstr (changes[i].settings, "@u 0"))
    assert_switched_off (self);
  else
    module_case_wait_state (self, "running", SECONDS);
  module_case_stop (self);
  if (changes[i].stays)
    g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, theirs);
  else
    assert_given_back (self, found);
}

/* What was changed for them stays, and is in force. */
static void
test_their_ratio_stays_changed (ModuleCase *self, gconstpointer data)
{
  const guint32 theirs = begin_at_work (self);
  g_autofree char *left = NULL;
  g_autofree char *found = module_case_dup_inputs (self);
  g_autoptr (GString) expected = g_string_new (found);

  module_case_start (self, NULL);
  module_case_configure (self, "{'Ratio': <@u 500>}");
  g_assert_cmpint (kernel_model_get_number (self->model, "in-force.quota_percentage_hugepage"), ==,
                   500);
  module_case_stop (self);
  g_string_replace (expected, "hugepage 100\n", "hugepage 500\n", 1);
  left = module_case_dup_inputs (self);
  g_assert_cmpstr (left, ==, expected->str);
  g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, theirs);
}

/* Once ended by who may, it begins anew as ours. */
static void
test_theirs_becomes_ours (ModuleCase *self, gconstpointer data)
{
  const guint32 theirs = begin_at_work (self);
  g_autofree char *found = module_case_dup_inputs (self);

  module_case_start (self, NULL);
  module_case_configure (self, "{'Enabled': <false>}");
  module_case_serve (self, theirs, "");
  g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, theirs);
  g_assert_cmpint (kernel_model_get_number (self->model, "trapped"), ==, 0);
  module_case_stop (self);
  assert_given_back (self, found);
}

static void
add (const char *path, gconstpointer data, void (*function) (ModuleCase *, gconstpointer))
{
  g_test_add (path, ModuleCase, data, module_case_set_up_model, function, module_case_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/module/sharing/shown-at-the-start", NULL, test_shown_at_the_start);
  add ("/module/sharing/shown-while-the-service-runs", NULL, test_shown_while_the_service_runs);
  add ("/module/sharing/found-anew-after-a-crash", NULL, test_found_anew_after_a_crash);
  add ("/module/sharing/idle-exit-leaves-it", NULL, test_idle_exit_leaves_it);
  add ("/module/sharing/idle-exit-leaves-what-is-not-enabled", NULL,
       test_idle_exit_leaves_what_is_not_enabled);
  add ("/module/sharing/another-enabled-over-what-is-set", GINT_TO_POINTER (FALSE),
       test_enabled_over_what_is_set);
  add ("/module/sharing/what-is-set-enabled-by-others", GINT_TO_POINTER (TRUE),
       test_enabled_over_what_is_set);
  add ("/module/sharing/their-end-is-shown", GUINT_TO_POINTER (300), test_their_end_is_shown);
  add ("/module/sharing/their-end-at-the-start-is-shown", GUINT_TO_POINTER (0),
       test_their_end_is_shown);
  add ("/module/sharing/exit-of-theirs-is-shown", GINT_TO_POINTER (TRUE),
       test_exit_of_theirs_is_shown);
  add ("/module/sharing/zombie-of-theirs-is-shown", GINT_TO_POINTER (FALSE),
       test_exit_of_theirs_is_shown);
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_autofree char *path = g_strconcat ("/module/sharing/changed/", changes[i].name, NULL);

    add (path, GUINT_TO_POINTER (i), test_change);
  }
  add ("/module/sharing/their-ratio-stays-changed", NULL, test_their_ratio_stays_changed);
  add ("/module/sharing/theirs-becomes-ours", NULL, test_theirs_becomes_ours);
  return g_test_run ();
}
