/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "target-objects.h"
#include "targets.h"

#include <signal.h>
#include <string.h>

/* How many targets there can be: of one user, and in all. Nobody is harmed by who wants more. */

#define WAIT_SECONDS 20
#define PER_USER 16
#define BY_ROOT 32
#define IN_ALL 64
#define LIMIT SERVICE_ERROR "LimitExceeded"

static void
set_up_with (Fixture *self, const char *configuration)
{
  g_autofree char *path = NULL, *option = NULL;
  g_autoptr (GError) error = NULL;

  fixture_set_up_bus (self, NULL);
  fixture_polkit_rules (self, ALLOW_OWN);
  fixture_polkit_start (self);
  path = fixture_path (self, "service.conf");
  option = g_strconcat ("--config=", path, NULL);
  g_file_set_contents_full (path, configuration, -1, G_FILE_SET_CONTENTS_NONE, 0644, &error);
  g_assert_no_error (error);
  fixture_service_start (self, option, NULL);
  fixture_service_wait_probed (self);
}

/* Two for a user, four in all. */
static void
set_up_few (Fixture *self, gconstpointer data)
{
  set_up_with (self, "[Service]\nmax-targets=4\nmax-targets-per-user=2\n");
}

static void
set_up_one (Fixture *self, gconstpointer data)
{
  set_up_with (self, "[Service]\nmax-targets=1\nmax-targets-per-user=1\n");
}

static void
set_up_one_a_user (Fixture *self, gconstpointer data)
{
  set_up_with (self, "[Service]\nmax-targets-per-user=1\n");
}

static gboolean
are_all_running (gpointer data)
{
  g_autoptr (GVariant) targets = get_targets (((Fixture *) data)->connection);
  g_autofree char *text = g_variant_print (targets, FALSE);

  return strstr (text, "'starting'") == NULL;
}

/* Nothing moves any more. */
static void
wait_for_rest (Fixture *self)
{
  g_assert_true (wait_until (are_all_running, self, WAIT_SECONDS));
  wait_for (100);
}

/* @user's process. Returns: (transfer full) */
static char *
add_one (Fixture *self, GDBusConnection *connection, const char *user)
{
  return added_target (connection, fixture_process_of (self, user), NULL);
}

static void
removed (GDBusConnection *connection, const char *path)
{
  g_autoptr (GError) error = NULL;

  remove_target (connection, path, &error);
  g_assert_no_error (error);
}

static void
set_pid (GDBusConnection *connection, guint32 pid)
{
  g_autoptr (GError) error = NULL;

  set_property (connection, "Pid", g_variant_new_uint32 (pid), CALL_PLAIN, &error);
  g_assert_no_error (error);
}

/* In whatever way. */
static void
assert_full (Fixture *self, GDBusConnection *connection, const char *user, const char *error_name)
{
  const guint32 pid = fixture_process_of (self, user);
  g_autoptr (Standstill) standstill = NULL;
  g_autoptr (GError) error = NULL;

  wait_for_rest (self);
  standstill = standstill_new (self);
  g_assert_null (add_target (connection, pid, NULL, &error));
  assert_error_name (error, error_name);
  g_assert_null (add_target (connection, pid, "{'bind': <true>, 'ratio': <@u 7>}", &error));
  assert_error_name (error, error_name);
  assert_standstill (standstill);
}

/* … and as the primary, where there is none that would make room. */
static void
assert_full_for_primary (Fixture *self, GDBusConnection *connection, const char *user)
{
  const guint32 pid = fixture_process_of (self, user);
  g_autoptr (Standstill) standstill = NULL;
  g_autoptr (GError) error = NULL;

  wait_for_rest (self);
  standstill = standstill_new (self);
  g_assert_null (add_target (connection, pid, "{'primary': <true>}", &error));
  assert_error_name (error, LIMIT);
  set_property (connection, "Pid", g_variant_new_uint32 (pid), CALL_PLAIN, &error);
  assert_error_name (error, LIMIT);
  serve (connection, pid, &error);
  assert_error_name (error, LIMIT);
  assert_standstill (standstill);
}

/* As many as a user may have, and one in the place of one of them. */
static void
fill_user (Fixture *self, GDBusConnection *connection, const char *user)
{
  g_autofree char *last = NULL;

  for (guint i = 0; i < PER_USER; i++) {
    g_free (last);
    last = add_one (self, connection, user);
  }
  assert_full (self, connection, user, LIMIT);
  assert_full_for_primary (self, connection, user);
  removed (connection, last);
  g_free (add_one (self, connection, user));
  assert_full (self, connection, user, LIMIT);
}

static void
test_sixty_four (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");
  GDBusConnection *root = self->connection;
  g_autofree char *last = NULL;
  Child *mortal;
  guint32 pid;

  assert_property (root, "MaxTargets", g_variant_new_uint32 (IN_ALL));
  fill_user (self, alice, "alice");
  fill_user (self, bob, "bob");
  for (guint i = 0; i < BY_ROOT - 2; i++)
    g_free (add_one (self, root, i % 2 ? "alice" : "bob"));
  last = add_one (self, root, "alice");
  mortal = fixture_poser_as (self, "bob", &pid, NULL);
  g_free (added_target (root, pid, NULL));
  g_assert_cmpuint (count_targets (root), ==, IN_ALL);
  assert_property (root, "ActiveTargets", g_variant_new_uint32 (IN_ALL));
  assert_full (self, root, "root", LIMIT);
  assert_full_for_primary (self, root, "alice");
  assert_full (self, alice, "alice", LIMIT);
  /* One of them as the primary is no more. */
  set_pid (root, pid);
  assert_property (root, "ActiveTargets", g_variant_new_uint32 (IN_ALL));
  removed (root, last);
  g_free (add_one (self, root, "root"));
  assert_full (self, root, "root", LIMIT);
  child_signal (mortal, SIGKILL);
  assert_property_eventually (root, "ActiveTargets", g_variant_new_uint32 (IN_ALL - 1),
                              WAIT_SECONDS);
  g_free (add_one (self, root, "bob"));
  g_assert_cmpuint (count_targets (root), ==, IN_ALL);
}

static void
test_configured (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");
  g_autofree char *first = add_one (self, alice, "alice");

  g_free (add_one (self, alice, "alice"));
  assert_property (alice, "MaxTargets", g_variant_new_uint32 (4));
  assert_full (self, alice, "alice", LIMIT);
  g_free (add_one (self, bob, "bob"));
  g_free (add_one (self, self->connection, "alice"));
  assert_full (self, bob, "bob", LIMIT);
  assert_full (self, self->connection, "bob", LIMIT);
  removed (alice, first);
  g_free (add_one (self, self->connection, "root"));
}

static void
test_root_is_exempt (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 4; i++)
    g_free (add_one (self, self->connection, "alice"));
  assert_full (self, self->connection, "alice", LIMIT);
}

/* Those that root has added of hers do not count as hers, nor does one that root has set: so
 * another in its place is one more. */
static void
test_who_adds_it_counts (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");

  g_free (add_one (self, self->connection, "alice"));
  set_pid (self->connection, fixture_process_of (self, "alice"));
  g_free (add_one (self, alice, "alice"));
  g_free (add_one (self, alice, "alice"));
  g_assert_cmpuint (count_targets (alice), ==, 4);
  assert_full_for_primary (self, alice, "alice");
}

static void
test_bound_ones_count (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GDBusConnection) also_alice = fixture_connection_as (self, "alice");
  g_autofree char *bound =
    added_target (also_alice, fixture_process_of (self, "alice"), "{'bind': <true>}");

  g_free (add_one (self, alice, "alice"));
  assert_full (self, alice, "alice", LIMIT);
  g_dbus_connection_close_sync (also_alice, NULL, NULL);
  assert_target_gone (alice, bound, WAIT_SECONDS);
  g_free (add_one (self, alice, "alice"));
  assert_full (self, alice, "alice", LIMIT);
}

/* For who has set it, and once. */
static void
test_primary_counts (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  const guint32 first = fixture_process_of (self, "alice");
  g_autofree char *path = NULL;

  set_pid (alice, first);
  path = add_one (self, alice, "alice");
  assert_full (self, alice, "alice", LIMIT);
  /* The other one becomes the primary, the one that was is gone. */
  set_pid (alice, (guint32) get_target_number (alice, path, "Pid"));
  g_assert_cmpuint (count_targets (alice), ==, 1);
  g_free (add_one (self, alice, "alice"));
  assert_full (self, alice, "alice", LIMIT);
  /* It was added as well: another primary would be one more. */
  assert_full_for_primary (self, alice, "alice");
  removed (alice, path);
  set_pid (alice, first);
  assert_full (self, alice, "alice", LIMIT);
  set_pid (alice, 0);
  g_free (add_one (self, alice, "alice"));
}

/* The one that is replaced makes room. */
static void
test_switching_at_the_limit (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  const guint32 pids[] = { fixture_process_of (self, "alice"), fixture_process_of (self, "alice"),
                           fixture_process_of (self, "alice") };
  g_autoptr (GError) error = NULL;

  g_free (add_one (self, self->connection, "bob"));
  g_free (add_one (self, self->connection, "bob"));
  g_free (add_one (self, alice, "alice"));
  serve (alice, pids[0], &error);
  g_assert_no_error (error);
  assert_full (self, alice, "alice", LIMIT);
  assert_full (self, self->connection, "bob", LIMIT);
  set_pid (alice, pids[1]);
  assert_property_eventually (alice, "State", g_variant_new_string ("running"), WAIT_SECONDS);
  g_assert_cmpuint (count_targets (alice), ==, 4);
  g_free (added_target (alice, pids[2], "{'primary': <true>}"));
  assert_property (alice, "Pid", g_variant_new_uint32 (pids[2]));
  g_assert_cmpuint (count_targets (alice), ==, 4);
  assert_full (self, self->connection, "bob", LIMIT);
}

static void
test_exits_make_room (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  guint32 pid;
  Child *primary = fixture_poser_as (self, "alice", &pid, NULL), *other;

  set_pid (alice, pid);
  other = fixture_poser_as (self, "alice", &pid, NULL);
  g_free (added_target (alice, pid, NULL));
  assert_full (self, alice, "alice", LIMIT);
  child_signal (primary, SIGKILL);
  assert_property_eventually (alice, "State", g_variant_new_string ("target-exited"), WAIT_SECONDS);
  g_free (add_one (self, alice, "alice"));
  assert_full (self, alice, "alice", LIMIT);
  child_signal (other, SIGKILL);
  assert_property_eventually (alice, "ActiveTargets", g_variant_new_uint32 (1), WAIT_SECONDS);
  g_free (add_one (self, alice, "alice"));
  assert_full (self, alice, "alice", LIMIT);
}

static void
test_all_at_once (Fixture *self, gconstpointer data)
{
  static const char *const users[] = { "alice", "bob", "root" };
  GDBusConnection *connections[G_N_ELEMENTS (users)];
  Call *calls[12];
  guint taken[G_N_ELEMENTS (users)] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (users); i++)
    connections[i] = fixture_connection_as (self, users[i]);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    calls[i] =
      call_begin (connections[i % 3], SERVICE_INTERFACE, "AddTargetByPid",
                  g_variant_new_parsed ("(%u, @a{sv} {})", fixture_process_of (self, users[i % 3])),
                  CALL_PLAIN);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) reply = call_finish (calls[i], WAIT_SECONDS, &error);

    if (reply != NULL)
      taken[i % 3]++;
    else
      assert_error_name (error, LIMIT);
  }
  g_assert_cmpuint (taken[0], <=, 2);
  g_assert_cmpuint (taken[1], <=, 2);
  g_assert_cmpuint (taken[0] + taken[1] + taken[2], ==, 4);
  for (guint i = 0; i < G_N_ELEMENTS (users); i++)
    g_object_unref (connections[i]);
}

/* With one in all it is the primary, as on an engine that serves one, and a second is as there. */
static void
test_one (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autofree char *path = add_one (self, alice, "alice");
  const guint32 other = fixture_process_of (self, "alice");

  assert_property (alice, "MaxTargets", g_variant_new_uint32 (1));
  assert_target (alice, path, "Primary", "true");
  assert_full (self, alice, "alice", SERVICE_ERROR "Busy");
  assert_full (self, self->connection, "bob", SERVICE_ERROR "Busy");
  set_pid (alice, other);
  g_assert_cmpuint (count_targets (alice), ==, 1);
  assert_property (alice, "Pid", g_variant_new_uint32 (other));
}

static void
test_one_a_user (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");

  set_pid (alice, fixture_process_of (self, "alice"));
  assert_full (self, alice, "alice", LIMIT);
  set_pid (alice, fixture_process_of (self, "alice"));
  g_free (add_one (self, bob, "bob"));
  g_free (add_one (self, self->connection, "bob"));
  assert_full (self, bob, "bob", LIMIT);
}

static void
add (const char *name, void (*set_up) (Fixture *, gconstpointer),
     void (*test) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/targets-limits/", name, NULL);

  g_test_add (path, Fixture, NULL, set_up, test, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("sixty-four", fixture_set_up_own, test_sixty_four);
  add ("configured", set_up_few, test_configured);
  add ("root-is-exempt-from-a-user's", set_up_few, test_root_is_exempt);
  add ("who-adds-it-counts", set_up_few, test_who_adds_it_counts);
  add ("bound-ones-count", set_up_few, test_bound_ones_count);
  add ("primary-counts", set_up_few, test_primary_counts);
  add ("switching-at-the-limit", set_up_few, test_switching_at_the_limit);
  add ("exits-make-room", set_up_few, test_exits_make_room);
  add ("all-at-once", set_up_few, test_all_at_once);
  add ("one", set_up_one, test_one);
  add ("one-a-user", set_up_one_a_user, test_one_a_user);
  return g_test_run ();
}
