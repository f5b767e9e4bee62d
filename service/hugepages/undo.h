/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "advisor.h"
#include "eye.h"
#include "ledger.h"

/* Takes back what was made huge: splits it into 4 KiB pages, whose contents stay, and measures what
 * became of it. */

typedef struct {
  DhEye *eye;
  const DhAdvisor *advisor;
  int pidfd;
  DhLedger *ledger;
  gboolean (*goes_on) (gpointer user_data); /* asked between two calls into the kernel */
  gpointer user_data;
} DhUndo;

typedef struct {
  guint64 split_bytes; /* no longer huge, measured */
  guint64 kept_bytes;  /* shared after a fork, locked, not reached before it was to end, or gone */
} DhUndoResult;

/* Splits each block of the ledger that is still huge. What was split or is gone is struck off; what
 * is huge still can be tried again. Errors: the eye's. */
gboolean dh_undo_run (const DhUndo *undo, DhUndoResult *ret_result, GError **error);
