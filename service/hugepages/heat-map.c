/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "heat-map.h"

#include "heat.h"

#include <math.h>

#define STEPS_PER_DOUBLING 16

struct _DhHeatMap {
  guint64 block_size;
  GByteArray *bytes;
  GArray *runs; /* DhHeatRun */
};

/* One byte and where it belongs. */
typedef struct {
  guint64 number; /* address ÷ block size */
  guint8 heat;
} Cell;

static guint8
heat_of (const DhBlock *block, double threshold)
{
  double steps;

  if (block->collapsed || block->verdict == DH_SKIP_HUGE)
    return DH_HEAT_MAP_HUGE;
  /* One page that is touched all the time gains nothing, yet it is not nothing. */
  if (!(block->score > 0))
    return block->touched > 0 ? 1 : 0;
  steps = DH_HEAT_MAP_PAYS + STEPS_PER_DOUBLING * log2 ((double) block->score / threshold);
  return (guint8) CLAMP (steps, 1, DH_HEAT_MAP_HOTTEST);
}

static GArray *
make_cells (const GArray *blocks, double threshold)
{
  GArray *cells = g_array_sized_new (FALSE, FALSE, sizeof (Cell), blocks->len);

  for (guint i = 0; i < blocks->len; i++) {
    const DhBlock *block = &g_array_index (blocks, DhBlock, i);
    const Cell cell = { .number = block->address / DH_BLOCK_SIZE,
                        .heat = heat_of (block, threshold) };

    g_array_append_val (cells, cell);
  }
  return cells;
}

/* What is small and hot is what there is to see; a pair is huge only as a whole. */
static guint8
merge (guint8 a, guint8 b)
{
  if (a == DH_HEAT_MAP_HUGE)
    return b;
  if (b == DH_HEAT_MAP_HUGE)
    return a;
  return MAX (a, b);
}

/* Makes one of each pair of neighbours, in place. */
static void
halve (GArray *cells)
{
  guint n = 0;

  for (guint i = 0; i < cells->len; i++) {
    Cell cell = g_array_index (cells, Cell, i);
    Cell *last = n > 0 ? &g_array_index (cells, Cell, n - 1) : NULL;

    cell.number /= 2;
    if (last && last->number == cell.number)
      last->heat = merge (last->heat, cell.heat);
    else
      g_array_index (cells, Cell, n++) = cell;
  }
  g_array_set_size (cells, n);
}

static void
add_cell (DhHeatMap *map, const Cell *cell, guint64 skipped)
{
  if (map->runs->len == 0 || skipped > 0) {
    const DhHeatRun run = { .skipped = MIN (skipped, DH_HEAT_MAP_MAX_GAP),
                            .start = map->bytes->len };

    g_array_append_val (map->runs, run);
  }
  g_array_index (map->runs, DhHeatRun, map->runs->len - 1).length++;
  g_byte_array_append (map->bytes, &cell->heat, 1);
}

DhHeatMap *
dh_heat_map_new (const GArray *blocks, double threshold)
{
  DhHeatMap *map = g_atomic_rc_box_new0 (DhHeatMap);
  g_autoptr (GArray) cells = make_cells (blocks, threshold);
  guint64 next = 0;

  map->block_size = DH_BLOCK_SIZE;
  map->bytes = g_byte_array_new ();
  map->runs = g_array_new (FALSE, FALSE, sizeof (DhHeatRun));
  while (cells->len > DH_HEAT_MAP_MAX_BYTES) {
    halve (cells);
    map->block_size *= 2;
  }
  for (guint i = 0; i < cells->len; i++) {
    const Cell *cell = &g_array_index (cells, Cell, i);

    /* Where the first one is, is an address. */
    add_cell (map, cell, i > 0 ? cell->number - next : 0);
    next = cell->number + 1;
  }
  return map;
}

DhHeatMap *
dh_heat_map_ref (DhHeatMap *map)
{
  return g_atomic_rc_box_acquire (map);
}

static void
clear_map (gpointer data)
{
  DhHeatMap *map = data;

  g_byte_array_unref (map->bytes);
  g_array_unref (map->runs);
}

void
dh_heat_map_unref (DhHeatMap *map)
{
  g_atomic_rc_box_release_full (map, clear_map);
}

guint64
dh_heat_map_get_block_size (const DhHeatMap *map)
{
  return map->block_size;
}

const GArray *
dh_heat_map_get_runs (const DhHeatMap *map)
{
  return map->runs;
}

const guint8 *
dh_heat_map_get_bytes (const DhHeatMap *map)
{
  return map->bytes->data;
}
