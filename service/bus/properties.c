/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "properties.h"

#include "error-names.h"
#include "error.h"
#include "names.h"

#include <string.h>

static GVariant *
new_number (char type, guint64 value)
{
  return type == 'u' ? g_variant_new_uint32 ((guint32) MIN (value, G_MAXUINT32))
                     : g_variant_new_uint64 (value);
}

static GVariant *
read_enabled (DhManager *manager)
{
  return g_variant_new_boolean (dh_manager_get_enabled (manager));
}

static GVariant *
read_pid (DhManager *manager)
{
  return g_variant_new_uint32 (dh_manager_get_pid (manager));
}

static GVariant *
read_state (DhManager *manager)
{
  return g_variant_new_string (dh_state_to_string (dh_manager_get_state (manager)));
}

static GVariant *
read_active_targets (DhManager *manager)
{
  return g_variant_new_uint32 (dh_manager_get_active_targets (manager));
}

static GVariant *
read_unavailable_reason (DhManager *manager)
{
  return g_variant_new_string (dh_manager_get_unavailable_reason (manager));
}

static GVariant *
read_last_error (DhManager *manager)
{
  DhError code;

  return g_variant_new_string (
    dh_manager_get_last_error (manager, &code) ? dh_error_get_bus_name (code) : "");
}

static GVariant *
read_engine (DhManager *manager)
{
  DhEngine *engine = dh_manager_get_engine (manager);

  return g_variant_new_string (engine ? dh_engine_get_name (engine) : "");
}

static GVariant *
read_engines (DhManager *manager)
{
  GPtrArray *engines = dh_manager_get_engines (manager);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < engines->len; i++) {
    const DhEngineStatus *status = g_ptr_array_index (engines, i);
    GVariantDict dict;

    if (!status->probed)
      continue;
    g_variant_dict_init (&dict, NULL);
    g_variant_dict_insert (&dict, "name", "s", dh_engine_get_name (status->engine));
    g_variant_dict_insert (&dict, "available", "b", status->available);
    g_variant_dict_insert (&dict, "reason", "s", status->reason);
    g_variant_dict_insert (&dict, "detail", "s", status->detail);
    g_variant_dict_insert_value (
      &dict, "capabilities", g_variant_new_strv (dh_engine_get_capabilities (status->engine), -1));
    g_variant_builder_add_value (&builder, g_variant_dict_end (&dict));
  }
  return g_variant_builder_end (&builder);
}

static GVariant *
read_capabilities (DhManager *manager)
{
  static const char *const none[] = { NULL };
  DhEngine *engine = dh_manager_get_engine (manager);

  return g_variant_new_strv (engine ? dh_engine_get_capabilities (engine) : none, -1);
}

static GVariant *
read_limits (DhManager *manager)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (DhSetting i = 0; i < DH_N_SETTINGS; i++) {
    DhRange range;

    if (dh_manager_get_range (manager, i, &range))
      g_variant_builder_add (
        &builder, "{sv}", dh_setting_info (i)->name,
        g_variant_new ("(tttt)", range.minimum, range.maximum, range.step, range.fallback));
  }
  return g_variant_builder_end (&builder);
}

static GVariant *
read_max_targets (DhManager *manager)
{
  return g_variant_new_uint32 (dh_manager_get_max_targets (manager));
}

static GVariant *
read_kdamond_pid (DhManager *manager)
{
  DhEngine *engine = dh_manager_get_engine (manager);

  return g_variant_new_int32 (engine ? dh_engine_get_kdamond_pid (engine) : -1);
}

static GVariant *
read_version (DhManager *manager)
{
  return g_variant_new_string (DH_VERSION);
}

/* The properties that are no settings; those are rows of settings.c. */
static const struct {
  const char *name;
  GVariant *(*read) (DhManager *manager);
} readers[] = {
  { "Enabled", read_enabled },
  { "Pid", read_pid },
  { "State", read_state },
  { "ActiveTargets", read_active_targets },
  { "UnavailableReason", read_unavailable_reason },
  { "LastError", read_last_error },
  { "Engine", read_engine },
  { "Engines", read_engines },
  { "Capabilities", read_capabilities },
  { "Limits", read_limits },
  { "MaxTargets", read_max_targets },
  { "KdamondPid", read_kdamond_pid },
  { "Version", read_version },
};

GVariant *
dh_property_read (DhManager *manager, const char *name)
{
  DhSetting setting;

  if (dh_setting_from_name (name, &setting))
    return g_variant_ref_sink (
      new_number (dh_setting_info (setting)->type, dh_manager_get_setting (manager, setting)));
  for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
    if (g_str_equal (readers[i].name, name))
      return g_variant_ref_sink (readers[i].read (manager));
  return NULL;
}

static GVariant *
read_target_pid (DhManager *manager, const DhTarget *target)
{
  return g_variant_new_uint32 ((guint32) dh_process_get_pid (target->process));
}

static GVariant *
read_target_uid (DhManager *manager, const DhTarget *target)
{
  return g_variant_new_uint32 (target->owner.uids[1]);
}

static GVariant *
read_target_owner_uid (DhManager *manager, const DhTarget *target)
{
  return g_variant_new_uint32 (target->adder);
}

static GVariant *
read_target_bound (DhManager *manager, const DhTarget *target)
{
  return g_variant_new_boolean (target->client && !target->set);
}

static GVariant *
read_target_primary (DhManager *manager, const DhTarget *target)
{
  return g_variant_new_boolean (target == dh_manager_get_primary (manager));
}

static GVariant *
read_target_state (DhManager *manager, const DhTarget *target)
{
  return g_variant_new_string (dh_state_to_string (dh_manager_get_state_of (manager, target)));
}

static GVariant *
read_target_ratio (DhManager *manager, const DhTarget *target)
{
  return g_variant_new_uint32 (target->goals.ratio);
}

static GVariant *
read_target_feedback (DhManager *manager, const DhTarget *target)
{
  return g_variant_new_uint32 (target->goals.feedback);
}

static const struct {
  const char *name;
  GVariant *(*read) (DhManager *manager, const DhTarget *target);
} target_readers[] = {
  { "Pid", read_target_pid },
  { "Uid", read_target_uid },
  { "OwnerUid", read_target_owner_uid },
  { "Bound", read_target_bound },
  { "Primary", read_target_primary },
  { "State", read_target_state },
  { "Ratio", read_target_ratio },
  { "Feedback", read_target_feedback },
};

GVariant *
dh_target_property_read (DhManager *manager, const DhTarget *target, const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (target_readers); i++)
    if (g_str_equal (target_readers[i].name, name))
      return g_variant_ref_sink (target_readers[i].read (manager, target));
  return NULL;
}

static gboolean
check_type (const char *name, GVariant *value, const char *type, gboolean given, GError **error)
{
  if (given) {
    g_set_error (error, DH_ERROR, DH_ERROR_INVALID_ARGS, "%s is given twice", name);
    return FALSE;
  }
  if (g_variant_is_of_type (value, G_VARIANT_TYPE (type)))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID_ARGS, "%s is of type \"%s\", not \"%s\"", name,
               type, g_variant_get_type_string (value));
  return FALSE;
}

static gboolean
write_setting (DhChange *change, DhSetting setting, GVariant *value, GError **error)
{
  const DhSettingInfo *info = dh_setting_info (setting);
  const char type[] = { info->type, '\0' };

  if (!check_type (info->name, value, type, change->has_setting[setting], error))
    return FALSE;
  change->has_setting[setting] = TRUE;
  change->settings[setting] =
    info->type == 'u' ? g_variant_get_uint32 (value) : g_variant_get_uint64 (value);
  return TRUE;
}

gboolean
dh_property_write (DhChange *change, const char *name, GVariant *value, GError **error)
{
  DhSetting setting;

  if (dh_setting_from_name (name, &setting)
      && (change->kind == DH_CHANGE_SERVICE || dh_setting_info (setting)->of_target))
    return write_setting (change, setting, value, error);
  if (change->kind == DH_CHANGE_SERVICE && g_str_equal (name, "Enabled")) {
    if (!check_type (name, value, "b", change->has_enabled, error))
      return FALSE;
    change->has_enabled = TRUE;
    change->enabled = g_variant_get_boolean (value);
    return TRUE;
  }
  if (change->kind == DH_CHANGE_SERVICE && g_str_equal (name, "Pid")) {
    if (!check_type (name, value, "u", change->has_pid, error))
      return FALSE;
    change->has_pid = TRUE;
    change->pid = g_variant_get_uint32 (value);
    return TRUE;
  }
  g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID_ARGS,
                       "A key is no writable property of this object");
  return FALSE;
}

static GVariant *
failures_to_variant (const DhStatistics *statistics)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{st}"));
  for (guint i = 0; i < DH_N_FAILURES && statistics->failures[i].number != 0; i++) {
    const char *name = strerrorname_np (statistics->failures[i].number);

    g_variant_builder_add (&builder, "{st}", name ? name : "EUNKNOWN",
                           statistics->failures[i].count);
  }
  return g_variant_builder_end (&builder);
}

GVariant *
dh_statistics_to_variant (const DhStatistics *statistics, gboolean public_only)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (DhStatistic i = 0; i < DH_N_STATISTICS; i++) {
    const DhStatisticInfo *info = dh_statistic_info (i);

    if (statistics->known[i] && !(public_only && info->private))
      g_variant_builder_add (&builder, "{sv}", info->name,
                             new_number (info->type, statistics->values[i]));
  }
  if (!public_only && statistics->counts_failures)
    g_variant_builder_add (&builder, "{sv}", "failures", failures_to_variant (statistics));
  return g_variant_builder_end (&builder);
}
