/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engine-case.h"

#include <signal.h>

/* The point of it all: the hot blocks become huge and the others do not. */
#define HOT_PERCENT 95
#define OTHERS_PERCENT 2
#define SECONDS 60

typedef struct {
  HeatMap *map;
  PageTables *tables;
} Watch;

static guint
count (Watch *watch, HeatClass heat)
{
  g_autoptr (GError) error = NULL;
  guint huge = 0;

  heat_map_count_huge (watch->map, heat, watch->tables, &huge, &error);
  g_assert_no_error (error);
  return huge;
}

static gboolean
has_hot (gpointer data)
{
  Watch *watch = data;

  return count (watch, HEAT_CLASS_HOT) * 100
         >= watch->map->blocks[HEAT_CLASS_HOT]->len * HOT_PERCENT;
}

static void
assert_others_small (Watch *watch)
{
  guint huge = count (watch, HEAT_CLASS_ONE) + count (watch, HEAT_CLASS_COLD);
  guint all = watch->map->blocks[HEAT_CLASS_ONE]->len + watch->map->blocks[HEAT_CLASS_COLD]->len;

  g_assert_cmpuint (huge * 100, <=, all * OTHERS_PERCENT);
}

static void
wait_hot (Watch *watch)
{
  gint64 start = g_get_monotonic_time ();

  if (!wait_until (has_hot, watch, SECONDS))
    g_test_message ("too late");
  g_test_message ("after %.1f s huge: %u of %u hot, %u of %u with one hot page, %u of %u cold",
                  (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC,
                  count (watch, HEAT_CLASS_HOT), watch->map->blocks[HEAT_CLASS_HOT]->len,
                  count (watch, HEAT_CLASS_ONE), watch->map->blocks[HEAT_CLASS_ONE]->len,
                  count (watch, HEAT_CLASS_COLD), watch->map->blocks[HEAT_CLASS_COLD]->len);
  g_assert_cmpuint (count (watch, HEAT_CLASS_HOT) * 100, >=,
                    watch->map->blocks[HEAT_CLASS_HOT]->len * HOT_PERCENT);
}

static void
test_known_map (Fixture *self, gconstpointer data)
{
  g_autoptr (HeatMap) map = NULL;
  g_autoptr (PageTables) tables = NULL;
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GError) error = NULL;
  g_autofree char *settings = NULL;
  Child *child = fixture_hotmap_as (self, "alice", &map, "--hot=64", "--one=64", "--cold=512",
                                    "--mappings=5", NULL);
  Watch watch;

  engine_warm_host (512);
  tables = page_tables_open (child_get_pid (child), &error);
  g_assert_no_error (error);
  watch = (Watch){ map, tables };
  g_assert_cmpuint (count (&watch, HEAT_CLASS_HOT), ==, 0);
  engine_assert_intact (child);

  settings = g_strdup_printf ("{'Pid': <uint32 %d>, 'Enabled': <true>}", child_get_pid (child));
  configure (alice, settings, CALL_PLAIN, &error);
  g_assert_no_error (error);
  wait_hot (&watch);
  assert_others_small (&watch);
  engine_assert_intact (child);
  g_assert_cmpuint (engine_get_statistic (self, "collapsed-bytes"), >=,
                    (guint64) 61 * PAGE_TABLES_BLOCK_SIZE);

  /* What was left alone stays so. */
  wait_for (4000);
  assert_others_small (&watch);
  g_assert_cmpuint (engine_get_statistic (self, "added-bytes"), ==, 0);
}

static void
test_growth (Fixture *self, gconstpointer data)
{
  g_autoptr (HeatMap) map = NULL;
  g_autoptr (PageTables) tables = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *grown = NULL;
  guint64 anonymous, huge;
  Child *child;
  Watch watch;

  /* 1 GiB at first, then 7 GiB more. */
  child = fixture_hotmap_as (self, "alice", &map, "--hot=128", "--one=64", "--cold=320",
                             "--mappings=3", "--grow=7516192768", NULL);
  tables = page_tables_open (child_get_pid (child), &error);
  g_assert_no_error (error);
  watch = (Watch){ map, tables };
  engine_serve (self, child_get_pid (child), ENGINE_QUICKLY);
  wait_for (1000);
  child_signal (child, SIGUSR2);
  grown = child_expect_line (child, "grown ", 120);
  wait_hot (&watch);
  assert_others_small (&watch);

  /* Nor is any of what it has grown by. */
  g_assert_true (page_tables_get_totals (tables, &anonymous, &huge, &error));
  g_assert_cmpuint (anonymous, >=, (guint64) 8 << 30);
  g_assert_cmpuint (huge, <=, (128 + 8 + 75) * PAGE_TABLES_BLOCK_SIZE);
  assert_property (self->connection, "State", g_variant_new_string ("running"));
  g_test_message ("engine-cpu-usec %" G_GUINT64_FORMAT,
                  engine_get_statistic (self, "engine-cpu-usec"));
  engine_assert_intact (child);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/engine/a-known-map-becomes-huge-where-it-is-hot", Fixture, NULL, fixture_set_up_all,
              test_known_map, fixture_tear_down);
  g_test_add ("/engine/growth-to-8-gib-in-mid-run", Fixture, NULL, fixture_set_up_all, test_growth,
              fixture_tear_down);

  return g_test_run ();
}
