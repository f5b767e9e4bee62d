/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "system-ram.h"

#include "unavailable.h"

#include <stdlib.h>

#define PAGE_MASK (~(guint64) 4095)

static char *
read_word (const char *directory, const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  return g_strchomp (text);
}

/* Numbers there are hexadecimal, with their prefix; @end is the last byte. */
static gboolean
read_range (const char *directory, DhRamRange *ret_range)
{
  g_autofree char *type = read_word (directory, "type");
  g_autofree char *start = read_word (directory, "start");
  g_autofree char *end = read_word (directory, "end");
  guint64 first, last;

  if (g_strcmp0 (type, "System RAM") != 0 || !start || !end)
    return FALSE;
  if (!g_ascii_string_to_unsigned (g_str_has_prefix (start, "0x") ? start + 2 : start, 16, 0,
                                   G_MAXUINT64, &first, NULL)
      || !g_ascii_string_to_unsigned (g_str_has_prefix (end, "0x") ? end + 2 : end, 16, 0,
                                      G_MAXUINT64 - 1, &last, NULL))
    return FALSE;
  ret_range->start = (first + 4095) & PAGE_MASK;
  ret_range->end = (last + 1) & PAGE_MASK;
  return ret_range->end > ret_range->start;
}

static int
by_start (gconstpointer a, gconstpointer b)
{
  const DhRamRange *x = a, *y = b;

  return (x->start > y->start) - (x->start < y->start);
}

static int
by_size (gconstpointer a, gconstpointer b)
{
  const DhRamRange *x = a, *y = b;
  guint64 left = x->end - x->start, right = y->end - y->start;

  return (left < right) - (left > right);
}

static void
join_neighbours (GArray *ranges)
{
  guint kept = 0;

  g_array_sort (ranges, by_start);
  for (guint i = 1; i < ranges->len; i++) {
    DhRamRange *last = &g_array_index (ranges, DhRamRange, kept);
    DhRamRange *next = &g_array_index (ranges, DhRamRange, i);

    if (next->start <= last->end)
      last->end = MAX (last->end, next->end);
    else
      g_array_index (ranges, DhRamRange, ++kept) = *next;
  }
  if (ranges->len > 0)
    g_array_set_size (ranges, kept + 1);
}

GArray *
dh_system_ram_read (const char *root, guint max, GError **error)
{
  g_autoptr (GArray) ranges = g_array_new (FALSE, FALSE, sizeof (DhRamRange));
  g_autofree char *directory = g_build_filename (root, "sys/firmware/memmap", NULL);
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *entry = g_build_filename (directory, name, NULL);
    DhRamRange range;

    if (read_range (entry, &range))
      g_array_append_val (ranges, range);
  }
  join_neighbours (ranges);
  if (ranges->len > max) {
    g_array_sort (ranges, by_size);
    g_array_set_size (ranges, max);
    g_array_sort (ranges, by_start);
  }
  if (ranges->len == 0) {
    g_set_error (error, DH_UNAVAILABLE, DH_UNAVAILABLE_KERNEL_SUPPORT,
                 "%s names no System RAM, so no page-table page can be told from other memory",
                 directory);
    return NULL;
  }
  return g_steal_pointer (&ranges);
}
