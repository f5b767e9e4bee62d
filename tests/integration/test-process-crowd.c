/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "targets.h"

/* A thousand processes to be listed: others are answered all the while. */

#define WAIT_SECONDS 10

#define N_PROCESSES "1000"

/* That nobody waits longer while others are told of that many; of a machine at rest. */
#define LONGEST_MSEC 500

/* Another client, who asks for Version again and again. */
typedef struct {
  GDBusConnection *connection;
  gboolean over;
  gboolean pending;
  gint64 asked_at;
  gint64 longest; /* microseconds */
  guint answers;
} Bystander;

static void ask (Bystander *self);

static void
on_version (GObject *connection, GAsyncResult *result, gpointer data)
{
  Bystander *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
    g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, &error);

  g_assert_no_error (error);
  self->pending = FALSE;
  self->answers++;
  self->longest = MAX (self->longest, g_get_monotonic_time () - self->asked_at);
  if (!self->over)
    ask (self);
}

static void
ask (Bystander *self)
{
  self->pending = TRUE;
  self->asked_at = g_get_monotonic_time ();
  g_dbus_connection_call (
    self->connection, SERVICE_NAME, SERVICE_PATH, "org.freedesktop.DBus.Properties", "Get",
    g_variant_new ("(ss)", SERVICE_INTERFACE, "Version"), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
    wait_milliseconds (WAIT_SECONDS), NULL, on_version, self);
}

static gboolean
is_answered (gpointer data)
{
  return !((Bystander *) data)->pending;
}

static Call *
list_begin (GDBusConnection *connection)
{
  return call_begin (connection, SERVICE_INTERFACE, "ListProcesses",
                     g_variant_new ("(a{sv})", NULL), CALL_PLAIN);
}

/* So many callers at once, each of whom is told of a thousand processes. */
static gint64
list_at_once (GDBusConnection *connection, guint n_calls)
{
  const gint64 begin = g_get_monotonic_time ();
  g_autoptr (GPtrArray) calls = g_ptr_array_new ();

  for (guint i = 0; i < n_calls; i++)
    g_ptr_array_add (calls, list_begin (connection));
  for (guint i = 0; i < n_calls; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) reply = call_finish (g_ptr_array_index (calls, i), 60, &error);
    g_autoptr (GVariant) processes = NULL;

    g_assert_no_error (error);
    processes = g_variant_get_child_value (reply, 0);
    g_assert_cmpuint (g_variant_n_children (processes), >, 1000);
  }
  return g_get_monotonic_time () - begin;
}

static void
test_a_thousand_processes (Fixture *self, gconstpointer data)
{
  const guint n_calls = GPOINTER_TO_UINT (data);
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");
  Child *crowd = fixture_spawn_as (self, "alice", g_getenv ("DH_CROWD"), N_PROCESSES, NULL);
  g_autofree char *ready = child_expect_line (crowd, "ready", 30);
  Bystander bystander = { .connection = bob };
  gint64 first, second;

  ask (&bystander);
  first = list_at_once (alice, n_calls);
  /* With one that is known already. */
  second = list_at_once (alice, n_calls);
  wait_for (100);
  bystander.over = TRUE;
  g_assert_true (wait_until (is_answered, &bystander, WAIT_SECONDS));
  g_test_message ("%u answers, at most %.3f s each; %u lists took %.3f s and %.3f s",
                  bystander.answers, (double) bystander.longest / G_USEC_PER_SEC, n_calls,
                  (double) first / G_USEC_PER_SEC, (double) second / G_USEC_PER_SEC);
  g_assert_cmpuint (bystander.answers, >, 20);
  /* In between the lists he has his turn. */
  g_assert_cmpint (bystander.longest, <,
                   MAX (LONGEST_MSEC * wait_milliseconds (1), MAX (first, second) / 2));
}

static void
add (const char *path, guint n_calls)
{
  g_test_add (path, Fixture, GUINT_TO_POINTER (n_calls), fixture_set_up_own,
              test_a_thousand_processes, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/process-crowd/listed-once", 1);
  /* As many as the bus lets one connection wait for, or nearly so. */
  add ("/process-crowd/listed-a-hundred-times", 100);
  return g_test_run ();
}
