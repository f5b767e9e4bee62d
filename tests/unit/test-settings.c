/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "settings.h"

#include "error.h"

#define SECOND G_GUINT64_CONSTANT (1000000)

typedef struct {
  const char *name;
  char type;
  guint64 minimum;
  guint64 maximum;
  guint64 fallback;
  gboolean of_target;
  gboolean stored;
} Row;

/* The contract, in the order of the enumeration. */
static const Row contract[DH_N_SETTINGS] = {
  { "Ratio", 'u', 1, 10000, 10000, TRUE, TRUE },
  { "Feedback", 'u', 0, 1000000, 0, TRUE, FALSE },
  { "MinAgeUSec", 't', 0, 3600 * SECOND, 100000, FALSE, TRUE },
  { "QuotaTimeUSec", 't', 0, 60 * SECOND, 10000, FALSE, TRUE },
  { "QuotaSize", 't', 0, G_GUINT64_CONSTANT (1) << 60, 134217728, FALSE, TRUE },
  { "QuotaResetIntervalUSec", 't', 10000, 3600 * SECOND, 1000000, FALSE, TRUE },
  { "SampleIntervalUSec", 't', 1000, 10 * SECOND, 5000, FALSE, TRUE },
  { "AggregationIntervalUSec", 't', 1000, 60 * SECOND, 100000, FALSE, TRUE },
  { "MinRegions", 't', 3, 100000, 10, FALSE, TRUE },
  { "MaxRegions", 't', 3, 100000, 1000, FALSE, TRUE },
  { "AddressUnit", 't', 1, 4096, 1, FALSE, TRUE },
  { "StatisticsIntervalUSec", 't', 250000, 3600 * SECOND, 5 * SECOND, FALSE, TRUE },
};

static void
test_is_what_the_contract_says (void)
{
  for (guint i = 0; i < DH_N_SETTINGS; i++) {
    const DhSettingInfo *info = dh_setting_info (i);

    g_assert_cmpstr (info->name, ==, contract[i].name);
    g_assert_cmpint (info->type, ==, contract[i].type);
    g_assert_cmpuint (info->range.minimum, ==, contract[i].minimum);
    g_assert_cmpuint (info->range.maximum, ==, contract[i].maximum);
    g_assert_cmpuint (info->range.fallback, ==, contract[i].fallback);
    g_assert_cmpuint (info->range.step, ==, 1);
    g_assert_cmpint (info->of_target, ==, contract[i].of_target);
    g_assert_cmpint (info->stored, ==, contract[i].stored);
    g_assert_cmpint (info->power_of_two, ==, i == DH_SETTING_ADDRESS_UNIT);
    g_assert_cmpint (info->zero_is_off, ==, i == DH_SETTING_STATISTICS_INTERVAL);
  }
}

static void
test_names_its_unit_and_fits_its_type (void)
{
  for (guint i = 0; i < DH_N_SETTINGS; i++) {
    const DhSettingInfo *info = dh_setting_info (i);

    if (strstr (info->name, "Interval") != NULL || strstr (info->name, "Time") != NULL
        || strstr (info->name, "Age") != NULL) {
      g_assert_true (g_str_has_suffix (info->name, "USec"));
      g_assert_cmpint (info->type, ==, 't');
    }
    if (info->type == 'u')
      g_assert_cmpuint (info->range.maximum, <=, G_MAXUINT32);
  }
}

static void
test_is_found_by_its_name (void)
{
  const char *const unknown[] = { "", "ratio", "Ratio ", "Rati", "Enabled", "Pid" };
  DhSetting setting = DH_SETTING_MAX_REGIONS;

  for (gsize i = 0; i < G_N_ELEMENTS (unknown); i++)
    g_assert_false (dh_setting_from_name (unknown[i], &setting));
  g_assert_cmpint (setting, ==, DH_SETTING_MAX_REGIONS);

  for (guint i = 0; i < DH_N_SETTINGS; i++) {
    g_assert_true (dh_setting_from_name (contract[i].name, &setting));
    g_assert_cmpuint (setting, ==, i);
  }
}

static void
test_defaults_are_valid (void)
{
  DhSettings settings;

  dh_settings_init_defaults (&settings);
  for (guint i = 0; i < DH_N_SETTINGS; i++) {
    g_autoptr (GError) error = NULL;

    g_assert_cmpuint (settings.values[i], ==, contract[i].fallback);
    g_assert_true (dh_setting_check (i, &dh_setting_info (i)->range, settings.values[i], &error));
    g_assert_no_error (error);
  }
}

static void
test_takes_the_ends_of_the_range_and_no_more (void)
{
  for (guint i = 0; i < DH_N_SETTINGS; i++) {
    const DhRange *range = &dh_setting_info (i)->range;
    g_autoptr (GError) above = NULL;
    g_autoptr (GError) below = NULL;

    g_assert_true (dh_setting_check (i, range, contract[i].minimum, NULL));
    g_assert_true (dh_setting_check (i, range, contract[i].maximum, NULL));
    g_assert_false (dh_setting_check (i, range, contract[i].maximum + 1, &above));
    g_assert_error (above, DH_ERROR, DH_ERROR_INVALID_VALUE);
    g_assert_false (dh_setting_check (i, range, G_MAXUINT64, NULL));
    if (contract[i].minimum > 0 && i != DH_SETTING_STATISTICS_INTERVAL) {
      g_assert_false (dh_setting_check (i, range, contract[i].minimum - 1, &below));
      g_assert_error (below, DH_ERROR, DH_ERROR_INVALID_VALUE);
    }
  }
}

static void
test_refuses_what_would_hurt_the_kernel (void)
{
  const struct {
    DhSetting setting;
    guint64 value;
  } rows[] = {
    { DH_SETTING_RATIO, 0 },           { DH_SETTING_QUOTA_RESET_INTERVAL, 0 },
    { DH_SETTING_ADDRESS_UNIT, 0 },    { DH_SETTING_ADDRESS_UNIT, 3 },
    { DH_SETTING_ADDRESS_UNIT, 4095 }, { DH_SETTING_ADDRESS_UNIT, 8192 },
    { DH_SETTING_MIN_REGIONS, 2 },     { DH_SETTING_SAMPLE_INTERVAL, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (dh_setting_check (rows[i].setting, &dh_setting_info (rows[i].setting)->range,
                                      rows[i].value, &error));
    g_assert_error (error, DH_ERROR, DH_ERROR_INVALID_VALUE);
  }
}

static void
test_takes_every_power_of_two_as_address_unit (void)
{
  for (guint64 unit = 1; unit <= 4096; unit *= 2)
    g_assert_true (dh_setting_check (
      DH_SETTING_ADDRESS_UNIT, &dh_setting_info (DH_SETTING_ADDRESS_UNIT)->range, unit, NULL));
}

static void
test_off_is_below_the_floor (void)
{
  const DhRange *range = &dh_setting_info (DH_SETTING_STATISTICS_INTERVAL)->range;

  g_assert_true (dh_setting_check (DH_SETTING_STATISTICS_INTERVAL, range, 0, NULL));
  g_assert_false (dh_setting_check (DH_SETTING_STATISTICS_INTERVAL, range, 1, NULL));
  g_assert_false (dh_setting_check (DH_SETTING_STATISTICS_INTERVAL, range, 249999, NULL));
  g_assert_true (dh_setting_check (DH_SETTING_STATISTICS_INTERVAL, range, 250000, NULL));
}

static void
test_obeys_the_range_of_the_engine (void)
{
  const DhRange milliseconds = { 1000, 5000, 1000, 2000 };
  const struct {
    guint64 value;
    gboolean valid;
  } rows[] = {
    { 0, FALSE },    { 1, FALSE },   { 999, FALSE },  { 1000, TRUE },  { 1001, FALSE },
    { 1500, FALSE }, { 5000, TRUE }, { 5001, FALSE }, { 6000, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (dh_setting_check (DH_SETTING_QUOTA_TIME, &milliseconds, rows[i].value, NULL),
                     ==, rows[i].valid);
}

static void
test_says_what_is_allowed (void)
{
  const DhRange milliseconds = { 0, 5000, 1000, 2000 };
  const struct {
    DhSetting setting;
    const DhRange *range;
    guint64 value;
    const char *message;
  } rows[] = {
    { DH_SETTING_RATIO, NULL, 10001, "Ratio cannot be 10001: it must be 1 to 10000" },
    { DH_SETTING_ADDRESS_UNIT, NULL, 3,
      "AddressUnit cannot be 3: it must be a power of two, 1 to 4096" },
    { DH_SETTING_STATISTICS_INTERVAL, NULL, 5,
      "StatisticsIntervalUSec cannot be 5: it must be 0 (off), or 250000 to 3600000000" },
    { DH_SETTING_QUOTA_TIME, &milliseconds, 1500,
      "QuotaTimeUSec cannot be 1500: it must be a multiple of 1000, 0 to 5000" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    const DhRange *range = rows[i].range;
    g_autoptr (GError) error = NULL;

    if (range == NULL)
      range = &dh_setting_info (rows[i].setting)->range;
    g_assert_false (dh_setting_check (rows[i].setting, range, rows[i].value, &error));
    g_assert_cmpstr (error->message, ==, rows[i].message);
  }
}

static void
test_reads_plain_numbers_only (void)
{
  const char *const nonsense[] = {
    "",      " 5",  "5 ",  "-1",   "+5",     "0x10",
    "1e3",   "5.0", "5ms", "five", "\u0665", "18446744073709551616",
    "10001", "0",
  };
  guint64 value = 7;

  for (gsize i = 0; i < G_N_ELEMENTS (nonsense); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (dh_setting_parse (DH_SETTING_RATIO, nonsense[i], &value, &error));
    g_assert_error (error, DH_ERROR, DH_ERROR_INVALID_VALUE);
  }
  g_assert_cmpuint (value, ==, 7);

  g_assert_true (dh_setting_parse (DH_SETTING_RATIO, "5000", &value, NULL));
  g_assert_cmpuint (value, ==, 5000);
  g_assert_true (dh_setting_parse (DH_SETTING_STATISTICS_INTERVAL, "0", &value, NULL));
  g_assert_cmpuint (value, ==, 0);
}

static void
test_quotes_nonsense_in_printable_form (void)
{
  g_autoptr (GError) error = NULL;
  guint64 value;

  g_assert_false (dh_setting_parse (DH_SETTING_RATIO, "\033[2J", &value, &error));
  g_assert_cmpstr (error->message, ==, "Ratio cannot be “\\x1b[2J”: it must be 1 to 10000");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/settings/is-what-the-contract-says", test_is_what_the_contract_says);
  g_test_add_func ("/settings/names-its-unit-and-fits-its-type",
                   test_names_its_unit_and_fits_its_type);
  g_test_add_func ("/settings/is-found-by-its-name", test_is_found_by_its_name);
  g_test_add_func ("/settings/defaults-are-valid", test_defaults_are_valid);
  g_test_add_func ("/settings/takes-the-ends-of-the-range-and-no-more",
                   test_takes_the_ends_of_the_range_and_no_more);
  g_test_add_func ("/settings/refuses-what-would-hurt-the-kernel",
                   test_refuses_what_would_hurt_the_kernel);
  g_test_add_func ("/settings/takes-every-power-of-two-as-address-unit",
                   test_takes_every_power_of_two_as_address_unit);
  g_test_add_func ("/settings/off-is-below-the-floor", test_off_is_below_the_floor);
  g_test_add_func ("/settings/obeys-the-range-of-the-engine", test_obeys_the_range_of_the_engine);
  g_test_add_func ("/settings/says-what-is-allowed", test_says_what_is_allowed);
  g_test_add_func ("/settings/reads-plain-numbers-only", test_reads_plain_numbers_only);
  g_test_add_func ("/settings/quotes-nonsense-in-printable-form",
                   test_quotes_nonsense_in_printable_form);
  return g_test_run ();
}
