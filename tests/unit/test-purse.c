/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "hugepages/block.h"
#include "hugepages/purse.h"

#define TIME DH_RESOURCE_TIME
#define SIZE DH_RESOURCE_SIZE

typedef struct {
  const char *path;
  double before;
  guint blocks; /* tried */
  guint made;
  guint64 time;
  double after;
} PriceCase;

/* clang-format off */
static const PriceCase prices[] = {
  { "/purse/the-first-success-tells-the-price", 0, 8, 8, 4800, 600 },
  { "/purse/the-price-is-per-block-that-became-huge", 0, 8, 2, 2000, 1000 },
  { "/purse/a-call-moves-the-price-by-an-eighth", 1000, 1, 1, 1800, 1100 },
  { "/purse/a-quick-failure-tells-no-first-price", 0, 8, 0, 40, 0 },
  { "/purse/a-quick-failure-does-not-make-blocks-cheap", 600, 8, 0, 40, 600 },
  { "/purse/a-dear-failure-is-a-warning", 600, 1, 0, 5000, 1150 },
  { "/purse/blocks-are-never-free", 0, 4, 4, 0, 1 },
  { "/purse/a-call-that-was-not-made-tells-nothing", 600, 0, 0, 0, 600 },
};
/* clang-format on */

static void
test_price (gconstpointer data)
{
  const PriceCase *row = data;
  DhPurse purse = { .block_usec = row->before };

  dh_purse_learn (&purse, row->blocks, row->made * DH_BLOCK_SIZE, row->time);
  g_assert_cmpfloat_with_epsilon (purse.block_usec, row->after, 1e-6);
  g_assert_cmpfloat (dh_purse_get_price (&purse), ==,
                     row->after > 0 ? purse.block_usec : DH_FIRST_PRICE_USEC);
}

typedef struct {
  const char *path;
  DhAmounts debt;
  guint64 windows;
  DhAmounts debt_after;
  DhAmounts opening;
  gboolean excluded;
} WindowCase;

/* clang-format off */
static const WindowCase windows[] = {
  { "/purse/a-window-begins-with-nothing-spent",
    { { 0, 0 } }, 1, { { 0, 0 } }, { { 0, 0 } }, FALSE },
  { "/purse/a-share-pays-what-is-less-than-it",
    { { 4999, 0 } }, 1, { { 0, 0 } }, { { 4999, 0 } }, FALSE },
  { "/purse/a-debt-as-long-as-a-share-excludes",
    { { 5000, 0 } }, 1, { { 0, 0 } }, { { 0, 0 } }, TRUE },
  { "/purse/a-deep-debt-falls-by-the-share",
    { { 35000, 0 } }, 1, { { 30000, 0 } }, { { 0, 0 } }, TRUE },
  { "/purse/a-window-that-was-missed-pays-too",
    { { 12000, 0 } }, 3, { { 0, 0 } }, { { 2000, 0 } }, FALSE },
  { "/purse/a-debt-of-size-excludes",
    { { 0, 4 << 20 } }, 1, { { 0, 2 << 20 } }, { { 0, 0 } }, TRUE },
  { "/purse/both-debts-are-paid",
    { { 100, 1 << 20 } }, 1, { { 0, 0 } }, { { 100, 1 << 20 } }, FALSE },
  { "/purse/many-windows-pay-the-deepest-debt",
    { { G_MAXUINT64, G_MAXUINT64 } }, G_MAXUINT64, { { 0, 0 } }, { { 0, 0 } }, FALSE },
};
/* clang-format on */

static void
test_window (gconstpointer data)
{
  static const DhAmounts share = { { 5000, 2 << 20 } };
  const WindowCase *row = data;
  DhPurse purse = { .debt = row->debt, .spent = { { 77, 77 } }, .is_limited = TRUE };

  dh_purse_open_window (&purse, row->windows, &share);
  for (guint i = 0; i < DH_N_RESOURCES; i++) {
    g_assert_cmpuint (purse.debt.of[i], ==, row->debt_after.of[i]);
    g_assert_cmpuint (purse.opening.of[i], ==, row->opening.of[i]);
    g_assert_cmpuint (purse.spent.of[i], ==, row->opening.of[i]);
  }
  g_assert_cmpint (purse.excluded, ==, row->excluded);
  g_assert_false (purse.is_limited);
}

static void
test_exclude (void)
{
  static const DhAmounts share = { { 5000, 2 << 20 } };
  DhPurse purse = { .spent = { { 3000, 0 } }, .debt = { { 4999, 0 } } };

  g_assert_false (dh_purse_exclude (&purse, &share));
  g_assert_cmpuint (purse.debt.of[TIME], ==, 4999);
  purse.debt.of[TIME] = 9000;
  g_assert_true (dh_purse_exclude (&purse, &share));
  g_assert_cmpuint (purse.debt.of[TIME], ==, 7000);
  g_assert_cmpuint (purse.spent.of[TIME], ==, 3000);
  g_assert_false (dh_purse_is_solvent (&purse));
}

static void
test_give_back (void)
{
  DhPurse purse = { .spent = { { 5000, 8 << 20 } }, .debt = { { 300, 0 } } };

  dh_purse_give_back (&purse, &(DhAmounts){ { 1000, 2 << 20 } }, TRUE);
  g_assert_cmpuint (purse.debt.of[TIME], ==, 0);
  g_assert_cmpuint (purse.spent.of[TIME], ==, 4300);
  g_assert_cmpuint (purse.spent.of[SIZE], ==, 6 << 20);

  purse.debt.of[TIME] = 300;
  dh_purse_give_back (&purse, &(DhAmounts){ { 1000, 2 << 20 } }, FALSE);
  g_assert_cmpuint (purse.debt.of[TIME], ==, 0);
  g_assert_cmpuint (purse.spent.of[TIME], ==, 4300);
  g_assert_cmpuint (purse.spent.of[SIZE], ==, 6 << 20);
}

static void
test_refusals (void)
{
  DhPurse purse = { 0 };

  for (guint i = 0; i < 5; i++)
    dh_purse_note_refusal (&purse);
  g_assert_cmpuint (purse.exceeds, ==, 1);
  dh_purse_open_window (&purse, 1, &(DhAmounts){ { 1, 1 } });
  g_assert_cmpuint (purse.exceeds, ==, 1);
  dh_purse_note_refusal (&purse);
  g_assert_cmpuint (purse.exceeds, ==, 2);
}

static void
test_sums_saturate (void)
{
  static const DhAmounts all = { { G_MAXUINT64, G_MAXUINT64 } };
  DhPurse purse = { 0 };

  for (guint i = 0; i < 2; i++) {
    dh_purse_spend (&purse, &all);
    dh_purse_owe (&purse, &all);
  }
  dh_purse_pay (&purse, &(DhAmounts){ { 1, 0 } });
  g_assert_cmpuint (purse.spent.of[TIME], ==, G_MAXUINT64);
  g_assert_cmpuint (purse.debt.of[TIME], ==, G_MAXUINT64 - 1);
  g_assert_cmpuint (purse.debt.of[SIZE], ==, G_MAXUINT64);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (prices); i++)
    g_test_add_data_func (prices[i].path, &prices[i], test_price);
  for (guint i = 0; i < G_N_ELEMENTS (windows); i++)
    g_test_add_data_func (windows[i].path, &windows[i], test_window);
  g_test_add_func ("/purse/a-debt-as-long-as-a-share-excludes-in-mid-window", test_exclude);
  g_test_add_func ("/purse/what-is-given-back-pays-debt-first", test_give_back);
  g_test_add_func ("/purse/each-window-that-refused-counts-once", test_refusals);
  g_test_add_func ("/purse/sums-saturate", test_sums_saturate);

  return g_test_run ();
}
