/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bus.h"
#include "units.h"

gboolean
hctl_enable (HctlContext *context, char **arguments, GError **error)
{
  GVariant *pid = hctl_units_parse ("Pid", "u", arguments[0], error);
  GVariantDict settings;

  if (pid == NULL)
    return FALSE;

  g_variant_dict_init (&settings, NULL);
  g_variant_dict_insert_value (&settings, "Pid", pid);
  g_variant_dict_insert (&settings, "Enabled", "b", TRUE);
  return hctl_bus_configure (context, g_variant_dict_end (&settings), error);
}
