/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "picture.h"

#include <string.h>

/* Heat comes in steps of a sixteenth of a doubling: warm is up to sixteen times less than hot. */
#define HEAT_HOT 128
#define HEAT_WARM 64
#define HEAT_HUGE 255

typedef enum {
  KIND_UNTOUCHED,
  KIND_COLD,
  KIND_WARM,
  KIND_HOT,
  KIND_HUGE,
  N_KINDS,
  KIND_GAP = N_KINDS,
} Kind;

static const struct {
  const char *shade;
  char letter;
  const char *colour; /* the parameter of Select Graphic Rendition */
  const char *meaning;
} looks[] = {
  [KIND_UNTOUCHED] = { "·", '.', "2", "not touched" },
  [KIND_COLD] = { "░", '-', "34", "cold: touched still less" },
  [KIND_WARM] = { "▒", '+', "33", "warm: touched up to 16 times less" },
  [KIND_HOT] = { "▓", '*', "31", "hot: pays for a huge page" },
  [KIND_HUGE] = { "█", '#', "32", "huge" },
  [KIND_GAP] = { "│", '|', "2", "gap: not mapped, or never used" },
};

static Kind
classify (guint8 heat)
{
  if (heat == HEAT_HUGE)
    return KIND_HUGE;
  if (heat >= HEAT_HOT)
    return KIND_HOT;
  if (heat >= HEAT_WARM)
    return KIND_WARM;
  return heat > 0 ? KIND_COLD : KIND_UNTOUCHED;
}

/* Makes cells of blocks, in the order of their addresses. */
typedef struct {
  guint64 blocks_per_cell;
  GByteArray *cells; /* of Kind */
  guint64 counts[N_KINDS];
  guint64 n_blocks; /* in the cell that has not ended */
} Merger;

static void
end_cell (Merger *merger)
{
  Kind kind = KIND_UNTOUCHED;
  guint8 cell;

  if (merger->n_blocks == 0)
    return;
  for (Kind other = kind + 1; other < N_KINDS; other++)
    if (merger->counts[other] >= merger->counts[kind])
      kind = other;
  cell = (guint8) kind;
  g_byte_array_append (merger->cells, &cell, 1);
  memset (merger->counts, 0, sizeof merger->counts);
  merger->n_blocks = 0;
}

static void
add_gap (Merger *merger, guint64 n_blocks)
{
  const guint8 gap = KIND_GAP;

  if (n_blocks < merger->blocks_per_cell)
    return;
  end_cell (merger);
  /* What is before everything is no gap. */
  if (merger->cells->len > 0)
    g_byte_array_append (merger->cells, &gap, 1);
}

static void
add_block (Merger *merger, guint8 heat)
{
  merger->counts[classify (heat)]++;
  if (++merger->n_blocks == merger->blocks_per_cell)
    end_cell (merger);
}

/* Returns: (transfer full): the map with cells of @blocks_per_cell. */
static GByteArray *
merge (GVariant *runs, guint64 blocks_per_cell)
{
  Merger merger = { .blocks_per_cell = blocks_per_cell, .cells = g_byte_array_new () };

  for (gsize i = 0; i < g_variant_n_children (runs); i++) {
    g_autoptr (GVariant) bytes = NULL;
    guint64 n_skipped;
    const guint8 *heat;
    gsize n_blocks;

    g_variant_get_child (runs, i, "(t@ay)", &n_skipped, &bytes);
    heat = g_variant_get_fixed_array (bytes, &n_blocks, 1);
    add_gap (&merger, n_skipped);
    for (gsize j = 0; j < n_blocks; j++)
      add_block (&merger, heat[j]);
  }
  end_cell (&merger);
  return merger.cells;
}

static void
append_cell (GString *text, Kind kind, const HctlPictureStyle *style)
{
  if (style->utf8)
    g_string_append (text, looks[kind].shade);
  else
    g_string_append_c (text, looks[kind].letter);
}

/* Appends @n cells of one kind. */
static void
append_cells (GString *text, Kind kind, guint n, const HctlPictureStyle *style)
{
  if (style->colour)
    g_string_append_printf (text, "\033[%sm", looks[kind].colour);
  for (guint i = 0; i < n; i++)
    append_cell (text, kind, style);
  if (style->colour)
    g_string_append (text, "\033[0m");
}

static void
append_map (GString *text, const GByteArray *cells, const HctlPictureStyle *style)
{
  for (guint begin = 0; begin < cells->len; begin += style->width) {
    guint end = MIN (begin + style->width, cells->len);

    for (guint i = begin, n; i < end; i += n) {
      for (n = 1; i + n < end && cells->data[i + n] == cells->data[i]; n++)
        ;
      append_cells (text, cells->data[i], n, style);
    }
    g_string_append_c (text, '\n');
  }
}

/* Returns: (transfer full): plain ASCII. */
static char *
format_size (guint64 n_blocks, guint64 block_size)
{
  guint64 bytes;
  g_autofree char *text = NULL;
  g_auto (GStrv) words = NULL;

  if (!g_uint64_checked_mul (&bytes, n_blocks, block_size))
    bytes = G_MAXUINT64;
  text = g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
  /* A no-break space is before the unit. */
  words = g_strsplit (text, "\302\240", -1);
  return g_strjoinv (" ", words);
}

/* One cell a block: what is counted is exact, however coarse the picture. */
static void
append_legend (GString *text, guint64 block_size, GVariant *runs, const HctlPictureStyle *style)
{
  g_autoptr (GByteArray) blocks = merge (runs, 1);
  guint64 counts[N_KINDS + 1] = { 0 };

  for (guint i = 0; i < blocks->len; i++)
    counts[blocks->data[i]]++;
  for (int kind = KIND_HUGE; kind >= KIND_UNTOUCHED; kind--) {
    g_autofree char *size = format_size (counts[kind], block_size);

    append_cells (text, (Kind) kind, 1, style);
    g_string_append_printf (text, "  %10s  %s\n", size, looks[kind].meaning);
  }
  append_cells (text, KIND_GAP, 1, style);
  g_string_append_printf (text, "  %10s  %s\n", "", looks[KIND_GAP].meaning);
}

char *
hctl_picture_draw (guint64 block_size, GVariant *runs, const HctlPictureStyle *style)
{
  const guint64 room = (guint64) style->width * style->max_lines;
  guint64 blocks_per_cell = 1;
  g_autoptr (GByteArray) cells = merge (runs, blocks_per_cell);
  g_autofree char *cell_size = NULL;
  GString *text = g_string_new (NULL);

  /* Gaps of any size are believed, so that it may never fit. */
  while (cells->len > room && blocks_per_cell <= G_MAXUINT64 / 2) {
    blocks_per_cell *= 2;
    g_byte_array_unref (cells);
    cells = merge (runs, blocks_per_cell);
  }

  append_map (text, cells, style);
  if (cells->len > 0)
    g_string_append_c (text, '\n');
  append_legend (text, block_size, runs, style);
  cell_size = format_size (blocks_per_cell, block_size);
  g_string_append_printf (text, "One character is %s%s.\n", cell_size,
                          blocks_per_cell > 1 ? ", shown as what most of it is" : "");
  return g_string_free (text, FALSE);
}
