/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engine-case.h"

#define BLOCK PAGE_TABLES_BLOCK_SIZE
#define SECONDS 30

static GPid
start_hotmap (Fixture *self)
{
  return child_get_pid (
    fixture_hotmap_as (self, "alice", NULL, "--hot=64", "--one=0", "--cold=64", NULL));
}

typedef struct {
  Fixture *fixture;
  const char *name;
  guint64 value;
} Wanted;

static gboolean
has_reached (gpointer data)
{
  const Wanted *wanted = data;

  return engine_get_statistic (wanted->fixture, wanted->name) >= wanted->value;
}

static void
wait_statistic (Fixture *self, const char *name, guint64 value, guint seconds)
{
  wait_until (has_reached, &(Wanted){ self, name, value }, seconds);
  g_assert_cmpuint (engine_get_statistic (self, name), >=, value);
}

/* A measurement lies somewhere in a window, so two windows' worth may lie between two of them that
 * are less than one apart. */
static void
test_size (Fixture *self, gconstpointer data)
{
  const guint64 size = 4 * BLOCK;
  guint64 first_time, first;

  engine_serve (self, start_hotmap (self),
                ", 'QuotaTimeUSec': <uint64 500000>, 'QuotaSize': <uint64 8388608>");
  wait_statistic (self, "collapsed-bytes", 1, SECONDS);
  first_time = (guint64) g_get_monotonic_time ();
  first = engine_get_statistic (self, "collapsed-bytes");
  g_assert_cmpuint (first, <=, size);
  for (guint i = 0; i < 70; i++) {
    guint64 now, bytes;

    wait_for (100);
    bytes = engine_get_statistic (self, "collapsed-bytes");
    now = (guint64) g_get_monotonic_time ();
    g_assert_cmpuint (bytes, <=, (2 + (now - first_time) / G_USEC_PER_SEC) * size);
  }
  g_assert_cmpuint (engine_get_statistic (self, "collapsed-bytes"), >=, 5 * size);
  g_assert_cmpuint (engine_get_statistic (self, "quota-exceeds"), >=, 5);
}

/* Of what it takes the kernel to make 64 blocks huge, a thousandth is allowed in a window. */
static void
test_time (Fixture *self, gconstpointer data)
{
  guint64 first;

  engine_serve (self, start_hotmap (self), ", 'QuotaTimeUSec': <uint64 100>");
  wait_statistic (self, "collapsed-bytes", 1, SECONDS);
  first = engine_get_statistic (self, "collapsed-bytes");
  g_assert_cmpuint (first, ==, BLOCK);
  wait_for (6000);
  g_assert_cmpuint (engine_get_statistic (self, "collapsed-bytes"), <=, first + 3 * BLOCK);
  /* While nothing is made huge, figures come with the epochs. */
  wait_statistic (self, "quota-exceeds", 1, SECONDS);

  engine_configure (self, "{'QuotaTimeUSec': <uint64 500000>}");
  wait_statistic (self, "collapsed-bytes", 60 * BLOCK, SECONDS);
}

static void
test_ratio (Fixture *self, gconstpointer data)
{
  guint64 anonymous, huge;
  GPid pid = start_hotmap (self);
  g_autoptr (PageTables) tables = page_tables_open (pid, NULL);

  engine_serve (self, pid,
                ", 'Ratio': <uint32 2000>, 'QuotaTimeUSec': <uint64 50000>"
                ", 'QuotaResetIntervalUSec': <uint64 100000>");
  wait_statistic (self, "ratio", 2000, SECONDS);
  wait_for (3000);
  g_assert_true (page_tables_get_totals (tables, &anonymous, &huge, NULL));
  g_test_message ("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes huge", huge, anonymous);
  g_assert_cmpuint (huge * 5, >=, anonymous);
  g_assert_cmpuint (huge, <=, anonymous / 5 + 2 * BLOCK);
  g_assert_cmpuint (engine_get_statistic (self, "goal"), ==, 2000);
}

static void
set_up_stalling (Fixture *self, gconstpointer data)
{
  fixture_set_up_bus (self, data);
  fixture_service_start (self, "--stall-collapse=30", NULL);
  fixture_service_wait_probed (self);
}

/* The call cannot be seen from outside; by then the hottest block's has begun. */
static void
begin_stall (Fixture *self)
{
  engine_serve (self, start_hotmap (self), ENGINE_QUICKLY);
  wait_for (8000);
  g_assert_cmpuint (engine_get_statistic (self, "hot-bytes"), >=, 32 * BLOCK);
  g_assert_cmpuint (engine_get_statistic (self, "collapsed-bytes"), ==, 0);
}

static void
test_stall (Fixture *self, gconstpointer data)
{
  gint64 start;

  begin_stall (self);
  engine_assert_well (self);
  start = g_get_monotonic_time ();
  engine_configure (self, "{'QuotaTimeUSec': <uint64 1000>}");
  engine_configure (self, "{'Enabled': <false>}");
  g_assert_cmpint (g_get_monotonic_time () - start, <, wait_milliseconds (1) * 1000);
  assert_property (self->connection, "State", g_variant_new_string ("disabled"));

  /* Another target need not wait for the first one's call. */
  start = g_get_monotonic_time ();
  engine_serve (self, start_hotmap (self), "");
  assert_property_eventually (self->connection, "State", g_variant_new_string ("running"), 5);
  fixture_service_stop_within (self, 1);
}

static void
test_stop_in_stall (Fixture *self, gconstpointer data)
{
  begin_stall (self);
  fixture_service_stop_within (self, 1);
}

static void
add (const char *path, void (*set_up) (Fixture *, gconstpointer),
     void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, test, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/engine/no-window-passes-its-size", fixture_set_up_all, test_size);
  add ("/engine/no-window-passes-its-time", fixture_set_up_all, test_time);
  add ("/engine/the-ratio-is-reached-and-not-passed", fixture_set_up_all, test_ratio);
  add ("/engine/a-blocked-call-delays-nothing", set_up_stalling, test_stall);
  add ("/engine/a-blocked-call-delays-no-stop", set_up_stalling, test_stop_in_stall);

  return g_test_run ();
}
