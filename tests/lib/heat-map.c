/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "heat-map.h"

#include <gio/gio.h>
#include <stdio.h>

static const char *const class_names[] = {
  [HEAT_CLASS_HOT] = "hot",
  [HEAT_CLASS_WARM] = "warm",
  [HEAT_CLASS_ONE] = "one",
  [HEAT_CLASS_COLD] = "cold",
};
G_STATIC_ASSERT (G_N_ELEMENTS (class_names) == HEAT_N_CLASSES);

const char *
heat_class_to_string (HeatClass heat)
{
  return class_names[heat];
}

static gboolean
add_line (HeatMap *self, const char *line)
{
  char name[8];
  guint64 address;

  if (sscanf (line, "%lx %7s", &address, name) != 2 || address % PAGE_TABLES_BLOCK_SIZE != 0)
    return FALSE;
  for (HeatClass heat = 0; heat < HEAT_N_CLASSES; heat++) {
    if (g_str_equal (name, class_names[heat])) {
      g_array_append_val (self->blocks[heat], address);
      return TRUE;
    }
  }
  return FALSE;
}

HeatMap *
heat_map_load (const char *path, GError **error)
{
  g_autoptr (HeatMap) self = g_new0 (HeatMap, 1);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  for (HeatClass heat = 0; heat < HEAT_N_CLASSES; heat++)
    self->blocks[heat] = g_array_new (FALSE, FALSE, sizeof (guint64));
  if (!g_file_get_contents (path, &text, NULL, error))
    return NULL;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    if (*lines[i] != '\0' && !add_line (self, lines[i])) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "%s, line %u: not an address and a class: %s", path, i + 1, lines[i]);
      return NULL;
    }
  }
  return g_steal_pointer (&self);
}

void
heat_map_free (HeatMap *self)
{
  for (HeatClass heat = 0; heat < HEAT_N_CLASSES; heat++)
    g_array_unref (self->blocks[heat]);
  g_free (self);
}

gboolean
heat_map_count_huge (const HeatMap *self, HeatClass heat, PageTables *tables, guint *ret_huge,
                     GError **error)
{
  const GArray *blocks = self->blocks[heat];
  guint n = 0;

  for (guint i = 0; i < blocks->len; i++) {
    gboolean huge;

    if (!page_tables_is_huge (tables, g_array_index (blocks, guint64, i), &huge, error))
      return FALSE;
    n += huge ? 1 : 0;
  }
  *ret_huge = n;
  return TRUE;
}
