/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "presence.h"

#include "fixture.h"

#define WAIT_SECONDS 10

typedef struct {
  Fixture fixture;
  GDBusConnection *service;
  GDBusConnection *alice;
  DhPresence *presence;
} PresenceTest;

static void
set_up (PresenceTest *self, gconstpointer data)
{
  fixture_set_up_bus (&self->fixture, NULL);
  self->service = fixture_connection_as (&self->fixture, "root");
  self->alice = fixture_connection_as (&self->fixture, "alice");
  self->presence = dh_presence_new (self->service);
}

static void
leave (GDBusConnection *connection)
{
  g_assert_true (g_dbus_connection_close_sync (connection, NULL, NULL));
}

static void
tear_down (PresenceTest *self, gconstpointer data)
{
  dh_presence_unref (self->presence);
  g_object_unref (self->alice);
  g_object_unref (self->service);
  fixture_tear_down (&self->fixture, NULL);
}

typedef struct {
  DhPresenceWatch *watch;
  guint told;
} Watcher;

static void
on_left (gpointer user_data)
{
  Watcher *watcher = user_data;

  watcher->told++;
}

static void
on_left_for_good (gpointer user_data)
{
  Watcher *watcher = user_data;

  watcher->told++;
  g_clear_pointer (&watcher->watch, dh_presence_unwatch);
}

static gboolean
is_told (gpointer data)
{
  return ((const Watcher *) data)->told > 0;
}

static void
watch (PresenceTest *self, Watcher *watcher, GDBusConnection *client)
{
  watcher->watch = dh_presence_watch (self->presence, g_dbus_connection_get_unique_name (client),
                                      on_left, watcher);
}

static void
unwatch (Watcher *watcher)
{
  dh_presence_unwatch (watcher->watch);
}

static void
test_leaves (PresenceTest *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) bob = fixture_connection_as (&self->fixture, "bob");
  Watcher of_alice = { 0 }, again = { 0 }, of_bob = { 0 };

  watch (self, &of_alice, self->alice);
  watch (self, &again, self->alice);
  watch (self, &of_bob, bob);
  wait_for (100);
  g_assert_cmpuint (of_alice.told + again.told, ==, 0);
  leave (self->alice);
  g_assert_true (wait_until (is_told, &of_alice, WAIT_SECONDS));
  g_assert_true (wait_until (is_told, &again, WAIT_SECONDS));
  wait_for (100);
  g_assert_cmpuint (of_alice.told, ==, 1);
  g_assert_cmpuint (of_bob.told, ==, 0);
  unwatch (&of_alice);
  unwatch (&again);
  unwatch (&of_bob);
}

static void
test_has_left_before (PresenceTest *self, gconstpointer data)
{
  Watcher of_alice = { 0 };

  leave (self->alice);
  watch (self, &of_alice, self->alice);
  g_assert_cmpuint (of_alice.told, ==, 0);
  g_assert_true (wait_until (is_told, &of_alice, WAIT_SECONDS));
  unwatch (&of_alice);
}

static void
test_ended_before (PresenceTest *self, gconstpointer data)
{
  Watcher of_alice = { 0 };

  watch (self, &of_alice, self->alice);
  unwatch (&of_alice);
  leave (self->alice);
  wait_for (200);
  g_assert_cmpuint (of_alice.told, ==, 0);
}

static void
test_ended_within (PresenceTest *self, gconstpointer data)
{
  Watcher of_alice = { 0 }, again = { 0 };

  of_alice.watch = dh_presence_watch (
    self->presence, g_dbus_connection_get_unique_name (self->alice), on_left_for_good, &of_alice);
  watch (self, &again, self->alice);
  leave (self->alice);
  g_assert_true (wait_until (is_told, &again, WAIT_SECONDS));
  g_assert_cmpuint (of_alice.told, ==, 1);
  g_assert_null (of_alice.watch);
  unwatch (&again);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/presence/one-who-leaves", PresenceTest, NULL, set_up, test_leaves, tear_down);
  g_test_add ("/presence/one-who-had-left-before", PresenceTest, NULL, set_up, test_has_left_before,
              tear_down);
  g_test_add ("/presence/a-watch-that-was-ended", PresenceTest, NULL, set_up, test_ended_before,
              tear_down);
  g_test_add ("/presence/a-watch-that-ends-itself", PresenceTest, NULL, set_up, test_ended_within,
              tear_down);
  return g_test_run ();
}
