/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "dying-case.h"
#include "module-case.h"
#include "polkit-watch.h"

#include <signal.h>
#include <sys/syscall.h>

/* Processes that die, and clients who leave, when all is authorized and checked: while the change
 * waits for its turn, because the kernel does not come back from the one before; and while what was
 * done for a target is being taken back. */

#define WAIT_SECONDS 15
#define EXITED SERVICE_ERROR "ProcessExited"
#define UNKNOWN SERVICE_ERROR "UnknownTarget"
#define STALL "--stall-collapse=4"

/* Root's, which the kernel does not come back from, but for kernel_model_command ("release"). */
static Call *
begin_blocked (ModuleCase *self, const char *file, const char *settings)
{
  Call *call;

  kernel_model_command (self->model, "block write %s", file);
  call = module_case_configure_begin (self, settings);
  kernel_model_wait (self->model, "blocked", "1", WAIT_SECONDS);
  return call;
}

static void
wait_for_turn (Call *call)
{
  wait_for (100);
  g_assert_false (call_is_done (call));
}

/* The process that is served first stays so. */
static void
test_before_its_turn (ModuleCase *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (&self->fixture, "alice");
  g_auto (Mortal) first = mortal_new (&self->fixture, "alice"),
                  second = mortal_new (&self->fixture, "alice");
  g_autoptr (PolkitWatch) watch = polkit_watch_new (&self->fixture);
  g_autofree char *settings =
    g_strdup_printf ("{'Pid': <@u %u>, 'Enabled': <true>" MODULE_QUICKLY "}", first.pid);
  Call *of_root = begin_blocked (self, "enabled", settings);
  Call *call = addition_begin (data, alice, &second);

  polkit_watch_wait_answered (watch, 1);
  wait_for_turn (call);
  mortal_die (&second);
  kernel_model_command (self->model, "release");
  assert_answer (of_root, NULL);
  assert_answer (call, EXITED);
  module_case_wait_state (self, "running", WAIT_SECONDS);
  assert_property (alice, "Pid", g_variant_new_uint32 (first.pid));
  g_assert_cmpuint (count_targets (alice), ==, 1);
  g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, first.pid);
}

static void
test_client_leaves_before_its_turn (ModuleCase *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (&self->fixture, "alice");
  g_auto (Mortal) first = mortal_new (&self->fixture, "alice");
  g_autofree char *settings =
    g_strdup_printf ("{'Pid': <@u %u>, 'Enabled': <true>" MODULE_QUICKLY "}", first.pid);
  g_auto (Mortal) second = mortal_new (&self->fixture, "alice");
  g_autoptr (PolkitWatch) watch = polkit_watch_new (&self->fixture);
  Call *of_root = begin_blocked (self, "enabled", settings);
  Call *call = addition_begin (data, alice, &second);

  polkit_watch_wait_answered (watch, 1);
  wait_for_turn (call);
  call_forget (call);
  g_dbus_connection_close_sync (alice, NULL, NULL);
  wait_for (100);
  kernel_model_command (self->model, "release");
  assert_answer (of_root, NULL);
  module_case_wait_state (self, "running", WAIT_SECONDS);
  g_assert_cmpuint (count_targets (self->fixture.connection), ==, 1);
  module_case_configure (self, "{'Pid': <@u 0>}");
  assert_no_targets (&self->fixture);
}

static Call *
set_ratio_begin (GDBusConnection *connection, const char *path)
{
  return call_begin_at (
    connection, path, "org.freedesktop.DBus.Properties", "Set",
    g_variant_new ("(ssv)", TARGET_INTERFACE, "Ratio", g_variant_new_uint32 (5)), NULL, CALL_PLAIN);
}

/* Changes of a target whose process dies before their turn. */
static void
test_target_before_its_turn (ModuleCase *self, gconstpointer data)
{
  GDBusConnection *connection = self->fixture.connection;
  g_autoptr (GDBusConnection) alice = fixture_connection_as (&self->fixture, "alice");
  g_auto (Mortal) process = mortal_new (&self->fixture, "alice");
  g_autofree char *path = NULL;
  Call *of_root, *calls[4];

  module_case_serve (self, process.pid, MODULE_QUICKLY);
  path = find_target (connection, process.pid);
  of_root = begin_blocked (self, "commit_inputs", "{'Ratio': <@u 500>}");
  calls[0] = set_ratio_begin (alice, path);
  calls[1] = call_target_begin (alice, path, "Remove");
  calls[2] =
    call_begin (alice, SERVICE_INTERFACE, "RemoveTarget", g_variant_new ("(o)", path), CALL_PLAIN);
  calls[3] = set_property_begin (alice, "Enabled", g_variant_new_boolean (TRUE), CALL_PLAIN);
  wait_for_turn (calls[3]);
  mortal_die (&process);
  wait_for (100);
  kernel_model_command (self->model, "release");
  for (guint i = 0; i < 3; i++)
    assert_answer (calls[i], UNKNOWN);
  assert_answer (calls[3], EXITED);
  g_clear_pointer (&(GVariant *){ call_finish (of_root, WAIT_SECONDS, NULL) }, g_variant_unref);
  module_case_wait_state (self, "target-exited", WAIT_SECONDS);
  assert_no_targets (&self->fixture);
  assert_parameter_eventually (self->model, "enabled", "N", WAIT_SECONDS);
}

static void
set_up_stalling (Fixture *self, gconstpointer data)
{
  fixture_set_up_bus (self, data);
  fixture_service_start (self, STALL, NULL);
  fixture_service_wait_probed (self);
}

/* Whether one of its threads is in clock_nanosleep(2), as nothing but the stall is for long. */
static gboolean
has_sleeping_thread (Fixture *self)
{
  g_autofree char *prefix = g_strdup_printf ("%d ", SYS_clock_nanosleep);
  g_autofree char *folder = g_strdup_printf ("/proc/%d/task", child_get_pid (self->service));
  g_autoptr (GDir) threads = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (threads)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, "syscall", NULL);
    g_autofree char *call = NULL;

    if (g_file_get_contents (path, &call, NULL, NULL) && g_str_has_prefix (call, prefix))
      return TRUE;
  }
  return FALSE;
}

/* Until one of its blocks is being made huge, which takes some seconds. */
static void
wait_for_stall (Fixture *self)
{
  const gint64 deadline = wait_deadline (30);
  guint sleeping = 0;

  while (sleeping < 5) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    wait_for (50);
    sleeping = has_sleeping_thread (self) ? sleeping + 1 : 0;
  }
}

typedef enum {
  PROCESS_DIES,
  TARGET_IS_REMOVED,
  CLIENT_LEAVES,
} Fate;

static const char *const fates[] = { "process-dies", "target-is-removed", "client-leaves" };

static void
assert_undone (Call *call)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call_finish (call, WAIT_SECONDS, &error);

  g_assert_no_error (error);
  g_assert_true (g_variant_is_of_type (reply, G_VARIANT_TYPE ("(tt)")));
}

static void
meet (Fixture *self, Fate fate, Child *process, const char *path, GDBusConnection *alice)
{
  g_autoptr (GError) error = NULL;

  if (fate == PROCESS_DIES) {
    child_signal (process, SIGKILL);
    g_assert_true (child_wait (process, WAIT_SECONDS, NULL));
  } else if (fate == TARGET_IS_REMOVED) {
    remove_target (self->connection, path, &error);
    g_assert_no_error (error);
  } else {
    g_dbus_connection_close_sync (alice, NULL, NULL);
  }
}

/* It waits for what the kernel is at; whatever happens meanwhile, it is answered, and once. */
static void
test_undo (Fixture *self, gconstpointer data)
{
  const Fate fate = GPOINTER_TO_INT (data);
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  Child *process = fixture_hotmap_as (self, "alice", NULL, "--hot=32", "--cold=4", NULL);
  g_autofree char *path = added_target (self->connection, (guint32) child_get_pid (process), NULL);
  Call *first, *second;

  wait_for_stall (self);
  first = call_target_begin (alice, path, "Undo");
  second = call_target_begin (alice, path, "Undo");
  wait_for_turn (second);
  assert_target_eventually (self->connection, path, "State", "'disabled'", 1);
  meet (self, fate, process, path, alice);
  if (fate == CLIENT_LEAVES) {
    call_forget (first);
    call_forget (second);
    assert_undone (call_target_begin (self->connection, path, "Undo"));
    return;
  }
  assert_no_targets (self);
  if (fate == PROCESS_DIES) {
    assert_answer (first, EXITED);
    assert_answer (second, EXITED);
  } else {
    assert_undone (first);
    assert_undone (second);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < n_additions; i++) {
    g_autofree char *before =
      g_strdup_printf ("/targets-dying-under-way/%s-before-its-turn", additions[i].name);
    g_autofree char *leaves = g_strdup_printf (
      "/targets-dying-under-way/%s-client-leaves-before-its-turn", additions[i].name);

    g_test_add (before, ModuleCase, &additions[i], module_case_set_up, test_before_its_turn,
                module_case_tear_down);
    g_test_add (leaves, ModuleCase, &additions[i], module_case_set_up,
                test_client_leaves_before_its_turn, module_case_tear_down);
  }
  g_test_add ("/targets-dying-under-way/target-before-its-turn", ModuleCase, NULL,
              module_case_set_up, test_target_before_its_turn, module_case_tear_down);
  for (guint i = 0; i < G_N_ELEMENTS (fates); i++) {
    g_autofree char *path = g_strconcat ("/targets-dying-under-way/undo-", fates[i], NULL);

    g_test_add (path, Fixture, GUINT_TO_POINTER (i), set_up_stalling, test_undo, fixture_tear_down);
  }
  return g_test_run ();
}
