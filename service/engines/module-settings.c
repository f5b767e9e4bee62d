/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-settings.h"

#include "error.h"
#include "hugepages/saturating.h"

#define USEC_PER_MSEC 1000
#define KERNEL_RATIO 100

/* A pass for each sample, and so many times the passes that it takes that a kernel thread which has
 * to wait for its processor makes enough of them. */
#define DRAIN_INTERVAL 5000
#define DRAIN_AGGREGATIONS 20
#define DRAIN_MIN_USEC 400000

#define DRAIN_AGE G_GUINT64_CONSTANT (4294967295)
#define DRAIN_RATIO G_GUINT64_CONSTANT (1000000000)

const DhModuleSetting dh_module_settings[] = {
  { DH_SETTING_RATIO, DH_PARAMETER_RATIO, 1 },
  { DH_SETTING_FEEDBACK, DH_PARAMETER_FEEDBACK, 1 },
  { DH_SETTING_MIN_AGE, DH_PARAMETER_MIN_AGE, 1 },
  { DH_SETTING_QUOTA_TIME, DH_PARAMETER_QUOTA_MS, USEC_PER_MSEC },
  { DH_SETTING_QUOTA_SIZE, DH_PARAMETER_QUOTA_SZ, 1 },
  { DH_SETTING_QUOTA_RESET_INTERVAL, DH_PARAMETER_QUOTA_RESET_INTERVAL, USEC_PER_MSEC },
  { DH_SETTING_SAMPLE_INTERVAL, DH_PARAMETER_SAMPLE_INTERVAL, 1 },
  { DH_SETTING_AGGREGATION_INTERVAL, DH_PARAMETER_AGGR_INTERVAL, 1 },
  { DH_SETTING_MIN_REGIONS, DH_PARAMETER_MIN_NR_REGIONS, 1 },
  { DH_SETTING_MAX_REGIONS, DH_PARAMETER_MAX_NR_REGIONS, 1 },
  { DH_SETTING_ADDRESS_UNIT, DH_PARAMETER_ADDR_UNIT, 1 },
};

const guint dh_n_module_settings = G_N_ELEMENTS (dh_module_settings);

/* Of which the first must not be above the second. */
static const struct {
  DhSetting lower;
  DhSetting upper;
} pairs[] = {
  { DH_SETTING_SAMPLE_INTERVAL, DH_SETTING_AGGREGATION_INTERVAL },
  { DH_SETTING_MIN_REGIONS, DH_SETTING_MAX_REGIONS },
};

static const DhModuleSetting *
find_row (DhSetting setting)
{
  for (guint i = 0; i < G_N_ELEMENTS (dh_module_settings); i++)
    if (dh_module_settings[i].setting == setting)
      return &dh_module_settings[i];
  return NULL;
}

gboolean
dh_module_settings_get_range (DhSetting setting, DhRange *ret_range)
{
  const DhModuleSetting *row = find_row (setting);

  if (!row && setting != DH_SETTING_STATISTICS_INTERVAL)
    return FALSE;

  *ret_range = dh_setting_info (setting)->range;
  if (row)
    ret_range->step = row->unit;
  if (setting == DH_SETTING_RATIO)
    ret_range->fallback = KERNEL_RATIO;
  return TRUE;
}

gboolean
dh_module_settings_check (const DhSettings *settings, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++) {
    const guint64 lower = settings->values[pairs[i].lower];
    const guint64 upper = settings->values[pairs[i].upper];

    if (lower <= upper)
      continue;
    g_set_error (error, DH_ERROR, DH_ERROR_INVALID_VALUE,
                 "%s cannot be %" G_GUINT64_FORMAT " while %s is %" G_GUINT64_FORMAT
                 ": it must not be above it",
                 dh_setting_info (pairs[i].lower)->name, lower,
                 dh_setting_info (pairs[i].upper)->name, upper);
    return FALSE;
  }
  return TRUE;
}

/* To the kernel 0 is no limit. */
static guint64
limit_quota (guint64 msec, guint64 window_msec, guint time_ceiling)
{
  const guint64 share = dh_multiply_divide (window_msec, time_ceiling, G_USEC_PER_SEC);
  const guint64 most = MAX (share, 1);

  return msec == 0 ? most : MIN (msec, most);
}

void
dh_module_settings_to_values (const DhSettings *settings, guint time_ceiling,
                              DhParameterValues *values)
{
  guint64 quota;

  for (guint i = 0; i < G_N_ELEMENTS (dh_module_settings); i++) {
    const DhModuleSetting *row = &dh_module_settings[i];

    dh_parameter_values_set (values, row->parameter, settings->values[row->setting] / row->unit);
  }

  quota = settings->values[DH_SETTING_QUOTA_TIME];
  if (quota > 0)
    quota = MAX (quota / USEC_PER_MSEC, 1);
  quota = limit_quota (quota, values->values[DH_PARAMETER_QUOTA_RESET_INTERVAL], time_ceiling);
  dh_parameter_values_set (values, DH_PARAMETER_QUOTA_MS, quota);
}

static void
take (DhSettings *settings, const DhModuleSetting *row, guint64 parameter_value)
{
  const guint64 value = dh_multiply_divide (parameter_value, row->unit, 1);
  DhRange range;

  if (dh_module_settings_get_range (row->setting, &range)
      && dh_setting_check (row->setting, &range, value, NULL))
    settings->values[row->setting] = value;
}

void
dh_module_settings_from_values (const DhParameterValues *values, guint time_ceiling,
                                DhSettings *settings)
{
  const DhSettings before = *settings;
  DhParameterValues own = { 0 };

  dh_module_settings_to_values (&before, time_ceiling, &own);
  for (guint i = 0; i < G_N_ELEMENTS (dh_module_settings); i++) {
    const DhModuleSetting *row = &dh_module_settings[i];
    const guint64 value = values->values[row->parameter];

    if (values->known[row->parameter] && value != own.values[row->parameter])
      take (settings, row, value);
  }
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++) {
    const DhSetting lower = pairs[i].lower;
    const DhSetting upper = pairs[i].upper;

    if (settings->values[lower] <= settings->values[upper])
      continue;
    settings->values[lower] = before.values[lower];
    settings->values[upper] = before.values[upper];
  }
}

static void
set_known (DhParameterValues *values, const DhParameterValues *current, DhParameter parameter,
           guint64 value)
{
  if (current->known[parameter])
    dh_parameter_values_set (values, parameter, value);
}

gboolean
dh_module_drain_values (const DhParameterValues *current, DhParameterValues *ret_values,
                        guint64 *ret_usec)
{
  DhParameterValues values = { 0 };
  guint64 aggr = DRAIN_INTERVAL;

  if (!current->known[DH_PARAMETER_MIN_AGE])
    return FALSE;

  if (!current->known[DH_PARAMETER_AGGR_INTERVAL])
    aggr = dh_setting_info (DH_SETTING_AGGREGATION_INTERVAL)->range.fallback;
  set_known (&values, current, DH_PARAMETER_SAMPLE_INTERVAL, DRAIN_INTERVAL);
  set_known (&values, current, DH_PARAMETER_AGGR_INTERVAL, aggr);
  /* The kernel divides by aggr and keeps 32 bits: just these are all of them. */
  set_known (&values, current, DH_PARAMETER_MIN_AGE, DRAIN_AGE * aggr);
  set_known (&values, current, DH_PARAMETER_RATIO, DRAIN_RATIO);
  set_known (&values, current, DH_PARAMETER_FEEDBACK, 0);
  /* A window that is full from its beginning would be no pass. Nothing is old enough to be
   * collapsed in it. */
  set_known (&values, current, DH_PARAMETER_QUOTA_MS, 0);
  set_known (&values, current, DH_PARAMETER_QUOTA_SZ, 0);
  set_known (&values, current, DH_PARAMETER_QUOTA_RESET_INTERVAL, 0);

  *ret_values = values;
  *ret_usec = MAX (DRAIN_AGGREGATIONS * aggr, DRAIN_MIN_USEC);
  return TRUE;
}
