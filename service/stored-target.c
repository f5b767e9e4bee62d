/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "stored-target.h"

#include "error.h"
#include "settings.h"

#define KEY_PID "Pid"
#define KEY_START_TIME "StartTime"
#define KEY_UIDS "Uids"
#define KEY_GIDS "Gids"
#define KEY_CAPABLE "Capable"
#define KEY_DUMPABLE "Dumpable"
#define KEY_ADDER "Adder"
#define KEY_ENABLED "Enabled"
#define KEY_PRIMARY "Primary"
#define KEY_SET "Set"
#define KEY_ADDED "Added"
#define KEY_RATIO "Ratio"
#define KEY_APPLICATION_ID "ApplicationId"
#define KEY_REASON "Reason"

void
dh_stored_target_clear (DhStoredTarget *target)
{
  g_clear_pointer (&target->application_id, g_free);
  g_clear_pointer (&target->reason, g_free);
}

static void
set_ids (GKeyFile *file, const char *group, const char *key, const guint32 *ids)
{
  g_autofree char *text = g_strdup_printf ("%u;%u;%u;%u", ids[0], ids[1], ids[2], ids[3]);

  g_key_file_set_value (file, group, key, text);
}

void
dh_stored_target_write (GKeyFile *file, const char *group, const DhStoredTarget *target)
{
  g_key_file_set_uint64 (file, group, KEY_PID, target->pid);
  g_key_file_set_uint64 (file, group, KEY_START_TIME, target->start_time);
  set_ids (file, group, KEY_UIDS, target->owner.uids);
  set_ids (file, group, KEY_GIDS, target->owner.gids);
  g_key_file_set_boolean (file, group, KEY_CAPABLE, target->owner.capable);
  g_key_file_set_boolean (file, group, KEY_DUMPABLE, target->owner.dumpable);
  g_key_file_set_uint64 (file, group, KEY_ADDER, target->adder);
  g_key_file_set_boolean (file, group, KEY_ENABLED, target->enabled);
  g_key_file_set_boolean (file, group, KEY_PRIMARY, target->primary);
  g_key_file_set_boolean (file, group, KEY_SET, target->set);
  g_key_file_set_boolean (file, group, KEY_ADDED, target->added);
  g_key_file_set_uint64 (file, group, KEY_RATIO, target->ratio);
  if (target->application_id)
    g_key_file_set_string (file, group, KEY_APPLICATION_ID, target->application_id);
  if (target->reason)
    g_key_file_set_string (file, group, KEY_REASON, target->reason);
}

static gboolean
reject (GError **error, const char *key)
{
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID_VALUE, "%s is missing or out of range", key);
  return FALSE;
}

static gboolean
get_number (GKeyFile *file, const char *group, const char *key, guint64 minimum, guint64 maximum,
            guint64 *ret_number, GError **error)
{
  g_autofree char *text = g_key_file_get_value (file, group, key, NULL);

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, minimum, maximum, ret_number, NULL))
    return reject (error, key);
  return TRUE;
}

static gboolean
get_boolean (GKeyFile *file, const char *group, const char *key, gboolean *ret_value,
             GError **error)
{
  g_autoptr (GError) failure = NULL;

  *ret_value = g_key_file_get_boolean (file, group, key, &failure);
  return failure == NULL || reject (error, key);
}

static gboolean
get_ids (GKeyFile *file, const char *group, const char *key, guint32 *ret_ids, GError **error)
{
  gsize n_texts = 0;
  g_auto (GStrv) texts = g_key_file_get_string_list (file, group, key, &n_texts, NULL);

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
dh_stored_target_parse (GKeyFile *file, const char *group, DhStoredTarget *ret_target,
                        GError **error)
{
  DhStoredTarget target = { 0 };
  const DhRange ratios = dh_setting_info (DH_SETTING_RATIO)->range;
  guint64 pid, adder;

  if (!get_number (file, group, KEY_PID, 1, G_MAXINT32, &pid, error)
      || !get_number (file, group, KEY_START_TIME, 0, G_MAXUINT64, &target.start_time, error)
      || !get_ids (file, group, KEY_UIDS, target.owner.uids, error)
      || !get_ids (file, group, KEY_GIDS, target.owner.gids, error)
      || !get_boolean (file, group, KEY_CAPABLE, &target.owner.capable, error)
      || !get_boolean (file, group, KEY_DUMPABLE, &target.owner.dumpable, error)
      || !get_number (file, group, KEY_ADDER, 0, G_MAXUINT32, &adder, error)
      || !get_boolean (file, group, KEY_ENABLED, &target.enabled, error)
      || !get_boolean (file, group, KEY_PRIMARY, &target.primary, error)
      || !get_boolean (file, group, KEY_SET, &target.set, error)
      || !get_boolean (file, group, KEY_ADDED, &target.added, error)
      || !get_number (file, group, KEY_RATIO, ratios.minimum, ratios.maximum, &target.ratio, error))
    return FALSE;

  target.pid = (guint32) pid;
  target.adder = (guint32) adder;
  target.application_id = g_key_file_get_string (file, group, KEY_APPLICATION_ID, NULL);
  target.reason = g_key_file_get_string (file, group, KEY_REASON, NULL);
  *ret_target = target;
  return TRUE;
}
