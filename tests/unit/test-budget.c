/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "hugepages/block.h"
#include "hugepages/budget.h"

#define HOUR ((guint64) 3600 * G_USEC_PER_SEC)
#define N_THREADS 8
#define N_ROUNDS 1000
#define N_BLOCKS (N_THREADS * N_ROUNDS / 2)

/* 64 blocks an hour, and time enough. */
static const DhQuotaLimits hourly = {
  .time = HOUR / 2, .size = 64 * DH_BLOCK_SIZE, .interval = HOUR, .ceiling = G_USEC_PER_SEC
};

static DhGrant
ask (DhSeat *seat, guint wanted)
{
  DhGrant grant;

  dh_seat_ask (seat, wanted, wanted, 1, &grant);
  return grant;
}

/* All blocks that are left in the window. */
static void
spend_all (DhSeat *seat)
{
  guint blocks;

  while ((blocks = ask (seat, 1000).blocks) > 0)
    dh_seat_charge (seat, blocks, blocks * DH_BLOCK_SIZE, blocks * 500);
}

static void
test_grant (void)
{
  g_autoptr (DhBudget) budget = dh_budget_new (&hourly);
  g_autoptr (DhSeat) seat = dh_seat_new (budget, 1000, NULL, NULL);
  DhGrant grant;

  g_assert_cmpuint (ask (seat, 1000).blocks, ==, 1);
  dh_seat_charge (seat, 1, DH_BLOCK_SIZE, 500);
  g_assert_cmpuint (ask (seat, 1000).blocks, ==, 63);
  dh_seat_charge (seat, 63, 63 * DH_BLOCK_SIZE, 31500);
  grant = ask (seat, 1000);
  g_assert_cmpuint (grant.blocks, ==, 0);
  g_assert_cmpuint (grant.next, >, (guint64) g_get_monotonic_time ());
  g_assert_cmpuint (grant.effective_size, ==, hourly.size);
  g_assert_cmpuint (grant.exceeds, ==, 1);
}

static void
test_look (void)
{
  g_autoptr (DhBudget) budget = dh_budget_new (&hourly);
  g_autoptr (DhSeat) seat = dh_seat_new (budget, 1000, NULL, NULL);
  DhGrant grant;

  spend_all (seat);
  dh_seat_look (seat, &grant);
  g_assert_cmpuint (grant.blocks, ==, 0);
  g_assert_cmpuint (grant.next, >, (guint64) g_get_monotonic_time () + HOUR / 2);
  g_assert_cmpuint (grant.exceeds, ==, 1);
}

/* The seats keep the budget. */
static void
test_users (void)
{
  DhBudget *budget = dh_budget_new (&hourly);
  g_autoptr (DhSeat) alice = dh_seat_new (budget, 1000, NULL, NULL);
  g_autoptr (DhSeat) bob = dh_seat_new (budget, 1001, NULL, NULL);
  guint blocks;

  dh_budget_unref (budget);
  for (guint i = 0; i < 2; i++) {
    DhSeat *seat = i == 0 ? alice : bob;

    g_assert_cmpuint (ask (seat, 1000).blocks, ==, 1);
    dh_seat_charge (seat, 1, DH_BLOCK_SIZE, 500);
  }
  blocks = ask (alice, 1000).blocks;
  g_assert_cmpuint (blocks, ==, 31);
  g_assert_cmpuint (ask (bob, 1000).blocks, ==, 31);
}

static void
wake (gpointer n_wakes)
{
  g_atomic_int_inc ((gint *) n_wakes);
}

static void
test_limits (void)
{
  g_autoptr (DhBudget) budget = dh_budget_new (&hourly);
  gint n_wakes = 0;
  g_autoptr (DhSeat) seat = dh_seat_new (budget, 1000, wake, &n_wakes);
  DhQuotaLimits wider = hourly;

  spend_all (seat);
  g_assert_cmpint (n_wakes, ==, 0);
  wider.size *= 2;
  dh_budget_set_limits (budget, &wider);
  g_assert_cmpint (n_wakes, ==, 1);
  g_assert_cmpuint (ask (seat, 1000).blocks, ==, 64);
}

static void
test_free (void)
{
  g_autoptr (DhBudget) budget = dh_budget_new (&hourly);
  gint n_wakes[2] = { 0 };
  g_autoptr (DhSeat) alice = dh_seat_new (budget, 1000, wake, &n_wakes[0]);
  DhSeat *bob = dh_seat_new (budget, 1001, wake, &n_wakes[1]);
  DhQuotaLimits wider = hourly;

  g_assert_cmpuint (ask (bob, 1000).blocks, ==, 1);
  dh_seat_charge (bob, 1, DH_BLOCK_SIZE, 500);
  spend_all (alice);
  spend_all (bob);
  dh_seat_free (bob);
  wider.size *= 2;
  dh_budget_set_limits (budget, &wider);
  g_assert_cmpint (n_wakes[1], ==, 0);
  g_assert_cmpint (n_wakes[0], >, 0);
}

static void
test_windows (void)
{
  DhQuotaLimits limits = {
    .time = 1000, .size = DH_BLOCK_SIZE, .interval = 20000, .ceiling = G_USEC_PER_SEC
  };
  g_autoptr (DhBudget) budget = dh_budget_new (&limits);
  g_autoptr (DhSeat) seat = dh_seat_new (budget, 1000, NULL, NULL);
  guint64 window;

  spend_all (seat);
  window = ask (seat, 1).window;
  g_usleep (3 * limits.interval);
  g_assert_cmpuint (ask (seat, 1).window, >=, window + 2);
}

typedef struct {
  DhSeat *seat;
  guint made;
} Spender;

static gpointer
spend (gpointer data)
{
  Spender *self = data;

  for (guint i = 0; i < N_ROUNDS; i++) {
    guint blocks = ask (self->seat, 1).blocks;

    if (blocks > 0)
      dh_seat_charge (self->seat, blocks, blocks * DH_BLOCK_SIZE, 1);
    self->made += blocks;
  }
  dh_seat_free (self->seat);
  return NULL;
}

static void
test_threads (void)
{
  DhQuotaLimits limits = hourly;
  g_autoptr (DhBudget) budget = NULL;
  g_autoptr (DhSeat) last = NULL;
  Spender spenders[N_THREADS] = { 0 };
  GThread *threads[N_THREADS];
  gint n_wakes = 0;
  guint made = 0;

  limits.size = N_BLOCKS * DH_BLOCK_SIZE;
  budget = dh_budget_new (&limits);
  for (guint i = 0; i < N_THREADS; i++) {
    spenders[i].seat = dh_seat_new (budget, 1000 + i % 3, wake, &n_wakes);
    threads[i] = g_thread_new ("spend", spend, &spenders[i]);
  }
  for (guint i = 0; i < N_THREADS; i++) {
    g_thread_join (threads[i]);
    made += spenders[i].made;
  }
  last = dh_seat_new (budget, 1000, NULL, NULL);
  for (guint blocks; (blocks = ask (last, 1).blocks) > 0; made += blocks)
    dh_seat_charge (last, blocks, blocks * DH_BLOCK_SIZE, 1);
  g_assert_cmpuint (made, ==, N_BLOCKS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/budget/grants-what-the-quota-allows", test_grant);
  g_test_add_func ("/budget/a-look-asks-for-nothing", test_look);
  g_test_add_func ("/budget/two-users-share-it", test_users);
  g_test_add_func ("/budget/new-limits-hold-at-once-and-wake", test_limits);
  g_test_add_func ("/budget/who-is-gone-is-not-woken", test_free);
  g_test_add_func ("/budget/windows-come-with-time", test_windows);
  g_test_add_func ("/budget/no-charge-of-any-thread-is-lost", test_threads);

  return g_test_run ();
}
