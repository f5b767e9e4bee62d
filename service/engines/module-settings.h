/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "module-parameters.h"
#include "settings.h"

/* What the service's settings are as parameters of the module, and the other way round: units,
 * ranges, what the kernel would refuse. Pure. */

/* One row for each setting that is a parameter. */
typedef struct {
  DhSetting setting;
  DhParameter parameter;
  guint64 unit; /* of the setting, in one of the parameter: microseconds in a millisecond */
} DhModuleSetting;

extern const DhModuleSetting dh_module_settings[];
extern const guint dh_n_module_settings;

/* The range of @setting on this engine: whole units of its parameter, Ratio's default the kernel's
 * (100). Returns: FALSE for one that is no parameter, StatisticsIntervalUSec excepted: that is the
 * service's own. Which parameters exist is not looked at. */
gboolean dh_module_settings_get_range (DhSetting setting, DhRange *ret_range);

/* What the kernel refuses, and all else with it, although each number by itself is in its range:
 * SampleIntervalUSec above AggregationIntervalUSec, MinRegions above MaxRegions. (Linux 7.3,
 * damon_set_attrs(); refused in silence when committed.) Errors: DH_ERROR_INVALID_VALUE, naming the
 * first two that do not fit. */
gboolean dh_module_settings_check (const DhSettings *settings, GError **error);

/* Sets in @values the parameters of @settings. @time_ceiling: microseconds in a second that
 * collapsing may take at most: quota_ms is never 0 and never above its share of the window, but
 * for being at least 1. */
void dh_module_settings_to_values (const DhSettings *settings, guint time_ceiling,
                                   DhParameterValues *values);

/* Takes into @settings what @values, as read, say that differs from what
 * dh_module_settings_to_values() made of @settings. A value outside of the setting's range leaves
 * it as it was, two that dh_module_settings_check() refuses both of them. */
void dh_module_settings_from_values (const DhParameterValues *values, guint time_ceiling,
                                     DhSettings *settings);

/* Sets in @ret_values those parameters that have to stand for a while before the module is stopped,
 * so that the next start works (the quota's mark of where to go on is cleared when a pass over all
 * regions collapses nothing): the age no region reaches, a goal beyond reach, no feedback, no other
 * quota, a window at each aggregation, and a short interval between them, so that there are many.
 * @ret_usec: how long, in microseconds: 20 aggregations, at least 400000. @current: what is there
 * now. Returns: FALSE without min_age, where it cannot be done. */
gboolean dh_module_drain_values (const DhParameterValues *current, DhParameterValues *ret_values,
                                 guint64 *ret_usec);
