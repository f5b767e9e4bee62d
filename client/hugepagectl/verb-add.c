/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "print.h"
#include "targets.h"
#include "units.h"

#include "service/util-fd.h"

gboolean
hctl_add (HctlContext *context, char **arguments, GError **error)
{
  g_autoptr (GVariant) number = hctl_units_parse ("Pid", "u", arguments[0], error);
  g_autoptr (GVariant) options =
    number != NULL ? hctl_target_make_options (&context->options, FALSE, error) : NULL;
  _cleanup_close_ int pidfd = -1;
  g_autofree char *path = NULL;
  guint32 pid;

  if (options == NULL)
    return FALSE;
  pid = g_variant_get_uint32 (number);
  if (!hctl_target_open_pidfd (pid, &pidfd, error))
    return FALSE;
  path = hctl_target_add (context, pid, pidfd, options, error);
  if (path == NULL)
    return FALSE;

  hctl_print_line ("%s", path);
  return TRUE;
}
