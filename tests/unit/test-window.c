/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "hugepages/block.h"
#include "hugepages/window.h"

#define SECOND ((guint64) G_USEC_PER_SEC)
#define TIME DH_RESOURCE_TIME
#define SIZE DH_RESOURCE_SIZE

/* 10 ms and eight blocks in each second. */
static const DhQuotaLimits limits = { 10000, 8 * DH_BLOCK_SIZE, SECOND, SECOND / 2 };

static DhWindow
new_window (DhPurse *alice, DhPurse *bob)
{
  g_autoptr (GPtrArray) purses = g_ptr_array_new ();
  DhQuota quota;

  dh_quota_init (&quota, &limits, 0);
  g_ptr_array_add (purses, alice);
  g_ptr_array_add (purses, bob);
  return dh_window_new (&quota, purses);
}

static void
test_left (void)
{
  DhPurse alice = { .spent = { { 3000, DH_BLOCK_SIZE } } };
  DhPurse bob = { .spent = { { 4000, DH_BLOCK_SIZE } }, .opening = { { 1000, 0 } } };
  DhWindow window = new_window (&alice, &bob);

  g_assert_cmpuint (window.left.of[TIME], ==, 3000);
  g_assert_cmpuint (window.left.of[SIZE], ==, 6 * DH_BLOCK_SIZE);
  g_assert_cmpuint (window.openings.of[TIME], ==, 1000);
  g_assert_true (dh_window_fits (&window, &(DhCost){ { 3000, 6 * DH_BLOCK_SIZE } }));
  g_assert_false (dh_window_fits (&window, &(DhCost){ { 3000.1, 0 } }));
  g_assert_false (dh_window_fits (&window, &(DhCost){ { 0, 6 * DH_BLOCK_SIZE + 1 } }));

  bob.spent.of[TIME] = 8000;
  g_assert_cmpuint (new_window (&alice, &bob).left.of[TIME], ==, 0);
}

static void
test_cost (void)
{
  DhPurse alice = { .block_usec = 600, .opening = { { 500, 0 } }, .spent = { { 500, 0 } } };
  DhPurse bob = { .block_usec = 35000, .opening = { { 2000, 0 } }, .spent = { { 2000, 0 } } };
  DhWindow window = new_window (&alice, &bob);

  g_assert_cmpfloat (dh_window_get_cost (&window, &alice).of[TIME], ==, 600);
  g_assert_cmpfloat (dh_window_get_cost (&window, &alice).of[SIZE], ==, DH_BLOCK_SIZE);
  /* His own debt is no reason why a block should cost less. */
  g_assert_cmpfloat (dh_window_get_cost (&window, &bob).of[TIME], ==, 9500);
  g_assert_cmpfloat (dh_purse_get_cost (&bob).of[TIME], ==, 35000);

  alice.opening.of[TIME] = alice.spent.of[TIME] = 10000;
  window = new_window (&alice, &bob);
  g_assert_cmpfloat (dh_window_get_cost (&window, &bob).of[TIME], ==, 1);
  g_assert_cmpuint (window.left.of[TIME], ==, 0);
}

static void
test_level (void)
{
  DhPurse alice = { .spent = { { 1000, 4 * DH_BLOCK_SIZE } } }, bob = { 0 };
  DhWindow window = new_window (&alice, &bob);
  DhCost cost = { { 3000, DH_BLOCK_SIZE } };

  g_assert_cmpfloat_with_epsilon (dh_window_get_level (&window, &alice, &cost, 0), 0.5, 1e-9);
  g_assert_cmpfloat_with_epsilon (dh_window_get_level (&window, &alice, &cost, 1), 0.625, 1e-9);
  g_assert_cmpfloat_with_epsilon (dh_window_get_level (&window, &alice, &cost, 3), 1, 1e-9);
  g_assert_cmpfloat_with_epsilon (dh_window_get_level (&window, &bob, &cost, 1), 0.3, 1e-9);
}

static void
test_part (void)
{
  DhPurse alice = { 0 }, bob = { 0 };
  DhWindow window = new_window (&alice, &bob);

  g_assert_cmpuint (dh_window_get_part (&window, 0.25).of[TIME], ==, 2500);
  g_assert_cmpuint (dh_window_get_part (&window, 0.25).of[SIZE], ==, 2 * DH_BLOCK_SIZE);
  g_assert_cmpuint (dh_window_get_part (&window, 1e-9).of[TIME], ==, 1);
}

static void
test_rounding (void)
{
  static const struct {
    double value;
    guint64 down;
    guint64 up;
  } rows[] = {
    { 0, 0, 0 }, { 0.1, 0, 1 }, { 7, 7, 7 }, { 7.5, 7, 8 }, { 1e30, G_MAXUINT64, G_MAXUINT64 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_assert_cmpuint (dh_round_down (rows[i].value), ==, rows[i].down);
    g_assert_cmpuint (dh_round_up (rows[i].value), ==, rows[i].up);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/window/what-any-user-spent-is-not-left", test_left);
  g_test_add_func ("/window/a-block-that-never-fits-takes-what-others-debts-leave", test_cost);
  g_test_add_func ("/window/what-a-user-has-most-of-is-his-level", test_level);
  g_test_add_func ("/window/a-part-is-never-nothing", test_part);
  g_test_add_func ("/window/numbers-are-rounded-and-saturate", test_rounding);

  return g_test_run ();
}
