/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "share-case.h"

/* Until @purse may take a block again. Returns: how many windows that took. */
static guint
wait_for_block (DhShare *share, DhPurse *purse, guint most)
{
  for (guint i = 1; i <= most; i++) {
    dh_share_advance (share, dh_quota_next_window (&share->quota));
    if (dh_share_admits (share, purse, 1))
      return i;
  }
  return G_MAXUINT;
}

static void
test_debt_is_paid (void)
{
  DhPurse *alice;
  DhShare share;

  dh_share_init (&share, &ten_msec, START);
  alice = add_user (&share, 1, 35000, 1000);
  make_blocks (&share, alice, 1, 35000);
  g_assert_cmpuint (alice->debt.of[TIME], ==, 25000);
  g_assert_cmpuint (wait_for_block (&share, alice, 10), ==, 4);
  dh_share_clear (&share);
}

static void
test_unexpected_debt_is_paid (void)
{
  DhPurse *alice;
  DhShare share;

  dh_share_init (&share, &ten_msec, START);
  alice = add_user (&share, 1, 600, 1000);
  make_blocks (&share, alice, 1, 35000);
  alice->block_usec = 600;
  for (guint window = 1; window <= 2; window++) {
    dh_share_advance (&share, START + window * SECOND);
    g_assert_cmpuint (get_allowance (&share, alice), ==, 0);
  }
  dh_share_advance (&share, START + 3 * SECOND);
  g_assert_cmpuint (alice->spent.of[TIME], ==, 5000);
  g_assert_cmpuint (get_allowance (&share, alice), ==, 8);
  dh_share_clear (&share);
}

static void
test_average_is_kept (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (42);
  DhQuotaLimits limits = { 10000, 5 << 20, SECOND, SECOND };
  guint64 time = 0, made = 0, now = START;
  DhPurse *alice;
  DhShare share;

  dh_share_init (&share, &limits, now);
  alice = add_user (&share, 1, 0, 1000);
  while (now < START + 2000 * SECOND) {
    now += (guint64) g_rand_int_range (random, 1, 300000);
    dh_share_advance (&share, now);
    if (dh_share_pay_debt (&share, alice) && dh_share_admits (&share, alice, 1)) {
      guint64 call = (guint64) g_rand_int_range (random, 100, 60000);

      make_blocks (&share, alice, 1, call);
      time += call;
      made++;
    }
  }
  /* What was begun in the last window is paid later. */
  g_assert_cmpuint (time, <=, 2000 * limits.time + 60000);
  g_assert_cmpuint (made * DH_BLOCK_SIZE, <=, 2000 * limits.size + DH_BLOCK_SIZE);
  g_assert_cmpuint (time, >, 2000 * limits.time * 8 / 10);
  dh_share_clear (&share);
}

static void
test_size_below_a_block (void)
{
  DhQuotaLimits limits = { 0, DH_BLOCK_SIZE / 4, SECOND, SECOND };
  DhPurse *alice;
  guint made = 0;
  DhShare share;

  dh_share_init (&share, &limits, START);
  alice = add_user (&share, 1, 600, 1000);
  for (guint window = 0; window < 40; window++) {
    dh_share_advance (&share, START + window * SECOND);
    made += take_all (&share, alice, 4);
  }
  g_assert_cmpuint (made, ==, 10);
  dh_share_clear (&share);
}

static void
test_missed_windows (void)
{
  DhPurse *alice;
  DhShare share;

  dh_share_init (&share, &ten_msec, START);
  alice = add_user (&share, 1, 600, 1000);
  make_blocks (&share, alice, 1, 95000);
  alice->block_usec = 600;
  dh_share_advance (&share, START + 9 * SECOND);
  g_assert_cmpuint (alice->spent.of[TIME], ==, 5000);
  dh_share_clear (&share);
}

static void
test_debt_is_capped (void)
{
  DhPurse *alice;
  DhShare share;

  dh_share_init (&share, &ten_msec, START);
  alice = add_user (&share, 1, 600, 1000);
  for (guint i = 0; i < 2; i++) {
    make_blocks (&share, alice, 1, 30 * SECOND);
    g_assert_cmpuint (alice->debt.of[TIME], ==, DH_QUOTA_DEBT_WINDOWS * ten_msec.time);
  }
  g_assert_cmpuint (wait_for_block (&share, alice, 30), ==, DH_QUOTA_DEBT_WINDOWS + 1);
  dh_share_clear (&share);
}

/* What was owed under other limits is neither let off nor added to. */
static void
test_debt_of_other_limits (void)
{
  DhQuotaLimits lower = { 100, 0, SECOND, SECOND };
  DhPurse *alice;
  DhShare share;

  dh_share_init (&share, &ten_msec, START);
  alice = add_user (&share, 1, 600, 1000);
  make_blocks (&share, alice, 1, 60000);
  dh_quota_set_limits (&share.quota, &lower);
  make_blocks (&share, alice, 1, 50000);
  g_assert_cmpuint (alice->debt.of[TIME], ==, 50000);
  dh_share_clear (&share);
}

static void
test_charges_saturate (void)
{
  DhQuotaLimits limits = { G_MAXUINT64, 0, G_MAXUINT64, G_MAXUINT64 };
  DhPurse *alice;
  DhShare share;

  dh_share_init (&share, &limits, START);
  alice = add_user (&share, 1, 600, 1000);
  for (guint i = 0; i < 2; i++)
    dh_share_settle (&share, alice, &(DhAmounts){ 0 }, TRUE, 1, G_MAXUINT64, G_MAXUINT64);
  g_assert_cmpuint (alice->spent.of[TIME], ==, G_MAXUINT64);
  g_assert_cmpuint (alice->spent.of[SIZE], ==, G_MAXUINT64);
  g_assert_cmpuint (get_allowance (&share, alice), ==, 0);
  dh_share_clear (&share);
}

/* One call of Bob's takes 18 shares: Alice has all of the windows in which he pays. */
static void
test_deep_debt_is_ones_own (void)
{
  DhPurse *alice, *bob;
  DhShare share;

  dh_share_init (&share, &ten_msec, START);
  alice = add_user (&share, 1, 625, 1000);
  bob = add_user (&share, 2, 625, 1000);
  make_blocks (&share, bob, 1, 90000);
  bob->block_usec = 625;
  /* This window paid what he had not used of his share in it. */
  g_assert_cmpuint (bob->debt.of[TIME], ==, 90000 - 5000);
  g_assert_cmpuint (take_all (&share, alice, 4), ==, 15);

  for (guint window = 1; window <= 17; window++) {
    dh_share_advance (&share, START + window * SECOND);
    g_assert_true (bob->excluded);
    g_assert_cmpuint (bob->debt.of[TIME], ==, 85000 - window * 5000);
    g_assert_cmpuint (take_all (&share, alice, 4), ==, 16);
  }
  dh_share_advance (&share, START + 18 * SECOND);
  g_assert_cmpuint (take_all (&share, alice, 4), ==, 8);
  g_assert_cmpuint (take_all (&share, bob, 4), ==, 8);
  dh_share_clear (&share);
}

/* What a call took a little longer is paid by a share, and the sum stays the quota. */
static void
test_small_debt_is_in_the_sum (void)
{
  DhPurse *alice, *bob;
  DhShare share;

  dh_share_init (&share, &ten_msec, START);
  alice = add_user (&share, 1, 625, 1000);
  bob = add_user (&share, 2, 625, 1000);
  make_blocks (&share, bob, 8, 5000 + 1250);
  bob->block_usec = 625;
  g_assert_cmpuint (bob->debt.of[TIME], ==, 1250);
  g_assert_cmpuint (take_all (&share, alice, 4), ==, 8);

  dh_share_advance (&share, START + SECOND);
  g_assert_cmpuint (bob->opening.of[TIME], ==, 1250);
  g_assert_cmpuint (get_allowance (&share, alice), ==, 8);
  g_assert_cmpuint (get_allowance (&share, bob), ==, 6);
  dh_share_clear (&share);
}

/* While another is excluded, a share is all of the window. */
static void
test_share_beside_a_debtor (void)
{
  DhPurse *alice, *bob;
  DhShare share;

  dh_share_init (&share, &ten_msec, START);
  alice = add_user (&share, 1, 600, 1000);
  bob = add_user (&share, 2, 600, 1000);
  make_blocks (&share, bob, 1, 90000);
  make_blocks (&share, alice, 10, 12000);
  g_assert_false (alice->excluded);
  g_assert_cmpuint (alice->spent.of[TIME], ==, 10000 - 600);
  g_assert_cmpuint (alice->debt.of[TIME], ==, 2000 + 600);
  dh_share_clear (&share);
}

/* As soon as nobody else claims the room, without waiting for the next window. */
static void
test_debt_is_paid_by_unclaimed_room (void)
{
  DhPurse *alice, *bob;
  DhShare share;

  dh_share_init (&share, &ten_msec, START);
  alice = add_user (&share, 1, 625, 1000);
  bob = add_user (&share, 2, 625, 1000);
  make_blocks (&share, alice, 8, 5200);
  g_assert_false (dh_share_pay_debt (&share, alice));
  g_assert_cmpuint (get_allowance (&share, alice), ==, 0);

  bob->waiting = 0;
  g_assert_true (dh_share_pay_debt (&share, alice));
  g_assert_cmpuint (alice->spent.of[TIME], ==, 5200);
  g_assert_cmpuint (get_allowance (&share, alice), >, 0);
  dh_share_clear (&share);
}

/* Many users who have gone take no more than their shares with their debts. */
static void
test_debts_of_the_gone (void)
{
  DhPurse *alice;
  DhShare share;

  dh_share_init (&share, &ten_msec, START);
  alice = add_user (&share, 1, 500, 1000);
  for (guint i = 0; i < 9; i++) {
    DhPurse *gone = add_user (&share, 2 + i, 500, 0);

    gone->n_seats = 0;
    gone->debt.of[TIME] = 4000;
  }
  for (guint window = 1; window <= 4; window++) {
    dh_share_advance (&share, START + window * SECOND);
    g_assert_cmpuint (share.purses->len, ==, window < 4 ? 10 : 1);
    g_assert_cmpuint (get_allowance (&share, alice), >=, 2);
    if (window == 1)
      g_assert_cmpuint (get_allowance (&share, alice), ==, 20);
    make_blocks (&share, alice, 2, 1000);
  }
  dh_share_clear (&share);
}

static void
test_small_debt_of_one_who_has_gone (void)
{
  DhPurse *alice, *gone;
  DhShare share;

  dh_share_init (&share, &ten_msec, START);
  alice = add_user (&share, 1, 500, 1000);
  gone = add_user (&share, 2, 500, 0);
  gone->n_seats = 0;
  gone->debt.of[TIME] = 2000;
  dh_share_advance (&share, START + SECOND);
  g_assert_cmpuint (get_allowance (&share, alice), ==, 16);
  dh_share_advance (&share, START + 2 * SECOND);
  g_assert_cmpuint (share.purses->len, ==, 1);
  g_assert_cmpuint (get_allowance (&share, alice), ==, 20);
  dh_share_clear (&share);
}

/* Before its end nobody knows what it took, but a block that never fits is known to be in debt. */
static void
test_one_dear_call_at_a_time (void)
{
  DhPurse *alice;
  DhShare share;
  DhAmounts reserved;

  dh_share_init (&share, &ten_msec, START);
  alice = add_user (&share, 1, 35000, 1000);
  reserved = dh_share_reserve (&share, alice, 1);
  g_assert_cmpuint (reserved.of[TIME], ==, 35000);
  dh_share_advance (&share, START + SECOND);
  g_assert_cmpuint (get_allowance (&share, alice), ==, 0);

  /* It was cheap after all. */
  dh_share_settle (&share, alice, &reserved, FALSE, 1, DH_BLOCK_SIZE, 600);
  g_assert_cmpuint (alice->debt.of[TIME], ==, 0);
  dh_share_advance (&share, START + 2 * SECOND);
  g_assert_cmpuint (get_allowance (&share, alice), ==, 1);
  dh_share_clear (&share);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/share-debt/a-dear-block-is-paid-by-later-windows", test_debt_is_paid);
  g_test_add_func ("/share-debt/a-long-call-is-paid-by-later-windows",
                   test_unexpected_debt_is_paid);
  g_test_add_func ("/share-debt/the-average-never-passes-the-limits", test_average_is_kept);
  g_test_add_func ("/share-debt/a-size-below-one-block-gets-on-in-several-windows",
                   test_size_below_a_block);
  g_test_add_func ("/share-debt/missed-windows-pay-too", test_missed_windows);
  g_test_add_func ("/share-debt/ends-somewhere", test_debt_is_capped);
  g_test_add_func ("/share-debt/of-other-limits-stays", test_debt_of_other_limits);
  g_test_add_func ("/share-debt/charges-saturate", test_charges_saturate);
  g_test_add_func ("/share-debt/a-deep-one-costs-nobody-else", test_deep_debt_is_ones_own);
  g_test_add_func ("/share-debt/a-small-one-is-in-the-sum", test_small_debt_is_in_the_sum);
  g_test_add_func ("/share-debt/of-another-leaves-one-all-of-the-window",
                   test_share_beside_a_debtor);
  g_test_add_func ("/share-debt/a-small-one-outlives-its-users-seats",
                   test_small_debt_of_one_who_has_gone);
  g_test_add_func ("/share-debt/is-paid-by-room-that-nobody-claims",
                   test_debt_is_paid_by_unclaimed_room);
  g_test_add_func ("/share-debt/of-many-who-have-gone-leaves-others-their-share",
                   test_debts_of_the_gone);
  g_test_add_func ("/share-debt/a-dear-call-under-way-is-owed-already",
                   test_one_dear_call_at_a_time);

  return g_test_run ();
}
