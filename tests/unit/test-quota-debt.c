/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "hugepages/block.h"
#include "hugepages/quota.h"

#define SECOND ((guint64) G_USEC_PER_SEC)
#define START (1000 * SECOND)

/* 10 ms in each second, no limit of size, half a core at most. */
static const DhQuotaLimits ten_msec = { 10000, 0, SECOND, SECOND / 2 };

static void
make_blocks (DhQuota *quota, guint blocks, guint64 time)
{
  dh_quota_charge (quota, blocks, blocks * DH_BLOCK_SIZE, time);
}

/* Makes a block's price known and all debts paid. */
static void
teach_price (DhQuota *quota, guint64 block_usec)
{
  make_blocks (quota, 1, block_usec);
  quota->time_charged = 0;
  quota->size_charged = 0;
}

static void
test_debt_is_paid (void)
{
  DhQuota quota;

  dh_quota_init (&quota, &ten_msec, START);
  make_blocks (&quota, 1, 35000);

  for (guint window = 1; window <= 3; window++) {
    g_assert_cmpuint (dh_quota_advance (&quota, START + window * SECOND), ==, 1);
    g_assert_cmpuint (quota.time_charged, ==, 35000 - window * 10000);
    g_assert_cmpuint (dh_quota_allowance (&quota), ==, 0);
  }
  g_assert_cmpuint (dh_quota_advance (&quota, START + 4 * SECOND), ==, 1);
  g_assert_cmpuint (dh_quota_allowance (&quota), ==, 1);
}

static void
test_average_is_kept (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (42);
  guint64 spent = 0, made = 0, now = START;
  DhQuotaLimits limits = { 10000, 5 << 20, SECOND, SECOND };
  DhQuota quota;

  dh_quota_init (&quota, &limits, now);
  while (now < START + 2000 * SECOND) {
    now += (guint64) g_rand_int_range (random, 1, 300000);
    dh_quota_advance (&quota, now);
    if (dh_quota_allowance (&quota) > 0) {
      guint64 time = (guint64) g_rand_int_range (random, 100, 60000);

      make_blocks (&quota, 1, time);
      spent += time;
      made += DH_BLOCK_SIZE;
    }
  }

  /* Over 2000 windows nothing but the last call's debt may stand above the limits. */
  g_assert_cmpuint (spent, <=, 2001 * limits.time + 60000);
  g_assert_cmpuint (made, <=, 2001 * limits.size);
  g_assert_cmpuint (spent, >=, 1000 * limits.time);
}

static void
test_missed_windows (void)
{
  DhQuota quota;

  dh_quota_init (&quota, &ten_msec, START);
  make_blocks (&quota, 1, 159 * 1000);
  g_assert_cmpuint (dh_quota_advance (&quota, START + 15 * SECOND + 17), ==, 15);
  g_assert_cmpuint (quota.time_charged, ==, 9000);
  g_assert_cmpuint (quota.window_start, ==, START + 15 * SECOND);
  g_assert_cmpuint (dh_quota_advance (&quota, START + 16 * SECOND), ==, 1);
  g_assert_cmpuint (quota.time_charged, ==, 0);

  g_assert_cmpuint (dh_quota_advance (&quota, G_MAXUINT64), ==, G_MAXUINT);
  g_assert_cmpuint (quota.window_start, <=, G_MAXUINT64);
  g_assert_cmpuint (dh_quota_next_window (&quota), ==, G_MAXUINT64);
}

/* A call that waited for half a minute owes sixteen windows, and none of what follows owes more. */
static void
test_debt_is_capped (void)
{
  DhQuota quota;
  guint window;

  dh_quota_init (&quota, &ten_msec, START);
  teach_price (&quota, 600);
  make_blocks (&quota, 1, 30 * SECOND);
  g_assert_cmpuint (quota.time_charged, ==, (1 + DH_QUOTA_DEBT_WINDOWS) * ten_msec.time);
  make_blocks (&quota, 1, 30 * SECOND);
  g_assert_cmpuint (quota.time_charged, ==, (1 + DH_QUOTA_DEBT_WINDOWS) * ten_msec.time);

  for (window = 1; window <= DH_QUOTA_DEBT_WINDOWS; window++) {
    dh_quota_advance (&quota, START + window * SECOND);
    g_assert_cmpuint (dh_quota_allowance (&quota), ==, 0);
  }
  dh_quota_advance (&quota, START + window * SECOND);
  g_assert_cmpuint (dh_quota_allowance (&quota), ==, 1);
}

/* What was owed under other limits is neither let off nor added to. */
static void
test_debt_of_other_limits (void)
{
  DhQuotaLimits lower = { 100, 0, SECOND, SECOND };
  DhQuota quota;

  dh_quota_init (&quota, &ten_msec, START);
  make_blocks (&quota, 1, 50000);
  dh_quota_set_limits (&quota, &lower);
  make_blocks (&quota, 1, 50000);
  g_assert_cmpuint (quota.time_charged, ==, 50000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/quota/debt-of-a-long-call-is-paid-by-later-windows", test_debt_is_paid);
  g_test_add_func ("/quota/the-average-never-passes-the-limits", test_average_is_kept);
  g_test_add_func ("/quota/missed-windows-pay-debt-too", test_missed_windows);
  g_test_add_func ("/quota/debt-ends-somewhere", test_debt_is_capped);
  g_test_add_func ("/quota/debt-of-other-limits-stays", test_debt_of_other_limits);

  return g_test_run ();
}
