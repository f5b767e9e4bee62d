/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engine-case.h"

#include <stdio.h>
#include <string.h>

void
engine_warm_host (guint mebibytes)
{
  g_autofree char *size = g_strdup_printf ("%u", mebibytes);
  const char *argv[] = { g_getenv ("DH_HOSTMEM_WARM"), size, NULL };
  g_autoptr (Child) child = NULL;
  int status;

  g_assert_nonnull (argv[0]);
  child = child_spawn (argv, &(ChildOptions){ .user = NULL });
  g_assert_true (child_wait (child, 120, &status));
  g_assert_cmpint (status, ==, 0);
}

void
engine_configure (Fixture *self, const char *settings)
{
  g_autoptr (GError) error = NULL;

  configure (self->connection, settings, CALL_PLAIN, &error);
  g_assert_no_error (error);
}

void
engine_serve (Fixture *self, GPid pid, const char *settings)
{
  g_autofree char *all =
    g_strdup_printf ("{'Pid': <uint32 %d>, 'Enabled': <true>%s}", pid, settings);

  engine_configure (self, all);
}

guint64
engine_get_statistic (Fixture *self, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
    call_method (self->connection, "GetStatistics", NULL, CALL_PLAIN, &error);
  g_autoptr (GVariant) figures = NULL;
  guint64 value = 0;
  guint32 narrow = 0;

  g_assert_no_error (error);
  figures = g_variant_get_child_value (reply, 0);
  if (!g_variant_lookup (figures, name, "t", &value)
      && g_variant_lookup (figures, name, "u", &narrow))
    value = narrow;
  return value;
}

Area
engine_expect_area (Child *child, const char *kind)
{
  g_autofree char *prefix = g_strconcat (kind, " ", NULL);
  g_autofree char *line = child_expect_line (child, prefix, 60);
  Area area = { .pid = child_get_pid (child) };

  g_assert_cmpint (sscanf (line, "%*s %lx %u", &area.address, &area.blocks), ==, 2);
  return area;
}

guint
engine_count_huge (const Area *area)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PageTables) tables = page_tables_open (area->pid, &error);
  guint n = 0;

  g_assert_no_error (error);
  for (guint i = 0; i < area->blocks; i++) {
    gboolean huge;

    page_tables_is_huge (tables, area->address + i * PAGE_TABLES_BLOCK_SIZE, &huge, &error);
    g_assert_no_error (error);
    n += huge ? 1 : 0;
  }
  return n;
}

typedef struct {
  const Area *area;
  guint n;
} Wanted;

static gboolean
is_huge (gpointer data)
{
  const Wanted *wanted = data;

  return engine_count_huge (wanted->area) >= wanted->n;
}

void
engine_wait_huge (const Area *area, guint n, guint seconds)
{
  wait_until (is_huge, &(Wanted){ area, n }, seconds);
  g_assert_cmpuint (engine_count_huge (area), >=, n);
}

guint64
engine_read_memory (GPid pid, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/smaps_rollup", pid);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint64 kibibytes;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line; line++)
    if (g_str_has_prefix (*line, name) && (*line)[strlen (name)] == ':') {
      kibibytes = g_ascii_strtoull (*line + strlen (name) + 1, NULL, 10);
      return kibibytes * 1024;
    }
  g_assert_not_reached ();
}

void
engine_assert_intact (Child *hotmap)
{
  g_autofree char *line = NULL;

  child_signal (hotmap, SIGHUP);
  line = child_expect_line (hotmap, "checksum ", 60);
  g_assert_cmpstr (line, ==, "checksum ok");
}

void
engine_assert_well (Fixture *self)
{
  gint64 start = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) all = get_all_properties (self->connection, &error);

  g_assert_no_error (error);
  g_assert_nonnull (all);
  g_assert_cmpint (g_get_monotonic_time () - start, <, wait_milliseconds (1) * 1000);
  g_assert_false (child_has_exited (self->service));
}
