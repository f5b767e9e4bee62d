/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "hugepages/ledger.h"

#include "hugepages/block.h"

#define AT(i) ((guint64) (i) *DH_BLOCK_SIZE)

/* Just these, in that order. */
static void
assert_blocks (const DhLedger *ledger, const guint64 *blocks, guint n_blocks)
{
  g_autoptr (GArray) addresses = dh_ledger_dup_addresses (ledger);

  g_assert_cmpuint (addresses->len, ==, n_blocks);
  for (guint i = 0; i < n_blocks; i++)
    g_assert_cmpuint (g_array_index (addresses, guint64, i), ==, AT (blocks[i]));
}

static void
test_ascending_and_once (void)
{
  /* The last block of the largest address space that there is. */
  static const guint64 noted[] = { 300, 2, 1, 300, 0, ((guint64) 1 << 36) - 1, 2 };
  static const guint64 kept[] = { 0, 1, 2, 300, ((guint64) 1 << 36) - 1 };
  g_autoptr (DhLedger) ledger = dh_ledger_new ();

  assert_blocks (ledger, NULL, 0);
  for (guint i = 0; i < G_N_ELEMENTS (noted); i++)
    dh_ledger_note (ledger, 1, AT (noted[i]));
  assert_blocks (ledger, kept, G_N_ELEMENTS (kept));
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    g_assert_true (dh_ledger_has (ledger, AT (kept[i])));
  g_assert_false (dh_ledger_has (ledger, AT (3)));
}

static void
test_struck_off (void)
{
  static const guint64 kept[] = { 5 };
  g_autoptr (DhLedger) ledger = dh_ledger_new ();

  dh_ledger_note (ledger, 1, AT (4));
  dh_ledger_note (ledger, 1, AT (5));
  dh_ledger_strike (ledger, AT (4));
  dh_ledger_strike (ledger, AT (4));
  dh_ledger_strike (ledger, AT (77));
  g_assert_false (dh_ledger_has (ledger, AT (4)));
  assert_blocks (ledger, kept, G_N_ELEMENTS (kept));
}

static void
test_of_one_address_space (void)
{
  static const guint64 first[] = { 4, 5 }, next[] = { 6 };
  g_autoptr (DhLedger) ledger = dh_ledger_new ();

  dh_ledger_note (ledger, 8, AT (4));
  dh_ledger_note (ledger, 8, AT (5));
  dh_ledger_move (ledger, 8);
  assert_blocks (ledger, first, G_N_ELEMENTS (first));
  /* What is noted of another one is enough. */
  dh_ledger_note (ledger, 9, AT (6));
  assert_blocks (ledger, next, G_N_ELEMENTS (next));
  dh_ledger_move (ledger, 10);
  assert_blocks (ledger, NULL, 0);
  /* It never comes back. */
  dh_ledger_move (ledger, 9);
  assert_blocks (ledger, NULL, 0);
}

/* 64 GiB of huge pages. */
static void
test_many (void)
{
  const guint n = 1 << 15;
  g_autoptr (DhLedger) ledger = dh_ledger_new ();
  g_autoptr (GArray) addresses = NULL;

  for (guint i = 0; i < n; i++)
    dh_ledger_note (ledger, 1, AT ((i * 40503) % n));
  addresses = dh_ledger_dup_addresses (ledger);
  g_assert_cmpuint (addresses->len, ==, n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (g_array_index (addresses, guint64, i), ==, AT (i));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ledger/blocks-ascend-and-come-once", test_ascending_and_once);
  g_test_add_func ("/ledger/what-was-struck-off-is-gone", test_struck_off);
  g_test_add_func ("/ledger/it-is-of-one-address-space", test_of_one_address_space);
  g_test_add_func ("/ledger/many-blocks", test_many);

  return g_test_run ();
}
