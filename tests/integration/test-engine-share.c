/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engine-case.h"
#include "target-objects.h"

/* Whose work it is, when there is more than the quota allows: it is shared by the users whose
 * processes they are, not by who asked, nor by how many they are. */

#define WINDOWS 12
#define BLOCKS_PER_WINDOW 8
#define MEASURED_BYTES ((guint64) WINDOWS * BLOCKS_PER_WINDOW * PAGE_TABLES_BLOCK_SIZE)
#define QUOTA                                                                                      \
  "{'QuotaTimeUSec': <@t 0>, 'QuotaSize': <@t 16777216>, 'QuotaResetIntervalUSec': <@t 1000000>}"

/* Until it is known what is hot: a block per window, so that what is known first is not used up. */
#define SMALL_QUOTA                                                                                \
  "{'QuotaTimeUSec': <@t 0>, 'QuotaSize': <@t 2097152>, 'QuotaResetIntervalUSec': <@t 1000000>}"

typedef struct {
  GPtrArray *paths; /* char * */
} Group;

static void
clear_group (Group *group)
{
  g_ptr_array_unref (group->paths);
}

/* Targets that are hot, each more than the test can make huge of it, and hardly busy. */
static void
add_targets (Fixture *self, Group *group, GDBusConnection *adder, const char *user, guint n)
{
  if (!group->paths)
    group->paths = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < n; i++) {
    Child *child = fixture_hotmap_as (self, user, NULL, "--hot=24", "--one=0", "--cold=0",
                                      "--mappings=1", "--duty=1", NULL);

    g_ptr_array_add (group->paths, added_target (adder, (guint32) child_get_pid (child), NULL));
  }
}

static guint64
sum_statistic (Fixture *self, const Group *group, const char *key)
{
  guint64 sum = 0;

  for (guint i = 0; i < group->paths->len; i++)
    sum += get_target_statistic (self->connection, g_ptr_array_index (group->paths, i), key);
  return sum;
}

static guint64
sum_collapsed (Fixture *self, const Group *group)
{
  return sum_statistic (self, group, "collapsed-bytes");
}

typedef struct {
  Fixture *fixture;
  const Group *groups; /* two */
} ShareWait;

/* Whether the group has begun, and is known to have twice as much to do as the quota would allow it
 * alone for as long as is measured: what is hot in one epoch may not be in the next. */
static gboolean
is_at_work (Fixture *self, const Group *group)
{
  const guint64 collapsed = sum_collapsed (self, group);

  return collapsed > 0
         && sum_statistic (self, group, "hot-bytes") >= collapsed + 2 * MEASURED_BYTES;
}

static gboolean
are_both_at_work (gpointer data)
{
  const ShareWait *wait = data;

  return is_at_work (wait->fixture, &wait->groups[0])
         && is_at_work (wait->fixture, &wait->groups[1]);
}

typedef struct {
  guint64 bytes[2];
  guint64 windows; /* that had begun, or had not ended, in the time */
} Work;

/* Of both, over so many windows of a second, when both have enough to do. */
static void
measure (Fixture *self, const Group *groups, Work *ret_work)
{
  guint64 first, second;
  gint64 start;

  g_assert_true (wait_until (are_both_at_work, &(ShareWait){ self, groups }, 60));
  engine_configure (self, QUOTA);
  start = g_get_monotonic_time ();
  first = sum_collapsed (self, &groups[0]);
  second = sum_collapsed (self, &groups[1]);
  wait_for (WINDOWS * 1000);
  ret_work->bytes[0] = sum_collapsed (self, &groups[0]) - first;
  ret_work->bytes[1] = sum_collapsed (self, &groups[1]) - second;
  ret_work->windows = 2 + (guint64) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  g_test_message ("alice's %u targets: %" G_GUINT64_FORMAT " MiB, bob's %u: %" G_GUINT64_FORMAT
                  " MiB in %" G_GUINT64_FORMAT " windows at most",
                  groups[0].paths->len, ret_work->bytes[0] >> 20, groups[1].paths->len,
                  ret_work->bytes[1] >> 20, ret_work->windows);
}

static void
assert_shared_equally (const Work *work)
{
  const guint64 sum = work->bytes[0] + work->bytes[1];

  for (guint i = 0; i < 2; i++)
    g_assert_cmpuint (work->bytes[i] * 100, >=, sum * 40);
  g_assert_cmpuint (sum * 100, >=, MEASURED_BYTES * 80);
  g_assert_cmpuint (sum, <=, work->windows * BLOCKS_PER_WINDOW * PAGE_TABLES_BLOCK_SIZE);
}

static void
test_64_targets (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");
  Group groups[2] = { 0 };
  Work work;

  engine_warm_host (1024);
  engine_configure (self, SMALL_QUOTA);
  add_targets (self, &groups[0], alice, "alice", 16);
  add_targets (self, &groups[1], bob, "bob", 16);
  add_targets (self, &groups[0], self->connection, "alice", 4);
  add_targets (self, &groups[1], self->connection, "bob", 28);
  g_assert_cmpuint (count_targets (self->connection), ==, 64);
  assert_property_eventually (self->connection, "ActiveTargets", g_variant_new_uint32 (64), 10);
  measure (self, groups, &work);
  assert_shared_equally (&work);
  engine_assert_well (self);
  clear_group (&groups[0]);
  clear_group (&groups[1]);
}

static void
test_one_beside_sixteen (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");
  Group groups[2] = { 0 };
  Work work;
  Child *child;

  engine_warm_host (1024);
  engine_configure (self, SMALL_QUOTA);
  groups[0].paths = g_ptr_array_new_with_free_func (g_free);
  child = fixture_hotmap_as (self, "alice", NULL, "--hot=384", "--one=0", "--cold=0", NULL);
  g_ptr_array_add (groups[0].paths,
                   added_target (self->connection, (guint32) child_get_pid (child), NULL));
  add_targets (self, &groups[1], bob, "bob", 16);
  measure (self, groups, &work);
  assert_shared_equally (&work);
  clear_group (&groups[0]);
  clear_group (&groups[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/share/of-64-targets-goes-by-users", Fixture, NULL, fixture_set_up_own,
              test_64_targets, fixture_tear_down);
  g_test_add ("/share/of-one-target-is-that-of-sixteen", Fixture, NULL, fixture_set_up_own,
              test_one_beside_sixteen, fixture_tear_down);
  return g_test_run ();
}
