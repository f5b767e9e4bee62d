/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-record.h"

#include "error.h"
#include "text.h"
#include "trusted-file.h"

#define GROUP_MODULE "Module"
#define GROUP_FOUND "Found"
#define GROUP_IN_FORCE "InForce"
#define GROUP_BASE "Base"

#define KEY_BOOT_ID "BootId"

#define MAX_NAME_BYTES 64

typedef enum {
  FIELD_BOOLEAN,
  FIELD_UINT32,
  FIELD_UINT64,
} FieldType;

typedef struct {
  const char *key;
  FieldType type;
  gsize offset; /* in DhModuleRecord */
  guint64 maximum;
} Field;

#define FLAG(key, member)                                                                          \
  {                                                                                                \
    key, FIELD_BOOLEAN, G_STRUCT_OFFSET (DhModuleRecord, member), 1                                \
  }
#define NUMBER(key, member)                                                                        \
  {                                                                                                \
    key, FIELD_UINT64, G_STRUCT_OFFSET (DhModuleRecord, member), G_MAXUINT64                       \
  }

/* Of the group Module, besides the boot's id. */
static const Field fields[] = {
  FLAG ("Held", held),
  { "Pid", FIELD_UINT32, G_STRUCT_OFFSET (DhModuleRecord, pid), G_MAXINT32 },
  NUMBER ("StartTime", start_time),
  { "KdamondPid", FIELD_UINT32, G_STRUCT_OFFSET (DhModuleRecord, kdamond_pid), G_MAXINT32 },
  FLAG ("Suspect", suspect),
  FLAG ("NeedsReboot", needs_reboot),
  FLAG ("LeftClean", left_clean),
  NUMBER ("CleanTriedRegions", clean_tried_regions),
  NUMBER ("CleanQuotaExceeds", clean_quota_exceeds),
};

static guint64
get_field (const DhModuleRecord *record, const Field *field)
{
  gconstpointer place = G_STRUCT_MEMBER_P (record, field->offset);

  switch (field->type) {
  case FIELD_BOOLEAN:
    return *(const gboolean *) place ? 1 : 0;
  case FIELD_UINT32:
    return *(const guint32 *) place;
  case FIELD_UINT64:
    return *(const guint64 *) place;
  }
  g_return_val_if_reached (0);
}

static void
set_field (DhModuleRecord *record, const Field *field, guint64 value)
{
  gpointer place = G_STRUCT_MEMBER_P (record, field->offset);

  switch (field->type) {
  case FIELD_BOOLEAN:
    *(gboolean *) place = value != 0;
    break;
  case FIELD_UINT32:
    *(guint32 *) place = (guint32) value;
    break;
  case FIELD_UINT64:
    *(guint64 *) place = value;
    break;
  }
}

static gboolean
is_found (DhParameter parameter)
{
  return dh_parameter_info (parameter)->writable;
}

static gboolean
is_counter (DhParameter parameter)
{
  const DhParameterInfo *info = dh_parameter_info (parameter);

  return !info->writable && info->kind == DH_PARAMETER_NUMBER;
}

/* Parameters go by the names of their files, a group for each set of them. */
static const struct {
  const char *group;
  gsize offset;
  gboolean (*has) (DhParameter parameter);
} sets[] = {
  { GROUP_FOUND, G_STRUCT_OFFSET (DhModuleRecord, found), is_found },
  { GROUP_IN_FORCE, G_STRUCT_OFFSET (DhModuleRecord, in_force), is_found },
  { GROUP_BASE, G_STRUCT_OFFSET (DhModuleRecord, base), is_counter },
};

static void
format_set (GKeyFile *file, guint set, const DhModuleRecord *record)
{
  const DhParameterValues *values = G_STRUCT_MEMBER_P (record, sets[set].offset);

  for (DhParameter i = 0; i < DH_N_PARAMETERS; i++)
    if (values->known[i] && sets[set].has (i))
      g_key_file_set_uint64 (file, sets[set].group, dh_parameter_info (i)->name, values->values[i]);
}

static char *
format (const DhModuleRecord *record, const char *boot_id)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();

  g_key_file_set_string (file, GROUP_MODULE, KEY_BOOT_ID, boot_id);
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    g_key_file_set_uint64 (file, GROUP_MODULE, fields[i].key, get_field (record, &fields[i]));
  for (guint i = 0; i < G_N_ELEMENTS (sets); i++)
    format_set (file, i, record);
  return g_key_file_to_data (file, NULL, NULL);
}

static gboolean
reject (GError **error, const char *group, const char *key, const char *cause)
{
  g_autofree char *shown_group = dh_text_printable (group, -1, MAX_NAME_BYTES);
  g_autofree char *shown_key = key ? dh_text_printable (key, -1, MAX_NAME_BYTES) : NULL;

  g_set_error (error, DH_ERROR, DH_ERROR_INVALID_VALUE, "[%s]%s%s %s", shown_group, key ? " " : "",
               key ? shown_key : "", cause);
  return FALSE;
}

static gboolean
get_number (GKeyFile *file, const char *group, const char *key, guint64 maximum,
            guint64 *ret_number, GError **error)
{
  g_autofree char *text = g_key_file_get_value (file, group, key, NULL);

  if (text && g_ascii_string_to_unsigned (text, 10, 0, maximum, ret_number, NULL))
    return TRUE;
  return reject (error, group, key, "is missing or out of range");
}

static gboolean
check_groups (GKeyFile *file, GError **error)
{
  const char *const known[] = { GROUP_MODULE, GROUP_FOUND, GROUP_IN_FORCE, GROUP_BASE, NULL };
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);

  for (guint i = 0; groups[i]; i++)
    if (!g_strv_contains (known, groups[i]))
      return reject (error, groups[i], NULL, "is unknown");
  return TRUE;
}

static gboolean
is_key (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    if (g_str_equal (fields[i].key, name))
      return TRUE;
  return g_str_equal (name, KEY_BOOT_ID);
}

static gboolean
parse_fields (GKeyFile *file, DhModuleRecord *record, GError **error)
{
  g_auto (GStrv) keys = g_key_file_get_keys (file, GROUP_MODULE, NULL, NULL);
  guint64 value;

  for (guint i = 0; keys && keys[i]; i++)
    if (!is_key (keys[i]))
      return reject (error, GROUP_MODULE, keys[i], "is unknown");
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    if (!get_number (file, GROUP_MODULE, fields[i].key, fields[i].maximum, &value, error))
      return FALSE;
    set_field (record, &fields[i], value);
  }
  return TRUE;
}

static gboolean
find_parameter (guint set, const char *name, DhParameter *ret_parameter)
{
  for (DhParameter i = 0; i < DH_N_PARAMETERS; i++) {
    if (sets[set].has (i) && g_str_equal (dh_parameter_info (i)->name, name)) {
      *ret_parameter = i;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
parse_set (GKeyFile *file, guint set, DhModuleRecord *record, GError **error)
{
  const char *group = sets[set].group;
  DhParameterValues *values = G_STRUCT_MEMBER_P (record, sets[set].offset);
  g_auto (GStrv) keys = g_key_file_get_keys (file, group, NULL, NULL);

  for (guint i = 0; keys && keys[i]; i++) {
    DhParameter parameter;
    guint64 maximum;
    guint64 value;

    if (!find_parameter (set, keys[i], &parameter))
      return reject (error, group, keys[i], "is unknown");
    maximum = dh_parameter_info (parameter)->kind == DH_PARAMETER_BOOL ? 1 : G_MAXUINT64;
    if (!get_number (file, group, keys[i], maximum, &value, error))
      return FALSE;
    dh_parameter_values_set (values, parameter, value);
  }
  return TRUE;
}

static gboolean
parse (GKeyFile *file, DhModuleRecord *ret_record, GError **error)
{
  DhModuleRecord record = { 0 };

  if (!check_groups (file, error) || !parse_fields (file, &record, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (sets); i++)
    if (!parse_set (file, i, &record, error))
      return FALSE;

  *ret_record = record;
  return TRUE;
}

void
dh_module_record_load (DhModuleRecord *record, const char *path, const char *boot_id)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GKeyFile) file = dh_trusted_file_load (path, &error);
  g_autofree char *recorded = NULL;

  *record = (DhModuleRecord){ 0 };
  if (!file) {
    if (!g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
      g_warning ("What is known of the module is ignored: %s", error->message);
    return;
  }

  recorded = g_key_file_get_string (file, GROUP_MODULE, KEY_BOOT_ID, NULL);
  if (!recorded)
    reject (&error, GROUP_MODULE, KEY_BOOT_ID, "is missing");
  else if (g_strcmp0 (recorded, boot_id) == 0)
    parse (file, record, &error);
  if (error)
    g_warning ("%s is ignored: %s", path, error->message);
}

gboolean
dh_module_record_save (const DhModuleRecord *record, const char *path, const char *boot_id,
                       GError **error)
{
  g_autofree char *text = format (record, boot_id);

  if (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error))
    return TRUE;
  g_prefix_error (error, "%s cannot be written: ", path);
  return FALSE;
}
