/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "values.h"

#include "units.h"

#include "service/text.h"

#include <pwd.h>

#define MAX_NAME_BYTES 256

static char *
number_to_text (const char *name, guint64 number)
{
  g_autofree char *with_unit = hctl_units_format (name, number);

  if (with_unit != NULL)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " (%s)", number, with_unit);
  return g_strdup_printf ("%" G_GUINT64_FORMAT, number);
}

static char *
range_to_text (const char *name, GVariant *range)
{
  g_autofree char *fallback = NULL;
  guint64 minimum, maximum, step, number;

  g_variant_get (range, "(tttt)", &minimum, &maximum, &step, &number);
  fallback = number_to_text (name, number);
  return g_strdup_printf ("%" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                          " in steps of %" G_GUINT64_FORMAT ", default %s",
                          minimum, maximum, step, fallback);
}

/* Of each dictionary in a list, such as Engines, what it calls itself. */
static char *
names_to_text (GVariant *dictionaries)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_auto (GStrv) list = NULL;

  for (gsize i = 0; i < g_variant_n_children (dictionaries); i++) {
    g_autoptr (GVariant) dictionary = g_variant_get_child_value (dictionaries, i);
    const char *name;

    if (g_variant_lookup (dictionary, "name", "&s", &name))
      g_strv_builder_add (names, name);
  }
  list = g_strv_builder_end (names);
  return g_strjoinv (" ", list);
}

char *
hctl_value_to_text (const char *name, GVariant *value)
{
  const char *type = g_variant_get_type_string (value);

  if (g_str_equal (type, "b"))
    return g_strdup (g_variant_get_boolean (value) ? "yes" : "no");
  if (g_str_equal (type, "s"))
    return g_variant_dup_string (value, NULL);
  if (g_str_equal (type, "u"))
    return number_to_text (name, g_variant_get_uint32 (value));
  if (g_str_equal (type, "t"))
    return number_to_text (name, g_variant_get_uint64 (value));
  if (g_str_equal (type, "(tttt)"))
    return range_to_text (name, value);
  if (g_str_equal (type, "aa{sv}"))
    return names_to_text (value);
  if (g_str_equal (type, "as")) {
    g_autofree const char **words = g_variant_get_strv (value, NULL);

    return g_strjoinv (" ", (char **) words);
  }
  return g_variant_print (value, FALSE);
}

void
hctl_value_add_rows (HctlTable *table, const char *label, const char *name, GVariant *value)
{
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE ("a{s*}"))) {
    g_autofree char *text = hctl_value_to_text (name, value);

    hctl_table_add (table, label, text, NULL);
    return;
  }

  for (gsize i = 0; i < g_variant_n_children (value); i++) {
    g_autoptr (GVariant) pair = g_variant_get_child_value (value, i);
    g_autoptr (GVariant) key = g_variant_get_child_value (pair, 0);
    g_autoptr (GVariant) child = g_variant_get_child_value (pair, 1);
    g_autoptr (GVariant) entry = g_variant_is_of_type (child, G_VARIANT_TYPE_VARIANT)
                                   ? g_variant_get_variant (child)
                                   : g_variant_ref (child);
    g_autofree char *text = hctl_value_to_text (g_variant_get_string (key, NULL), entry);
    g_autofree char *entry_label =
      g_strdup_printf ("%s.%s", label, g_variant_get_string (key, NULL));

    hctl_table_add (table, entry_label, text, NULL);
  }
}

char *
hctl_value_lookup_size (GVariant *dictionary, const char *name)
{
  guint64 bytes;

  if (!g_variant_lookup (dictionary, name, "t", &bytes))
    return g_strdup ("");
  return g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
}

char *
hctl_value_lookup_unit (GVariant *details)
{
  const char *unit = "", *user_unit = "";

  if (g_variant_lookup (details, "user-unit", "&s", &user_unit) && *user_unit != '\0')
    return g_strconcat ("user:", user_unit, NULL);
  g_variant_lookup (details, "unit", "&s", &unit);
  return g_strdup (unit);
}

char *
hctl_user_to_text (guint32 uid)
{
  const struct passwd *user = getpwuid (uid);

  return user != NULL ? g_strdup (user->pw_name) : g_strdup_printf ("%u", uid);
}

char *
hctl_statistics_to_text (GVariant *statistics)
{
  static const struct {
    const char *key;
    const char *word;
  } essence[] = {
    { "ratio", "ratio" },   { "hugepage-bytes", "huge" },       { "anonymous-bytes", "anonymous" },
    { "hot-bytes", "hot" }, { "collapsed-bytes", "collapsed" },
  };
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (essence); i++) {
    g_autofree char *with_unit = NULL;
    guint64 large;
    guint32 small;

    if (g_variant_lookup (statistics, essence[i].key, "t", &large))
      with_unit = hctl_units_format (essence[i].key, large);
    else if (g_variant_lookup (statistics, essence[i].key, "u", &small))
      with_unit = hctl_units_format (essence[i].key, small);
    if (with_unit != NULL)
      g_string_append_printf (text, "%s%s %s", text->len > 0 ? ", " : "", essence[i].word,
                              with_unit);
  }
  return g_string_free (text, FALSE);
}

char *
hctl_process_dup_name (guint32 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u/comm", pid);
  g_autofree char *name = NULL;

  if (!g_file_get_contents (path, &name, NULL, NULL))
    return NULL;
  return dh_text_printable (g_strchomp (name), -1, MAX_NAME_BYTES);
}
