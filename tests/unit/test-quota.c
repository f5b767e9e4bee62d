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

typedef struct {
  const char *path;
  DhQuotaLimits limits;
  guint64 block_usec; /* 0: unknown */
  guint64 time_charged;
  guint64 size_charged;
  guint allowance;
} AllowanceCase;

/* clang-format off */
static const AllowanceCase allowances[] = {
  { "/quota/one-block-is-let-through-while-the-price-is-unknown",
    { 10000, 0, SECOND, SECOND }, 0, 0, 0, 1 },
  { "/quota/one-block-while-the-price-is-unknown-even-after-failures",
    { 10000, 0, SECOND, SECOND }, 0, 9999, 0, 1 },
  { "/quota/a-full-window-lets-nothing-through-even-at-an-unknown-price",
    { 10000, 0, SECOND, SECOND }, 0, 10000, 0, 0 },
  { "/quota/a-fresh-window-holds-what-fits-it",
    { 10000, 0, SECOND, SECOND }, 600, 0, 0, 16 },
  { "/quota/what-was-charged-leaves-less-room",
    { 10000, 0, SECOND, SECOND }, 600, 8200, 0, 3 },
  { "/quota/a-block-that-fits-exactly-is-let-through",
    { 10000, 0, SECOND, SECOND }, 600, 9400, 0, 1 },
  { "/quota/a-block-that-does-not-fit-the-rest-waits",
    { 10000, 0, SECOND, SECOND }, 600, 9401, 0, 0 },
  { "/quota/a-block-that-never-fits-is-let-through-where-nothing-is-charged",
    { 10000, 0, SECOND, SECOND }, 35000, 0, 0, 1 },
  { "/quota/a-block-that-never-fits-waits-where-anything-is-charged",
    { 10000, 0, SECOND, SECOND }, 35000, 1, 0, 0 },
  { "/quota/the-ceiling-holds-where-there-is-no-time-limit",
    { 0, 0, SECOND, 500000 }, 1000, 0, 0, 500 },
  { "/quota/the-ceiling-holds-above-a-higher-time-limit",
    { 900000, 0, SECOND, 500000 }, 1000, 0, 0, 500 },
  { "/quota/the-ceiling-counts-per-second-not-per-window",
    { 0, 0, SECOND / 10, 500000 }, 1000, 0, 0, 50 },
  { "/quota/a-window-too-short-for-any-time-still-gets-on",
    { 0, 0, 1, 1 }, 1000, 0, 0, 1 },
  { "/quota/the-size-limits-where-time-would-allow-more",
    { 10000, 6 << 20, SECOND, SECOND }, 600, 0, 0, 3 },
  { "/quota/part-of-a-block-is-no-room",
    { 10000, 7 << 20, SECOND, SECOND }, 600, 0, 4 << 20, 1 },
  { "/quota/the-size-is-spent",
    { 10000, 7 << 20, SECOND, SECOND }, 600, 0, 6 << 20, 0 },
  { "/quota/a-size-limit-below-one-block-lets-one-through-where-nothing-is-charged",
    { 10000, 1 << 20, SECOND, SECOND }, 600, 0, 0, 1 },
  { "/quota/a-size-limit-below-one-block-waits-where-anything-is-charged",
    { 10000, 1 << 20, SECOND, SECOND }, 600, 0, 1, 0 },
  { "/quota/the-largest-limits-do-not-overflow",
    { G_MAXUINT64, G_MAXUINT64, G_MAXUINT64, G_MAXUINT64 }, 1, 0, 0, G_MAXUINT },
};
/* clang-format on */

static void
test_allowance (gconstpointer data)
{
  const AllowanceCase *row = data;
  DhQuota quota;

  dh_quota_init (&quota, &row->limits, START);
  if (row->block_usec != 0)
    teach_price (&quota, row->block_usec);
  quota.time_charged = row->time_charged;
  quota.size_charged = row->size_charged;

  g_assert_cmpuint (dh_quota_allowance (&quota), ==, row->allowance);
  g_assert_cmpuint (quota.exceeds, ==, row->allowance == 0);
}

static void
test_size_below_a_block (void)
{
  DhQuotaLimits limits = { 0, DH_BLOCK_SIZE / 4, SECOND, SECOND };
  guint made = 0;
  DhQuota quota;

  dh_quota_init (&quota, &limits, START);
  for (guint window = 0; window < 40; window++) {
    dh_quota_advance (&quota, START + window * SECOND);
    if (dh_quota_allowance (&quota) > 0) {
      make_blocks (&quota, 1, 600);
      made++;
    }
  }
  g_assert_cmpuint (made, ==, 10);
  g_assert_cmpuint (quota.exceeds, ==, 30);
}

static void
test_windows_keep_their_grid (void)
{
  DhQuota quota;

  dh_quota_init (&quota, &ten_msec, START);
  g_assert_cmpuint (dh_quota_advance (&quota, START + SECOND - 1), ==, 0);
  g_assert_cmpuint (dh_quota_next_window (&quota), ==, START + SECOND);
  g_assert_cmpuint (dh_quota_advance (&quota, START + 2 * SECOND + SECOND / 2), ==, 2);
  g_assert_cmpuint (dh_quota_next_window (&quota), ==, START + 3 * SECOND);
}

static void
test_exceeds_count_windows (void)
{
  DhQuota quota;

  dh_quota_init (&quota, &ten_msec, START);
  make_blocks (&quota, 1, 25000);
  g_assert_cmpuint (quota.exceeds, ==, 0);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpuint (dh_quota_allowance (&quota), ==, 0);
  g_assert_cmpuint (quota.exceeds, ==, 1);

  dh_quota_advance (&quota, START + SECOND);
  g_assert_false (quota.limited);
  g_assert_cmpuint (dh_quota_allowance (&quota), ==, 0);
  g_assert_cmpuint (quota.exceeds, ==, 2);

  dh_quota_advance (&quota, START + 3 * SECOND);
  g_assert_cmpuint (dh_quota_allowance (&quota), ==, 1);
  g_assert_cmpuint (quota.exceeds, ==, 2);
}

static void
test_limits_change_in_mid_window (void)
{
  DhQuotaLimits limits = { 10000, 64 << 20, SECOND, SECOND };
  DhQuota quota;

  dh_quota_init (&quota, &limits, START);
  make_blocks (&quota, 8, 8000);

  limits.time = 3000;
  limits.size = 4 << 20;
  dh_quota_set_limits (&quota, &limits);
  g_assert_cmpuint (dh_quota_allowance (&quota), ==, 0);
  g_assert_cmpuint (quota.time_charged, ==, 8000);
  dh_quota_advance (&quota, START + SECOND);
  g_assert_cmpuint (quota.time_charged, ==, 5000);
  g_assert_cmpuint (quota.size_charged, ==, 12 << 20);

  limits.time = 20000;
  limits.size = 0;
  dh_quota_set_limits (&quota, &limits);
  g_assert_cmpuint (dh_quota_allowance (&quota), ==, 15);
}

static void
test_interval_changes (void)
{
  DhQuotaLimits limits = { 10000, 0, 3600 * SECOND, SECOND };
  DhQuota quota;

  dh_quota_init (&quota, &limits, START);
  make_blocks (&quota, 1, 25000);
  limits.interval = SECOND;
  dh_quota_set_limits (&quota, &limits);
  g_assert_cmpuint (dh_quota_advance (&quota, START + 2 * SECOND), ==, 2);
  g_assert_cmpuint (quota.time_charged, ==, 5000);

  limits.interval = 3600 * SECOND;
  dh_quota_set_limits (&quota, &limits);
  g_assert_cmpuint (dh_quota_advance (&quota, START + 1000 * SECOND), ==, 0);
  g_assert_cmpuint (dh_quota_next_window (&quota), ==, START + 3602 * SECOND);
}

static void
test_zero_limits (void)
{
  const DhQuotaLimits limits = { 0, 0, 0, 0 };
  DhQuota quota;

  dh_quota_init (&quota, &limits, START);
  g_assert_cmpuint (dh_quota_advance (&quota, START + 5), ==, 5);
  g_assert_cmpuint (dh_quota_allowance (&quota), ==, 1);
}

static void
test_time_goes_backwards (void)
{
  DhQuota quota;

  dh_quota_init (&quota, &ten_msec, START);
  make_blocks (&quota, 1, 15000);
  g_assert_cmpuint (dh_quota_advance (&quota, START - 500 * SECOND), ==, 0);
  g_assert_cmpuint (quota.time_charged, ==, 15000);
  g_assert_cmpuint (dh_quota_advance (&quota, START - 499 * SECOND), ==, 1);
  g_assert_cmpuint (quota.time_charged, ==, 5000);
}

static void
test_price_is_per_block_made (void)
{
  DhQuota quota;

  dh_quota_init (&quota, &ten_msec, START);
  dh_quota_charge (&quota, 8, 2 * DH_BLOCK_SIZE, 2000);
  g_assert_cmpfloat (quota.block_usec, ==, 1000);
  g_assert_cmpuint (quota.time_charged, ==, 2000);
  g_assert_cmpuint (quota.size_charged, ==, 2 * DH_BLOCK_SIZE);

  dh_quota_charge (&quota, 1, DH_BLOCK_SIZE, 1800);
  g_assert_cmpfloat_with_epsilon (quota.block_usec, 1100, 1e-6);
}

static void
test_failures_and_price (void)
{
  DhQuota quota;

  dh_quota_init (&quota, &ten_msec, START);
  dh_quota_charge (&quota, 8, 0, 40);
  g_assert_cmpfloat (quota.block_usec, ==, 0);
  g_assert_cmpuint (quota.time_charged, ==, 40);

  teach_price (&quota, 600);
  dh_quota_charge (&quota, 8, 0, 40);
  g_assert_cmpfloat (quota.block_usec, ==, 600);

  dh_quota_charge (&quota, 1, 0, 5000);
  g_assert_cmpfloat (quota.block_usec, >, 600);
}

static void
test_no_time_at_all (void)
{
  DhQuota quota;

  dh_quota_init (&quota, &ten_msec, START);
  make_blocks (&quota, 4, 0);
  g_assert_cmpuint (dh_quota_allowance (&quota), ==, 10000);
}

static void
test_charges_saturate (void)
{
  DhQuotaLimits limits = { G_MAXUINT64, 0, G_MAXUINT64, G_MAXUINT64 };
  DhQuota quota;

  dh_quota_init (&quota, &limits, START);
  dh_quota_charge (&quota, 1, G_MAXUINT64, G_MAXUINT64);
  dh_quota_charge (&quota, 0, G_MAXUINT64, G_MAXUINT64);
  g_assert_cmpuint (quota.time_charged, ==, G_MAXUINT64);
  g_assert_cmpuint (quota.size_charged, ==, G_MAXUINT64);
  g_assert_cmpuint (dh_quota_allowance (&quota), ==, 0);
}

static void
test_effective_size (void)
{
  static const struct {
    DhQuotaLimits limits;
    guint64 block_usec;
    guint64 bytes;
  } rows[] = {
    { { 10000, 0, SECOND, SECOND }, 0, DH_BLOCK_SIZE },
    { { 10000, 1 << 20, SECOND, SECOND }, 0, 1 << 20 },
    { { 10000, 0, SECOND, SECOND }, 500, 20 * DH_BLOCK_SIZE },
    { { 10000, 8 << 20, SECOND, SECOND }, 500, 8 << 20 },
    { { 10000, 0, SECOND, SECOND }, 40000, DH_BLOCK_SIZE / 4 },
    { { 0, 0, SECOND, 500000 }, 500, 1000 * DH_BLOCK_SIZE },
    { { 1, 0, SECOND, SECOND }, G_MAXUINT64, 1 },
    { { G_MAXUINT64, 0, G_MAXUINT64, G_MAXUINT64 }, 1, G_MAXUINT64 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    DhQuota quota;

    dh_quota_init (&quota, &rows[i].limits, START);
    if (rows[i].block_usec != 0)
      teach_price (&quota, rows[i].block_usec);
    g_assert_cmpuint (dh_quota_effective_size (&quota), ==, rows[i].bytes);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (allowances); i++)
    g_test_add_data_func (allowances[i].path, &allowances[i], test_allowance);
  g_test_add_func ("/quota/a-size-below-one-block-gets-on-in-several-windows",
                   test_size_below_a_block);
  g_test_add_func ("/quota/late-looks-do-not-shift-the-windows", test_windows_keep_their_grid);
  g_test_add_func ("/quota/each-window-that-refused-counts-once", test_exceeds_count_windows);
  g_test_add_func ("/quota/limits-may-change-in-mid-window", test_limits_change_in_mid_window);
  g_test_add_func ("/quota/the-interval-may-change-in-mid-window", test_interval_changes);
  g_test_add_func ("/quota/limits-of-zero-are-harmless", test_zero_limits);
  g_test_add_func ("/quota/time-that-goes-backwards-starts-the-window-anew",
                   test_time_goes_backwards);
  g_test_add_func ("/quota/the-price-is-per-block-that-became-huge", test_price_is_per_block_made);
  g_test_add_func ("/quota/quick-failures-do-not-make-blocks-cheap", test_failures_and_price);
  g_test_add_func ("/quota/blocks-are-never-free", test_no_time_at_all);
  g_test_add_func ("/quota/charges-saturate", test_charges_saturate);
  g_test_add_func ("/quota/effective-size-follows-price-and-limits", test_effective_size);

  return g_test_run ();
}
