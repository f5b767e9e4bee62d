/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "settings-file.h"

#include "error.h"
#include "trusted-file.h"

static gboolean
load_key (DhSettings *settings, GKeyFile *file, const char *group, const char *key,
          gboolean stored_only, GError **error)
{
  g_autofree char *text = NULL;
  DhSetting setting;

  if (!dh_setting_from_name (key, &setting)) {
    g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID_ARGS, "there is no such setting");
    return FALSE;
  }
  if (stored_only && !dh_setting_info (setting)->stored) {
    g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID_ARGS, "this setting is never stored");
    return FALSE;
  }
  text = g_key_file_get_value (file, group, key, NULL);
  return dh_setting_parse (setting, g_strchomp (text), &settings->values[setting], error);
}

void
dh_settings_load_group (DhSettings *settings, GKeyFile *file, const char *path, const char *group,
                        gboolean stored_only)
{
  g_auto (GStrv) keys = g_key_file_get_keys (file, group, NULL, NULL);

  for (guint i = 0; keys != NULL && keys[i] != NULL; i++) {
    g_autoptr (GError) error = NULL;

    if (!load_key (settings, file, group, keys[i], stored_only, &error))
      dh_trusted_file_warn (path, group, keys[i], error->message);
  }
}
