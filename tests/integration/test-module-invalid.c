/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-case.h"

#include <string.h>

/* What the kernel would refuse, in silence where it is committed, is never written. */

#define SECONDS 10

/* TARGET stands for the PID of the one that is set. */
typedef struct {
  const char *settings;
  const char *error;
} Row;

static const Row rows[] = {
  { "{'MinRegions': <@t 1001>}", "InvalidValue" },
  { "{'MaxRegions': <@t 9>}", "InvalidValue" },
  { "{'MinRegions': <@t 500>, 'MaxRegions': <@t 499>}", "InvalidValue" },
  { "{'MinRegions': <@t 2>}", "InvalidValue" },
  { "{'MaxRegions': <@t 100001>}", "InvalidValue" },
  { "{'SampleIntervalUSec': <@t 100001>}", "InvalidValue" },
  { "{'AggregationIntervalUSec': <@t 4999>}", "InvalidValue" },
  { "{'SampleIntervalUSec': <@t 2001>, 'AggregationIntervalUSec': <@t 2000>}", "InvalidValue" },
  { "{'SampleIntervalUSec': <@t 0>}", "InvalidValue" },
  { "{'AggregationIntervalUSec': <@t 0>}", "InvalidValue" },
  { "{'QuotaTimeUSec': <@t 1>}", "InvalidValue" },
  { "{'QuotaTimeUSec': <@t 10001>}", "InvalidValue" },
  { "{'QuotaTimeUSec': <@t 60001000>}", "InvalidValue" },
  { "{'QuotaResetIntervalUSec': <@t 10001>}", "InvalidValue" },
  { "{'QuotaResetIntervalUSec': <@t 0>}", "InvalidValue" },
  { "{'QuotaSize': <@t 1152921504606846977>}", "InvalidValue" },
  { "{'QuotaSize': <@t 18446744073709551615>}", "InvalidValue" },
  { "{'MinAgeUSec': <@t 3600000001>}", "InvalidValue" },
  { "{'MinAgeUSec': <@t 18446744073709551615>}", "InvalidValue" },
  { "{'Ratio': <@u 0>}", "InvalidValue" },
  { "{'Ratio': <@u 10001>}", "InvalidValue" },
  { "{'Ratio': <@u 4294967295>}", "InvalidValue" },
  { "{'Feedback': <@u 1000001>}", "InvalidValue" },
  { "{'AddressUnit': <@t 0>}", "InvalidValue" },
  { "{'AddressUnit': <@t 3>}", "InvalidValue" },
  { "{'AddressUnit': <@t 8192>}", "InvalidValue" },
  { "{'AddressUnit': <@t 9223372036854775808>}", "InvalidValue" },
  { "{'AddressUnit': <@t 18446744073709551615>}", "InvalidValue" },
  { "{'Pid': <@u 2147483648>}", "InvalidValue" },
  { "{'Pid': <@u 4294967295>}", "InvalidValue" },
  { "{'Pid': <@u 2147483647>}", "NoSuchProcess" },
  { "{'Pid': <@u 1>}", "ProcessNotPermitted" },
  { "{'Pid': <@u 0>, 'Enabled': <true>}", "NoSuchProcess" },
  { "{'Pid': <@u TARGET>, 'Enabled': <true>, 'Ratio': <@u 0>}", "InvalidValue" },
  { "{'Pid': <@u TARGET>, 'Enabled': <true>, 'MinRegions': <@t 1001>}", "InvalidValue" },
  { "{'Enabled': <false>, 'Feedback': <@u 1000001>}", "InvalidValue" },
};

/* The value of the only property, or NULL. */
static GVariant *
get_only_value (const char *settings, char **ret_name)
{
  g_autoptr (GVariant) dictionary = g_variant_parse (NULL, settings, NULL, NULL, NULL);
  GVariant *value;

  if (g_variant_n_children (dictionary) != 1)
    return NULL;
  g_variant_get_child (dictionary, 0, "{sv}", ret_name, &value);
  return value;
}

static void
assert_set_fails (ModuleCase *self, const char *settings, const char *error_name)
{
  g_autofree char *name = NULL;
  g_autoptr (GVariant) value = get_only_value (settings, &name);
  g_autoptr (GError) error = NULL;

  if (!value)
    return;
  set_property (self->fixture.connection, name, value, CALL_PLAIN, &error);
  assert_error_name (error, error_name);
}

static void
assert_refused (ModuleCase *self, const Row *row, guint32 pid)
{
  g_autofree char *name = g_strconcat (SERVICE_ERROR, row->error, NULL);
  g_autoptr (GString) settings = g_string_new (row->settings);
  g_autofree char *number = g_strdup_printf ("%u", pid);
  g_autoptr (GError) error = NULL;

  g_string_replace (settings, "TARGET", number, 0);
  g_test_message ("%s", settings->str);
  configure (self->fixture.connection, settings->str, CALL_PLAIN, &error);
  assert_error_name (error, name);
  configure_dry_run (self->fixture.connection, settings->str, CALL_PLAIN, &error);
  assert_error_name (error, name);
  assert_set_fails (self, settings->str, name);
}

/* By every way, and nothing is written. */
static void
assert_all_refused (ModuleCase *self, guint32 pid)
{
  g_autoptr (Standstill) standstill = NULL;
  g_autofree char *written = NULL;

  wait_for_files ();
  standstill = standstill_new (&self->fixture);
  kernel_model_command (self->model, "clear-log");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_refused (self, &rows[i], pid);
  written = module_case_take_writes (self);
  g_assert_cmpstr (written, ==, "");
  assert_lasting_standstill (standstill);
}

static void
test_refused (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  g_autofree char *settings = g_strdup_printf ("{'Pid': <@u %u>}", pid);

  g_test_message ("Without a target");
  assert_all_refused (self, pid);
  assert_refused (self, &(Row){ "{'Enabled': <true>}", "NoSuchProcess" }, pid);
  module_case_configure (self, settings);
  g_test_message ("With a target");
  assert_all_refused (self, pid);
  module_case_serve (self, pid, "");
  g_test_message ("While it is served");
  assert_all_refused (self, pid);
  module_case_assert_in_force (self);
}

/* Each alone would be refused for the other's sake. */
static void
test_together (ModuleCase *self, gconstpointer data)
{
  static const char *const together[] = {
    "{'MinRegions': <@t 2000>, 'MaxRegions': <@t 2000>}",
    "{'MaxRegions': <@t 4>, 'MinRegions': <@t 3>}",
    "{'SampleIntervalUSec': <@t 200000>, 'AggregationIntervalUSec': <@t 200000>}",
    "{'AggregationIntervalUSec': <@t 1000>, 'SampleIntervalUSec': <@t 1000>}",
  };
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  for (guint running = 0; running < 2; running++) {
    for (guint i = 0; i < G_N_ELEMENTS (together); i++)
      module_case_configure (self, together[i]);
    module_case_serve (self, pid, "");
    module_case_assert_in_force (self);
  }
}

/* What the limits allow is allowed. */
static void
test_at_the_limits (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) limits = get_property (self->fixture.connection, "Limits", &error);
  static const char *const names[] = {
    "MinAgeUSec", "QuotaTimeUSec", "QuotaSize",   "QuotaResetIntervalUSec",
    "Ratio",      "Feedback",      "AddressUnit",
  };

  g_assert_no_error (error);
  module_case_serve (self, pid, "");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    guint64 ends[2];

    g_assert_true (g_variant_lookup (limits, names[i], "(tttt)", &ends[0], &ends[1], NULL, NULL));
    for (guint end = 0; end < G_N_ELEMENTS (ends); end++) {
      const char *type = i == 4 || i == 5 ? "u" : "t";
      g_autofree char *settings =
        g_strdup_printf ("{'%s': <@%s %" G_GUINT64_FORMAT ">}", names[i], type, ends[end]);

      g_test_message ("%s", settings);
      module_case_configure (self, settings);
      module_case_assert_in_force (self);
    }
  }
}

/* Left so by somebody who did not commit it: neither is taken over, and both are mended at once. */
static void
test_found_invalid (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  kernel_model_set (self->model, "min_nr_regions", "5000");
  kernel_model_set (self->model, "sample_interval", "400000");
  kernel_model_set (self->model, "quota_percentage_hugepage", "20000");
  kernel_model_set (self->model, "addr_unit", "3");
  kernel_model_command (self->model, "allow-hurt addr_unit");
  kernel_model_command (self->model, "clear-log");
  module_case_start (self, NULL);
  assert_property (self->fixture.connection, "MinRegions", g_variant_new_uint64 (10));
  assert_property (self->fixture.connection, "SampleIntervalUSec", g_variant_new_uint64 (5000));
  assert_property (self->fixture.connection, "Ratio", g_variant_new_uint32 (100));
  g_assert_cmpuint (kernel_model_count_writes (self->model, NULL), ==, 0);
  module_case_serve (self, pid, "");
  module_case_assert_in_force (self);
  assert_parameter (self->model, "min_nr_regions", "10");
  assert_parameter (self->model, "sample_interval", "5000");
  assert_parameter (self->model, "addr_unit", "1");
}

#define ADD(path, set_up, test)                                                                    \
  g_test_add ("/module/invalid/" path, ModuleCase, NULL, set_up, test, module_case_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("refused", module_case_set_up, test_refused);
  ADD ("together", module_case_set_up, test_together);
  ADD ("at-the-limits", module_case_set_up, test_at_the_limits);
  ADD ("found", module_case_set_up_model, test_found_invalid);
  return g_test_run ();
}
