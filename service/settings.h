/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* The writable numbers of the service, one row each. Durations are microseconds, sizes bytes,
 * ratios basis points. To add one: a row in settings.c, a property in data/dbus/. */
typedef enum {
  DH_SETTING_RATIO,
  DH_SETTING_FEEDBACK,
  DH_SETTING_MIN_AGE,
  DH_SETTING_QUOTA_TIME,
  DH_SETTING_QUOTA_SIZE,
  DH_SETTING_QUOTA_RESET_INTERVAL,
  DH_SETTING_SAMPLE_INTERVAL,
  DH_SETTING_AGGREGATION_INTERVAL,
  DH_SETTING_MIN_REGIONS,
  DH_SETTING_MAX_REGIONS,
  DH_SETTING_ADDRESS_UNIT,
  DH_SETTING_STATISTICS_INTERVAL,
} DhSetting;

#define DH_N_SETTINGS (DH_SETTING_STATISTICS_INTERVAL + 1)

typedef struct {
  guint64 values[DH_N_SETTINGS];
} DhSettings;

/* Those that each target has of its own. */
typedef struct {
  guint32 ratio;
  guint32 feedback;
} DhGoals;

/* What a number may be. Where the row says zero_is_off, 0 is allowed below the minimum. */
typedef struct {
  guint64 minimum;
  guint64 maximum;
  guint64 step;     /* values are multiples of it */
  guint64 fallback; /* the default */
} DhRange;

typedef struct {
  const char *name; /* the D-Bus property, the Configure key, the key in files */
  char type;        /* D-Bus type: 'u' or 't' */
  DhRange range;    /* the widest; an engine may narrow it */
  gboolean power_of_two;
  gboolean zero_is_off; /* 0 is valid although minimum is above it */
  gboolean of_target;   /* the target's (Ratio, Feedback): needs target-own or -any, not tune */
  gboolean stored;      /* survives the service; Feedback never does */
} DhSettingInfo;

const DhSettingInfo *dh_setting_info (DhSetting setting);

/* Returns: whether @name is a setting's name; sets @ret_setting then. */
gboolean dh_setting_from_name (const char *name, DhSetting *ret_setting);

/* Checks @value against @range (the engine's) and the rules of the row.
 * Errors: DH_ERROR_INVALID_VALUE with a sentence that gives the range. */
gboolean dh_setting_check (DhSetting setting, const DhRange *range, guint64 value, GError **error);

/* Reads @text, a decimal number without sign or unit, and checks it against the row's range.
 * Errors: DH_ERROR_INVALID_VALUE, the text quoted in printable form. */
gboolean dh_setting_parse (DhSetting setting, const char *text, guint64 *ret_value, GError **error);

void dh_settings_init_defaults (DhSettings *settings);

DhGoals dh_settings_get_goals (const DhSettings *settings);
void dh_settings_set_goals (DhSettings *settings, const DhGoals *goals);
