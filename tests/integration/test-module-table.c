/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engines/module-settings.h"
#include "statistics.h"

#include <gio/gio.h>
#include <string.h>

/* The table of docs/module.md against the code, and against the interface's XML. */

#define COLUMNS 6

enum { PROPERTY, PARAMETER, UNIT, DEFAULT, RANGE, ERROR };

typedef struct {
  char *xml;
  GDBusInterfaceInfo *interface;
  GDBusNodeInfo *node;
  GPtrArray *rows; /* of GStrv: the cells, without ` */
} Tables;

static char *
read_file (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (g_getenv ("DH_DATA"), folder, name, NULL);
  g_autoptr (GError) error = NULL;
  char *text;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static void
set_up (Tables *self, gconstpointer data)
{
  g_autofree char *page = read_file ("../docs", "module.md");
  g_auto (GStrv) lines = g_strsplit (page, "\n", -1);
  g_autoptr (GError) error = NULL;

  self->xml = read_file ("dbus", "org.damon.Hugepage.xml");
  self->node = g_dbus_node_info_new_for_xml (self->xml, &error);
  g_assert_no_error (error);
  self->interface = g_dbus_node_info_lookup_interface (self->node, "org.damon.Hugepage1");
  self->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  for (guint i = 0; lines[i]; i++) {
    g_autoptr (GString) line = g_string_new (lines[i]);
    g_auto (GStrv) cells = NULL;

    if (!g_str_has_prefix (line->str, "| `") && !g_str_has_prefix (line->str, "| – |"))
      continue;
    g_string_replace (line, "`", "", 0);
    cells = g_strsplit (line->str + strlen ("|"), "|", -1);
    g_assert_cmpuint (g_strv_length (cells), ==, COLUMNS + 1);
    for (guint cell = 0; cell < COLUMNS; cell++)
      g_strstrip (cells[cell]);
    g_ptr_array_add (self->rows, g_steal_pointer (&cells));
  }
}

static void
tear_down (Tables *self, gconstpointer data)
{
  g_ptr_array_unref (self->rows);
  g_dbus_node_info_unref (self->node);
  g_free (self->xml);
}

static const char *const *
find_row (const Tables *self, guint column, const char *name)
{
  for (guint i = 0; i < self->rows->len; i++) {
    const char *const *row = g_ptr_array_index (self->rows, i);

    if (g_str_equal (row[column], name))
      return row;
  }
  g_error ("The table has no row for %s", name);
}

/* One row for each parameter, in the kernel's order, and no other. */
static void
test_parameters (Tables *self, gconstpointer data)
{
  g_assert_cmpuint (self->rows->len, ==, DH_N_PARAMETERS);
  g_assert_cmpuint (DH_N_PARAMETERS, ==, 20);
  for (DhParameter i = 0; i < DH_N_PARAMETERS; i++)
    g_assert_cmpstr (((const char *const *) g_ptr_array_index (self->rows, i))[PARAMETER], ==,
                     dh_parameter_info (i)->name);
}

static void
test_settings (Tables *self, gconstpointer data)
{
  for (guint i = 0; i < dh_n_module_settings; i++) {
    const DhModuleSetting *setting = &dh_module_settings[i];
    const DhSettingInfo *info = dh_setting_info (setting->setting);
    const char *const *row = find_row (self, PROPERTY, info->name);
    g_autofree char *range = NULL;
    DhRange of_engine;

    g_assert_true (dh_module_settings_get_range (setting->setting, &of_engine));
    range = g_strdup_printf ("%" G_GUINT64_FORMAT " … %" G_GUINT64_FORMAT "%s", of_engine.minimum,
                             of_engine.maximum, info->power_of_two ? ", powers of two" : "");
    g_assert_cmpstr (row[PARAMETER], ==, dh_parameter_info (setting->parameter)->name);
    g_assert_cmpuint (g_ascii_strtoull (row[UNIT], NULL, 10), ==, setting->unit);
    g_assert_cmpuint (of_engine.step, ==, setting->unit);
    g_assert_cmpuint (g_ascii_strtoull (row[DEFAULT], NULL, 10), ==, of_engine.fallback);
    g_assert_cmpstr (row[RANGE], ==, range);
    g_assert_cmpstr (row[ERROR], ==, "InvalidValue");
  }
}

static void
test_statistics (Tables *self, gconstpointer data)
{
  for (DhStatistic i = DH_STATISTIC_TRIED_REGIONS; i <= DH_STATISTIC_QUOTA_EXCEEDS; i++) {
    const DhParameter parameter =
      DH_PARAMETER_TRIED_REGIONS + (DhParameter) (i - DH_STATISTIC_TRIED_REGIONS);

    g_assert_cmpstr (find_row (self, PROPERTY, dh_statistic_info (i)->name)[PARAMETER], ==,
                     dh_parameter_info (parameter)->name);
  }
}

/* What the XML says of a property: the comment before it. Returns: (transfer full) */
static char *
dup_documentation (const Tables *self, const char *name)
{
  g_autofree char *head = g_strdup_printf ("<!--\n      %s:\n", name);
  const char *begin = strstr (self->xml, head);

  g_assert_nonnull (begin);
  return g_strndup (begin, (gsize) (strstr (begin, "-->") - begin));
}

/* Every writable property of the interface is in the table, StatisticsIntervalUSec excepted, which
 * is no parameter; every property in the table is in the interface, with its errors. */
static void
test_interface (Tables *self, gconstpointer data)
{
  for (GDBusPropertyInfo **info = self->interface->properties; *info; info++)
    if ((*info)->flags & G_DBUS_PROPERTY_INFO_FLAGS_WRITABLE
        && !g_str_equal ((*info)->name, "StatisticsIntervalUSec"))
      find_row (self, PROPERTY, (*info)->name);
  for (guint i = 0; i < self->rows->len; i++) {
    const char *const *row = g_ptr_array_index (self->rows, i);
    g_auto (GStrv) errors = g_strsplit (row[ERROR], ", ", -1);
    g_autofree char *documentation = NULL;

    if (!g_ascii_isupper (*row[PROPERTY]))
      continue;
    g_assert_nonnull (g_dbus_interface_info_lookup_property (self->interface, row[PROPERTY]));
    documentation = dup_documentation (self, row[PROPERTY]);
    for (guint error = 0; errors[error]; error++)
      if (!g_str_equal (errors[error], "–"))
        g_assert_nonnull (strstr (documentation, errors[error]));
  }
}

/* The XML gives the same ranges, in words. */
static void
test_ranges_in_words (Tables *self, gconstpointer data)
{
  for (guint i = 0; i < dh_n_module_settings; i++) {
    const char *name = dh_setting_info (dh_module_settings[i].setting)->name;
    g_autofree char *documentation = dup_documentation (self, name);
    g_autoptr (GString) text = g_string_new (documentation);
    g_autofree char *maximum = NULL, *fallback = NULL;
    DhRange range;

    g_string_replace (text, "\n     ", "", 0);
    dh_module_settings_get_range (dh_module_settings[i].setting, &range);
    maximum = g_strdup_printf ("%" G_GUINT64_FORMAT, range.maximum);
    fallback = g_strdup_printf ("%" G_GUINT64_FORMAT, range.fallback);
    g_assert_nonnull (strstr (text->str, maximum));
    g_assert_nonnull (strstr (text->str, fallback));
  }
}

#define ADD(path, test) g_test_add ("/module-table/" path, Tables, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("parameters", test_parameters);
  ADD ("settings", test_settings);
  ADD ("statistics", test_statistics);
  ADD ("interface", test_interface);
  ADD ("ranges-in-words", test_ranges_in_words);
  return g_test_run ();
}
