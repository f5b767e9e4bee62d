/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "collapser.h"

#include <string.h>

/* A page that may be written is nobody else's; one that may not could be shared after a fork, and
 * only the page frames tell. */
static guint
count_shared (const DhCollapser *collapser, const DhBlockView *view)
{
  guint shared;

  if (view->read_only == 0)
    return 0;
  return dh_eye_count_shared (collapser->eye, view->address, &shared) ? shared : view->read_only;
}

static const DhBlockView *
find_view (const GArray *views, guint64 address)
{
  for (guint i = 0; i < views->len; i++) {
    const DhBlockView *view = &g_array_index (views, DhBlockView, i);

    if (view->address == address)
      return view;
  }
  return NULL;
}

/* Returns: the leading blocks that may be collapsed. */
static guint
inspect (const DhCollapser *collapser, const GArray *views, guint64 address, guint blocks,
         DhCollapseResult *result)
{
  guint hint = 0, eligible = 0;

  for (guint i = 0; i < blocks; i++) {
    guint64 at = address + i * DH_BLOCK_SIZE;
    const DhMapping *mapping = dh_mappings_find (collapser->mappings, at, &hint);
    const DhBlockView *view = find_view (views, at);

    if (!view)
      result->verdicts[i] = DH_SKIP_SPARSE;
    else if ((result->verdicts[i] = dh_verdict (mapping, view, 0)) == DH_ELIGIBLE)
      result->verdicts[i] = dh_verdict (mapping, view, count_shared (collapser, view));
    if (result->verdicts[i] == DH_ELIGIBLE && eligible == i)
      eligible++;
  }
  return eligible;
}

static void
measure (const GArray *before, const GArray *after, guint64 address, DhCollapseResult *result)
{
  for (guint i = 0; i < result->tried; i++) {
    const DhBlockView *then = find_view (before, address + i * DH_BLOCK_SIZE);
    const DhBlockView *now = find_view (after, address + i * DH_BLOCK_SIZE);

    result->huge[i] = now && now->huge;
    if (!result->huge[i])
      continue;
    result->collapsed++;
    result->added_bytes += (guint64) (DH_BLOCK_PAGES - then->resident) * DH_PAGE_SIZE;
  }
}

gboolean
dh_collapser_run (const DhCollapser *collapser, guint64 address, guint blocks,
                  DhCollapseResult *ret_result, GError **error)
{
  g_autoptr (GArray) before = g_array_new (FALSE, FALSE, sizeof (DhBlockView));
  g_autoptr (GArray) after = g_array_new (FALSE, FALSE, sizeof (DhBlockView));
  guint64 end = address + blocks * DH_BLOCK_SIZE, generation;
  gint64 start;

  g_return_val_if_fail (blocks > 0 && blocks <= DH_RUN_BLOCKS, FALSE);

  memset (ret_result, 0, sizeof *ret_result);
  if (!dh_eye_read_blocks (collapser->eye, address, end, before, &generation, error))
    return FALSE;
  ret_result->moved = generation != collapser->generation;
  if (ret_result->moved)
    return TRUE;
  ret_result->tried = inspect (collapser, before, address, blocks, ret_result);
  if (ret_result->tried == 0)
    return TRUE;

  start = g_get_monotonic_time ();
  ret_result->error = -dh_advisor_collapse (collapser->advisor, collapser->pidfd, address,
                                            ret_result->tried * DH_BLOCK_SIZE);
  ret_result->elapsed = (guint64) (g_get_monotonic_time () - start);

  if (!dh_eye_read_blocks (collapser->eye, address, end, after, &generation, error))
    return FALSE;
  /* What another address space has there is not of this call's making. */
  if (generation == collapser->generation)
    measure (before, after, address, ret_result);
  return TRUE;
}
