/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* Which blocks of one process this service has made huge: what undo may take back. It holds for
 * one address space, told by the eye's generation. Pure. One thread. */
typedef struct _DhLedger DhLedger;

DhLedger *dh_ledger_new (void);
void dh_ledger_free (DhLedger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhLedger, dh_ledger_free)

/* The block at @address was made huge in the address space @generation; what was noted of an
 * earlier one is forgotten. A block noted before counts once. */
void dh_ledger_note (DhLedger *ledger, guint64 generation, guint64 address);

/* The process has the address space @generation now: of an earlier one nothing is left. */
void dh_ledger_move (DhLedger *ledger, guint64 generation);

/* It is no longer huge by this service's doing. */
void dh_ledger_strike (DhLedger *ledger, guint64 address);

gboolean dh_ledger_has (const DhLedger *ledger, guint64 address);

/* Addresses, ascending. Returns: (transfer full) (element-type guint64). */
GArray *dh_ledger_dup_addresses (const DhLedger *ledger);
