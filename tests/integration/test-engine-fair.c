/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engine-case.h"
#include "target-objects.h"

#include <signal.h>

/* What one user's target is at, or is not, delays nobody else's: alice's work beside a target of
 * bob's that is in some way out of the ordinary, compared with what it was before that one came.
 * The quota is one of bytes, so that how fast the machine is does not matter. */

#define WINDOWS 8
#define LEAST_PERCENT 90
#define BLOCKS_PER_WINDOW 8
#define QUOTA                                                                                      \
  "{'QuotaTimeUSec': <@t 0>, 'QuotaSize': <@t 16777216>, 'QuotaResetIntervalUSec': <@t 1000000>}"

typedef struct {
  Fixture *fixture;
  char *path; /* of alice's target */
  guint64 bytes;
} Progress;

static guint64
get_collapsed (Fixture *self, const char *path)
{
  return get_target_statistic (self->connection, path, "collapsed-bytes");
}

static gboolean
is_at_work (gpointer data)
{
  const Progress *progress = data;

  return get_collapsed (progress->fixture, progress->path) > progress->bytes;
}

/* Bytes over so many windows, which are a second each: from the middle of one, whose work is done,
 * to the middle of another. */
static guint64
measure (Fixture *self, char *path)
{
  const guint64 now = get_collapsed (self, path);
  guint64 before;

  g_assert_true (wait_until (is_at_work, &(Progress){ self, path, now }, 30));
  wait_for (500);
  before = get_collapsed (self, path);
  wait_for (WINDOWS * 1000);
  return get_collapsed (self, path) - before;
}

/* alice's target, at work: it has more to do than the test lasts. */
static char *
start_alice (Fixture *self)
{
  Child *child = fixture_hotmap_as (self, "alice", NULL, "--hot=512", "--cold=16", NULL);
  char *path = NULL;

  engine_configure (self, QUOTA);
  path = added_target (self->connection, (guint32) child_get_pid (child), NULL);
  g_assert_true (wait_until (is_at_work, &(Progress){ self, path, 0 }, 30));
  return path;
}

/* Makes bob's target what it is to be, and returns it. */
typedef Child *(*MakeTarget) (Fixture *self);

static Child *
make_huge (Fixture *self)
{
  return fixture_hotmap_as (self, "bob", NULL, "--hot=0", "--one=64", "--cold=2048", NULL);
}

static Child *
make_stopped (Fixture *self)
{
  Child *child = fixture_hotmap_as (self, "bob", NULL, "--hot=64", "--cold=16", NULL);

  child_signal (child, SIGSTOP);
  return child;
}

static Child *
make_parked (Fixture *self)
{
  Child *child = fixture_spawn_as (self, "bob", g_getenv ("DH_PARKED"), "128", NULL);
  g_autofree char *ready = child_expect_line (child, "ready", 30);

  return child;
}

/* Hot, and each of its collapses blocks: see the service's options. */
static Child *
make_blocking (Fixture *self)
{
  return fixture_hotmap_as (self, "bob", NULL, "--hot=64", "--cold=16", NULL);
}

static void
test_not_delayed (Fixture *self, gconstpointer data)
{
  const MakeTarget make = *(const MakeTarget *) data;
  g_autofree char *alice = NULL, *bob = NULL;
  guint64 alone, beside;
  Child *child;

  engine_warm_host (1024);
  fixture_service_start (self, "--stall-collapse=3", "--stall-uid=18102", NULL);
  fixture_service_wait_probed (self);
  child = make (self);
  alice = start_alice (self);
  alone = measure (self, alice);
  bob = added_target (self->connection, (guint32) child_get_pid (child), NULL);
  assert_target_eventually (self->connection, bob, "State", "'running'", 10);
  /* Two epochs until it is found to be hot, if it is. */
  wait_for (3000);
  beside = measure (self, alice);
  g_test_message ("%" G_GUINT64_FORMAT " MiB in %d windows, beside it %" G_GUINT64_FORMAT " MiB",
                  alone >> 20, WINDOWS, beside >> 20);
  g_assert_cmpuint (alone, >=, (WINDOWS - 1) * BLOCKS_PER_WINDOW * PAGE_TABLES_BLOCK_SIZE);
  g_assert_cmpuint (beside * 100, >=, alone * LEAST_PERCENT);
  engine_assert_well (self);
}

static void
add (const char *name, const MakeTarget *make)
{
  g_autofree char *path = g_strconcat ("/fair/not-delayed-by-a-target-that-", name, NULL);

  g_test_add (path, Fixture, make, fixture_set_up_bus, test_not_delayed, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  static const MakeTarget huge = make_huge, stopped = make_stopped, parked = make_parked,
                          blocking = make_blocking;

  g_test_init (&argc, &argv, NULL);
  add ("is-huge", &huge);
  add ("is-stopped", &stopped);
  add ("waits-in-the-kernel", &parked);
  add ("blocks-in-process-madvise", &blocking);
  return g_test_run ();
}
