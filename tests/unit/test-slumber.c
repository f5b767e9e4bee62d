/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "child.h"
#include "hugepages/slumber.h"
#include "wait.h"

#define LOOK_MSEC ((guint) (DH_SLUMBER_LOOK_USEC / 1000))
#define SOON 12

static Child *
sleeping_child (void)
{
  Child *child = child_new (NULL);

  wait_for (300); /* until it sleeps */
  return child;
}

static void
count (gpointer data)
{
  g_atomic_int_inc ((int *) data);
}

static gboolean
is_counted (gpointer data)
{
  return g_atomic_int_get ((int *) data) > 0;
}

static DhSleeper *
join (DhSlumber *slumber, Child *child, int *calls)
{
  const guint64 clock = dh_slumber_read_clock (child->pid);

  g_assert_cmpuint (clock, >, 0);
  return dh_slumber_join (slumber, child->pid, clock, count, calls);
}

static void
test_who_runs_is_told_once (void)
{
  g_autoptr (Child) sleeping = sleeping_child (), woken = sleeping_child ();
  DhSlumber *slumber = dh_slumber_new ();
  int quiet = 0, calls = 0;
  DhSleeper *first = join (slumber, sleeping, &quiet), *second = join (slumber, woken, &calls);

  wait_for (LOOK_MSEC + 1000);
  g_assert_cmpint (g_atomic_int_get (&calls), ==, 0);
  g_assert_cmpint (kill (woken->pid, SIGSTOP), ==, 0);
  g_assert_cmpint (kill (woken->pid, SIGCONT), ==, 0);
  g_assert_true (wait_until (is_counted, &calls, SOON));
  wait_for (LOOK_MSEC + 1000);
  g_assert_cmpint (g_atomic_int_get (&calls), ==, 1);
  g_assert_cmpint (g_atomic_int_get (&quiet), ==, 0);
  dh_slumber_leave (first);
  dh_slumber_leave (second);
  dh_slumber_unref (slumber);
}

static void
test_who_exits_is_told (void)
{
  g_autoptr (Child) child = sleeping_child ();
  DhSlumber *slumber = dh_slumber_new ();
  int calls = 0;
  DhSleeper *sleeper = join (slumber, child, &calls);

  child_reap (child);
  g_assert_true (wait_until (is_counted, &calls, SOON));
  dh_slumber_leave (sleeper);
  dh_slumber_unref (slumber);
}

/* Whoever has left is not told, and another may come. */
static void
test_who_left_is_not_told (void)
{
  g_autoptr (Child) child = sleeping_child ();
  DhSlumber *slumber = dh_slumber_new ();
  int left = 0, calls = 0;
  DhSleeper *sleeper;

  dh_slumber_leave (join (slumber, child, &left));
  sleeper = join (slumber, child, &calls);
  child_reap (child);
  g_assert_true (wait_until (is_counted, &calls, SOON));
  g_assert_cmpint (g_atomic_int_get (&left), ==, 0);
  dh_slumber_leave (sleeper);
  dh_slumber_unref (slumber);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/slumber/who-runs-is-told-once", test_who_runs_is_told_once);
  g_test_add_func ("/slumber/who-exits-is-told", test_who_exits_is_told);
  g_test_add_func ("/slumber/who-left-is-not-told", test_who_left_is_not_told);
  return g_test_run ();
}
