/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "targets.h"

gboolean
hctl_remove (HctlContext *context, char **arguments, GError **error)
{
  g_autofree char *path = hctl_targets_find (context, arguments[0], error);
  g_autoptr (GVariant) reply = NULL;
  HctlCall call = { .interface = HCTL_INTERFACE,
                    .method = "RemoveTarget",
                    .reply_type = "()",
                    .ask = HCTL_ASK_AT_ONCE };

  if (path == NULL)
    return FALSE;
  call.parameters = g_variant_new ("(o)", path);
  reply = hctl_bus_call (context, &call, error);
  return reply != NULL;
}
