/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bus.h"
#include "print.h"
#include "values.h"

/* Of @properties those that @names name, in their order; all where there are no names.
 * Returns: (transfer full). */
static GVariant *
choose (GVariant *properties, char **names, GError **error)
{
  g_auto (GVariantBuilder) chosen = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{sv}"));

  if (*names == NULL)
    return g_variant_ref (properties);

  for (; *names != NULL; names++) {
    const GDBusPropertyInfo *info = hctl_bus_find_property (*names, error);
    g_autoptr (GVariant) value = NULL;

    if (info == NULL)
      return NULL;
    value = g_variant_lookup_value (properties, info->name, NULL);
    if (value == NULL) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "The running service has no %s",
                   info->name);
      return NULL;
    }
    g_variant_builder_add (&chosen, "{sv}", info->name, value);
  }
  return g_variant_ref_sink (g_variant_builder_end (&chosen));
}

static void
print_text (GVariant *properties)
{
  g_autoptr (HctlTable) table = hctl_table_new ();
  const char *name;
  GVariantIter iter;
  GVariant *value;

  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value)) {
    g_autoptr (GVariant) taken = value;

    hctl_value_add_rows (table, name, name, value);
  }
  hctl_table_print (table);
}

gboolean
hctl_get (HctlContext *context, char **arguments, GError **error)
{
  g_autoptr (GVariant) properties = hctl_bus_get_properties (context, error);
  g_autoptr (GVariant) chosen = properties != NULL ? choose (properties, arguments, error) : NULL;

  if (chosen == NULL)
    return FALSE;
  if (context->options.json)
    hctl_print_json (chosen, TRUE);
  else
    print_text (chosen);
  return TRUE;
}
