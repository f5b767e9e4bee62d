/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* How huge a process's memory is, from its page tables; for root. */

#include "heat-map.h"
#include "page-tables.h"

#include <stdio.h>
#include <stdlib.h>

static gboolean json;
static gboolean total;
static gboolean split;

static const GOptionEntry options[] = {
  { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL },
  { "total", 0, 0, G_OPTION_ARG_NONE, &total, "Bytes of anonymous memory, and those huge", NULL },
  { "split", 0, 0, G_OPTION_ARG_NONE, &split, "Put huge pages back to 4 KiB pages", NULL },
  G_OPTION_ENTRY_NULL,
};

static gboolean
print_total (PageTables *tables, GError **error)
{
  guint64 anonymous, huge;

  if (!page_tables_get_totals (tables, &anonymous, &huge, error))
    return FALSE;
  printf (json ? "{\"huge-bytes\":%lu,\"anonymous-bytes\":%lu}\n" : "%lu of %lu bytes huge\n", huge,
          anonymous);
  return TRUE;
}

static gboolean
print_split (PageTables *tables, GError **error)
{
  guint64 bytes;

  if (!page_tables_split (tables, &bytes, error))
    return FALSE;
  printf (json ? "{\"split-bytes\":%lu}\n" : "%lu bytes split\n", bytes);
  return TRUE;
}

static gboolean
print_classes (PageTables *tables, const char *path, GError **error)
{
  g_autoptr (HeatMap) map = heat_map_load (path, error);
  const char *separator = "{";

  if (map == NULL)
    return FALSE;
  for (HeatClass heat = 0; heat < HEAT_N_CLASSES; heat++) {
    guint n = map->blocks[heat]->len, huge;

    if (!heat_map_count_huge (map, heat, tables, &huge, error))
      return FALSE;
    if (json)
      printf ("%s\"%s\":{\"blocks\":%u,\"huge\":%u}", separator, heat_class_to_string (heat), n,
              huge);
    else if (n > 0)
      printf ("%s %u of %u huge\n", heat_class_to_string (heat), huge, n);
    separator = ",";
  }
  if (json)
    puts ("}");
  return TRUE;
}

static gboolean
run (int argc, char **argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("PID [MAPFILE]");
  g_autoptr (PageTables) tables = NULL;
  gboolean classes;
  guint64 pid;

  g_option_context_add_main_entries (context, options, NULL);
  g_option_context_set_summary (
    context, "Without --total and --split: how many blocks of each class in MAPFILE,\n"
             "which hotmap wrote, are huge.");
  if (!g_option_context_parse (context, &argc, &argv, error))
    return FALSE;
  classes = !total && !split;
  if (argc != (classes ? 3 : 2)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "Needs PID%s; see --help",
                 classes ? " and MAPFILE" : " alone");
    return FALSE;
  }
  if (!g_ascii_string_to_unsigned (argv[1], 10, 1, G_MAXINT, &pid, error))
    return FALSE;
  tables = page_tables_open ((pid_t) pid, error);
  if (tables == NULL)
    return FALSE;
  if (split)
    return print_split (tables, error);
  if (total)
    return print_total (tables, error);
  return print_classes (tables, argv[2], error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  if (run (argc, argv, &error))
    return EXIT_SUCCESS;
  fprintf (stderr, "hugecheck: %s\n", error->message);
  return EXIT_FAILURE;
}
