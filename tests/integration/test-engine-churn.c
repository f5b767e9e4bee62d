/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engine-case.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECONDS 40
#define N_TARGETS 4
#define N_SWITCHES 50

static void
expect (Child *child, const char *prefix)
{
  g_free (child_expect_line (child, prefix, 60));
}

static void
test_restless (Fixture *self, gconstpointer data)
{
  Child *child = fixture_spawn_as (self, "alice", g_getenv ("DH_RESTLESS"), NULL);
  Area hot = engine_expect_area (child, "hot");

  expect (child, "ready");
  engine_serve (self, child_get_pid (child), ENGINE_QUICKLY);
  engine_wait_huge (&hot, hot.blocks * 3 / 4, SECONDS);
  assert_property (self->connection, "State", g_variant_new_string ("running"));
  assert_property (self->connection, "LastError", g_variant_new_string (""));
  engine_assert_well (self);
}

/* A copy of the zoo that executes @program, another copy of it. */
static Child *
start_zoo (Fixture *self, const char *program)
{
  g_autofree char *option = g_strconcat ("--exec=", program, NULL);

  return fixture_spawn_as (self, "alice", g_getenv ("DH_ZOO"), option, NULL);
}

static char *
copy_zoo (Fixture *self, const char *name, const char *owner, mode_t mode)
{
  g_autofree char *first = fixture_install (self, g_getenv ("DH_ZOO"));
  g_autofree char *contents = NULL;
  g_autoptr (User) user = user_lookup (owner);
  char *path = g_strdup_printf ("%s/bin/%s", self->directory, name);
  gsize length;

  g_assert_true (g_file_get_contents (first, &contents, &length, NULL));
  g_assert_true (g_file_set_contents (path, contents, (gssize) length, NULL));
  g_assert_no_errno (chown (path, user->uid, user->gid));
  g_assert_no_errno (chmod (path, mode));
  return path;
}

static void
test_exec (Fixture *self, gconstpointer data)
{
  g_autofree char *program = copy_zoo (self, "zoo-again", "alice", 0755);
  Child *child = start_zoo (self, program);
  Area before = engine_expect_area (child, "plain"), after;

  expect (child, "ready");
  engine_serve (self, child_get_pid (child), ENGINE_QUICKLY);
  engine_wait_huge (&before, before.blocks, SECONDS);
  child_signal (child, SIGHUP);
  after = engine_expect_area (child, "plain");
  expect (child, "ready");
  engine_wait_huge (&after, after.blocks, SECONDS);
  assert_property (self->connection, "State", g_variant_new_string ("running"));
  assert_property (self->connection, "LastError", g_variant_new_string (""));
}

static void
test_exec_into_another_owner (Fixture *self, gconstpointer data)
{
  g_autofree char *program = copy_zoo (self, "zoo-of-bob", "bob", 04755);
  Child *child = start_zoo (self, program);
  Area before = engine_expect_area (child, "plain"), after;

  expect (child, "ready");
  engine_serve (self, child_get_pid (child), ENGINE_QUICKLY);
  engine_wait_huge (&before, before.blocks, SECONDS);
  child_signal (child, SIGHUP);
  after = engine_expect_area (child, "plain");
  expect (child, "ready");
  assert_property_eventually (self->connection, "State", g_variant_new_string ("failed"), SECONDS);
  assert_property (self->connection, "Enabled", g_variant_new_boolean (FALSE));
  assert_property (self->connection, "LastError",
                   g_variant_new_string (SERVICE_ERROR "ProcessNotPermitted"));
  wait_for (3000);
  g_assert_cmpuint (engine_count_huge (&after), ==, 0);
}

static void
test_exit_in_mid_work (Fixture *self, gconstpointer data)
{
  g_autoptr (SignalWatch) watch = signal_watch_new (self->connection, NULL, "TargetExited");

  for (guint i = 0; i < N_TARGETS; i++) {
    Child *child = start_zoo (self, "/bin/false");
    Area plain = engine_expect_area (child, "plain");

    expect (child, "ready");
    /* One block at a time, so that there is work left. */
    engine_serve (self, child_get_pid (child),
                  ", 'QuotaTimeUSec': <uint64 500000>, 'QuotaSize': <uint64 2097152>");
    engine_wait_huge (&plain, 1, SECONDS);
    child_signal (child, SIGKILL);
    g_assert_true (signal_watch_wait (watch, i + 1, 10));
    assert_property_eventually (self->connection, "State", g_variant_new_string ("target-exited"),
                                10);
    engine_assert_well (self);
  }
}

static void
test_switches (Fixture *self, gconstpointer data)
{
  Child *children[N_TARGETS];
  Area plain[N_TARGETS];

  for (guint i = 0; i < N_TARGETS; i++) {
    children[i] = start_zoo (self, "/bin/false");
    plain[i] = engine_expect_area (children[i], "plain");
    expect (children[i], "ready");
  }
  for (guint i = 0; i < N_SWITCHES; i++) {
    engine_serve (self, child_get_pid (children[i % N_TARGETS]), ENGINE_QUICKLY);
    wait_for (i % 7 * 15);
  }
  engine_assert_well (self);
  for (guint i = 0; i + 1 < N_TARGETS; i++)
    g_assert_cmpuint (engine_count_huge (&plain[i]), ==, 0);
  engine_serve (self, plain[N_TARGETS - 1].pid, "");
  for (guint i = 0; i + 1 < N_TARGETS; i++)
    child_signal (children[i], SIGKILL);
  engine_wait_huge (&plain[N_TARGETS - 1], plain[0].blocks, SECONDS);
}

static void
add (const char *path, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, fixture_set_up_all, test, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/engine/threads-forks-and-mappings-that-come-and-go", test_restless);
  add ("/engine/exec-of-the-same-owner-goes-on", test_exec);
  add ("/engine/exec-into-another-owner-is-dropped", test_exec_into_another_owner);
  add ("/engine/exit-in-mid-work", test_exit_in_mid_work);
  add ("/engine/fifty-switches-of-the-target", test_switches);

  return g_test_run ();
}
