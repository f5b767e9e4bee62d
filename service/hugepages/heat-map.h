/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* A picture of a process's heat for those outside: one byte a block, and no addresses. Immutable
 * but for its reference count: for every thread. Pure. */
typedef struct _DhHeatMap DhHeatMap;

/* At most so many bytes of heat; blocks are merged in pairs until it is so. */
#define DH_HEAT_MAP_MAX_BYTES 65536

/* A longer gap is told as this long: how far a heap is from a stack is nobody's business. */
#define DH_HEAT_MAP_MAX_GAP 4096

/* The heat that just pays for a huge page. A sixteenth of a doubling is one step from there. */
#define DH_HEAT_MAP_PAYS 128
#define DH_HEAT_MAP_HOTTEST 254
#define DH_HEAT_MAP_HUGE 255

typedef struct {
  guint64 skipped; /* blocks that are left out before it */
  guint start;     /* of its bytes */
  guint length;
} DhHeatRun;

/* @blocks: (element-type DhBlock), ascending. @threshold: touches per second from which a block
 * pays. Returns: (transfer full). */
DhHeatMap *dh_heat_map_new (const GArray *blocks, double threshold);
DhHeatMap *dh_heat_map_ref (DhHeatMap *map);
void dh_heat_map_unref (DhHeatMap *map);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhHeatMap, dh_heat_map_unref)

/* Bytes of memory that one byte stands for. */
guint64 dh_heat_map_get_block_size (const DhHeatMap *map);

/* (transfer none) (element-type DhHeatRun) */
const GArray *dh_heat_map_get_runs (const DhHeatMap *map);

/* Of all runs, one after the other. (transfer none) */
const guint8 *dh_heat_map_get_bytes (const DhHeatMap *map);
