/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "kdamond.h"

gboolean
dh_kdamond_lives (const char *root, gint pid)
{
  g_autofree char *path = g_strdup_printf ("%s/proc/%d/comm", root, pid);
  g_autofree char *name = NULL;

  if (pid == DH_KDAMOND_UNKNOWN)
    return TRUE;
  return pid > 0 && g_file_get_contents (path, &name, NULL, NULL)
         && g_str_has_prefix (name, "kdamond.");
}
