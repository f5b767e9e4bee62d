/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "page-tables.h"

/* The heat that hotmap says its blocks have. */

typedef enum {
  HEAT_CLASS_HOT,
  HEAT_CLASS_WARM, /* 64 of its 512 pages are hot */
  HEAT_CLASS_ONE,  /* one is */
  HEAT_CLASS_COLD,
} HeatClass;

#define HEAT_N_CLASSES (HEAT_CLASS_COLD + 1)

typedef struct {
  GArray *blocks[HEAT_N_CLASSES]; /* of guint64: addresses */
} HeatMap;

const char *heat_class_to_string (HeatClass heat);

/* Reads the file that hotmap --map-file= wrote, complete once hotmap has said "ready". */
HeatMap *heat_map_load (const char *path, GError **error);
void heat_map_free (HeatMap *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeatMap, heat_map_free)

/* Blocks of class @heat that are huge by the page tables. */
gboolean heat_map_count_huge (const HeatMap *self, HeatClass heat, PageTables *tables,
                              guint *ret_huge, GError **error);
