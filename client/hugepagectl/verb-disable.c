/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bus.h"

gboolean
hctl_disable (HctlContext *context, char **arguments, GError **error)
{
  GVariantDict settings;

  g_variant_dict_init (&settings, NULL);
  g_variant_dict_insert (&settings, "Enabled", "b", FALSE);
  return hctl_bus_configure (context, g_variant_dict_end (&settings), error);
}
