/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bus.h"
#include "print.h"

static void
add_engine (HctlTable *table, GVariant *engine)
{
  g_autofree const char **capabilities = NULL;
  g_autofree char *can = NULL, *lacks = NULL;
  const char *name = "", *reason = "", *detail = "";
  gboolean available = FALSE;

  g_variant_lookup (engine, "name", "&s", &name);
  g_variant_lookup (engine, "available", "b", &available);
  g_variant_lookup (engine, "reason", "&s", &reason);
  g_variant_lookup (engine, "detail", "&s", &detail);
  if (!available) {
    lacks = g_strjoin (*detail != '\0' ? ": " : "", reason, detail, NULL);
    hctl_table_add (table, name, "not available", lacks, NULL);
    return;
  }

  if (g_variant_lookup (engine, "capabilities", "^a&s", &capabilities))
    can = g_strjoinv (" ", (char **) capabilities);
  hctl_table_add (table, name, "available", can != NULL ? can : "", NULL);
}

static void
print_text (GVariant *engines)
{
  g_autoptr (HctlTable) table = hctl_table_new ();

  for (gsize i = 0; i < g_variant_n_children (engines); i++) {
    g_autoptr (GVariant) engine = g_variant_get_child_value (engines, i);

    add_engine (table, engine);
  }
  hctl_table_print (table);
}

gboolean
hctl_engines (HctlContext *context, char **arguments, GError **error)
{
  g_autoptr (GVariant) properties = hctl_bus_get_properties (context, error);
  g_autoptr (GVariant) engines = NULL;

  if (properties == NULL)
    return FALSE;

  engines = g_variant_lookup_value (properties, "Engines", G_VARIANT_TYPE ("aa{sv}"));
  if (engines == NULL)
    engines = g_variant_ref_sink (g_variant_new ("aa{sv}", NULL));
  if (context->options.json)
    hctl_print_json (engines, TRUE);
  else
    print_text (engines);
  return TRUE;
}
