/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engine-case.h"

#include <signal.h>
#include <string.h>

#define SECONDS 30

/* Long enough for three epochs; milliseconds. */
#define A_WHILE 6000

static Child *
start_zoo (Fixture *self, const char *option)
{
  const char *argv[] = { g_getenv ("DH_ZOO"), option, NULL };

  g_assert_nonnull (argv[0]);
  return fixture_spawn_argv_as (self, "alice", argv);
}

static void
expect (Child *child, const char *prefix)
{
  g_free (child_expect_line (child, prefix, 60));
}

static void
test_kinds (Fixture *self, gconstpointer data)
{
  static const struct {
    const char *kind;
    gboolean huge;
  } rows[] = {
    { "plain", TRUE },       { "border", FALSE },      { "sparse", FALSE },
    { "nearly-full", TRUE }, { "locked", FALSE },      { "refusing", FALSE },
    { "congruent", TRUE },   { "incongruent", FALSE }, { "file", FALSE },
  };
  Area areas[G_N_ELEMENTS (rows)];
  Child *child = start_zoo (self, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    areas[i] = engine_expect_area (child, rows[i].kind);
  expect (child, "ready");
  engine_serve (self, child_get_pid (child), ENGINE_QUICKLY);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].huge)
      engine_wait_huge (&areas[i], areas[i].blocks, SECONDS);
  wait_for (A_WHILE);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%s: %u huge", rows[i].kind, engine_count_huge (&areas[i]));
    g_assert_cmpuint (engine_count_huge (&areas[i]), ==, rows[i].huge ? areas[i].blocks : 0);
  }
  /* The nearly full ones, at 32 pages each. */
  g_assert_cmpuint (engine_get_statistic (self, "added-bytes"), ==, 4 * 32 * 4096);
  g_assert_cmpuint (engine_get_statistic (self, "collapsed-bytes"), ==,
                    16 * PAGE_TABLES_BLOCK_SIZE);
  assert_property (self->connection, "LastError", g_variant_new_string (""));
}

static void
test_disabled_for_itself (Fixture *self, gconstpointer data)
{
  Child *child = start_zoo (self, "--disable-huge-pages");
  Area plain = engine_expect_area (child, "plain");

  expect (child, "ready");
  engine_serve (self, child_get_pid (child), ENGINE_QUICKLY);
  assert_property_eventually (self->connection, "LastError",
                              g_variant_new_string (SERVICE_ERROR "ProcessNotPermitted"), 10);
  wait_for (A_WHILE);
  g_assert_cmpuint (engine_count_huge (&plain), ==, 0);
  g_assert_cmpuint (engine_get_statistic (self, "tried-bytes"), ==, 0);
  assert_property (self->connection, "State", g_variant_new_string ("running"));
  assert_property (self->connection, "Enabled", g_variant_new_boolean (TRUE));
}

static void
test_fork (Fixture *self, gconstpointer data)
{
  Child *child = start_zoo (self, NULL);
  Area plain = engine_expect_area (child, "plain");
  guint64 before;

  expect (child, "ready");
  child_signal (child, SIGUSR1);
  expect (child, "forked ");
  before = engine_read_memory (child_get_pid (child), "Pss");
  engine_serve (self, child_get_pid (child), ENGINE_QUICKLY);
  wait_for (2 * A_WHILE);
  g_assert_cmpuint (engine_count_huge (&plain), ==, 0);
  g_assert_cmpuint (engine_get_statistic (self, "skipped-bytes"), >=,
                    plain.blocks * PAGE_TABLES_BLOCK_SIZE);
  /* Shared memory of its own kind may have become huge: it is shared still. */
  g_assert_cmpuint (engine_read_memory (child_get_pid (child), "Pss"), <=, before + (1 << 20));

  child_signal (child, SIGUSR2);
  expect (child, "alone");
  engine_wait_huge (&plain, plain.blocks, 60);
}

static void
test_reserved_address_space (Fixture *self, gconstpointer data)
{
  Child *small = start_zoo (self, NULL), *vast;
  Area area;
  g_autofree char *line = NULL;
  guint64 cost;

  area = engine_expect_area (small, "plain");
  expect (small, "ready");
  engine_serve (self, child_get_pid (small), ENGINE_QUICKLY);
  engine_wait_huge (&area, area.blocks, SECONDS);
  cost = engine_get_statistic (self, "engine-cpu-usec");
  child_signal (small, SIGKILL);

  vast = start_zoo (self, "--reserve");
  area = engine_expect_area (vast, "plain");
  line = child_expect_line (vast, "reserved ", 10);
  g_assert_cmpuint (g_ascii_strtoull (line + strlen ("reserved "), NULL, 10), >=, 64);
  expect (vast, "ready");
  engine_serve (self, child_get_pid (vast), "");
  engine_wait_huge (&area, area.blocks, SECONDS);
  g_test_message ("engine-cpu-usec: %" G_GUINT64_FORMAT
                  ", with all addresses reserved %" G_GUINT64_FORMAT,
                  cost, engine_get_statistic (self, "engine-cpu-usec"));
  engine_assert_well (self);
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

  add ("/engine/only-what-may-be-huge-becomes-so", test_kinds);
  add ("/engine/a-process-without-huge-pages-is-left-alone", test_disabled_for_itself);
  add ("/engine/memory-shared-by-a-fork-stays-shared", test_fork);
  add ("/engine/reserved-address-space-costs-nothing", test_reserved_address_space);

  return g_test_run ();
}
