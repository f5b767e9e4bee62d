/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "target-path.h"

#include "names.h"

#include <string.h>

char *
dh_target_path_new (guint64 id)
{
  return g_strdup_printf (DH_TARGET_PATH_PREFIX "%" G_GUINT64_FORMAT, id);
}

gboolean
dh_target_path_parse (const char *path, guint64 *ret_id)
{
  const char *digits = path + strlen (DH_TARGET_PATH_PREFIX);

  /* Only the one spelling that an object has. */
  return g_str_has_prefix (path, DH_TARGET_PATH_PREFIX) && *digits != '0'
         && g_ascii_string_to_unsigned (digits, 10, 0, G_MAXUINT64, ret_id, NULL);
}
