/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "stored-target.h"

#include "error.h"
#include "settings.h"

#define GROUP "Target"
#define KEY_BOOT_ID "BootId"
#define KEY_PID "Pid"
#define KEY_START_TIME "StartTime"
#define KEY_UIDS "Uids"
#define KEY_GIDS "Gids"
#define KEY_CAPABLE "Capable"
#define KEY_DUMPABLE "Dumpable"
#define KEY_ENABLED "Enabled"
#define KEY_RATIO "Ratio"

static void
set_ids (GKeyFile *file, const char *key, const guint32 *ids)
{
  g_autofree char *text = g_strdup_printf ("%u;%u;%u;%u", ids[0], ids[1], ids[2], ids[3]);

  g_key_file_set_value (file, GROUP, key, text);
}

char *
dh_stored_target_format (const DhStoredTarget *target, const char *boot_id)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();

  g_key_file_set_string (file, GROUP, KEY_BOOT_ID, boot_id);
  g_key_file_set_uint64 (file, GROUP, KEY_PID, target->pid);
  g_key_file_set_uint64 (file, GROUP, KEY_START_TIME, target->start_time);
  set_ids (file, KEY_UIDS, target->owner.uids);
  set_ids (file, KEY_GIDS, target->owner.gids);
  g_key_file_set_boolean (file, GROUP, KEY_CAPABLE, target->owner.capable);
  g_key_file_set_boolean (file, GROUP, KEY_DUMPABLE, target->owner.dumpable);
  g_key_file_set_boolean (file, GROUP, KEY_ENABLED, target->enabled);
  g_key_file_set_uint64 (file, GROUP, KEY_RATIO, target->ratio);
  return g_key_file_to_data (file, NULL, NULL);
}

gboolean
dh_stored_target_is_of_boot (GKeyFile *file, const char *boot_id)
{
  g_autofree char *recorded = g_key_file_get_string (file, GROUP, KEY_BOOT_ID, NULL);

  return g_strcmp0 (recorded, boot_id) == 0;
}

static gboolean
reject (GError **error, const char *key)
{
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID_VALUE, "%s is missing or out of range", key);
  return FALSE;
}

static gboolean
get_number (GKeyFile *file, const char *key, guint64 minimum, guint64 maximum, guint64 *ret_number,
            GError **error)
{
  g_autofree char *text = g_key_file_get_value (file, GROUP, key, NULL);

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, minimum, maximum, ret_number, NULL))
    return reject (error, key);
  return TRUE;
}

static gboolean
get_boolean (GKeyFile *file, const char *key, gboolean *ret_value, GError **error)
{
  g_autoptr (GError) failure = NULL;

  *ret_value = g_key_file_get_boolean (file, GROUP, key, &failure);
  return failure == NULL || reject (error, key);
}

static gboolean
get_ids (GKeyFile *file, const char *key, guint32 *ret_ids, GError **error)
{
  gsize n_texts = 0;
  g_auto (GStrv) texts = g_key_file_get_string_list (file, GROUP, key, &n_texts, NULL);

  if (n_texts != 4)
    return reject (error, key);

  for (gsize i = 0; i < n_texts; i++) {
    guint64 id;

    if (!g_ascii_string_to_unsigned (texts[i], 10, 0, G_MAXUINT32, &id, NULL))
      return reject (error, key);
    ret_ids[i] = id;
  }
  return TRUE;
}

gboolean
dh_stored_target_parse (GKeyFile *file, DhStoredTarget *ret_target, GError **error)
{
  DhStoredTarget target = { 0 };
  const guint64 max_ratio = dh_setting_info (DH_SETTING_RATIO)->range.maximum;
  guint64 pid;

  if (!get_number (file, KEY_PID, 1, G_MAXINT32, &pid, error)
      || !get_number (file, KEY_START_TIME, 0, G_MAXUINT64, &target.start_time, error)
      || !get_ids (file, KEY_UIDS, target.owner.uids, error)
      || !get_ids (file, KEY_GIDS, target.owner.gids, error)
      || !get_boolean (file, KEY_CAPABLE, &target.owner.capable, error)
      || !get_boolean (file, KEY_DUMPABLE, &target.owner.dumpable, error)
      || !get_boolean (file, KEY_ENABLED, &target.enabled, error)
      || !get_number (file, KEY_RATIO, 0, max_ratio, &target.ratio, error))
    return FALSE;

  target.pid = pid;
  *ret_target = target;
  return TRUE;
}
