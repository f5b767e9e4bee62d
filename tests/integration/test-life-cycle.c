/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "targets.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define WAIT_SECONDS 5

/* The bus's rules, but not yet the service. */
static void
begin_with_polkit (Fixture *self, gconstpointer data)
{
  fixture_set_up_bus (self, data);
  fixture_polkit_example (self, "50-damon-hugepage-group.rules");
  fixture_polkit_start (self);
}

static void
test_name_comes_before_the_engines (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  const guint32 pid = fixture_process_of (self, "alice");
  const gint64 begin = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) all = NULL;

  fixture_service_start (self, NULL);
  g_test_message ("%.3f s to the name", (double) (g_get_monotonic_time () - begin) / 1e6);
  all = get_all_properties (alice, &error);
  g_assert_no_error (error);
  g_test_message ("%.3f s to all properties", (double) (g_get_monotonic_time () - begin) / 1e6);
  /* A call that needs the engine waits for it. */
  serve (alice, pid, &error);
  g_assert_no_error (error);
  assert_property (alice, "Engine", g_variant_new_string ("bpf"));
  assert_property (alice, "Pid", g_variant_new_uint32 (pid));
}

static void
test_probing_is_announced (Fixture *self, gconstpointer data)
{
  g_autoptr (SignalWatch) watch =
    signal_watch_new (self->connection, "org.freedesktop.DBus.Properties", "PropertiesChanged");
  g_autoptr (GVariant) changed = NULL;
  const char *state, *engine;

  fixture_service_start (self, NULL);
  g_assert_true (signal_watch_wait (watch, 1, WAIT_SECONDS));
  changed = g_variant_get_child_value (watch->arguments, 1);
  g_assert_true (g_variant_lookup (changed, "State", "&s", &state));
  g_assert_true (g_variant_lookup (changed, "Engine", "&s", &engine));
  g_assert_cmpstr (state, ==, "disabled");
  g_assert_cmpstr (engine, ==, "bpf");
  g_assert_true (g_variant_lookup (changed, "Engines", "@aa{sv}", NULL));
  g_assert_true (g_variant_lookup (changed, "Limits", "@a{sv}", NULL));
  g_assert_true (g_variant_lookup (changed, "Capabilities", "@as", NULL));
  wait_for (300);
  g_assert_cmpuint (watch->count, ==, 1);
}

static void
test_notifications (Fixture *self, gconstpointer data)
{
  g_autofree char *serving = NULL;
  guint32 pid;

  fixture_service_capture_notify (self);
  fixture_service_set_environment (self, "WATCHDOG_USEC", "400000");
  fixture_service_start (self, NULL);
  fixture_service_wait_notify (self, "READY=1", WAIT_SECONDS);
  fixture_service_wait_notify (self, "STATUS=disabled", WAIT_SECONDS);
  pid = fixture_process_of (self, "alice");
  fixture_serve (self, pid);
  serving = g_strdup_printf ("STATUS=running, engine bpf, process %u", pid);
  fixture_service_wait_notify (self, serving, WAIT_SECONDS);
  for (guint i = 0; i < 4; i++) {
    fixture_service_forget_notified (self);
    wait_for (400);
    g_assert_true (fixture_service_has_notified (self, "WATCHDOG=1"));
  }
  g_assert_false (fixture_service_has_notified (self, "STOPPING=1"));
  fixture_service_stop (self);
  g_assert_true (fixture_service_has_notified (self, "STOPPING=1"));
}

static void
test_no_watchdog_unless_asked (Fixture *self, gconstpointer data)
{
  fixture_service_capture_notify (self);
  fixture_service_start (self, NULL);
  fixture_service_wait_notify (self, "READY=1", WAIT_SECONDS);
  wait_for (500);
  g_assert_false (fixture_service_has_notified (self, "WATCHDOG=1"));
}

static void
test_ends_by_signal (Fixture *self, gconstpointer data)
{
  static const int numbers[] = { SIGTERM, SIGINT };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    const gint64 begin = g_get_monotonic_time ();

    fixture_service_start (self, NULL);
    if (i == 0)
      fixture_serve (self, fixture_process_of (self, "alice"));
    child_signal (self->service, numbers[i]);
    g_assert_cmpint (fixture_service_wait_exit (self, 2), ==, 0);
    g_test_message ("%.3f s", (double) (g_get_monotonic_time () - begin) / 1e6);
  }
}

/* Before the engine is probed, and in the midst of it. */
static void
test_ends_at_any_moment (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 12; i++) {
    fixture_service_spawn (self, NULL);
    wait_for (i * 10);
    child_signal (self->service, SIGTERM);
    if (!child_wait (self->service, 2, NULL))
      g_error ("It still runs when ended after %u ms", i * 10);
    /* Ended before it listens to signals, or in order. */
    g_clear_pointer (&self->service, child_free);
  }
}

static void
own_name (GDBusConnection *connection)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
    connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
    "RequestName", g_variant_new ("(su)", SERVICE_NAME, 0), NULL, G_DBUS_CALL_FLAGS_NONE, 5000,
    NULL, &error);

  g_assert_no_error (error);
}

static void
test_name_is_taken (Fixture *self, gconstpointer data)
{
  own_name (self->connection);
  fixture_service_spawn (self, NULL);
  g_assert_cmpint (fixture_service_wait_exit (self, WAIT_SECONDS), !=, 0);
}

static void
test_no_bus (Fixture *self, gconstpointer data)
{
  fixture_service_set_environment (self, "DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus");
  fixture_service_spawn (self, NULL);
  g_assert_cmpint (fixture_service_wait_exit (self, WAIT_SECONDS), !=, 0);
}

static void
test_bus_goes_away (Fixture *self, gconstpointer data)
{
  fixture_service_start (self, NULL);
  fixture_serve (self, fixture_process_of (self, "alice"));
  child_signal (self->bus, SIGKILL);
  g_assert_cmpint (fixture_service_wait_exit (self, 2), !=, 0);
}

static const struct {
  const char *arguments;
  gboolean good;
  const char *output; /* of it, or of its error */
} command_lines[] = {
  { "--help", TRUE, "--idle-exit=SECONDS" },
  { "--version", TRUE, "damon-hugepaged " },
  { "--version --engine=bpf", TRUE, "damon-hugepaged " },
  { "--nonsense", FALSE, "Try --help" },
  { "--engine=nonsense", FALSE, "bpf" },
  { "--engine=", FALSE, "bpf" },
  { "--engine", FALSE, "Try --help" },
  { "--idle-exit=-1", FALSE, "negative" },
  { "--idle-exit=soon", FALSE, "soon" },
  { "--idle-exit=99999999999", FALSE, "99999999999" },
  { "argument", FALSE, "Try --help" },
  /* What only tests may ask for is not in what is installed. */
  { "--root=tmp", FALSE, "--root" },
  { "--stall-collapse=1", FALSE, "--stall-collapse" },
};

/* None of these comes as far as to look for a bus. */
static void
test_command_line (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autofree char *directory = g_path_get_dirname (g_getenv ("DH_SERVICE"));
  g_autofree char *line =
    g_strdup_printf ("%s/damon-hugepaged %s", directory, command_lines[i].arguments);
  g_auto (GStrv) argv = g_strsplit (line, " ", -1);
  g_autofree char *output = NULL, *errors = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_sync (NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, &errors, &status, &error);
  g_assert_no_error (error);
  g_assert_true (WIFEXITED (status));
  if (command_lines[i].good) {
    g_assert_cmpint (WEXITSTATUS (status), ==, 0);
    g_assert_nonnull (strstr (output, command_lines[i].output));
    g_assert_cmpstr (errors, ==, "");
  } else {
    g_assert_cmpint (WEXITSTATUS (status), !=, 0);
    g_assert_nonnull (strstr (errors, command_lines[i].output));
    g_assert_cmpstr (output, ==, "");
  }
}

static void
add (const char *path, void (*function) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, begin_with_polkit, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/life-cycle/name-comes-before-the-engines", test_name_comes_before_the_engines);
  add ("/life-cycle/probing-is-announced", test_probing_is_announced);
  add ("/life-cycle/notifications", test_notifications);
  add ("/life-cycle/no-watchdog-unless-asked", test_no_watchdog_unless_asked);
  add ("/life-cycle/ends-by-signal", test_ends_by_signal);
  add ("/life-cycle/ends-at-any-moment", test_ends_at_any_moment);
  add ("/life-cycle/name-is-taken", test_name_is_taken);
  add ("/life-cycle/no-bus", test_no_bus);
  add ("/life-cycle/bus-goes-away", test_bus_goes_away);
  for (guint i = 0; i < G_N_ELEMENTS (command_lines); i++) {
    g_autofree char *path =
      g_strdup_printf ("/life-cycle/command-line/%s", command_lines[i].arguments);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_command_line);
  }
  return g_test_run ();
}
