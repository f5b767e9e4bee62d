/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "ear.h"
#include "target-objects.h"
#include "targets.h"

#include <signal.h>

/* Who gets which figures, for how long, and how often. */

#define WAIT_SECONDS 10
#define FLOOR 250000

/* Longer than any interval here takes to come again; milliseconds. */
#define LONG_ENOUGH 1000

#define INSPECT_RULE                                                                               \
  ALLOW_OWN "polkit.addRule (function (action, subject) {\n"                                       \
            "  if (action.id == 'org.damon.Hugepage.inspect' && subject.user == 'alice')\n"        \
            "    return polkit.Result.YES;\n"                                                      \
            "});\n"

/* Served, with figures. Returns: (transfer full): its path. */
static char *
serve_one_of (Fixture *self, const char *user, const char *options)
{
  char *path = added_target (self->connection, fixture_process_of (self, user), options);

  assert_target_eventually (self->connection, path, "State", "'running'", WAIT_SECONDS);
  return path;
}

static void
assert_silent (Ear *ear)
{
  ear_clear (ear);
  wait_for (LONG_ENOUGH);
  g_assert_cmpuint (ear->count, ==, 0);
}

static void
undo (Fixture *self, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
    call_target (self->connection, path, "Undo", NULL, CALL_PLAIN, &error);

  g_assert_no_error (error);
}

static const struct {
  guint64 interval;
  guint64 effective; /* 0: refused */
} intervals[] = {
  { 0, 0 },
  { 1, FLOOR },
  { FLOOR - 1, FLOOR },
  { FLOOR, FLOOR },
  { FLOOR + 1, FLOOR + 1 },
  { 5000000, 5000000 },
  { G_GUINT64_CONSTANT (3600000000), G_GUINT64_CONSTANT (3600000000) },
  { G_GUINT64_CONSTANT (3600000001), 0 },
  { G_GUINT64_CONSTANT (1) << 63, 0 },
  { G_MAXUINT64, 0 },
};

static void
test_intervals (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");

  for (guint i = 0; i < G_N_ELEMENTS (intervals); i++) {
    g_autoptr (GError) error = NULL;

    if (intervals[i].effective > 0) {
      g_assert_cmpuint (subscribe (bob, intervals[i].interval), ==, intervals[i].effective);
      continue;
    }
    call_method (bob, "SubscribeStatistics", g_variant_new ("(t)", intervals[i].interval),
                 CALL_PLAIN, &error);
    assert_error_name (error, SERVICE_ERROR "InvalidValue");
  }
}

/* What is refused leaves the one there is as it is. */
static void
test_refused_changes_nothing (Fixture *self, gconstpointer data)
{
  g_autofree char *path = serve_one_of (self, "alice", NULL);
  g_autoptr (Ear) ear = ear_new (self->connection);
  g_autoptr (GError) error = NULL;

  subscribe (self->connection, FLOOR);
  call_method (self->connection, "SubscribeStatistics", g_variant_new ("(t)", (guint64) 0),
               CALL_PLAIN, &error);
  assert_error_name (error, SERVICE_ERROR "InvalidValue");
  ear_clear (ear);
  g_assert_true (ear_wait (ear, path, 2, WAIT_SECONDS));
}

/* One timer wakes for all, and each has a pace of its own. */
static void
test_each_has_its_pace (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autofree char *path = serve_one_of (self, "alice", NULL);
  g_autoptr (Ear) fast = ear_new (alice), slow = ear_new (self->connection);

  subscribe (alice, FLOOR);
  /* By then it is known what a signal costs here, and how long all have to wait. */
  g_assert_true (ear_wait (fast, path, 4, WAIT_SECONDS));
  subscribe (self->connection, 10 * subscribe (alice, FLOOR));
  ear_clear (fast);
  g_assert_true (ear_wait (slow, path, 2, 2 * WAIT_SECONDS));
  g_test_message ("%u and %u", fast->count, slow->count);
  g_assert_cmpuint (fast->count, >=, 2 * slow->count);
}

/* The second call replaces the first. */
static void
test_another_interval (Fixture *self, gconstpointer data)
{
  g_autofree char *path = serve_one_of (self, "alice", NULL);
  g_autoptr (Ear) ear = ear_new (self->connection);

  subscribe (self->connection, FLOOR);
  g_assert_true (ear_wait (ear, path, 2, WAIT_SECONDS));
  subscribe (self->connection, G_GUINT64_CONSTANT (3600000000));
  assert_silent (ear);
  subscribe (self->connection, FLOOR);
  g_assert_true (ear_wait (ear, path, 2, WAIT_SECONDS));
}

/* Asks the bus for what is sent to others: it refuses, or does as if it had not. */
static void
eavesdrop (GDBusConnection *connection)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
    connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch",
    g_variant_new ("(s)", "type='signal',interface='" TARGET_INTERFACE "',eavesdrop='true'"), NULL,
    G_DBUS_CALL_FLAGS_NONE, wait_milliseconds (WAIT_SECONDS), NULL, NULL);

  g_test_message ("Eavesdropping is %s", reply != NULL ? "accepted" : "refused");
}

/* Whoever listens: another user, and another connection of the same one. */
static void
test_only_the_subscriber_hears (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GDBusConnection) also_alice = fixture_connection_as (self, "alice");
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");
  g_autofree char *path = serve_one_of (self, "alice", NULL);
  g_autoptr (Ear) ear = ear_new (alice), hers = ear_new (also_alice), bobs = ear_new (bob);

  eavesdrop (bob);
  eavesdrop (also_alice);
  subscribe (alice, FLOOR);
  g_assert_true (ear_wait (ear, path, 5, WAIT_SECONDS));
  g_assert_cmpuint (hers->count, ==, 0);
  g_assert_cmpuint (bobs->count, ==, 0);
}

static void
test_own_alone (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autofree char *hers = serve_one_of (self, "alice", NULL);
  g_autofree char *bobs = serve_one_of (self, "bob", NULL);
  g_autofree char *roots = serve_one_of (self, "root", NULL);
  g_autoptr (Ear) ear = ear_new (alice);

  subscribe (alice, FLOOR);
  g_assert_true (ear_wait (ear, hers, 4, WAIT_SECONDS));
  g_assert_cmpuint (ear_count_of (ear, bobs), ==, 0);
  g_assert_cmpuint (ear_count_of (ear, roots), ==, 0);
}

/* What she has added, but does not own, she may end, and not look into. */
static void
test_added_is_not_own (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autofree char *hers = serve_one_of (self, "alice", NULL);
  g_autofree char *bobs = NULL;
  g_autoptr (Ear) ear = ear_new (alice);

  fixture_polkit_rules (self, "polkit.addRule (function (action, subject) {\n"
                              "  if (action.id == 'org.damon.Hugepage.target-any')\n"
                              "    return polkit.Result.YES;\n"
                              "});\n");
  bobs = added_target (alice, fixture_process_of (self, "bob"), NULL);
  assert_target_eventually (alice, bobs, "State", "'running'", WAIT_SECONDS);
  subscribe (alice, FLOOR);
  g_assert_true (ear_wait (ear, hers, 4, WAIT_SECONDS));
  g_assert_cmpuint (ear_count_of (ear, bobs), ==, 0);
}

static void
test_others_by_inspect (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");
  g_autofree char *hers = serve_one_of (self, "alice", NULL);
  g_autofree char *bobs = serve_one_of (self, "bob", NULL);
  g_autofree char *roots = serve_one_of (self, "root", NULL);
  g_autoptr (Ear) ear = ear_new (alice), ear_of_bob = ear_new (bob);

  fixture_polkit_rules (self, INSPECT_RULE);
  subscribe (alice, FLOOR);
  subscribe (bob, FLOOR);
  g_assert_true (ear_wait (ear, hers, 2, WAIT_SECONDS));
  g_assert_true (ear_wait (ear, bobs, 2, WAIT_SECONDS));
  g_assert_true (ear_wait (ear, roots, 2, WAIT_SECONDS));
  g_assert_true (ear_wait (ear_of_bob, bobs, 2, WAIT_SECONDS));
  g_assert_cmpuint (ear_of_bob->count, ==, ear_count_of (ear_of_bob, bobs));
}

/* It is checked when somebody subscribes: neither later grants nor later refusals count before the
 * next time. */
static void
test_checked_at_subscription (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autofree char *hers = serve_one_of (self, "alice", NULL);
  g_autofree char *bobs = serve_one_of (self, "bob", NULL);
  g_autoptr (Ear) ear = ear_new (alice);

  subscribe (alice, FLOOR);
  fixture_polkit_rules (self, INSPECT_RULE);
  ear_clear (ear);
  g_assert_true (ear_wait (ear, hers, 4, WAIT_SECONDS));
  g_assert_cmpuint (ear_count_of (ear, bobs), ==, 0);

  subscribe (alice, FLOOR);
  g_assert_true (ear_wait (ear, bobs, 2, WAIT_SECONDS));
  fixture_polkit_rules (self, ALLOW_OWN);
  ear_clear (ear);
  g_assert_true (ear_wait (ear, bobs, 2, WAIT_SECONDS));

  subscribe (alice, FLOOR);
  ear_clear (ear);
  g_assert_true (ear_wait (ear, hers, 4, WAIT_SECONDS));
  g_assert_cmpuint (ear_count_of (ear, bobs), ==, 0);
}

/* With all keys, and the time of the measurement, from the first on; what everybody hears of the
 * primary lacks what is private. */
static void
test_figures (Fixture *self, gconstpointer data)
{
  static const char *const private[] = { "hot-bytes", "skipped-bytes", "failures" };
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (SignalWatch) broadcast = signal_watch_new (alice, NULL, "StatisticsUpdated");
  g_autofree char *path = NULL;
  g_autoptr (GVariant) public = NULL;
  g_autoptr (Ear) ear = ear_new (alice);
  const gint64 begin = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;
  guint64 timestamp;

  set_property (self->connection, "StatisticsIntervalUSec", g_variant_new_uint64 (FLOOR),
                CALL_PLAIN, &error);
  g_assert_no_error (error);
  subscribe (alice, FLOOR);
  path = added_target (self->connection, fixture_process_of (self, "alice"), "{'primary': <true>}");
  g_assert_true (ear_wait (ear, path, 1, WAIT_SECONDS));
  g_assert_true (g_variant_lookup (ear->figures, "timestamp", "t", &timestamp));
  g_assert_cmpint ((gint64) timestamp, >=, begin);
  g_assert_cmpint ((gint64) timestamp, <=, g_get_monotonic_time ());
  g_assert_true (signal_watch_wait (broadcast, 1, WAIT_SECONDS));
  public = g_variant_get_child_value (broadcast->arguments, 0);
  g_assert_true (g_variant_lookup (public, "timestamp", "t", &timestamp));
  for (guint i = 0; i < G_N_ELEMENTS (private); i++) {
    g_autoptr (GVariant) value = g_variant_lookup_value (ear->figures, private[i], NULL);

    g_assert_nonnull (value);
    g_assert_false (g_variant_lookup (public, private[i], "*", NULL));
  }
  g_assert_cmpuint (g_variant_n_children (ear->figures), ==,
                    g_variant_n_children (public) + G_N_ELEMENTS (private));
}

static void
test_targets_come_and_go (Fixture *self, gconstpointer data)
{
  g_autoptr (Ear) ear = ear_new (self->connection);
  guint32 pid;
  Child *process = fixture_poser_as (self, "alice", &pid, NULL);
  g_autofree char *exits = NULL, *disabled = NULL, *removed = NULL;
  g_autoptr (GError) error = NULL;

  subscribe (self->connection, FLOOR);
  wait_for (LONG_ENOUGH);
  g_assert_cmpuint (ear->count, ==, 0);
  exits = added_target (self->connection, pid, NULL);
  disabled = serve_one_of (self, "alice", NULL);
  removed = serve_one_of (self, "bob", NULL);
  g_assert_true (ear_wait (ear, exits, 2, WAIT_SECONDS));
  g_assert_true (ear_wait (ear, disabled, 2, WAIT_SECONDS));
  g_assert_true (ear_wait (ear, removed, 2, WAIT_SECONDS));

  child_signal (process, SIGKILL);
  assert_target_gone (self->connection, exits, WAIT_SECONDS);
  undo (self, disabled);
  ear_clear (ear);
  g_assert_true (ear_wait (ear, removed, 3, WAIT_SECONDS));
  g_assert_cmpuint (ear->count, ==, ear_count_of (ear, removed));
  remove_target (self->connection, removed, &error);
  g_assert_no_error (error);
  assert_silent (ear);

  /* Served again, as the primary. */
  serve (self->connection, (guint32) get_target_number (self->connection, disabled, "Pid"), &error);
  g_assert_no_error (error);
  g_assert_true (ear_wait (ear, disabled, 2, WAIT_SECONDS));
}

static void
test_unsubscribed (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autofree char *path = serve_one_of (self, "alice", NULL);
  g_autoptr (Ear) ear = ear_new (alice), other = ear_new (self->connection);

  /* Without having subscribed, too. */
  unsubscribe (alice);
  subscribe (alice, FLOOR);
  subscribe (self->connection, FLOOR);
  g_assert_true (ear_wait (ear, path, 2, WAIT_SECONDS));
  unsubscribe (alice);
  ear_clear (ear);
  ear_clear (other);
  g_assert_true (ear_wait (other, path, 4, WAIT_SECONDS));
  g_assert_cmpuint (ear->count, ==, 0);
  unsubscribe (self->connection);
  assert_silent (other);
}

static void
add (const char *path, void (*function) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, fixture_set_up_own, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/subscriptions/intervals", test_intervals);
  add ("/subscriptions/refused-changes-nothing", test_refused_changes_nothing);
  add ("/subscriptions/each-has-its-pace", test_each_has_its_pace);
  add ("/subscriptions/another-interval", test_another_interval);
  add ("/subscriptions/only-the-subscriber-hears", test_only_the_subscriber_hears);
  add ("/subscriptions/own-alone", test_own_alone);
  add ("/subscriptions/added-is-not-own", test_added_is_not_own);
  add ("/subscriptions/others-by-inspect", test_others_by_inspect);
  add ("/subscriptions/checked-at-subscription", test_checked_at_subscription);
  add ("/subscriptions/figures", test_figures);
  add ("/subscriptions/targets-come-and-go", test_targets_come_and_go);
  add ("/subscriptions/unsubscribed", test_unsubscribed);
  return g_test_run ();
}
