/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "target-objects.h"
#include "targets.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Targets as objects: how they come, what they say, and how they go. */

#define WAIT_SECONDS 10
#define ALICE_UID 18101
#define BOB_UID 18102

static char *
added_by_pidfd (GDBusConnection *connection, guint32 pid, const char *options)
{
  int pidfd = (int) syscall (SYS_pidfd_open, pid, 0);
  g_autoptr (GError) error = NULL;
  char *path;

  g_assert_no_errno (pidfd);
  path = add_target_by_descriptors (connection, &pidfd, 1, 0, options, &error);
  g_assert_no_error (error);
  close (pidfd);
  return path;
}

static void
removed (GDBusConnection *connection, const char *path)
{
  g_autoptr (GError) error = NULL;

  remove_target (connection, path, &error);
  g_assert_no_error (error);
}

static void
set_pid (Fixture *self, guint32 pid)
{
  g_autoptr (GError) error = NULL;

  set_property (self->connection, "Pid", g_variant_new_uint32 (pid), CALL_PLAIN, &error);
  g_assert_no_error (error);
}

static void
assert_root (Fixture *self, guint32 pid, const char *state, guint32 active)
{
  assert_property_eventually (self->connection, "State", g_variant_new_string (state),
                              WAIT_SECONDS);
  assert_property (self->connection, "Pid", g_variant_new_uint32 (pid));
  assert_property_eventually (self->connection, "ActiveTargets", g_variant_new_uint32 (active),
                              WAIT_SECONDS);
}

static void
test_added_by_pidfd (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  const guint32 pid = fixture_process_of (self, "alice");
  g_autofree char *expected = g_strdup_printf ("%u", pid);
  g_autofree char *path = added_by_pidfd (alice, pid, NULL);

  g_assert_true (g_str_has_prefix (path, SERVICE_PATH "/targets/t"));
  g_assert_cmpuint (count_targets (alice), ==, 1);
  assert_target (alice, path, "Pid", expected);
  assert_target (alice, path, "Uid", G_STRINGIFY (ALICE_UID));
  assert_target (alice, path, "OwnerUid", G_STRINGIFY (ALICE_UID));
  assert_target (alice, path, "Bound", "false");
  assert_target (alice, path, "Primary", "false");
  assert_target (alice, path, "Ratio", "10000");
  assert_target (alice, path, "Feedback", "0");
  assert_target_eventually (alice, path, "State", "'running'", WAIT_SECONDS);
  assert_root (self, 0, "disabled", 1);
}

static void
test_added_with_options (Fixture *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (self, "bob");
  g_autofree char *path =
    added_target (self->connection, pid,
                  "{'ratio': <@u 4000>, 'feedback': <@u 9000>, 'reason': <'faster \\\\ better'>,"
                  " 'application-id': <'org.example.App'>, 'primary': <true>, 'bind': <true>}");
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) details =
    call_target (self->connection, path, "GetDetails", NULL, CALL_PLAIN, &error);
  g_autoptr (GVariant) dict = NULL;
  const char *text;

  g_assert_no_error (error);
  assert_target (self->connection, path, "Uid", G_STRINGIFY (BOB_UID));
  assert_target (self->connection, path, "OwnerUid", "0");
  assert_target (self->connection, path, "Bound", "true");
  assert_target (self->connection, path, "Primary", "true");
  assert_target (self->connection, path, "Ratio", "4000");
  assert_target (self->connection, path, "Feedback", "9000");
  assert_root (self, pid, "running", 1);
  assert_property (self->connection, "Ratio", g_variant_new_uint32 (4000));
  assert_property (self->connection, "Feedback", g_variant_new_uint32 (9000));
  dict = g_variant_get_child_value (details, 0);
  g_assert_true (g_variant_lookup (dict, "reason", "&s", &text));
  g_assert_cmpstr (text, ==, "faster \\ better");
  g_assert_true (g_variant_lookup (dict, "application-id", "&s", &text));
  g_assert_cmpstr (text, ==, "org.example.App");
  g_assert_true (g_variant_lookup (dict, "name", "&s", &text));
  g_assert_cmpstr (text, ==, "poser");
}

/* Both ways to remove one. */
static void
test_removed (Fixture *self, gconstpointer data)
{
  g_autoptr (SignalWatch) gone =
    signal_watch_new (self->connection, OBJECT_MANAGER, "InterfacesRemoved");
  g_autofree char *first =
    added_target (self->connection, fixture_process_of (self, "alice"), NULL);
  g_autofree char *second =
    added_target (self->connection, fixture_process_of (self, "alice"), NULL);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  const char *path;

  removed (self->connection, first);
  g_assert_true (signal_watch_wait (gone, 1, WAIT_SECONDS));
  g_variant_get (gone->arguments, "(&oas)", &path, NULL);
  g_assert_cmpstr (path, ==, first);
  g_assert_cmpuint (count_targets (self->connection), ==, 1);
  reply = call_target (self->connection, second, "Remove", NULL, CALL_PLAIN, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count_targets (self->connection), ==, 0);
  assert_root (self, 0, "disabled", 0);
  remove_target (self->connection, first, &error);
  assert_error_name (error, SERVICE_ERROR "UnknownTarget");
  call_target (self->connection, second, "Remove", NULL, CALL_PLAIN, &error);
  assert_error_name (error, BUS_ERROR "UnknownMethod");
}

static void
test_announced (Fixture *self, gconstpointer data)
{
  g_autoptr (SignalWatch) added =
    signal_watch_new (self->connection, OBJECT_MANAGER, "InterfacesAdded");
  const guint32 pid = fixture_process_of (self, "alice");
  g_autofree char *path = added_target (self->connection, pid, NULL);
  g_autoptr (GVariant) interfaces = NULL, properties = NULL;
  const char *announced, *state;
  guint32 number;

  /* Before the answer to the call. */
  g_main_context_iteration (NULL, FALSE);
  g_assert_true (signal_watch_wait (added, 1, WAIT_SECONDS));
  g_variant_get (added->arguments, "(&o@a{sa{sv}})", &announced, &interfaces);
  g_assert_cmpstr (announced, ==, path);
  g_assert_cmpuint (g_variant_n_children (interfaces), ==, 1);
  properties = g_variant_lookup_value (interfaces, TARGET_INTERFACE, G_VARIANT_TYPE_VARDICT);
  g_assert_cmpuint (g_variant_n_children (properties), ==, 8);
  g_assert_true (g_variant_lookup (properties, "Pid", "u", &number));
  g_assert_cmpuint (number, ==, pid);
  g_assert_true (g_variant_lookup (properties, "State", "&s", &state));
  g_assert_cmpstr (state, ==, "starting");
}

static void
test_changes_are_announced (Fixture *self, gconstpointer data)
{
  g_autofree char *path = added_target (self->connection, fixture_process_of (self, "alice"), NULL);
  g_autoptr (SignalWatch) changes = NULL;
  g_autoptr (GVariant) expected = NULL;
  g_autoptr (GError) error = NULL;

  assert_target_eventually (self->connection, path, "State", "'running'", WAIT_SECONDS);
  wait_for (50);
  changes = signal_watch_new_at (self->connection, path, "org.freedesktop.DBus.Properties",
                                 "PropertiesChanged");
  set_target_property (self->connection, path, "Ratio", g_variant_new_uint32 (77), CALL_PLAIN,
                       &error);
  g_assert_no_error (error);
  g_assert_true (signal_watch_wait (changes, 1, WAIT_SECONDS));
  expected = g_variant_ref_sink (
    g_variant_new_parsed ("('" TARGET_INTERFACE "', {'Ratio': <@u 77>}, @as [])"));
  g_assert_cmpvariant (changes->arguments, expected);
  assert_property (self->connection, "Ratio", g_variant_new_uint32 (10000));
}

typedef struct {
  GString *order;
  const char *path;
} Order;

static void
note_signal (GDBusConnection *connection, const char *sender, const char *path,
             const char *interface, const char *name, GVariant *arguments, gpointer data)
{
  Order *order = data;

  g_string_append_printf (order->order, "%s ", name);
}

/* Exited, then InterfacesRemoved; the root's number stays until it is set again. */
static void
test_exit (Fixture *self, gconstpointer data)
{
  const gboolean is_primary = GPOINTER_TO_INT (data);
  guint32 pid;
  Child *process = fixture_poser_as (self, "alice", &pid, NULL);
  g_autofree char *path =
    added_target (self->connection, pid, is_primary ? "{'primary': <true>}" : NULL);
  g_autoptr (GString) signals = g_string_new (NULL);
  Order order = { .order = signals };
  guint subscription;

  assert_target_eventually (self->connection, path, "State", "'running'", WAIT_SECONDS);
  wait_for (50);
  subscription =
    g_dbus_connection_signal_subscribe (self->connection, SERVICE_NAME, NULL, NULL, NULL, NULL,
                                        G_DBUS_SIGNAL_FLAGS_NONE, note_signal, &order, NULL);
  wait_for_bus (self->connection);
  child_signal (process, SIGKILL);
  assert_target_gone (self->connection, path, WAIT_SECONDS);
  wait_for (100);
  g_dbus_connection_signal_unsubscribe (self->connection, subscription);
  g_assert_nonnull (strstr (signals->str, "PropertiesChanged Exited InterfacesRemoved "));
  g_assert_cmpint (strstr (signals->str, "TargetExited") != NULL, ==, is_primary);
  assert_root (self, is_primary ? pid : 0, is_primary ? "target-exited" : "disabled", 0);
  if (is_primary) {
    set_pid (self, 0);
    assert_root (self, 0, "disabled", 0);
  }
}

static void
test_paths_are_never_used_again (Fixture *self, gconstpointer data)
{
  g_autoptr (GHashTable) paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const guint32 pid = fixture_process_of (self, "alice");

  for (guint i = 0; i < 3; i++) {
    for (guint j = 0; j < 10; j++) {
      char *path = added_target (self->connection, pid, NULL);

      removed (self->connection, path);
      g_assert_true (g_hash_table_add (paths, path));
    }
    fixture_service_stop (self);
    fixture_service_start (self, NULL);
    fixture_service_wait_probed (self);
  }
}

/* Setting Pid makes an object, and setting it again another one. */
static void
test_primary_is_a_target (Fixture *self, gconstpointer data)
{
  const guint32 first = fixture_process_of (self, "alice"),
                second = fixture_process_of (self, "alice");
  g_autofree char *path = NULL, *other = NULL;

  set_pid (self, first);
  path = find_target (self->connection, first);
  g_assert_nonnull (path);
  assert_target (self->connection, path, "Primary", "true");
  assert_target (self->connection, path, "State", "'disabled'");
  fixture_serve (self, first);
  assert_target (self->connection, path, "State", "'running'");
  set_pid (self, second);
  assert_target_gone (self->connection, path, 0);
  other = find_target (self->connection, second);
  assert_target_eventually (self->connection, other, "State", "'running'", WAIT_SECONDS);
  assert_root (self, second, "running", 1);
  set_pid (self, 0);
  g_assert_cmpuint (count_targets (self->connection), ==, 0);
}

/* Which keeps its goals, and goes on when the primary is another one. */
static void
test_added_target_becomes_primary (Fixture *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (self, "alice"), other = fixture_process_of (self, "bob");
  g_autofree char *path = added_target (self->connection, pid, "{'ratio': <@u 1234>}");
  g_autofree char *found = NULL;

  assert_target_eventually (self->connection, path, "State", "'running'", WAIT_SECONDS);
  set_pid (self, pid);
  found = find_target (self->connection, pid);
  g_assert_cmpstr (found, ==, path);
  g_assert_cmpuint (count_targets (self->connection), ==, 1);
  assert_target (self->connection, path, "Primary", "true");
  assert_root (self, pid, "running", 1);
  assert_property (self->connection, "Enabled", g_variant_new_boolean (TRUE));
  assert_property (self->connection, "Ratio", g_variant_new_uint32 (1234));
  set_pid (self, other);
  assert_target (self->connection, path, "Primary", "false");
  assert_target (self->connection, path, "State", "'running'");
  assert_target (self->connection, path, "Ratio", "1234");
  assert_property (self->connection, "Ratio", g_variant_new_uint32 (10000));
  assert_root (self, other, "running", 2);
  set_pid (self, pid);
  set_pid (self, 0);
  assert_target (self->connection, path, "State", "'running'");
  assert_root (self, 0, "disabled", 1);
}

static void
test_removing_the_primary (Fixture *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (self, "alice");
  g_autofree char *path = NULL;

  fixture_serve (self, pid);
  path = find_target (self->connection, pid);
  removed (self->connection, path);
  assert_root (self, 0, "disabled", 0);
  assert_property (self->connection, "Enabled", g_variant_new_boolean (FALSE));
}

/* The same number, on either object. */
static void
test_goals_of_the_primary (Fixture *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (self, "alice");
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  fixture_serve (self, pid);
  path = find_target (self->connection, pid);
  set_property (self->connection, "Ratio", g_variant_new_uint32 (55), CALL_PLAIN, &error);
  g_assert_no_error (error);
  assert_target (self->connection, path, "Ratio", "55");
  set_target_property (self->connection, path, "Feedback", g_variant_new_uint32 (66), CALL_PLAIN,
                       &error);
  g_assert_no_error (error);
  assert_property (self->connection, "Feedback", g_variant_new_uint32 (66));
  /* A target's is never stored. */
  set_target_property (self->connection, path, "Ratio", g_variant_new_uint32 (56), CALL_PLAIN,
                       &error);
  g_assert_no_error (error);
  assert_property (self->connection, "Ratio", g_variant_new_uint32 (56));
  fixture_service_stop (self);
  fixture_service_start (self, NULL);
  fixture_service_wait_probed (self);
  assert_property (self->connection, "Ratio", g_variant_new_uint32 (55));
}

static void
test_bound_to_a_client (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autofree char *kept = added_target (alice, fixture_process_of (self, "alice"), NULL);
  const guint32 pid = fixture_process_of (self, "alice");
  g_autofree char *path = added_target (alice, pid, "{'bind': <true>, 'primary': <true>}");
  g_autofree char *held = NULL;

  assert_target (self->connection, path, "Bound", "true");
  assert_root (self, pid, "running", 2);
  held = added_target (alice, fixture_process_of (self, "alice"), "{'bind': <true>}");
  /* Somebody else wants it by now, too. */
  set_pid (self, (guint32) get_target_number (self->connection, held, "Pid"));
  assert_target (self->connection, held, "Bound", "false");
  g_dbus_connection_close_sync (alice, NULL, NULL);
  assert_target_gone (self->connection, path, WAIT_SECONDS);
  wait_for (100);
  assert_target (self->connection, kept, "State", "'running'");
  assert_target (self->connection, held, "Primary", "true");
  g_assert_cmpuint (count_targets (self->connection), ==, 2);
}

/* He leaves before the answer. */
static void
test_bound_to_a_client_who_has_left (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 20; i++) {
    GDBusConnection *alice = fixture_connection_as (self, "alice");
    Call *call = call_begin (
      alice, SERVICE_INTERFACE, "AddTargetByPid",
      g_variant_new_parsed ("(%u, {'bind': <true>})", fixture_process_of (self, "alice")),
      CALL_PLAIN);

    wait_for (i);
    g_dbus_connection_close_sync (alice, NULL, NULL);
    call_forget (call);
    g_object_unref (alice);
  }
  wait_for (200);
  for (guint i = 0; i < WAIT_SECONDS * 10 && count_targets (self->connection) > 0; i++)
    wait_for (100);
  g_assert_cmpuint (count_targets (self->connection), ==, 0);
}

static void
test_crash_takes_up_all_but_the_bound (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  const guint32 primary = fixture_process_of (self, "bob"),
                first = fixture_process_of (self, "alice"),
                second = fixture_process_of (self, "alice");
  g_autofree char *path =
    added_target (alice, first, "{'ratio': <@u 77>, 'feedback': <@u 5>, 'reason': <'kept'>}");
  g_autofree char *bound = added_target (alice, second, "{'bind': <true>}");
  g_autofree char *again = NULL;
  g_autoptr (GVariant) details = NULL, dict = NULL;
  g_autoptr (GError) error = NULL;
  const char *reason;

  fixture_serve (self, primary);
  wait_for_files ();
  fixture_service_kill (self);
  fixture_service_start (self, NULL);
  fixture_service_wait_probed (self);
  assert_root (self, primary, "running", 2);
  again = find_target (self->connection, first);
  g_assert_nonnull (again);
  g_assert_cmpstr (again, !=, path);
  g_assert_cmpuint (count_targets (self->connection), ==, 2);
  assert_target (self->connection, again, "OwnerUid", G_STRINGIFY (ALICE_UID));
  assert_target (self->connection, again, "Ratio", "77");
  assert_target (self->connection, again, "Feedback", "0");
  details = call_target (alice, again, "GetDetails", NULL, CALL_PLAIN, &error);
  g_assert_no_error (error);
  dict = g_variant_get_child_value (details, 0);
  g_assert_true (g_variant_lookup (dict, "reason", "&s", &reason));
  g_assert_cmpstr (reason, ==, "kept");
}

static void
add (const char *name, gconstpointer data, void (*function) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/target-objects/", name, NULL);

  g_test_add (path, Fixture, data, fixture_set_up_own, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("added-by-pidfd", NULL, test_added_by_pidfd);
  add ("added-with-options", NULL, test_added_with_options);
  add ("announced", NULL, test_announced);
  add ("changes-are-announced", NULL, test_changes_are_announced);
  add ("removed", NULL, test_removed);
  add ("exit", GINT_TO_POINTER (FALSE), test_exit);
  add ("exit-of-the-primary", GINT_TO_POINTER (TRUE), test_exit);
  add ("paths-are-never-used-again", NULL, test_paths_are_never_used_again);
  add ("primary-is-a-target", NULL, test_primary_is_a_target);
  add ("added-target-becomes-primary", NULL, test_added_target_becomes_primary);
  add ("removing-the-primary", NULL, test_removing_the_primary);
  add ("goals-of-the-primary", NULL, test_goals_of_the_primary);
  add ("bound-to-a-client", NULL, test_bound_to_a_client);
  add ("bound-to-a-client-who-has-left", NULL, test_bound_to_a_client_who_has_left);
  add ("crash-takes-up-all-but-the-bound", NULL, test_crash_takes_up_all_but_the_bound);
  return g_test_run ();
}
