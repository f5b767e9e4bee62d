/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "undo.h"

#define ADDRESS_END G_MAXUINT64

/* Walks on through @views (DhBlockView, ascending) up to @address. @next: (inout). */
static const DhBlockView *
find_view (const GArray *views, guint64 address, guint *next)
{
  for (; *next < views->len; (*next)++) {
    const DhBlockView *view = &g_array_index (views, DhBlockView, *next);

    if (view->address >= address)
      return view->address == address ? view : NULL;
  }
  return NULL;
}

static gboolean
look (const DhUndo *undo, GArray *views, GError **error)
{
  guint64 generation;

  if (!dh_eye_read_blocks (undo->eye, 0, ADDRESS_END, views, &generation, error))
    return FALSE;
  dh_ledger_move (undo->ledger, generation);
  return TRUE;
}

static void
split (const DhUndo *undo, const GArray *addresses, const GArray *views)
{
  guint next = 0;

  for (guint i = 0; i < addresses->len && undo->goes_on (undo->user_data); i++) {
    const guint64 address = g_array_index (addresses, guint64, i);
    const DhBlockView *view = find_view (views, address, &next);

    if (view && view->huge)
      dh_advisor_split (undo->advisor, undo->pidfd, address);
  }
}

/* Compares what was huge before with what is huge now. */
static void
measure (const DhUndo *undo, const GArray *addresses, const GArray *before, const GArray *after,
         DhUndoResult *result)
{
  guint next_before = 0, next_after = 0;

  for (guint i = 0; i < addresses->len; i++) {
    const guint64 address = g_array_index (addresses, guint64, i);
    const DhBlockView *then = find_view (before, address, &next_before);
    const DhBlockView *now = find_view (after, address, &next_after);

    if (then && then->huge && now && !now->huge)
      result->split_bytes += DH_BLOCK_SIZE;
    else
      result->kept_bytes += DH_BLOCK_SIZE;
    if (!now || !now->huge)
      dh_ledger_strike (undo->ledger, address);
  }
}

gboolean
dh_undo_run (const DhUndo *undo, DhUndoResult *ret_result, GError **error)
{
  g_autoptr (GArray) before = g_array_new (FALSE, FALSE, sizeof (DhBlockView));
  g_autoptr (GArray) after = g_array_new (FALSE, FALSE, sizeof (DhBlockView));
  g_autoptr (GArray) addresses = NULL;

  *ret_result = (DhUndoResult){ 0 };
  if (!look (undo, before, error))
    return FALSE;
  addresses = dh_ledger_dup_addresses (undo->ledger);
  if (addresses->len == 0)
    return TRUE;
  split (undo, addresses, before);
  if (!look (undo, after, error))
    return FALSE;
  measure (undo, addresses, before, after, ret_result);
  return TRUE;
}
