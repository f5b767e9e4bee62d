/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bus-case.h"
#include "engine-case.h"
#include "fixture-private.h"
#include "measurement.h"
#include "measures.h"

#include <signal.h>
#include <string.h>

/* The service and its client as processes: how soon they are there, and what they hold. */

#define PAIRS 7
/* Of one side of a pair. */
#define STARTS 5
#define RUNS 20
#define START_SECONDS 20

#define PEER "/usr/libexec/power-profiles-daemon"
#define PEER_NAME "net.hadess.PowerProfiles"
#define IDLE_SECONDS 10 /* after a start */
#define WAKEUP_SECONDS 60

typedef struct {
  Fixture fixture;
  char *service; /* the real one, as installed */
  char *configuration;
  const char *awaited; /* a name on the bus */
  gint64 owned;        /* when it got an owner; 0: has none */
  double (*run_once) (gpointer self, Side side);
  guint repeats;
  guint idle_milliseconds; /* after a start */
} ProcessCase;

/* Both in turns: the middle of each. */
static void
measure_pair (Side first, double *ret_sides, gpointer data)
{
  ProcessCase *self = data;
  GArray *took[N_SIDES];

  for (Side side = 0; side < N_SIDES; side++)
    took[side] = g_array_new (FALSE, FALSE, sizeof (double));
  for (guint i = 0; i < N_SIDES * self->repeats; i++) {
    const Side side = i % 2 ? !first : first;
    const double once = self->run_once (self, side);

    g_array_append_val (took[side], once);
  }
  for (Side side = 0; side < N_SIDES; side++) {
    ret_sides[side] = median (took[side]);
    g_array_unref (took[side]);
  }
}

static void
on_owner_changed (GDBusConnection *connection, const char *sender, const char *path,
                  const char *interface, const char *signal, GVariant *arguments, gpointer data)
{
  ProcessCase *self = data;
  const char *name, *owner;

  g_variant_get (arguments, "(&s&s&s)", &name, NULL, &owner);
  if (g_strcmp0 (name, self->awaited) == 0)
    self->owned = *owner != '\0' ? g_get_monotonic_time () : 0;
}

static gboolean
is_owned (gpointer data)
{
  return ((ProcessCase *) data)->owned != 0;
}

static gboolean
is_free (gpointer data)
{
  return ((ProcessCase *) data)->owned == 0;
}

/* Once it answers it also takes signals. */
static void
end_started (ProcessCase *self, Child *child)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
    self->fixture.connection, self->awaited, SERVICE_PATH, "org.freedesktop.DBus.Properties", "Get",
    g_variant_new ("(ss)", SERVICE_INTERFACE, "Version"), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
    wait_milliseconds (START_SECONDS), NULL, &error);
  int status;

  g_assert_no_error (error);
  child_signal (child, SIGTERM);
  g_assert_true (child_wait (child, START_SECONDS, &status));
  g_assert_cmpint (status, ==, 0);
  g_assert_true (wait_until (is_free, self, START_SECONDS));
}

/* Without the program that takes privileges away, which would be a part of both. Returns: what it
 * took until the name was owned, in milliseconds. */
static double
start_once (gpointer data, Side side)
{
  ProcessCase *self = data;
  const char *real[] = { self->service, "--engine=bpf", self->configuration, NULL };
  const char *plain[] = { g_getenv ("DH_PLAIN_SERVICE"), NULL };
  ChildOptions options = { .environment = (const char *const *) self->fixture.service_environment,
                           .log = self->fixture.service_log };
  g_autoptr (Child) child = NULL;
  gint64 begin;
  double took;

  self->awaited = bus_case_get_name (side);
  self->owned = 0;
  begin = g_get_monotonic_time ();
  child = child_spawn (side == SIDE_REAL ? real : plain, &options);
  g_assert_true (wait_until (is_owned, self, START_SECONDS));
  took = (double) (self->owned - begin) / 1e3;
  end_started (self, child);
  return took;
}

void
measure_start (gboolean smoke, gboolean is_long)
{
  ProcessCase self = { .run_once = start_once, .repeats = smoke ? 1 : STARTS };
  g_autofree char *configuration = NULL;

  bus_case_set_up_bus (&self.fixture);
  fixture_polkit_rules (&self.fixture, ALLOW_OWN);
  fixture_polkit_start (&self.fixture);
  configuration = fixture_path (&self.fixture, "no-configuration");
  self.configuration = g_strconcat ("--config=", configuration, NULL);
  self.service = fixture_install (&self.fixture, g_getenv ("DH_SERVICE"));
  g_dbus_connection_signal_unsubscribe (self.fixture.connection, self.fixture.subscription);
  self.fixture.subscription = g_dbus_connection_signal_subscribe (
    self.fixture.connection, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
    "/org/freedesktop/DBus", NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_owner_changed, &self, NULL);
  wait_for_bus (self.fixture.connection);
  for (Side side = 0; side < N_SIDES; side++)
    start_once (&self, side); /* brings the files in */
  report ("start", bus_case_compare (smoke ? 1 : PAIRS, measure_pair, &self));
  fixture_tear_down (&self.fixture, NULL);
  g_free (self.configuration);
  g_free (self.service);
}

/* How often each thread has gone to sleep, which is as often as something woke it. Reading that
 * wakes none. Returns: (transfer full): thread → switches */
static GHashTable *
read_switches (GPid pid)
{
  static const char key[] = "\nvoluntary_ctxt_switches:\t";
  g_autofree char *folder = g_strdup_printf ("/proc/%d/task", pid);
  g_autoptr (GDir) threads = g_dir_open (folder, 0, NULL);
  GHashTable *switches = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const char *name;

  g_assert_nonnull (threads);
  while ((name = g_dir_read_name (threads))) {
    g_autofree char *path = g_build_filename (folder, name, "status", NULL);
    g_autofree char *status = NULL;

    if (g_file_get_contents (path, &status, NULL, NULL))
      g_hash_table_insert (
        switches, g_strdup (name),
        GUINT_TO_POINTER (g_ascii_strtoull (strstr (status, key) + strlen (key), NULL, 10)));
  }
  return switches;
}

/* A thread that has ended was woken for that. */
static guint
count_wakeups (GHashTable *before, GHashTable *after)
{
  GHashTableIter iter;
  gpointer thread, switches;
  guint wakeups = 0;

  g_hash_table_iter_init (&iter, after);
  while (g_hash_table_iter_next (&iter, &thread, &switches))
    wakeups +=
      GPOINTER_TO_UINT (switches) - GPOINTER_TO_UINT (g_hash_table_lookup (before, thread));
  g_hash_table_iter_init (&iter, before);
  while (g_hash_table_iter_next (&iter, &thread, NULL))
    wakeups += !g_hash_table_contains (after, thread);
  return wakeups;
}

/* It finds a machine without anything that it could set. */
static Child *
start_peer (Fixture *fixture)
{
  g_auto (GStrv) environment =
    g_environ_setenv (g_strdupv (fixture->environment), "UMOCKDEV_DIR", fixture->directory, TRUE);
  const char *argv[] = { PEER, NULL };
  Child *peer = fixture_spawn_daemon (fixture, argv, environment);

  fixture_wait_for_name (fixture, PEER_NAME, peer);
  return peer;
}

static double
read_resident_kb (Child *child)
{
  return (double) engine_read_memory (child_get_pid (child), "Rss") / 1024;
}

/* Both side by side, whichever is @first. How much of the libraries' files is mapped differs from
 * start to start. */
static void
measure_memory (Side first, double *ret_sides, gpointer data)
{
  ProcessCase *self = data;
  Fixture *fixture = &self->fixture;
  Child *peer = start_peer (fixture);

  fixture_service_start (fixture, NULL);
  wait_for (self->idle_milliseconds);
  ret_sides[SIDE_REAL] = read_resident_kb (fixture->service);
  ret_sides[SIDE_PLAIN] = read_resident_kb (peer);
  fixture_service_stop (fixture);
  child_free (peer);
  wait_for_bus (fixture->connection);
}

void
measure_idle (gboolean smoke, gboolean is_long)
{
  ProcessCase self = { .idle_milliseconds = smoke ? 1000 : IDLE_SECONDS * 1000 };
  g_autoptr (GHashTable) before = NULL, after = NULL;
  Fixture *fixture = &self.fixture;
  GPid pid;

  bus_case_set_up_bus (fixture);
  fixture_polkit_rules (fixture, ALLOW_OWN);
  fixture_polkit_start (fixture);
  report ("idle-memory", bus_case_compare (smoke ? 1 : PAIRS, measure_memory, &self));
  fixture_service_start (fixture, NULL);
  pid = child_get_pid (fixture->service);
  wait_for (self.idle_milliseconds);
  wait_for_bus (fixture->connection);
  before = read_switches (pid);
  wait_for (smoke ? 1000 : WAKEUP_SECONDS * 1000);
  after = read_switches (pid);
  report_value ("wakeups", count_wakeups (before, after));
  fixture_tear_down (fixture, NULL);
}

/* Returns: what it took, in milliseconds. */
static double
run_client_once (gpointer data, Side side)
{
  ProcessCase *self = data;
  char *real[] = { (char *) g_getenv ("DH_HUGEPAGECTL"), (char *) "status", NULL };
  char *plain[] = { (char *) g_getenv ("DH_PLAIN_CLIENT"), NULL };
  const gint64 begin = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_sync (NULL, side == SIDE_REAL ? real : plain, self->fixture.environment,
                G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  return (double) (g_get_monotonic_time () - begin) / 1e3;
}

void
measure_client (gboolean smoke, gboolean is_long)
{
  ProcessCase self = { .run_once = run_client_once, .repeats = smoke ? 2 : RUNS };

  bus_case_set_up (&self.fixture);
  for (Side side = 0; side < N_SIDES; side++)
    run_client_once (&self, side); /* brings the files in */
  report ("client-status", bus_case_compare (smoke ? 1 : PAIRS, measure_pair, &self));
  fixture_tear_down (&self.fixture, NULL);
}
