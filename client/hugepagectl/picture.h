/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* A heat map drawn with characters. Pure: it knows neither terminal nor bus. */

typedef struct {
  guint width;     /* columns, 1 or more */
  guint max_lines; /* of the map, 1 or more; below it come the legend's */
  gboolean utf8;   /* shades, else plain ASCII */
  gboolean colour; /* escape sequences */
} HctlPictureStyle;

/* Draws @runs, a(tay) in the byte order of this machine: how many blocks of @block_size bytes were
 * left out, and the heat of those that follow one another from there, as
 * org.damon.Hugepage1.Target.GetHeatMap() has them. Blocks are put together, a power of two of them
 * a cell, until the map fits; a cell shows what most of its blocks are, the hotter where they are
 * even; a gap is a cell of its own where it is at least as large as a cell.
 * Returns: (transfer full): lines with the amount of each kind of memory in the legend. */
char *hctl_picture_draw (guint64 block_size, GVariant *runs, const HctlPictureStyle *style);
