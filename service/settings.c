/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "settings.h"

#include "error.h"
#include "text.h"

#define SECOND G_GUINT64_CONSTANT (1000000)
#define HOUR (3600 * SECOND)
#define EIB (G_GUINT64_CONSTANT (1) << 60)

#define MAX_QUOTED_BYTES 64

static const DhSettingInfo settings_info[] = {
  [DH_SETTING_RATIO] = { .name = "Ratio",
                         .type = 'u',
                         .range = { 1, 10000, 1, 10000 },
                         .of_target = TRUE,
                         .stored = TRUE },
  [DH_SETTING_FEEDBACK] = { .name = "Feedback",
                            .type = 'u',
                            .range = { 0, 1000000, 1, 0 },
                            .of_target = TRUE },
  [DH_SETTING_MIN_AGE] = { .name = "MinAgeUSec",
                           .type = 't',
                           .range = { 0, HOUR, 1, 100000 },
                           .stored = TRUE },
  [DH_SETTING_QUOTA_TIME] = { .name = "QuotaTimeUSec",
                              .type = 't',
                              .range = { 0, 60 * SECOND, 1, 10000 },
                              .stored = TRUE },
  [DH_SETTING_QUOTA_SIZE] = { .name = "QuotaSize",
                              .type = 't',
                              .range = { 0, EIB, 1, 134217728 },
                              .stored = TRUE },
  [DH_SETTING_QUOTA_RESET_INTERVAL] = { .name = "QuotaResetIntervalUSec",
                                        .type = 't',
                                        .range = { 10000, HOUR, 1, SECOND },
                                        .stored = TRUE },
  [DH_SETTING_SAMPLE_INTERVAL] = { .name = "SampleIntervalUSec",
                                   .type = 't',
                                   .range = { 1000, 10 * SECOND, 1, 5000 },
                                   .stored = TRUE },
  [DH_SETTING_AGGREGATION_INTERVAL] = { .name = "AggregationIntervalUSec",
                                        .type = 't',
                                        .range = { 1000, 60 * SECOND, 1, 100000 },
                                        .stored = TRUE },
  [DH_SETTING_MIN_REGIONS] = { .name = "MinRegions",
                               .type = 't',
                               .range = { 3, 100000, 1, 10 },
                               .stored = TRUE },
  [DH_SETTING_MAX_REGIONS] = { .name = "MaxRegions",
                               .type = 't',
                               .range = { 3, 100000, 1, 1000 },
                               .stored = TRUE },
  [DH_SETTING_ADDRESS_UNIT] = { .name = "AddressUnit",
                                .type = 't',
                                .range = { 1, 4096, 1, 1 },
                                .power_of_two = TRUE,
                                .stored = TRUE },
  [DH_SETTING_STATISTICS_INTERVAL] = { .name = "StatisticsIntervalUSec",
                                       .type = 't',
                                       .range = { 250000, HOUR, 1, 5 * SECOND },
                                       .zero_is_off = TRUE,
                                       .stored = TRUE },
};

G_STATIC_ASSERT (G_N_ELEMENTS (settings_info) == DH_N_SETTINGS);

const DhSettingInfo *
dh_setting_info (DhSetting setting)
{
  g_return_val_if_fail ((guint) setting < DH_N_SETTINGS, NULL);

  return &settings_info[setting];
}

gboolean
dh_setting_from_name (const char *name, DhSetting *ret_setting)
{
  for (guint i = 0; i < DH_N_SETTINGS; i++) {
    if (g_str_equal (settings_info[i].name, name)) {
      *ret_setting = i;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
is_power_of_two (guint64 value)
{
  return value != 0 && (value & (value - 1)) == 0;
}

/* "0, or 250000 to 3600000000": what comes after "must be". */
static char *
describe_range (const DhSettingInfo *info, const DhRange *range)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (info->zero_is_off && range->minimum > 0)
    g_string_append (text, "0 (off), or ");
  if (info->power_of_two)
    g_string_append (text, "a power of two, ");
  else if (range->step > 1)
    g_string_append_printf (text, "a multiple of %" G_GUINT64_FORMAT ", ", range->step);
  g_string_append_printf (text, "%" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, range->minimum,
                          range->maximum);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

gboolean
dh_setting_check (DhSetting setting, const DhRange *range, guint64 value, GError **error)
{
  const DhSettingInfo *info = dh_setting_info (setting);
  g_autofree char *allowed = NULL;

  if (info->zero_is_off && value == 0)
    return TRUE;
  if (value >= range->minimum && value <= range->maximum && value % MAX (range->step, 1) == 0
      && (!info->power_of_two || is_power_of_two (value)))
    return TRUE;

  allowed = describe_range (info, range);
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID_VALUE,
               "%s cannot be %" G_GUINT64_FORMAT ": it must be %s", info->name, value, allowed);
  return FALSE;
}

gboolean
dh_setting_parse (DhSetting setting, const char *text, guint64 *ret_value, GError **error)
{
  const DhSettingInfo *info = dh_setting_info (setting);
  guint64 value;

  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, &value, NULL)) {
    g_autofree char *quoted = dh_text_printable (text, -1, MAX_QUOTED_BYTES);
    g_autofree char *allowed = describe_range (info, &info->range);

    g_set_error (error, DH_ERROR, DH_ERROR_INVALID_VALUE, "%s cannot be “%s”: it must be %s",
                 info->name, quoted, allowed);
    return FALSE;
  }
  if (!dh_setting_check (setting, &info->range, value, error))
    return FALSE;

  *ret_value = value;
  return TRUE;
}

void
dh_settings_init_defaults (DhSettings *settings)
{
  for (guint i = 0; i < DH_N_SETTINGS; i++)
    settings->values[i] = settings_info[i].range.fallback;
}

DhGoals
dh_settings_get_goals (const DhSettings *settings)
{
  return (DhGoals){ .ratio = (guint32) settings->values[DH_SETTING_RATIO],
                    .feedback = (guint32) settings->values[DH_SETTING_FEEDBACK] };
}

void
dh_settings_set_goals (DhSettings *settings, const DhGoals *goals)
{
  settings->values[DH_SETTING_RATIO] = goals->ratio;
  settings->values[DH_SETTING_FEEDBACK] = goals->feedback;
}
