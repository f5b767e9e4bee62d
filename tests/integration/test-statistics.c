/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "targets.h"

#include <signal.h>

#define WAIT_SECONDS 5

/* Of the bpf engine: it knows them all. */
static const struct {
  const char *name;
  const char *type;
  gboolean private;
} figures[] = {
  { "timestamp", "t", FALSE },       { "tried-regions", "t", FALSE },
  { "tried-bytes", "t", FALSE },     { "collapsed-regions", "t", FALSE },
  { "collapsed-bytes", "t", FALSE }, { "quota-exceeds", "t", FALSE },
  { "anonymous-bytes", "t", FALSE }, { "hugepage-bytes", "t", FALSE },
  { "ratio", "u", FALSE },           { "goal", "u", FALSE },
  { "hot-bytes", "t", TRUE },        { "skipped-bytes", "t", TRUE },
  { "failures", "a{st}", TRUE },     { "engine-cpu-usec", "t", FALSE },
  { "effective-quota", "t", FALSE }, { "added-bytes", "t", FALSE },
};

static GVariant *
get_statistics (GDBusConnection *connection)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call_method (connection, "GetStatistics", NULL, CALL_PLAIN, &error);

  g_assert_no_error (error);
  g_assert_true (g_variant_is_of_type (reply, G_VARIANT_TYPE ("(a{sv})")));
  return g_variant_get_child_value (reply, 0);
}

static guint64
lookup (GVariant *statistics, const char *name)
{
  guint64 value;

  g_assert_true (g_variant_lookup (statistics, name, "t", &value));
  return value;
}

static void
assert_keys (GVariant *statistics, gboolean public_only)
{
  guint expected = 0;

  for (guint i = 0; i < G_N_ELEMENTS (figures); i++) {
    g_autoptr (GVariant) value =
      g_variant_lookup_value (statistics, figures[i].name, G_VARIANT_TYPE (figures[i].type));

    if (public_only && figures[i].private)
      g_assert_null (value);
    else
      g_assert_nonnull (value);
    expected += value != NULL;
  }
  g_assert_cmpuint (g_variant_n_children (statistics), ==, expected);
}

static void
set_interval (Fixture *self, guint64 interval)
{
  g_autoptr (GError) error = NULL;

  set_property (self->connection, "StatisticsIntervalUSec", g_variant_new_uint64 (interval),
                CALL_PLAIN, &error);
  g_assert_no_error (error);
}

static void
test_keys_and_types (Fixture *self, gconstpointer data)
{
  const gint64 begin = g_get_monotonic_time ();
  g_autoptr (GVariant) statistics = NULL;
  guint64 timestamp;

  fixture_serve (self, fixture_process_of (self, "alice"));
  statistics = get_statistics (self->connection);
  assert_keys (statistics, FALSE);
  timestamp = lookup (statistics, "timestamp");
  g_assert_cmpuint (timestamp, >=, (guint64) begin);
  g_assert_cmpuint (timestamp, <=, (guint64) g_get_monotonic_time ());
}

static void
test_measured_as_by_the_kernel (Fixture *self, gconstpointer data)
{
  Child *hotmap = fixture_hotmap_as (self, "alice", NULL, "--hot=8", "--cold=8", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (PageTables) tables = page_tables_open (child_get_pid (hotmap), &error);
  g_autoptr (GVariant) statistics = NULL;
  guint64 anonymous, huge, told;
  guint32 ratio, goal;

  g_assert_no_error (error);
  /* No call may be made meanwhile. */
  configure (self->connection, "{'Ratio': <@u 1>, 'QuotaTimeUSec': <@t 1>}", CALL_PLAIN, &error);
  fixture_serve (self, (guint32) child_get_pid (hotmap));
  configure (self->connection, "{'Ratio': <@u 4321>}", CALL_PLAIN, &error);
  g_assert_no_error (error);
  wait_for (2500);
  statistics = get_statistics (self->connection);
  page_tables_get_totals (tables, &anonymous, &huge, &error);
  g_assert_no_error (error);
  told = lookup (statistics, "anonymous-bytes");
  g_test_message ("anonymous bytes: %" G_GUINT64_FORMAT ", told %" G_GUINT64_FORMAT, anonymous,
                  told);
  g_assert_cmpuint (MAX (anonymous, told) - MIN (anonymous, told), <, anonymous / 20);
  g_assert_true (g_variant_lookup (statistics, "ratio", "u", &ratio));
  g_assert_true (g_variant_lookup (statistics, "goal", "u", &goal));
  g_assert_cmpuint (ratio, <=, 10000);
  g_assert_cmpuint (goal, ==, 4321);
}

/* Asking often must not become a load on the process. */
static void
test_reading_is_no_walk (Fixture *self, gconstpointer data)
{
  g_autoptr (GVariant) first = NULL, last = NULL;
  guint64 before;

  fixture_serve (self, fixture_process_of (self, "alice"));
  wait_for (3000);
  first = get_statistics (self->connection);
  before = lookup (first, "engine-cpu-usec");
  for (guint i = 0; i < 500; i++) {
    g_clear_pointer (&last, g_variant_unref);
    last = get_statistics (self->connection);
  }
  g_assert_cmpuint (lookup (last, "engine-cpu-usec") - before, <, 20000);
}

static void
test_nothing_set_nothing_served (Fixture *self, gconstpointer data)
{
  g_autoptr (GVariant) statistics = NULL;
  g_autoptr (GError) error = NULL;

  call_method (self->connection, "GetStatistics", NULL, CALL_PLAIN, &error);
  assert_error_name (error, SERVICE_ERROR "NoSuchProcess");
  set_property (self->connection, "Pid", g_variant_new_uint32 (fixture_process_of (self, "alice")),
                CALL_PLAIN, &error);
  g_assert_no_error (error);
  statistics = get_statistics (self->connection);
  g_assert_cmpuint (g_variant_n_children (statistics), ==, 0);
}

/* The next target does not begin with the last one's. */
static void
test_figures_are_of_one_target (Fixture *self, gconstpointer data)
{
  guint32 pid;
  Child *process = fixture_poser_as (self, "alice", &pid, NULL);
  g_autoptr (GVariant) after_exit = NULL, of_other = NULL;
  g_autoptr (GError) error = NULL;

  fixture_serve (self, pid);
  child_signal (process, SIGKILL);
  assert_property_eventually (self->connection, "State", g_variant_new_string ("target-exited"),
                              WAIT_SECONDS);
  after_exit = get_statistics (self->connection);
  assert_keys (after_exit, FALSE);
  set_property (self->connection, "Pid", g_variant_new_uint32 (fixture_process_of (self, "bob")),
                CALL_PLAIN, &error);
  g_assert_no_error (error);
  of_other = get_statistics (self->connection);
  g_assert_cmpuint (g_variant_n_children (of_other), ==, 0);
}

static void
test_broadcast (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");
  g_autoptr (SignalWatch) watch = signal_watch_new (bob, NULL, "StatisticsUpdated");
  g_autoptr (GVariant) statistics = NULL;
  guint before;

  set_interval (self, 250000);
  wait_for (600);
  g_assert_cmpuint (watch->count, ==, 0);
  fixture_serve (self, fixture_process_of (self, "alice"));
  before = watch->count;
  wait_for (2000);
  g_assert_cmpuint (watch->count, >=, before + 6);
  g_assert_cmpuint (watch->count, <=, before + 9);
  g_assert_true (g_variant_is_of_type (watch->arguments, G_VARIANT_TYPE ("(a{sv})")));
  statistics = g_variant_get_child_value (watch->arguments, 0);
  assert_keys (statistics, TRUE);
}

static void
assert_silence (SignalWatch *watch)
{
  guint count;

  wait_for (100);
  count = watch->count;
  wait_for (700);
  g_assert_cmpuint (watch->count, ==, count);
}

static void
test_broadcast_ends (Fixture *self, gconstpointer data)
{
  g_autoptr (SignalWatch) watch = signal_watch_new (self->connection, NULL, "StatisticsUpdated");
  guint32 pid;
  Child *process = fixture_poser_as (self, "alice", &pid, NULL);
  g_autoptr (GError) error = NULL;

  set_interval (self, 0);
  fixture_serve (self, pid);
  assert_silence (watch);
  set_interval (self, 250000);
  g_assert_true (signal_watch_wait (watch, 2, WAIT_SECONDS));
  set_interval (self, 0);
  assert_silence (watch);

  set_interval (self, 250000);
  g_assert_true (signal_watch_wait (watch, watch->count + 1, WAIT_SECONDS));
  set_property (self->connection, "Enabled", g_variant_new_boolean (FALSE), CALL_PLAIN, &error);
  g_assert_no_error (error);
  assert_silence (watch);

  fixture_serve (self, pid);
  g_assert_true (signal_watch_wait (watch, watch->count + 1, WAIT_SECONDS));
  child_signal (process, SIGKILL);
  assert_silence (watch);
}

/* An interval that is never over while others keep changing what has nothing to do with it. */
static void
test_broadcast_is_not_put_off (Fixture *self, gconstpointer data)
{
  g_autoptr (SignalWatch) watch = signal_watch_new (self->connection, NULL, "StatisticsUpdated");
  g_autoptr (GError) error = NULL;

  set_interval (self, 500000);
  fixture_serve (self, fixture_process_of (self, "alice"));
  for (guint i = 0; i < 25; i++) {
    set_property (self->connection, "Feedback", g_variant_new_uint32 (i + 1), CALL_PLAIN, &error);
    g_assert_no_error (error);
    wait_for (100);
  }
  g_assert_cmpuint (watch->count, >=, 3);
}

static void
add (const char *path, void (*function) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, fixture_set_up_all, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/statistics/keys-and-types", test_keys_and_types);
  add ("/statistics/measured-as-by-the-kernel", test_measured_as_by_the_kernel);
  add ("/statistics/reading-is-no-walk", test_reading_is_no_walk);
  add ("/statistics/nothing-set-nothing-served", test_nothing_set_nothing_served);
  add ("/statistics/figures-are-of-one-target", test_figures_are_of_one_target);
  add ("/statistics/broadcast-is-public-and-punctual", test_broadcast);
  add ("/statistics/broadcast-ends", test_broadcast_ends);
  add ("/statistics/broadcast-is-not-put-off", test_broadcast_is_not_put_off);
  return g_test_run ();
}
