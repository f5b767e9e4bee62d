/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engines/module-settings.h"

#include "error.h"

#include <string.h>

#define CEILING 50000 /* µs in a second */
#define ROUNDS 20000

static guint64
random_number (guint64 minimum, guint64 maximum)
{
  const guint64 number =
    ((guint64) (guint32) g_test_rand_int () << 32) | (guint32) g_test_rand_int ();

  return maximum - minimum == G_MAXUINT64 ? number : minimum + number % (maximum - minimum + 1);
}

/* Valid ones, of all sizes: as often small as large, sometimes at an end. */
static guint64
random_value (DhSetting setting)
{
  DhRange range;
  guint64 value;

  g_assert_true (dh_module_settings_get_range (setting, &range));
  if (dh_setting_info (setting)->power_of_two)
    return G_GUINT64_CONSTANT (1) << g_test_rand_int_range (0, 13);
  switch (g_test_rand_int_range (0, 6)) {
  case 0:
    return range.minimum;
  case 1:
    return range.maximum;
  default:
    value = random_number (range.minimum, range.maximum) >> g_test_rand_int_range (0, 32);
    value = CLAMP (value, range.minimum, range.maximum);
    return value - value % range.step;
  }
}

static void
order (DhSettings *settings, DhSetting lower, DhSetting upper)
{
  const guint64 value = settings->values[lower];

  settings->values[lower] = MIN (value, settings->values[upper]);
  settings->values[upper] = MAX (value, settings->values[upper]);
}

static DhSettings
random_settings (void)
{
  DhSettings settings;

  for (DhSetting i = 0; i < DH_N_SETTINGS; i++)
    settings.values[i] = random_value (i);
  order (&settings, DH_SETTING_SAMPLE_INTERVAL, DH_SETTING_AGGREGATION_INTERVAL);
  order (&settings, DH_SETTING_MIN_REGIONS, DH_SETTING_MAX_REGIONS);
  return settings;
}

static guint
random_ceiling (void)
{
  return g_test_rand_bit () ? CEILING : (guint) g_test_rand_int_range (0, 1000001);
}

static DhSettings
default_settings (void)
{
  DhSettings settings;
  DhRange range;

  for (DhSetting i = 0; i < DH_N_SETTINGS; i++) {
    g_assert_true (dh_module_settings_get_range (i, &range));
    settings.values[i] = range.fallback;
  }
  return settings;
}

static DhParameterValues
values_of (const DhSettings *settings, guint ceiling)
{
  DhParameterValues values = { 0 };

  dh_module_settings_to_values (settings, ceiling, &values);
  return values;
}

static void
assert_settings (const DhSettings *a, const DhSettings *b)
{
  for (DhSetting i = 0; i < DH_N_SETTINGS; i++)
    if (a->values[i] != b->values[i])
      g_error ("%s is %" G_GUINT64_FORMAT ", not %" G_GUINT64_FORMAT, dh_setting_info (i)->name,
               a->values[i], b->values[i]);
}

static void
test_ranges_are_whole_units (void)
{
  guint n_settings = 1; /* StatisticsIntervalUSec, which is no parameter */

  for (guint i = 0; i < dh_n_module_settings; i++, n_settings++) {
    const DhModuleSetting *row = &dh_module_settings[i];
    const DhRange *widest = &dh_setting_info (row->setting)->range;
    DhRange range;

    g_assert_true (dh_module_settings_get_range (row->setting, &range));
    g_assert_cmpuint (range.minimum, ==, widest->minimum);
    g_assert_cmpuint (range.maximum, ==, widest->maximum);
    g_assert_cmpuint (range.step, ==, row->unit);
    g_assert_cmpuint (range.minimum % row->unit, ==, 0);
    g_assert_cmpuint (range.maximum % row->unit, ==, 0);
    g_assert_true (dh_setting_check (row->setting, &range, range.fallback, NULL));
    g_assert_true (dh_parameter_info (row->parameter)->writable);
  }
  g_assert_cmpuint (n_settings, ==, DH_N_SETTINGS);
}

static void
test_defaults_are_the_kernels (void)
{
  const struct {
    DhParameter parameter;
    guint64 value;
  } rows[] = {
    { DH_PARAMETER_MIN_AGE, 100000 },
    { DH_PARAMETER_QUOTA_MS, 10 },
    { DH_PARAMETER_QUOTA_SZ, 134217728 },
    { DH_PARAMETER_QUOTA_RESET_INTERVAL, 1000 },
    { DH_PARAMETER_RATIO, 100 },
    { DH_PARAMETER_FEEDBACK, 0 },
    { DH_PARAMETER_ADDR_UNIT, 1 },
    { DH_PARAMETER_SAMPLE_INTERVAL, 5000 },
    { DH_PARAMETER_AGGR_INTERVAL, 100000 },
    { DH_PARAMETER_MIN_NR_REGIONS, 10 },
    { DH_PARAMETER_MAX_NR_REGIONS, 1000 },
  };
  const DhSettings settings = default_settings ();
  const DhParameterValues values = values_of (&settings, CEILING);
  guint n_known = 0;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_assert_true (values.known[rows[i].parameter]);
    g_assert_cmpuint (values.values[rows[i].parameter], ==, rows[i].value);
  }
  for (DhParameter i = 0; i < DH_N_PARAMETERS; i++)
    n_known += values.known[i] ? 1 : 0;
  g_assert_cmpuint (n_known, ==, G_N_ELEMENTS (rows));
}

static void
test_leaves_other_values_alone (void)
{
  const DhSettings settings = default_settings ();
  DhParameterValues values = { 0 };

  dh_parameter_values_set (&values, DH_PARAMETER_MONITORED_PID, 4711);
  dh_module_settings_to_values (&settings, CEILING, &values);
  g_assert_true (values.known[DH_PARAMETER_MONITORED_PID]);
  g_assert_cmpuint (values.values[DH_PARAMETER_MONITORED_PID], ==, 4711);
}

static void
test_a_time_quota_stays_below_the_ceiling (void)
{
  const struct {
    guint64 quota;
    guint64 window;
    guint ceiling;
    guint64 msec;
  } rows[] = {
    { 0, 1000000, 50000, 50 },
    { 49000, 1000000, 50000, 49 },
    { 50000, 1000000, 50000, 50 },
    { 51000, 1000000, 50000, 50 },
    { 60000000, 1000000, 50000, 50 },
    { 0, 39999000, 50000, 1999 },
    { 0, 10000, 50000, 1 },
    { 1000, 10000, 50000, 1 },
    { 9000, 10000, 50000, 1 },
    { 0, 1000000, 0, 1 },
    { 0, 1000000, 999, 1 },
    { 0, 1000000, 1999, 1 },
    { 0, 1000000, 2000, 2 },
    { 0, 3600000000, 1000000, 3600000 },
    { 60000000, 3600000000, 1000000, 60000 },
    /* No range allows these. */
    { 999, 1000000, 50000, 1 },
    { 0, G_MAXUINT64, 1000000, G_MAXUINT64 / 1000 },
    { G_MAXUINT64, G_MAXUINT64, G_MAXUINT, G_MAXUINT64 / 1000 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    DhSettings settings = default_settings ();
    DhParameterValues values;

    settings.values[DH_SETTING_QUOTA_TIME] = rows[i].quota;
    settings.values[DH_SETTING_QUOTA_RESET_INTERVAL] = rows[i].window;
    values = values_of (&settings, rows[i].ceiling);
    g_assert_cmpuint (values.values[DH_PARAMETER_QUOTA_MS], ==, rows[i].msec);
  }
}

static void
test_refuses_what_the_kernel_refuses (void)
{
  DhSettings settings = default_settings ();
  g_autoptr (GError) error = NULL;

  settings.values[DH_SETTING_SAMPLE_INTERVAL] = settings.values[DH_SETTING_AGGREGATION_INTERVAL];
  settings.values[DH_SETTING_MIN_REGIONS] = settings.values[DH_SETTING_MAX_REGIONS];
  g_assert_true (dh_module_settings_check (&settings, &error));
  g_assert_no_error (error);

  settings.values[DH_SETTING_SAMPLE_INTERVAL]++;
  g_assert_false (dh_module_settings_check (&settings, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_INVALID_VALUE);
  g_assert_cmpstr (error->message, ==,
                   "SampleIntervalUSec cannot be 100001 while AggregationIntervalUSec is 100000: "
                   "it must not be above it");
  settings.values[DH_SETTING_SAMPLE_INTERVAL]--;
  g_clear_error (&error);

  settings.values[DH_SETTING_MAX_REGIONS]--;
  g_assert_false (dh_module_settings_check (&settings, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_INVALID_VALUE);
  g_assert_cmpstr (error->message, ==,
                   "MinRegions cannot be 1000 while MaxRegions is 999: it must not be above it");
}

/* Also where quota_ms is not what QuotaTimeUSec says. */
static void
test_settings_come_back_as_they_were (void)
{
  for (guint i = 0; i < ROUNDS; i++) {
    const DhSettings given = random_settings ();
    const guint ceiling = random_ceiling ();
    const DhParameterValues values = values_of (&given, ceiling);
    DhSettings settings = given;

    g_assert_true (dh_module_settings_check (&given, NULL));
    g_assert_cmpuint (values.values[DH_PARAMETER_QUOTA_MS], >, 0);
    dh_module_settings_from_values (&values, ceiling, &settings);
    assert_settings (&settings, &given);
  }
}

static void
test_what_others_wrote_is_taken (void)
{
  for (guint i = 0; i < ROUNDS; i++) {
    const DhModuleSetting *row =
      &dh_module_settings[g_test_rand_int_range (0, (gint32) dh_n_module_settings)];
    const DhSettings before = random_settings ();
    const DhParameterValues own = values_of (&before, CEILING);
    DhParameterValues values = own;
    DhSettings wanted = before;
    DhSettings settings = before;

    wanted.values[row->setting] = random_value (row->setting);
    values.values[row->parameter] = wanted.values[row->setting] / row->unit;
    if (values.values[row->parameter] == own.values[row->parameter]
        || !dh_module_settings_check (&wanted, NULL))
      wanted = before;

    dh_module_settings_from_values (&values, CEILING, &settings);
    assert_settings (&settings, &wanted);
  }
}

/* Whatever the files hold, the settings are as valid as they were. */
static void
test_any_values_leave_the_settings_valid (void)
{
  for (guint i = 0; i < ROUNDS; i++) {
    DhSettings settings = random_settings ();
    DhParameterValues values = { 0 };

    for (DhParameter j = 0; j < DH_N_PARAMETERS; j++)
      if (g_test_rand_bit ())
        dh_parameter_values_set (&values, j,
                                 random_number (0, G_MAXUINT64) >> g_test_rand_int_range (0, 64));
    dh_module_settings_from_values (&values, random_ceiling (), &settings);

    g_assert_true (dh_module_settings_check (&settings, NULL));
    for (DhSetting j = 0; j < DH_N_SETTINGS; j++) {
      DhRange range;

      g_assert_true (dh_module_settings_get_range (j, &range));
      g_assert_true (dh_setting_check (j, &range, settings.values[j], NULL));
    }
  }
}

static void
test_one_value_that_others_wrote (void)
{
  const struct {
    DhParameter parameter;
    guint64 written;
    DhSetting setting;
    guint64 value; /* G_MAXUINT64: as it was */
  } rows[] = {
    { DH_PARAMETER_QUOTA_MS, 0, DH_SETTING_QUOTA_TIME, 0 },
    { DH_PARAMETER_QUOTA_MS, 500, DH_SETTING_QUOTA_TIME, 500000 },
    { DH_PARAMETER_QUOTA_MS, 60001, DH_SETTING_QUOTA_TIME, G_MAXUINT64 },
    { DH_PARAMETER_QUOTA_MS, G_MAXUINT64, DH_SETTING_QUOTA_TIME, G_MAXUINT64 },
    /* Times 1000 and cut to 64 bits: 5000. */
    { DH_PARAMETER_QUOTA_MS, (G_GUINT64_CONSTANT (1) << 61) + 5, DH_SETTING_QUOTA_TIME,
      G_MAXUINT64 },
    { DH_PARAMETER_QUOTA_RESET_INTERVAL, 0, DH_SETTING_QUOTA_RESET_INTERVAL, G_MAXUINT64 },
    { DH_PARAMETER_QUOTA_RESET_INTERVAL, 2500, DH_SETTING_QUOTA_RESET_INTERVAL, 2500000 },
    { DH_PARAMETER_RATIO, 0, DH_SETTING_RATIO, G_MAXUINT64 },
    { DH_PARAMETER_RATIO, 10001, DH_SETTING_RATIO, G_MAXUINT64 },
    { DH_PARAMETER_RATIO, 7, DH_SETTING_RATIO, 7 },
    { DH_PARAMETER_ADDR_UNIT, 3, DH_SETTING_ADDRESS_UNIT, G_MAXUINT64 },
    { DH_PARAMETER_ADDR_UNIT, 8192, DH_SETTING_ADDRESS_UNIT, G_MAXUINT64 },
    { DH_PARAMETER_ADDR_UNIT, 4096, DH_SETTING_ADDRESS_UNIT, 4096 },
    { DH_PARAMETER_MIN_AGE, 0, DH_SETTING_MIN_AGE, 0 },
    { DH_PARAMETER_SAMPLE_INTERVAL, 100001, DH_SETTING_SAMPLE_INTERVAL, G_MAXUINT64 },
    { DH_PARAMETER_AGGR_INTERVAL, 4999, DH_SETTING_AGGREGATION_INTERVAL, G_MAXUINT64 },
    { DH_PARAMETER_MIN_NR_REGIONS, 2, DH_SETTING_MIN_REGIONS, G_MAXUINT64 },
    { DH_PARAMETER_MAX_NR_REGIONS, 9, DH_SETTING_MAX_REGIONS, G_MAXUINT64 },
    { DH_PARAMETER_FEEDBACK, 12345, DH_SETTING_FEEDBACK, 12345 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    DhSettings wanted = default_settings ();
    DhSettings settings = wanted;
    DhParameterValues values = values_of (&settings, CEILING);

    values.values[rows[i].parameter] = rows[i].written;
    if (rows[i].value != G_MAXUINT64)
      wanted.values[rows[i].setting] = rows[i].value;
    dh_module_settings_from_values (&values, CEILING, &settings);
    assert_settings (&settings, &wanted);
  }
}

static void
test_a_quota_that_was_lowered_is_kept (void)
{
  DhSettings settings = default_settings ();
  DhParameterValues values;

  settings.values[DH_SETTING_QUOTA_TIME] = 0;
  values = values_of (&settings, CEILING);
  dh_parameter_values_set (&values, DH_PARAMETER_QUOTA_RESET_INTERVAL, 2000);
  dh_module_settings_from_values (&values, CEILING, &settings);
  g_assert_cmpuint (settings.values[DH_SETTING_QUOTA_TIME], ==, 0);
  g_assert_cmpuint (settings.values[DH_SETTING_QUOTA_RESET_INTERVAL], ==, 2000000);
}

/* Those of another engine may be no whole units. */
static void
test_broken_units_are_kept (void)
{
  DhSettings given = default_settings ();
  DhSettings settings;
  DhParameterValues values;

  given.values[DH_SETTING_QUOTA_TIME] = 1999;
  given.values[DH_SETTING_QUOTA_RESET_INTERVAL] = 1000999;
  settings = given;
  values = values_of (&given, CEILING);
  g_assert_cmpuint (values.values[DH_PARAMETER_QUOTA_MS], ==, 1);
  g_assert_cmpuint (values.values[DH_PARAMETER_QUOTA_RESET_INTERVAL], ==, 1000);
  dh_module_settings_from_values (&values, CEILING, &settings);
  assert_settings (&settings, &given);
}

static void
test_what_is_not_known_changes_nothing (void)
{
  const DhSettings given = default_settings ();
  DhSettings settings = given;
  DhParameterValues values = { 0 };

  for (guint i = 0; i < DH_N_PARAMETERS; i++)
    values.values[i] = 16;
  dh_module_settings_from_values (&values, CEILING, &settings);
  assert_settings (&settings, &given);
}

static DhParameterValues
all_parameters (void)
{
  const DhSettings settings = default_settings ();
  DhParameterValues values = values_of (&settings, CEILING);

  for (DhParameter i = 0; i < DH_N_PARAMETERS; i++)
    values.known[i] = TRUE;
  return values;
}

static void
assert_drain (const DhParameterValues *current, const DhParameterValues *drain, guint64 usec)
{
  const guint64 *values = drain->values;
  const guint64 aggr = values[DH_PARAMETER_MIN_AGE] / G_MAXUINT32;

  g_assert_cmpuint (usec, ==, MAX (20 * aggr, 400000));
  g_assert_cmpuint (aggr, >=, 1);
  g_assert_cmpuint (aggr, <=, 100000);
  g_assert_cmpuint (values[DH_PARAMETER_MIN_AGE], ==, aggr * G_MAXUINT32);
  for (DhParameter i = 0; i < DH_N_PARAMETERS; i++)
    g_assert_true (!drain->known[i] || (current->known[i] && dh_parameter_info (i)->writable));
  if (drain->known[DH_PARAMETER_AGGR_INTERVAL])
    g_assert_cmpuint (values[DH_PARAMETER_AGGR_INTERVAL], ==, aggr);
  if (drain->known[DH_PARAMETER_SAMPLE_INTERVAL]) {
    g_assert_cmpuint (values[DH_PARAMETER_SAMPLE_INTERVAL], ==, 5000);
  }
}

static void
test_a_drain_at_defaults (void)
{
  const DhParameterValues current = all_parameters ();
  DhParameterValues drain;
  guint64 usec;
  guint n_known = 0;

  memset (&drain, 0xff, sizeof drain);
  g_assert_true (dh_module_drain_values (&current, &drain, &usec));
  g_assert_cmpuint (usec, ==, 400000);
  for (DhParameter i = 0; i < DH_N_PARAMETERS; i++)
    n_known += drain.known[i] ? 1 : 0;
  g_assert_cmpuint (n_known, ==, 8);
  g_assert_cmpuint (drain.values[DH_PARAMETER_QUOTA_MS], ==, 0);
  g_assert_cmpuint (drain.values[DH_PARAMETER_QUOTA_SZ], ==, 0);
  g_assert_cmpuint (drain.values[DH_PARAMETER_MIN_AGE], ==, G_GUINT64_CONSTANT (21474836475000));
  g_assert_cmpuint (drain.values[DH_PARAMETER_RATIO], ==, 1000000000);
  g_assert_true (drain.known[DH_PARAMETER_FEEDBACK]);
  g_assert_cmpuint (drain.values[DH_PARAMETER_FEEDBACK], ==, 0);
  g_assert_true (drain.known[DH_PARAMETER_QUOTA_RESET_INTERVAL]);
  g_assert_cmpuint (drain.values[DH_PARAMETER_QUOTA_RESET_INTERVAL], ==, 0);
  g_assert_cmpuint (drain.values[DH_PARAMETER_SAMPLE_INTERVAL], ==, 5000);
  g_assert_cmpuint (drain.values[DH_PARAMETER_AGGR_INTERVAL], ==, 5000);
}

static void
test_a_drain_is_short (void)
{
  const struct {
    guint64 sample;
    guint64 aggr;
  } rows[] = {
    { 10000000, 60000000 },
    { 2000, 60000000 },
    { 4000, 4000 },
    { 1000, 1000 },
    /* No kdamond runs with the next, but they can be written. */
    { 70000, 3000 },
    { 0, 0 },
    { G_MAXUINT64, G_MAXUINT64 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    DhParameterValues current = all_parameters ();
    DhParameterValues drain;
    guint64 usec;

    dh_parameter_values_set (&current, DH_PARAMETER_SAMPLE_INTERVAL, rows[i].sample);
    dh_parameter_values_set (&current, DH_PARAMETER_AGGR_INTERVAL, rows[i].aggr);
    g_assert_true (dh_module_drain_values (&current, &drain, &usec));
    assert_drain (&current, &drain, usec);
    g_assert_cmpuint (usec, ==, 400000);
    g_assert_cmpuint (drain.values[DH_PARAMETER_AGGR_INTERVAL], ==, 5000);
  }
}

static void
test_a_drain_sets_only_what_is_there (void)
{
  for (guint i = 0; i < ROUNDS; i++) {
    DhParameterValues current = { 0 };
    DhParameterValues drain;
    guint64 usec;

    for (DhParameter j = 0; j < DH_N_PARAMETERS; j++)
      if (g_test_rand_bit ())
        dh_parameter_values_set (&current, j,
                                 random_number (0, G_MAXUINT64) >> g_test_rand_int_range (0, 64));
    if (!current.known[DH_PARAMETER_MIN_AGE]) {
      g_assert_false (dh_module_drain_values (&current, &drain, &usec));
      continue;
    }
    g_assert_true (dh_module_drain_values (&current, &drain, &usec));
    assert_drain (&current, &drain, usec);
    g_assert_cmpuint (usec, ==, current.known[DH_PARAMETER_AGGR_INTERVAL] ? 400000 : 2000000);
  }
}

#define ADD(name, function) g_test_add_func ("/module-settings/" name, function)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("ranges-are-whole-units", test_ranges_are_whole_units);
  ADD ("defaults-are-the-kernels", test_defaults_are_the_kernels);
  ADD ("leaves-other-values-alone", test_leaves_other_values_alone);
  ADD ("a-time-quota-stays-below-the-ceiling", test_a_time_quota_stays_below_the_ceiling);
  ADD ("refuses-what-the-kernel-refuses", test_refuses_what_the_kernel_refuses);
  ADD ("settings-come-back-as-they-were", test_settings_come_back_as_they_were);
  ADD ("what-others-wrote-is-taken", test_what_others_wrote_is_taken);
  ADD ("any-values-leave-the-settings-valid", test_any_values_leave_the_settings_valid);
  ADD ("one-value-that-others-wrote", test_one_value_that_others_wrote);
  ADD ("a-quota-that-was-lowered-is-kept", test_a_quota_that_was_lowered_is_kept);
  ADD ("broken-units-are-kept", test_broken_units_are_kept);
  ADD ("what-is-not-known-changes-nothing", test_what_is_not_known_changes_nothing);
  ADD ("a-drain-at-defaults", test_a_drain_at_defaults);
  ADD ("a-drain-is-short", test_a_drain_is_short);
  ADD ("a-drain-sets-only-what-is-there", test_a_drain_sets_only_what_is_there);
  return g_test_run ();
}
