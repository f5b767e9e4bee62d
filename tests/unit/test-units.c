/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "units.h"

static void
assert_parsed (const char *name, const char *type, const char *text, const char *expected)
{
  g_autoptr (GError) error = NULL;
  GVariant *parsed = hctl_units_parse (name, type, text, &error);
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GVariant) wanted = NULL;

  g_assert_no_error (error);
  g_assert_nonnull (parsed);
  g_assert_true (g_variant_is_floating (parsed));
  value = g_variant_ref_sink (parsed);
  wanted = g_variant_parse (G_VARIANT_TYPE (type), expected, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpvariant (value, wanted);
}

/* @word: of the message, which names the property and what was given too. */
static void
assert_refused (const char *name, const char *type, const char *text, const char *word)
{
  g_autofree char *quoted = g_strdup_printf ("“%s”", text);
  g_autoptr (GError) error = NULL;
  GVariant *value = hctl_units_parse (name, type, text, &error);

  if (value != NULL)
    g_error ("%s took %s", name, text);
  g_assert_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
  g_assert_true (g_str_has_prefix (error->message, name));
  g_assert_nonnull (strstr (error->message, word));
  g_assert_true (g_str_has_suffix (error->message, quoted));
}

typedef struct {
  const char *name;
  const char *type;
  const char *text;
  const char *value;
} Row;

static const Row plain[] = {
  { "Pid", "u", "0", "0" },
  { "Pid", "u", "4294967295", "4294967295" },
  { "Pid", "u", "007", "7" },
  { "MinRegions", "t", "10", "10" },
  { "MinRegions", "t", "18446744073709551615", "18446744073709551615" },
  { "QuotaTimeUSec", "t", "0", "0" },
  { "QuotaSize", "t", "134217728", "134217728" },
  { "Ratio", "u", "1", "1" },
  { "Feedback", "u", "10000", "10000" },
};

static const Row durations[] = {
  { "QuotaTimeUSec", "t", "50us", "50" },    { "QuotaTimeUSec", "t", "50ms", "50000" },
  { "QuotaTimeUSec", "t", "5s", "5000000" }, { "QuotaTimeUSec", "t", "2min", "120000000" },
  { "MinAgeUSec", "t", "0.5s", "500000" },   { "MinAgeUSec", "t", "0.000001s", "1" },
  { "MinAgeUSec", "t", "1.250ms", "1250" },  { "MinAgeUSec", "t", "0.1min", "6000000" },
  { "engine-cpu-usec", "t", "1ms", "1000" },
};

static const Row sizes[] = {
  { "QuotaSize", "t", "1K", "1024" },
  { "QuotaSize", "t", "1KiB", "1024" },
  { "QuotaSize", "t", "256M", "268435456" },
  { "QuotaSize", "t", "256MiB", "268435456" },
  { "QuotaSize", "t", "1.5G", "1610612736" },
  { "QuotaSize", "t", "3GiB", "3221225472" },
  { "QuotaSize", "t", "1T", "1099511627776" },
  { "QuotaSize", "t", "16777215TiB", "18446742974197923840" },
  { "hot-bytes", "t", "0.5K", "512" },
};

static const Row shares[] = {
  { "Ratio", "u", "80%", "8000" },      { "Ratio", "u", "0.5%", "50" },
  { "Ratio", "u", "0.01%", "1" },       { "Ratio", "u", "100.00%", "10000" },
  { "Feedback", "u", "125%", "12500" }, { "Feedback", "u", "0%", "0" },
};

static const Row booleans[] = {
  { "Enabled", "b", "true", "true" },   { "Enabled", "b", "yes", "true" },
  { "Enabled", "b", "on", "true" },     { "Enabled", "b", "1", "true" },
  { "Enabled", "b", "false", "false" }, { "Enabled", "b", "no", "false" },
  { "Enabled", "b", "off", "false" },   { "Enabled", "b", "0", "false" },
};

static const Row nonsense[] = {
  { "Pid", "u", "", "a whole number" },
  { "Pid", "u", "self", "a whole number" },
  { "Pid", "u", "-1", "a whole number" },
  { "Pid", "u", "+1", "a whole number" },
  { "Pid", "u", " 1", "a whole number" },
  { "Pid", "u", "1 ", "a whole number" },
  { "Pid", "u", "0x10", "a whole number" },
  { "Pid", "u", "1e3", "a whole number" },
  { "Pid", "u", "1.5", "a whole number" },
  { "Pid", "u", "1.", "a whole number" },
  { "Pid", "u", "1\xd9\xa1", "a whole number" },
  { "QuotaTimeUSec", "t", ".5s", "a duration such as 10ms" },
  { "QuotaTimeUSec", "t", "1..5s", "a duration such as 10ms" },
  { "QuotaTimeUSec", "t", "1,5s", "a duration such as 10ms" },
  { "QuotaTimeUSec", "t", "50 ms", "a duration such as 10ms" },
  { "QuotaTimeUSec", "t", "1s1ms", "a duration such as 10ms" },
  { "QuotaTimeUSec", "t", "inf", "a duration such as 10ms" },
  { "QuotaSize", "t", "128MB", "a size such as 128M" },
  { "QuotaSize", "t", "128m", "a size such as 128M" },
  { "Ratio", "u", "%", "a percentage such as 50%" },
  { "Ratio", "u", "50%%", "a percentage such as 50%" },
  { "Enabled", "b", "", "yes or no" },
  { "Enabled", "b", "2", "yes or no" },
  { "Enabled", "b", "maybe", "yes or no" },
};

static const Row foreign_units[] = {
  { "Pid", "u", "1K", "a whole number" },       { "MinRegions", "t", "10%", "a whole number" },
  { "QuotaTimeUSec", "t", "1M", "a duration" }, { "QuotaSize", "t", "10ms", "a size" },
  { "Ratio", "u", "1s", "a percentage" },
};

static const Row not_whole[] = {
  { "QuotaTimeUSec", "t", "0.5us", "whole microseconds" },
  { "QuotaTimeUSec", "t", "0.0001ms", "whole microseconds" },
  { "QuotaTimeUSec", "t", "0.0000010s", "whole microseconds" },
  { "QuotaSize", "t", "0.1K", "whole bytes" },
  { "Ratio", "u", "0.001%", "whole basis points" },
};

static const Row too_large[] = {
  { "Pid", "u", "4294967296", "at most 4294967295" },
  { "Pid", "u", "18446744073709551616", "a whole number" },
  { "Ratio", "u", "42949673%", "at most 4294967295" },
  { "QuotaSize", "t", "18446744073709551616", "whole bytes" },
  { "QuotaSize", "t", "16777216T", "whole bytes" },
  { "QuotaSize", "t", "18446744073709551615K", "whole bytes" },
  { "QuotaTimeUSec", "t", "18446744073709.551616s", "whole microseconds" },
};

typedef struct {
  const Row *rows;
  gsize n_rows;
} Rows;

#define ROWS(array) (&(const Rows){ array, G_N_ELEMENTS (array) })

static void
test_taken (gconstpointer data)
{
  const Rows *rows = data;

  for (gsize i = 0; i < rows->n_rows; i++)
    assert_parsed (rows->rows[i].name, rows->rows[i].type, rows->rows[i].text, rows->rows[i].value);
}

static void
test_refused (gconstpointer data)
{
  const Rows *rows = data;

  for (gsize i = 0; i < rows->n_rows; i++)
    assert_refused (rows->rows[i].name, rows->rows[i].type, rows->rows[i].text,
                    rows->rows[i].value);
}

static void
test_formatted (void)
{
  static const struct {
    const char *name;
    guint64 value;
    const char *text;
  } rows[] = {
    { "QuotaTimeUSec", 0, "0 µs" },
    { "QuotaTimeUSec", 999, "999 µs" },
    { "QuotaTimeUSec", 1000, "1 ms" },
    { "QuotaTimeUSec", 12500, "12.5 ms" },
    { "QuotaTimeUSec", 999999, "999.999 ms" },
    { "QuotaTimeUSec", 1000000, "1 s" },
    { "StatisticsIntervalUSec", 3600000000, "3600 s" },
    { "engine-cpu-usec", 1500, "1.5 ms" },
    { "QuotaSize", 512, "512 bytes" },
    { "QuotaSize", 134217728, "128.0 MiB" },
    { "hot-bytes", 3221225472, "3.0 GiB" },
    { "effective-quota", 2097152, "2.0 MiB" },
    { "Ratio", 1, "0.01 %" },
    { "ratio", 8000, "80 %" },
    { "goal", 10000, "100 %" },
    { "Feedback", 12550, "125.5 %" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *text = hctl_units_format (rows[i].name, rows[i].value);
    /* g_format_size_full() puts a no-break space before the unit. */
    g_auto (GStrv) words = g_strsplit (text, "\xc2\xa0", -1);
    g_autofree char *plain_text = g_strjoinv (" ", words);

    g_assert_cmpstr (plain_text, ==, rows[i].text);
  }
}

static void
test_plain_numbers_have_no_unit (void)
{
  static const char *const names[] = { "Pid",         "MinRegions", "MaxRegions",
                                       "AddressUnit", "MaxTargets", "quota-exceeds" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_null (hctl_units_format (names[i], 1000));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/units/plain-numbers", ROWS (plain), test_taken);
  g_test_add_data_func ("/units/durations", ROWS (durations), test_taken);
  g_test_add_data_func ("/units/sizes", ROWS (sizes), test_taken);
  g_test_add_data_func ("/units/shares", ROWS (shares), test_taken);
  g_test_add_data_func ("/units/booleans", ROWS (booleans), test_taken);
  g_test_add_data_func ("/units/nonsense-is-refused", ROWS (nonsense), test_refused);
  g_test_add_data_func ("/units/foreign-units-are-refused", ROWS (foreign_units), test_refused);
  g_test_add_data_func ("/units/nothing-is-rounded", ROWS (not_whole), test_refused);
  g_test_add_data_func ("/units/too-large-is-refused", ROWS (too_large), test_refused);
  g_test_add_func ("/units/formatted", test_formatted);
  g_test_add_func ("/units/plain-numbers-have-no-unit", test_plain_numbers_have_no_unit);
  return g_test_run ();
}
