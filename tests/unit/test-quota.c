/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "hugepages/quota.h"

#define SECOND ((guint64) G_USEC_PER_SEC)
#define START (1000 * SECOND)

/* 10 ms in each second, no limit of size, half a core at most. */
static const DhQuotaLimits ten_msec = { 10000, 0, SECOND, SECOND / 2 };

typedef struct {
  const char *path;
  DhQuotaLimits limits;
  guint64 time;
  guint64 size;
} AmountsCase;

/* clang-format off */
static const AmountsCase amounts[] = {
  { "/quota/a-window-allows-its-time",
    { 10000, 0, SECOND, SECOND }, 10000, G_MAXUINT64 },
  { "/quota/a-window-allows-its-size",
    { 10000, 6 << 20, SECOND, SECOND }, 10000, 6 << 20 },
  { "/quota/the-ceiling-holds-where-there-is-no-time-limit",
    { 0, 0, SECOND, 500000 }, 500000, G_MAXUINT64 },
  { "/quota/the-ceiling-holds-above-a-higher-time-limit",
    { 900000, 0, SECOND, 500000 }, 500000, G_MAXUINT64 },
  { "/quota/the-ceiling-counts-per-second-not-per-window",
    { 0, 0, SECOND / 10, 500000 }, 50000, G_MAXUINT64 },
  { "/quota/a-window-too-short-for-any-time-still-has-some",
    { 0, 0, 1, 1 }, 1, G_MAXUINT64 },
  { "/quota/limits-of-zero-are-harmless",
    { 0, 0, 0, 0 }, 1, G_MAXUINT64 },
  { "/quota/the-largest-limits-do-not-overflow",
    { G_MAXUINT64, G_MAXUINT64, G_MAXUINT64, G_MAXUINT64 }, G_MAXUINT64, G_MAXUINT64 },
};
/* clang-format on */

static void
test_amounts (gconstpointer data)
{
  const AmountsCase *row = data;
  DhAmounts got;
  DhQuota quota;

  dh_quota_init (&quota, &row->limits, START);
  got = dh_quota_get_amounts (&quota);
  g_assert_cmpuint (got.of[DH_RESOURCE_TIME], ==, row->time);
  g_assert_cmpuint (got.of[DH_RESOURCE_SIZE], ==, row->size);
}

static void
test_windows_keep_their_grid (void)
{
  DhQuota quota;

  dh_quota_init (&quota, &ten_msec, START);
  g_assert_cmpuint (dh_quota_advance (&quota, START + SECOND - 1), ==, 0);
  g_assert_cmpuint (dh_quota_next_window (&quota), ==, START + SECOND);
  g_assert_cmpuint (quota.window, ==, 0);
  g_assert_cmpuint (dh_quota_advance (&quota, START + 2 * SECOND + SECOND / 2), ==, 2);
  g_assert_cmpuint (dh_quota_next_window (&quota), ==, START + 3 * SECOND);
  g_assert_cmpuint (quota.window, ==, 2);
}

static void
test_interval_changes (void)
{
  DhQuotaLimits limits = { 10000, 0, 3600 * SECOND, SECOND };
  DhQuota quota;

  dh_quota_init (&quota, &limits, START);
  limits.interval = SECOND;
  dh_quota_set_limits (&quota, &limits);
  g_assert_cmpuint (dh_quota_advance (&quota, START + 2 * SECOND), ==, 2);

  limits.interval = 3600 * SECOND;
  dh_quota_set_limits (&quota, &limits);
  g_assert_cmpuint (dh_quota_advance (&quota, START + 1000 * SECOND), ==, 0);
  g_assert_cmpuint (dh_quota_next_window (&quota), ==, START + 3602 * SECOND);
}

static void
test_interval_of_zero (void)
{
  const DhQuotaLimits limits = { 0, 0, 0, 0 };
  DhQuota quota;

  dh_quota_init (&quota, &limits, START);
  g_assert_cmpuint (dh_quota_advance (&quota, START + 5), ==, 5);
}

static void
test_time_goes_backwards (void)
{
  DhQuota quota;

  dh_quota_init (&quota, &ten_msec, START);
  g_assert_cmpuint (dh_quota_advance (&quota, START - 500 * SECOND), ==, 0);
  g_assert_cmpuint (dh_quota_advance (&quota, START - 499 * SECOND), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (amounts); i++)
    g_test_add_data_func (amounts[i].path, &amounts[i], test_amounts);
  g_test_add_func ("/quota/late-looks-do-not-shift-the-windows", test_windows_keep_their_grid);
  g_test_add_func ("/quota/the-interval-may-change-in-mid-window", test_interval_changes);
  g_test_add_func ("/quota/an-interval-of-zero-counts-as-one", test_interval_of_zero);
  g_test_add_func ("/quota/time-that-goes-backwards-starts-the-window-anew",
                   test_time_goes_backwards);

  return g_test_run ();
}
