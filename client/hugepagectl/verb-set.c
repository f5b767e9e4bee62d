/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bus.h"
#include "units.h"

static gboolean
add_setting (GVariantDict *settings, const char *name, const char *text, GError **error)
{
  const GDBusPropertyInfo *info = hctl_bus_find_property (name, error);
  GVariant *value;

  if (info == NULL)
    return FALSE;
  if (!(info->flags & G_DBUS_PROPERTY_INFO_FLAGS_WRITABLE)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s can only be read",
                 info->name);
    return FALSE;
  }

  value = hctl_units_parse (info->name, info->signature, text, error);
  if (value == NULL)
    return FALSE;
  g_variant_dict_insert_value (settings, info->name, value);
  return TRUE;
}

gboolean
hctl_set (HctlContext *context, char **arguments, GError **error)
{
  g_auto (GVariantDict) settings = G_VARIANT_DICT_INIT (NULL);

  for (guint i = 0; arguments[i] != NULL; i += 2) {
    if (arguments[i + 1] == NULL) {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "“%s” has no value",
                   arguments[i]);
      return FALSE;
    }
    if (!add_setting (&settings, arguments[i], arguments[i + 1], error))
      return FALSE;
  }
  return hctl_bus_configure (context, g_variant_dict_end (&settings), error);
}
