/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "print.h"

#include "service/text.h"

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

/* A list of engines with their details fits; more is not meant to be read. */
#define MAX_TEXT_BYTES 4096

struct _HctlTable {
  GPtrArray *rows; /* of GStrv */
};

char *
hctl_make_printable (const char *text, gsize max_bytes)
{
  if (strlen (text) <= max_bytes && dh_text_is_printable (text))
    return g_strdup (text);
  return dh_text_printable (text, -1, max_bytes);
}

HctlTable *
hctl_table_new (void)
{
  HctlTable *table = g_new0 (HctlTable, 1);

  table->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  return table;
}

void
hctl_table_free (HctlTable *table)
{
  g_ptr_array_unref (table->rows);
  g_free (table);
}

void
hctl_table_add (HctlTable *table, const char *cell, ...)
{
  g_autoptr (GStrvBuilder) cells = g_strv_builder_new ();
  va_list rest;

  va_start (rest, cell);
  for (; cell != NULL; cell = va_arg (rest, const char *)) {
    g_autofree char *printable = hctl_make_printable (cell, MAX_TEXT_BYTES);

    g_strv_builder_add (cells, printable);
  }
  va_end (rest);
  g_ptr_array_add (table->rows, g_strv_builder_end (cells));
}

/* Returns: (transfer full) (element-type glong): of each column. */
static GArray *
measure_columns (const HctlTable *table)
{
  GArray *widths = g_array_new (FALSE, TRUE, sizeof (glong));

  for (guint i = 0; i < table->rows->len; i++) {
    const char *const *cells = g_ptr_array_index (table->rows, i);

    for (guint column = 0; cells[column] != NULL; column++) {
      glong width = g_utf8_strlen (cells[column], -1);

      if (column == widths->len)
        g_array_set_size (widths, column + 1);
      g_array_index (widths, glong, column) = MAX (g_array_index (widths, glong, column), width);
    }
  }
  return widths;
}

void
hctl_table_print (const HctlTable *table)
{
  g_autoptr (GArray) widths = measure_columns (table);

  for (guint i = 0; i < table->rows->len; i++) {
    g_autoptr (GString) line = g_string_new (NULL);
    const char *const *cells = g_ptr_array_index (table->rows, i);

    for (guint column = 0; cells[column] != NULL; column++) {
      g_string_append (line, cells[column]);
      if (cells[column + 1] != NULL)
        for (glong n =
               g_array_index (widths, glong, column) + 2 - g_utf8_strlen (cells[column], -1);
             n > 0; n--)
          g_string_append_c (line, ' ');
    }
    g_print ("%s\n", g_strchomp (line->str));
  }
}

void
hctl_print_line (const char *format, ...)
{
  g_autofree char *line = NULL, *printable = NULL;
  va_list arguments;

  va_start (arguments, format);
  line = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  printable = hctl_make_printable (line, MAX_TEXT_BYTES);
  g_print ("%s\n", printable);
}

void
hctl_print_text (const char *text)
{
  g_print ("%s", text);
}

/* Characters outside ASCII and controls, which stand in strings alone, as \u escapes: no terminal
 * is moved by them, and no reader needs to know the encoding. */
static char *
json_to_ascii (const char *json)
{
  GString *ascii = g_string_new (NULL);

  for (const char *p = json; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar character = g_utf8_get_char (p);

    if (character == '\n' || (character >= ' ' && character < 0x7f))
      g_string_append_c (ascii, (char) character);
    else if (character < 0x10000)
      g_string_append_printf (ascii, "\\u%04x", character);
    else
      g_string_append_printf (ascii, "\\u%04x\\u%04x", 0xd800 + ((character - 0x10000) >> 10),
                              0xdc00 + (character & 0x3ff));
  }
  return g_string_free (ascii, FALSE);
}

void
hctl_print_json (GVariant *value, gboolean pretty)
{
  g_autoptr (JsonNode) node = json_gvariant_serialize (value);
  g_autofree char *json = json_to_string (node, pretty);
  g_autofree char *ascii = json_to_ascii (json);

  g_print ("%s\n", ascii);
}

gboolean
hctl_print_finish (GError **error)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Not everything could be written");
  return FALSE;
}
