/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include <math.h>

#include "heat.h"

struct _DhHeat {
  GArray *blocks; /* DhBlock, ascending by address */
};

typedef struct {
  guint64 address;
  float score;
} Candidate;

double
dh_payback_threshold (const DhPayback *payback)
{
  double threshold;

  if (!(payback->collapse_usec >= 0 && payback->saving_usec > 0 && payback->payback_usec > 0))
    return INFINITY;

  threshold =
    payback->collapse_usec * G_USEC_PER_SEC / (payback->saving_usec * payback->payback_usec);
  return isnan (threshold) ? INFINITY : threshold;
}

DhHeat *
dh_heat_new (void)
{
  DhHeat *heat = g_new0 (DhHeat, 1);

  heat->blocks = g_array_new (FALSE, FALSE, sizeof (DhBlock));
  return heat;
}

void
dh_heat_free (DhHeat *heat)
{
  g_array_unref (heat->blocks);
  g_free (heat);
}

static DhBlock *
block_at (DhHeat *heat, guint i)
{
  return &g_array_index (heat->blocks, DhBlock, i);
}

/* A block that we have just collapsed is huge before its verdict says so. */
static gboolean
is_huge (const DhBlock *block)
{
  return block->collapsed || block->verdict == DH_SKIP_HUGE;
}

static gboolean
is_hot (const DhBlock *block)
{
  return block->hot_since != 0;
}

/* The block at @address if there is one. @i: (inout) where to start, then where to go on: two
 * ascending sequences are walked side by side in one pass. */
static DhBlock *
advance_to (DhHeat *heat, guint *i, guint64 address)
{
  for (; *i < heat->blocks->len; (*i)++) {
    DhBlock *block = block_at (heat, *i);

    if (block->address >= address)
      return block->address == address ? block : NULL;
  }
  return NULL;
}

void
dh_heat_update (DhHeat *heat, const GArray *views, const GArray *verdicts)
{
  GArray *blocks;
  guint next = 0;

  g_return_if_fail (views->len == verdicts->len);

  blocks = g_array_sized_new (FALSE, FALSE, sizeof (DhBlock), views->len);
  for (guint i = 0; i < views->len; i++) {
    const DhBlockView *view = &g_array_index (views, DhBlockView, i);
    guint8 verdict = g_array_index (verdicts, guint8, i);
    const DhBlock *known = advance_to (heat, &next, view->address);
    DhBlock block = { .address = view->address };

    /* The pages of a split huge page inherit its accessed bit: that is no heat of theirs. */
    if (known != NULL && (verdict == DH_SKIP_HUGE || !is_huge (known)))
      block = *known;
    block.resident = view->resident;
    block.verdict = verdict;
    g_array_append_val (blocks, block);
  }

  g_array_unref (heat->blocks);
  heat->blocks = blocks;
}

void
dh_heat_reset (DhHeat *heat)
{
  g_array_set_size (heat->blocks, 0);
}

GArray *
dh_heat_get_blocks (DhHeat *heat)
{
  return heat->blocks;
}

static int
compare_addresses (gconstpointer a, gconstpointer b)
{
  const DhBlock *left = a;
  const DhBlock *right = b;

  return (left->address > right->address) - (left->address < right->address);
}

DhBlock *
dh_heat_find (DhHeat *heat, guint64 address)
{
  const DhBlock key = { .address = address };
  guint i;

  if (!g_array_binary_search (heat->blocks, &key, compare_addresses, &i))
    return NULL;
  return block_at (heat, i);
}

/* Touches of distinct pages a second, at least: what one huge page would miss as well and one
 * standard deviation of so many chance events are left out. */
static float
get_rate (guint young, guint64 delay)
{
  double touches = (double) young - 1 - sqrt (young);

  return (float) (MAX (touches, 0) * G_USEC_PER_SEC / (double) delay);
}

void
dh_heat_note (DhHeat *heat, const GArray *views, guint64 now)
{
  guint next = 0;

  for (guint i = 0; i < views->len; i++) {
    const DhBlockView *view = &g_array_index (views, DhBlockView, i);
    DhBlock *block = advance_to (heat, &next, view->address);

    if (block == NULL || view->huge || is_huge (block))
      continue;
    if (block->cleared_at == 0 || now <= block->cleared_at)
      continue;

    block->young = view->young;
    block->peak = MAX (block->peak, view->young);
    block->best = MAX (block->best, get_rate (view->young, now - block->cleared_at));
  }
}

static void
close_block (DhBlock *block, double threshold, guint64 now)
{
  block->score = block->best;
  block->touched = block->peak;

  block->cooled = FALSE;
  /* What is idle does not pay even where a collapse costs nothing. */
  if (block->score > 0 && block->score >= threshold) {
    if (!is_hot (block))
      block->hot_since = MAX (now, 1);
    if (block->hot_epochs < G_MAXUINT8)
      block->hot_epochs++;
  } else {
    block->cooled = is_hot (block);
    block->hot_since = 0;
    block->hot_epochs = 0;
  }
}

void
dh_heat_close_epoch (DhHeat *heat, const DhPayback *payback, guint64 now)
{
  double threshold = dh_payback_threshold (payback);

  for (guint i = 0; i < heat->blocks->len; i++) {
    DhBlock *block = block_at (heat, i);

    /* What became huge in mid-epoch was not seen to the end: what was known of it stays. */
    if (block->cleared_at != 0 && !is_huge (block))
      close_block (block, threshold, now);
    block->cleared_at = 0;
    block->best = 0;
    block->peak = 0;
  }
}

static gboolean
within_tlb_reach (DhHeat *heat)
{
  guint64 pages = 0;

  for (guint i = 0; i < heat->blocks->len; i++) {
    const DhBlock *block = block_at (heat, i);

    pages += is_huge (block) ? DH_BLOCK_PAGES : block->touched;
  }
  return pages < DH_TLB_REACH_PAGES;
}

gboolean
dh_block_may_be_tried (const DhBlock *block, guint64 now)
{
  return (block->verdict == DH_ELIGIBLE || block->verdict == DH_SKIP_SHARED)
         && now >= block->retry_after;
}

static gboolean
is_candidate (const DhBlock *block, guint64 min_age, guint64 now)
{
  return dh_block_may_be_tried (block, now) && !block->collapsed && is_hot (block)
         && block->hot_epochs >= DH_HOT_EPOCHS && now >= block->hot_since
         && now - block->hot_since >= min_age;
}

static int
compare_heat (gconstpointer a, gconstpointer b)
{
  const Candidate *left = a;
  const Candidate *right = b;

  if (left->score > right->score)
    return -1;
  if (left->score < right->score)
    return 1;
  return (left->address > right->address) - (left->address < right->address);
}

GArray *
dh_heat_candidates (DhHeat *heat, guint64 min_age, guint64 now)
{
  g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (Candidate));
  GArray *addresses;

  if (!within_tlb_reach (heat))
    for (guint i = 0; i < heat->blocks->len; i++) {
      const DhBlock *block = block_at (heat, i);
      Candidate candidate = { .address = block->address, .score = block->score };

      if (is_candidate (block, min_age, now))
        g_array_append_val (found, candidate);
    }
  g_array_sort (found, compare_heat);

  addresses = g_array_sized_new (FALSE, FALSE, sizeof (guint64), found->len);
  for (guint i = 0; i < found->len; i++)
    g_array_append_val (addresses, g_array_index (found, Candidate, i).address);
  return addresses;
}

void
dh_heat_sum (DhHeat *heat, DhHeatSums *ret_sums)
{
  DhHeatSums sums = { 0 };

  for (guint i = 0; i < heat->blocks->len; i++) {
    const DhBlock *block = block_at (heat, i);

    if (!is_hot (block))
      continue;
    sums.hot += DH_BLOCK_SIZE;
    if (block->verdict != DH_ELIGIBLE && !is_huge (block))
      sums.skipped += DH_BLOCK_SIZE;
  }
  *ret_sums = sums;
}
