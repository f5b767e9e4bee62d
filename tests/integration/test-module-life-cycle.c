/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-case.h"

#include <signal.h>
#include <string.h>

/* The whole life of a target that the module works on, for each who may ask for it. */

#define SECONDS 10

typedef struct {
  const char *user;
  const char *owner; /* of the process */
  const char *rules; /* NULL: the fixture's */
} Row;

#define ANY_TO_BOB                                                                                 \
  "polkit.addRule (function (action, subject) {\n"                                                 \
  "  if (action.id == 'org.damon.Hugepage.target-any' && subject.user == 'bob')\n"                 \
  "    return polkit.Result.YES;\n"                                                                \
  "});\n"

static const Row rows[] = {
  { "alice", "alice", NULL },
  { "bob", "alice", ANY_TO_BOB },
  { "root", "alice", NULL },
  { "root", "root", NULL },
};

static void
set (GDBusConnection *connection, const char *name, GVariant *value)
{
  g_autoptr (GError) error = NULL;

  set_property (connection, name, value, CALL_PLAIN, &error);
  g_assert_no_error (error);
}

static void
assert_number_file (ModuleCase *self, const char *file, guint64 value)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, value);

  assert_parameter (self->model, file, text);
}

static void
set_and_enable (ModuleCase *self, GDBusConnection *connection, guint32 pid)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) kdamond = NULL;

  set (connection, "Pid", g_variant_new_uint32 (pid));
  assert_number_file (self, "monitored_pid", pid);
  assert_property (connection, "State", g_variant_new_string ("disabled"));
  assert_property (connection, "KdamondPid", g_variant_new_int32 (-1));
  set (connection, "Enabled", g_variant_new_boolean (TRUE));
  assert_parameter (self->model, "enabled", "Y");
  module_case_wait_state (self, "running", SECONDS);
  assert_property (connection, "ActiveTargets", g_variant_new_uint32 (1));
  g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, pid);
  kdamond = get_property (connection, "KdamondPid", &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int32 (kdamond), ==,
                   kernel_model_get_number (self->model, "kdamond-pid"));
}

static void
change (ModuleCase *self, GDBusConnection *connection)
{
  set (connection, "Ratio", g_variant_new_uint32 (500));
  assert_number_file (self, "quota_percentage_hugepage", 500);
  g_assert_cmpint (kernel_model_get_number (self->model, "in-force.quota_percentage_hugepage"), ==,
                   500);
  set (connection, "Feedback", g_variant_new_uint32 (9000));
  g_assert_cmpint (kernel_model_get_number (self->model, "in-force.quota_autotune_feedback"), ==,
                   9000);
  assert_parameter (self->model, "commit_inputs", "N");
  assert_property (connection, "State", g_variant_new_string ("running"));
}

static void
look_at_statistics (GDBusConnection *connection)
{
  static const char *const keys[] = { "timestamp",       "tried-regions",     "tried-bytes",
                                      "quota-exceeds",   "collapsed-regions", "collapsed-bytes",
                                      "anonymous-bytes", "hugepage-bytes" };
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call_method (connection, "GetStatistics", NULL, CALL_PLAIN, &error);
  g_autoptr (GVariant) figures = NULL;
  guint32 goal;

  g_assert_no_error (error);
  figures = g_variant_get_child_value (reply, 0);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    g_assert_true (g_variant_lookup (figures, keys[i], "t", NULL));
  g_assert_true (g_variant_lookup (figures, "goal", "u", &goal));
  g_assert_cmpuint (goal, ==, 500);
}

static void
end_target (ModuleCase *self, GDBusConnection *connection, Child *target)
{
  g_autoptr (SignalWatch) exited = signal_watch_new (connection, NULL, "TargetExited");

  wait_for_bus (connection);
  child_signal (target, SIGKILL);
  g_assert_true (child_wait (target, SECONDS, NULL));
  g_assert_true (signal_watch_wait (exited, 1, SECONDS));
  assert_property (connection, "State", g_variant_new_string ("target-exited"));
  assert_property (connection, "Enabled", g_variant_new_boolean (FALSE));
  assert_property_eventually (connection, "KdamondPid", g_variant_new_int32 (-1), SECONDS);
  assert_parameter_eventually (self->model, "enabled", "N", SECONDS);
}

static void
test_life (ModuleCase *self, gconstpointer data)
{
  const Row *row = data;
  g_autofree char *found = module_case_dup_inputs (self);
  g_autofree char *left = NULL;
  g_autoptr (GDBusConnection) connection = fixture_connection_as (&self->fixture, row->user);
  guint32 first, second;
  Child *target = fixture_poser_as (&self->fixture, row->owner, &first, NULL);

  if (row->rules)
    fixture_polkit_rules (&self->fixture, row->rules);
  set_and_enable (self, connection, first);
  change (self, connection);
  if (g_str_equal (row->user, row->owner) || g_str_equal (row->user, "root"))
    look_at_statistics (connection);
  /* Ended while no window was full, it leaves nothing behind. */
  kernel_model_command (self->model, "allow-hurt");
  end_target (self, connection, target);

  fixture_poser_as (&self->fixture, row->owner, &second, NULL);
  set_and_enable (self, connection, second);
  set (connection, "Enabled", g_variant_new_boolean (FALSE));
  assert_parameter (self->model, "enabled", "N");
  assert_property (connection, "State", g_variant_new_string ("disabled"));
  assert_property (connection, "Pid", g_variant_new_uint32 (second));
  module_case_stop (self);
  left = module_case_dup_inputs (self);
  g_assert_cmpstr (left, ==, found);
}

/* It is no longer his who had it served: the kernel is to let go of it, in order. */
static void
test_becomes_anothers (ModuleCase *self, gconstpointer data)
{
  g_autofree char *program = fixture_install_privileged (&self->fixture, PRIVILEGE_SETUID);
  g_autofree char *become = g_strconcat ("--become=", program, NULL);
  g_autoptr (GDBusConnection) alice = fixture_connection_as (&self->fixture, "alice");
  g_autoptr (GError) error = NULL;
  guint32 pid, next;
  Child *process = fixture_poser_as (&self->fixture, "alice", &pid, become, NULL);

  serve (alice, pid, &error);
  g_assert_no_error (error);
  module_case_wait_state (self, "running", SECONDS);
  child_signal (process, SIGUSR1);
  module_case_wait_state (self, "failed", SECONDS);
  assert_property (alice, "LastError", g_variant_new_string (SERVICE_ERROR "ProcessNotPermitted"));
  assert_property (alice, "Pid", g_variant_new_uint32 (0));
  assert_parameter_eventually (self->model, "enabled", "N", SECONDS);
  assert_property_eventually (alice, "KdamondPid", g_variant_new_int32 (-1), SECONDS);
  next = fixture_process_of (&self->fixture, "alice");
  serve (alice, next, &error);
  g_assert_no_error (error);
  module_case_wait_state (self, "running", SECONDS);
  g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, next);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path =
      g_strdup_printf ("/module/life-cycle/%s-with-a-process-of-%s", rows[i].user, rows[i].owner);

    g_test_add (path, ModuleCase, &rows[i], module_case_set_up, test_life, module_case_tear_down);
  }
  g_test_add ("/module/life-cycle/becomes-anothers", ModuleCase, NULL, module_case_set_up,
              test_becomes_anothers, module_case_tear_down);
  return g_test_run ();
}
