/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engine-case.h"
#include "target-objects.h"

#include <signal.h>

/* Taking back what was made huge, proved by the page tables. */

#define SECONDS 40
#define N_HOT 64

typedef struct {
  guint64 split;
  guint64 kept;
} Undone;

static Undone
undo (GDBusConnection *connection, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call_target (connection, path, "Undo", NULL, CALL_PLAIN, &error);
  Undone undone;

  g_assert_no_error (error);
  g_variant_get (reply, "(tt)", &undone.split, &undone.kept);
  return undone;
}

typedef struct {
  HeatMap *map;
  PageTables *tables;
  guint n;
} HugeWait;

static gboolean
has_huge (gpointer data)
{
  const HugeWait *wait = data;
  g_autoptr (GError) error = NULL;
  guint huge = 0;

  heat_map_count_huge (wait->map, HEAT_CLASS_HOT, wait->tables, &huge, &error);
  g_assert_no_error (error);
  return huge >= wait->n;
}

static guint64
read_huge (PageTables *tables)
{
  g_autoptr (GError) error = NULL;
  guint64 anonymous, huge;

  g_assert_true (page_tables_get_totals (tables, &anonymous, &huge, &error));
  g_assert_no_error (error);
  return huge;
}

static void
test_all_is_taken_back (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (HeatMap) map = NULL;
  g_autoptr (PageTables) tables = NULL;
  g_autoptr (GError) error = NULL;
  Child *child = fixture_hotmap_as (self, "alice", &map, "--hot=64", "--one=16", "--cold=64", NULL);
  g_autofree char *path = NULL;
  guint64 huge;
  Undone undone;

  engine_warm_host (512);
  engine_configure (self, "{'QuotaTimeUSec': <@t 500000>}");
  tables = page_tables_open (child_get_pid (child), &error);
  g_assert_no_error (error);
  path = added_target (alice, (guint32) child_get_pid (child), NULL);
  g_assert_true (wait_until (has_huge, &(HugeWait){ map, tables, N_HOT }, SECONDS));
  wait_for (500);
  huge = read_huge (tables);
  g_assert_cmpuint (huge, >=, N_HOT * PAGE_TABLES_BLOCK_SIZE);

  undone = undo (alice, path);
  g_assert_cmpuint (undone.split, ==, huge);
  g_assert_cmpuint (undone.kept, ==, 0);
  g_assert_cmpuint (read_huge (tables), ==, 0);
  assert_target (self->connection, path, "State", "'disabled'");
  engine_assert_intact (child);
  /* It stays so, … */
  wait_for (3000);
  g_assert_cmpuint (read_huge (tables), ==, 0);
  undone = undo (alice, path);
  g_assert_cmpuint (undone.split + undone.kept, ==, 0);
  /* … until it is served again. */
  engine_serve (self, child_get_pid (child), "");
  g_assert_true (wait_until (has_huge, &(HugeWait){ map, tables, N_HOT }, SECONDS));
  assert_target (self->connection, path, "State", "'running'");
  undone = undo (alice, path);
  g_assert_cmpuint (undone.split, >=, N_HOT * PAGE_TABLES_BLOCK_SIZE);
  g_assert_cmpuint (read_huge (tables), ==, 0);
  engine_assert_intact (child);
}

/* What the process has made huge itself is none of ours. */
static void
test_only_what_was_made_huge (Fixture *self, gconstpointer data)
{
  Child *child = fixture_spawn_as (self, "alice", g_getenv ("DH_ZOO"), NULL);
  Area plain = engine_expect_area (child, "plain");
  Area own = engine_expect_area (child, "own");
  g_autofree char *ready = child_expect_line (child, "ready", 60);
  g_autofree char *path = NULL;
  Undone undone;

  g_assert_cmpuint (engine_count_huge (&own), ==, own.blocks);
  engine_serve (self, plain.pid, ENGINE_QUICKLY);
  engine_wait_huge (&plain, plain.blocks, SECONDS);
  path = find_target (self->connection, (guint32) plain.pid);
  undone = undo (self->connection, path);
  g_assert_cmpuint (undone.split, >=, plain.blocks * PAGE_TABLES_BLOCK_SIZE);
  g_assert_cmpuint (engine_count_huge (&plain), ==, 0);
  g_assert_cmpuint (engine_count_huge (&own), ==, own.blocks);
}

/* What a child maps as well is left as it is, for both would have to be served by another. */
static void
test_shared_is_kept (Fixture *self, gconstpointer data)
{
  Child *child = fixture_spawn_as (self, "alice", g_getenv ("DH_ZOO"), NULL);
  Area plain = engine_expect_area (child, "plain");
  g_autofree char *ready = child_expect_line (child, "ready", 60);
  g_autofree char *path = NULL, *forked = NULL, *alone = NULL;
  const guint64 huge = plain.blocks * PAGE_TABLES_BLOCK_SIZE;
  Undone undone;

  engine_serve (self, plain.pid, ENGINE_QUICKLY);
  engine_wait_huge (&plain, plain.blocks, SECONDS);
  path = find_target (self->connection, (guint32) plain.pid);
  child_signal (child, SIGUSR1);
  forked = child_expect_line (child, "forked ", 10);
  undone = undo (self->connection, path);
  g_assert_cmpuint (undone.kept, >=, huge);
  g_assert_cmpuint (engine_count_huge (&plain), ==, plain.blocks);
  /* The child goes: then it can be had. */
  child_signal (child, SIGUSR2);
  alone = child_expect_line (child, "alone", 10);
  undone = undo (self->connection, path);
  g_assert_cmpuint (undone.split, >=, huge);
  g_assert_cmpuint (engine_count_huge (&plain), ==, 0);
}

static void
test_nothing_after_exec (Fixture *self, gconstpointer data)
{
  const char *zoo = g_getenv ("DH_ZOO");
  g_autofree char *installed = fixture_install (self, zoo);
  g_autofree char *option = g_strconcat ("--exec=", installed, NULL);
  Child *child = fixture_spawn_as (self, "alice", zoo, option, NULL);
  Area plain = engine_expect_area (child, "plain");
  g_autofree char *ready = child_expect_line (child, "ready", 60);
  g_autofree char *path = NULL, *again = NULL;
  Undone undone;

  engine_serve (self, plain.pid, ENGINE_QUICKLY);
  engine_wait_huge (&plain, plain.blocks, SECONDS);
  engine_configure (self, "{'Enabled': <false>}");
  path = find_target (self->connection, (guint32) plain.pid);
  child_signal (child, SIGHUP);
  again = child_expect_line (child, "ready", 60);
  undone = undo (self->connection, path);
  g_assert_cmpuint (undone.split + undone.kept, ==, 0);
}

static void
add (const char *name, void (*function) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/undo/", name, NULL);

  g_test_add (path, Fixture, NULL, fixture_set_up_own, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("all-is-taken-back", test_all_is_taken_back);
  add ("only-what-was-made-huge", test_only_what_was_made_huge);
  add ("shared-is-kept", test_shared_is_kept);
  add ("nothing-after-exec", test_nothing_after_exec);
  return g_test_run ();
}
