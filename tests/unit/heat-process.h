/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "hugepages/heat.h"

#define MSEC ((guint64) 1000)
#define SECOND ((guint64) G_USEC_PER_SEC)
#define AT(i) ((guint64) (i) *DH_BLOCK_SIZE)

/* 1 ms of cost, 0.01 µs of saving, 10 s to pay back: blocks pay from 10000 touches a second. */
static const DhPayback payback = { 1000, 0.01, 10 * G_USEC_PER_SEC };

/* What the page tables say: n blocks, one beside the other, from block 1. */
typedef struct {
  DhHeat *heat;
  GArray *views;
  GArray *verdicts;
  guint64 now;
} Process;

static inline void
process_free (Process *process)
{
  dh_heat_free (process->heat);
  g_array_unref (process->views);
  g_array_unref (process->verdicts);
  g_free (process);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Process, process_free)

static inline DhBlockView *
view_of (Process *process, guint i)
{
  return &g_array_index (process->views, DhBlockView, i - 1);
}

static inline DhBlock *
block_of (Process *process, guint i)
{
  DhBlock *block = dh_heat_find (process->heat, AT (i));

  g_assert_nonnull (block);
  g_assert_cmpuint (block->address, ==, AT (i));
  return block;
}

static inline void
set_verdict (Process *process, guint i, DhVerdict verdict)
{
  g_array_index (process->verdicts, guint8, i - 1) = verdict;
  view_of (process, i)->huge = verdict == DH_SKIP_HUGE;
  dh_heat_update (process->heat, process->views, process->verdicts);
}

static inline Process *
process_new (guint n_blocks)
{
  Process *process = g_new0 (Process, 1);

  process->heat = dh_heat_new ();
  process->views = g_array_new (FALSE, TRUE, sizeof (DhBlockView));
  process->verdicts = g_array_new (FALSE, TRUE, sizeof (guint8));
  process->now = 100 * SECOND;
  g_array_set_size (process->views, n_blocks);
  g_array_set_size (process->verdicts, n_blocks);
  for (guint i = 1; i <= n_blocks; i++)
    *view_of (process, i) = (DhBlockView){ .address = AT (i), .resident = 512 };
  dh_heat_update (process->heat, process->views, process->verdicts);
  return process;
}

static inline void
clear_all (Process *process)
{
  GArray *blocks = dh_heat_get_blocks (process->heat);

  for (guint i = 0; i < blocks->len; i++)
    g_array_index (blocks, DhBlock, i).cleared_at = process->now;
}

static inline void
read_young (Process *process, guint64 delay, guint young)
{
  for (guint i = 1; i <= process->views->len; i++)
    view_of (process, i)->young = (guint16) young;
  process->now += delay;
  dh_heat_note (process->heat, process->views, process->now);
}

static inline void
close_epoch (Process *process)
{
  dh_heat_close_epoch (process->heat, &payback, process->now);
}

/* 484 pages in 10 ms, of which one and 22 do not count: 46100 a second. */
#define HOT_PAGES 484
#define HOT_SCORE 46100

static inline void
hot_epoch (Process *process)
{
  clear_all (process);
  read_young (process, 10 * MSEC, HOT_PAGES);
  close_epoch (process);
}

static inline guint
count_candidates (Process *process)
{
  g_autoptr (GArray) addresses = dh_heat_candidates (process->heat, 0, process->now);

  return addresses->len;
}
