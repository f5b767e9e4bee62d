/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bus.h"

gboolean
hctl_reset (HctlContext *context, char **arguments, GError **error)
{
  return hctl_bus_reset (context, error);
}
