/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "print.h"
#include "targets.h"
#include "values.h"

static GVariant *
get_statistics (HctlContext *context, const char *word, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (GVariant) reply = NULL;

  if (word == NULL)
    return hctl_bus_get_statistics (context, HCTL_ASK_IF_REFUSED, error);

  path = hctl_targets_find (context, word, error);
  if (path != NULL)
    reply = hctl_target_call (context, path, "GetStatistics", NULL, "(a{sv})", HCTL_ASK_IF_REFUSED,
                              error);
  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

/* How long ago the figures were measured: what a person reads in the time since the boot. */
static void
add_age (HctlTable *table, GVariant *timestamp)
{
  gint64 age = g_get_monotonic_time () - (gint64) g_variant_get_uint64 (timestamp);
  g_autofree char *text =
    g_strdup_printf ("%" G_GUINT64_FORMAT " (%.1f s ago)", g_variant_get_uint64 (timestamp),
                     (double) MAX (age, 0) / G_USEC_PER_SEC);

  hctl_table_add (table, "timestamp", text, NULL);
}

static void
print_text (GVariant *statistics)
{
  g_autoptr (HctlTable) table = hctl_table_new ();

  for (gsize i = 0; i < g_variant_n_children (statistics); i++) {
    g_autoptr (GVariant) value = NULL;
    const char *name;

    g_variant_get_child (statistics, i, "{&sv}", &name, &value);
    if (g_str_equal (name, "timestamp") && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
      add_age (table, value);
    else
      hctl_value_add_rows (table, name, name, value);
  }
  hctl_table_print (table);
}

gboolean
hctl_stats (HctlContext *context, char **arguments, GError **error)
{
  g_autoptr (GVariant) statistics = get_statistics (context, arguments[0], error);

  if (statistics == NULL)
    return FALSE;
  if (context->options.json)
    hctl_print_json (statistics, TRUE);
  else
    print_text (statistics);
  return TRUE;
}
