/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "ledger.h"

#include "block.h"

struct _DhLedger {
  guint64 generation;
  GHashTable *blocks; /* a set of block numbers: no allocation for each */
};

static gpointer
to_key (guint64 address)
{
  return GSIZE_TO_POINTER (address / DH_BLOCK_SIZE);
}

DhLedger *
dh_ledger_new (void)
{
  DhLedger *ledger = g_new0 (DhLedger, 1);

  ledger->blocks = g_hash_table_new (NULL, NULL);
  return ledger;
}

void
dh_ledger_free (DhLedger *ledger)
{
  g_hash_table_unref (ledger->blocks);
  g_free (ledger);
}

void
dh_ledger_move (DhLedger *ledger, guint64 generation)
{
  if (ledger->generation != generation)
    g_hash_table_remove_all (ledger->blocks);
  ledger->generation = generation;
}

void
dh_ledger_note (DhLedger *ledger, guint64 generation, guint64 address)
{
  dh_ledger_move (ledger, generation);
  g_hash_table_add (ledger->blocks, to_key (address));
}

void
dh_ledger_strike (DhLedger *ledger, guint64 address)
{
  g_hash_table_remove (ledger->blocks, to_key (address));
}

gboolean
dh_ledger_has (const DhLedger *ledger, guint64 address)
{
  return g_hash_table_contains (ledger->blocks, to_key (address));
}

static int
compare_addresses (gconstpointer a, gconstpointer b)
{
  const guint64 left = *(const guint64 *) a, right = *(const guint64 *) b;

  return (left > right) - (left < right);
}

GArray *
dh_ledger_dup_addresses (const DhLedger *ledger)
{
  GArray *addresses =
    g_array_sized_new (FALSE, FALSE, sizeof (guint64), g_hash_table_size (ledger->blocks));
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, ledger->blocks);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    const guint64 address = GPOINTER_TO_SIZE (key) * DH_BLOCK_SIZE;

    g_array_append_val (addresses, address);
  }
  g_array_sort (addresses, compare_addresses);
  return addresses;
}
