/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "hugepages/block.h"
#include "hugepages/budget.h"

#define HOUR ((guint64) 3600 * G_USEC_PER_SEC)
#define N_THREADS 8
#define N_ROUNDS 1000

/* 64 blocks an hour, and time enough. */
static const DhQuotaLimits hourly = {
  .time = HOUR / 2, .size = 64 * DH_BLOCK_SIZE, .interval = HOUR, .ceiling = G_USEC_PER_SEC
};

static DhGrant
ask (DhBudget *budget, gboolean has_work)
{
  DhGrant grant;

  dh_budget_ask (budget, has_work, &grant);
  return grant;
}

static void
test_grant (void)
{
  g_autoptr (DhBudget) budget = dh_budget_new (&hourly);
  DhGrant grant = ask (budget, TRUE);

  g_assert_cmpuint (grant.blocks, ==, 1);
  g_assert_cmpuint (grant.next_window, >, (guint64) g_get_monotonic_time () + HOUR / 2);
  dh_budget_charge (budget, 1, DH_BLOCK_SIZE, 500);
  grant = ask (budget, TRUE);
  g_assert_cmpuint (grant.blocks, ==, 63);
  g_assert_cmpuint (grant.effective_size, ==, hourly.size);
  g_assert_cmpuint (grant.exceeds, ==, 0);
}

static void
test_exceeds (void)
{
  g_autoptr (DhBudget) budget = dh_budget_new (&hourly);

  dh_budget_charge (budget, 64, 64 * DH_BLOCK_SIZE, 32000);
  g_assert_cmpuint (ask (budget, FALSE).exceeds, ==, 0);
  g_assert_cmpuint (ask (budget, TRUE).blocks, ==, 0);
  g_assert_cmpuint (ask (budget, TRUE).exceeds, ==, 1);
  g_assert_cmpuint (ask (budget, FALSE).exceeds, ==, 1);
}

static void
test_limits (void)
{
  g_autoptr (DhBudget) budget = dh_budget_new (&hourly);
  DhQuotaLimits wider = hourly;

  dh_budget_charge (budget, 64, 64 * DH_BLOCK_SIZE, 32000);
  wider.size *= 2;
  dh_budget_set_limits (budget, &wider);
  g_assert_cmpuint (ask (budget, TRUE).blocks, ==, 64);
}

static void
test_windows (void)
{
  DhQuotaLimits limits = {
    .time = 1000, .size = DH_BLOCK_SIZE, .interval = 20000, .ceiling = G_USEC_PER_SEC
  };
  g_autoptr (DhBudget) budget = dh_budget_new (&limits);
  guint64 window;

  dh_budget_charge (budget, 1, DH_BLOCK_SIZE, 500);
  window = ask (budget, TRUE).window;
  g_usleep (3 * limits.interval);
  g_assert_cmpuint (ask (budget, TRUE).window, >=, window + 2);
  g_assert_cmpuint (ask (budget, TRUE).blocks, ==, 1);
}

static gpointer
spend (gpointer data)
{
  DhBudget *budget = data;

  for (guint i = 0; i < N_ROUNDS; i++) {
    dh_budget_charge (budget, 1, DH_PAGE_SIZE, 1);
    ask (budget, TRUE);
  }
  dh_budget_unref (budget);
  return NULL;
}

static void
test_threads (void)
{
  DhQuotaLimits limits = hourly;
  g_autoptr (DhBudget) budget = NULL;
  GThread *threads[N_THREADS];

  limits.size = (N_THREADS * N_ROUNDS * DH_PAGE_SIZE) + DH_BLOCK_SIZE;
  budget = dh_budget_new (&limits);
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("spend", spend, dh_budget_ref (budget));
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (ask (budget, TRUE).blocks, ==, 1);
  dh_budget_charge (budget, 1, 1, 1);
  g_assert_cmpuint (ask (budget, TRUE).blocks, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/budget/grants-what-the-quota-allows", test_grant);
  g_test_add_func ("/budget/only-work-that-waits-exceeds-the-quota", test_exceeds);
  g_test_add_func ("/budget/new-limits-hold-at-once", test_limits);
  g_test_add_func ("/budget/windows-come-with-time", test_windows);
  g_test_add_func ("/budget/no-charge-of-any-thread-is-lost", test_threads);

  return g_test_run ();
}
