/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "targets.h"

#include <signal.h>

/* The service leaves when nobody needs it; the bus starts it again. */

#define IDLE "--idle-exit=1"
#define LONGER_THAN_IDLE 2500 /* milliseconds */

static void
begin_idle (Fixture *self, gconstpointer data)
{
  fixture_set_up_bus (self, data);
  fixture_polkit_example (self, "50-damon-hugepage-group.rules");
  fixture_polkit_start (self);
  fixture_service_start (self, IDLE, NULL);
  fixture_service_wait_probed (self);
}

static void
assert_stays (Fixture *self)
{
  wait_for (LONGER_THAN_IDLE);
  g_assert_false (child_has_exited (self->service));
}

static void
assert_leaves (Fixture *self)
{
  g_assert_cmpint (fixture_service_wait_exit (self, 4), ==, 0);
}

static void
set_pid (Fixture *self, guint32 pid)
{
  g_autoptr (GError) error = NULL;

  set_property (self->connection, "Pid", g_variant_new_uint32 (pid), CALL_PLAIN, &error);
  g_assert_no_error (error);
}

static void
test_nothing_set (Fixture *self, gconstpointer data)
{
  assert_leaves (self);
}

static void
test_stays_while_one_is_set (Fixture *self, gconstpointer data)
{
  set_pid (self, fixture_process_of (self, "alice"));
  assert_stays (self);
  set_pid (self, 0);
  assert_leaves (self);
}

static void
test_stays_while_one_is_served (Fixture *self, gconstpointer data)
{
  guint32 pid;
  Child *process = fixture_poser_as (self, "alice", &pid, NULL);

  fixture_serve (self, pid);
  assert_stays (self);
  child_signal (process, SIGKILL);
  assert_leaves (self);
}

static void
test_stays_after_a_switch (Fixture *self, gconstpointer data)
{
  Child *first = fixture_poser_as (self, "alice", NULL, NULL);

  fixture_serve (self, (guint32) child_get_pid (first));
  fixture_serve (self, fixture_process_of (self, "bob"));
  child_signal (first, SIGKILL);
  assert_stays (self);
}

static void
test_calls_put_it_off (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");

  for (guint i = 0; i < 8; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) all = NULL;

    wait_for (400);
    all = get_all_properties (bob, &error);
    g_assert_no_error (error);
  }
  assert_leaves (self);
}

static void
test_stays_while_polkit_is_asked (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  const guint32 pid = fixture_process_of (self, "alice");
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  Call *call;

  fixture_polkit_hang (self);
  call = set_property_begin (alice, "Pid", g_variant_new_uint32 (pid), CALL_PLAIN);
  assert_stays (self);
  fixture_polkit_continue (self);
  reply = call_finish (call, 5, &error);
  g_assert_no_error (error);
  set_pid (self, 0);
  assert_leaves (self);
}

/* A refused call, a caller that has left, a failed one: none of them keeps it. */
static void
test_refusals_do_not_keep_it (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");
  const guint32 pid = fixture_process_of (self, "alice");
  g_autoptr (GError) error = NULL;

  serve (bob, pid, &error);
  assert_error_name (error, BUS_ERROR "InteractiveAuthorizationRequired");
  serve (self->connection, 1, &error);
  assert_error_name (error, SERVICE_ERROR "ProcessNotPermitted");
  configure_dry_run (self->connection, "{'QuotaSize': <@t 1>}", CALL_PLAIN, &error);
  g_assert_no_error (error);
  call_forget (set_property_begin (bob, "Pid", g_variant_new_uint32 (pid), CALL_PLAIN));
  g_dbus_connection_flush_sync (bob, NULL, NULL);
  g_dbus_connection_close_sync (bob, NULL, NULL);
  assert_leaves (self);
}

static void
test_settings_survive (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  set_property (self->connection, "QuotaSize", g_variant_new_uint64 (4096), CALL_PLAIN, &error);
  g_assert_no_error (error);
  assert_leaves (self);
  fixture_service_start (self, NULL);
  fixture_service_wait_probed (self);
  assert_property (self->connection, "QuotaSize", g_variant_new_uint64 (4096));
}

static void
test_0_is_never (Fixture *self, gconstpointer data)
{
  assert_leaves (self);
  fixture_service_start (self, "--idle-exit=0", NULL);
  assert_stays (self);
}

static void
add (const char *path, void (*function) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, begin_idle, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/idle-exit/nothing-set", test_nothing_set);
  add ("/idle-exit/stays-while-one-is-set", test_stays_while_one_is_set);
  add ("/idle-exit/stays-while-one-is-served", test_stays_while_one_is_served);
  add ("/idle-exit/stays-after-a-switch", test_stays_after_a_switch);
  add ("/idle-exit/calls-put-it-off", test_calls_put_it_off);
  add ("/idle-exit/stays-while-polkit-is-asked", test_stays_while_polkit_is_asked);
  add ("/idle-exit/refusals-do-not-keep-it", test_refusals_do_not_keep_it);
  add ("/idle-exit/settings-survive", test_settings_survive);
  add ("/idle-exit/0-is-never", test_0_is_never);
  return g_test_run ();
}
