/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "address-space.h"

/* What is known of the heat of one process's blocks, learned in epochs. An epoch: accessed bits of
 * the eligible blocks are cleared once, then read several times at growing delays. A read of y
 * distinct touched pages t after the clear says that the block causes at least (y - 1 - √y) / t TLB
 * misses a second more than one huge page would: one entry serves a huge page, so a block with one
 * hot page gains nothing; and y is a count of chance events, whose standard deviation is √y: a few
 * pages soon after a clear are no heat. A block's score in an epoch is the highest such rate.
 * Pure, no clock of its own: times are microseconds, given. One thread. */
typedef struct _DhHeat DhHeat;

typedef struct {
  guint64 address;
  guint64 cleared_at;  /* when this epoch's clear began; 0: not cleared in it */
  guint64 hot_since;   /* end of the first of its latest hot epochs in a row; 0: not hot */
  guint64 retry_after; /* not tried again before; 0: any time */
  float score;         /* touches of distinct pages per second, the latest complete epoch's */
  float best;          /* the same, of the epoch under way */
  guint16 resident;
  guint16 young;      /* of the last read after a clear */
  guint16 touched;    /* most pages a read saw young, in the latest complete epoch */
  guint16 peak;       /* the same, in the epoch under way */
  guint8 verdict;     /* DhVerdict */
  guint8 hot_epochs;  /* in a row, saturating */
  guint8 failures;    /* in a row, saturating */
  guint8 cooled;      /* the latest complete epoch found it not hot, the one before hot */
  gboolean collapsed; /* we made it huge, and it was when last seen */
} DhBlock;

/* Whether a collapse may be tried, its time having come: sharing is looked for anew just before. */
gboolean dh_block_may_be_tried (const DhBlock *block, guint64 now);

/* What a collapse costs and brings. The pay-back rule: a block pays if its score × saving covers
 * cost within payback. */
typedef struct {
  double collapse_usec; /* engine and target together, per block */
  double saving_usec;   /* per touch that no longer misses */
  double payback_usec;
} DhPayback;

/* The touches per second from which a block pays; infinite where @payback makes no sense (a
 * negative cost, no saving, no time, not a number). */
double dh_payback_threshold (const DhPayback *payback);

/* Distinct pages (a huge block counts as 512) below which the TLB holds a process's whole working
 * set and huge pages gain nothing. */
#define DH_TLB_REACH_PAGES 2048

/* Hot epochs in a row before a block is collapsed. */
#define DH_HOT_EPOCHS 2

DhHeat *dh_heat_new (void);
void dh_heat_free (DhHeat *heat);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhHeat, dh_heat_free)

/* Takes over what is there now: @views (DhBlockView, ascending) with @verdicts (DhVerdict as
 * guint8, same length). Blocks that are gone are forgotten, new ones and those that are no longer
 * huge start without heat, the others keep what was learned. */
void dh_heat_update (DhHeat *heat, const GArray *views, const GArray *verdicts);

/* Everything learned is void (exec). */
void dh_heat_reset (DhHeat *heat);

/* All blocks, ascending by address. The caller may set what it decides: cleared_at, failures,
 * retry_after, collapsed. Returns: (transfer none) (element-type DhBlock): valid until the next
 * update. */
GArray *dh_heat_get_blocks (DhHeat *heat);

/* Returns: (transfer none) (nullable): valid until the next update. */
DhBlock *dh_heat_find (DhHeat *heat, guint64 address);

/* Notes one read that was done at @now: @views (DhBlockView, ascending). Blocks that are unknown,
 * huge or not cleared before @now are passed over. */
void dh_heat_note (DhHeat *heat, const GArray *views, guint64 now);

/* Ends the epoch: scores, hot_since and hot_epochs of the blocks that were cleared in it. */
void dh_heat_close_epoch (DhHeat *heat, const DhPayback *payback, guint64 now);

/* The blocks to collapse, hottest first: eligible, hot for DH_HOT_EPOCHS epochs and @min_age
 * microseconds, not waiting after a failure. Empty while the whole working set, as far as it was
 * cleared and read, is within DH_TLB_REACH_PAGES. Returns: (transfer full) (element-type guint64):
 * addresses. */
GArray *dh_heat_candidates (DhHeat *heat, guint64 min_age, guint64 now);

/* Sums over the blocks, bytes. */
typedef struct {
  guint64 hot;     /* of blocks that pay, huge or not */
  guint64 skipped; /* of hot blocks that are not huge and may not be collapsed */
} DhHeatSums;

void dh_heat_sum (DhHeat *heat, DhHeatSums *ret_sums);
