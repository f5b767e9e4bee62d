/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-case.h"

#include <string.h>

/* Settings of each engine are its own; where nobody has set any, the module's are what is found. */

#define AUTO "--engine=auto"

static void
assert_number (ModuleCase *self, const char *property, guint64 value)
{
  assert_property (self->fixture.connection, property, g_variant_new_uint64 (value));
}

static void
assert_ratio (ModuleCase *self, guint32 value)
{
  assert_property (self->fixture.connection, "Ratio", g_variant_new_uint32 (value));
}

static void
assert_limit (ModuleCase *self, const char *property, guint64 expected_step,
              guint64 expected_default)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) limits = get_property (self->fixture.connection, "Limits", &error);
  guint64 minimum, maximum, step, fallback;

  g_assert_no_error (error);
  g_assert_true (
    g_variant_lookup (limits, property, "(tttt)", &minimum, &maximum, &step, &fallback));
  g_assert_cmpuint (step, ==, expected_step);
  g_assert_cmpuint (fallback, ==, expected_default);
}

static void
reset (ModuleCase *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
    call_method (self->fixture.connection, "Reset", NULL, CALL_PLAIN, &error);

  g_assert_no_error (error);
}

static void
assert_logged (ModuleCase *self, const char *part)
{
  g_autofree char *log = fixture_service_read_log (&self->fixture);

  if (!strstr (log, part))
    g_error ("The log does not have “%s”:\n%s", part, log);
}

/* Sets a process on the engine that there is now. */
static void
change_engine (ModuleCase *self, const char *shape, const char *engine)
{
  g_autofree char *settings =
    g_strdup_printf ("{'Pid': <@u %u>}", fixture_process_of (&self->fixture, "alice"));

  kernel_model_command (self->model, "shape %s", shape);
  module_case_configure (self, settings);
  assert_property (self->fixture.connection, "Engine", g_variant_new_string (engine));
}

static void
test_of_each_engine (ModuleCase *self, gconstpointer data)
{
  module_case_start (self, AUTO, NULL);
  assert_ratio (self, 100);
  module_case_configure (self, "{'QuotaSize': <@t 4096>, 'Ratio': <@u 77>, 'MinRegions': <@t 5>}");
  change_engine (self, "none", "bpf");
  assert_number (self, "QuotaSize", 134217728);
  assert_ratio (self, 10000);
  module_case_configure (self, "{'QuotaSize': <@t 8192>, 'Ratio': <@u 7777>,"
                               " 'QuotaTimeUSec': <@t 1500>}");
  change_engine (self, "v3", "module");
  assert_number (self, "QuotaSize", 4096);
  assert_number (self, "QuotaTimeUSec", 10000);
  assert_number (self, "MinRegions", 5);
  assert_ratio (self, 77);
  assert_parameter (self->model, "quota_sz", "4096");
  change_engine (self, "none", "bpf");
  assert_number (self, "QuotaSize", 8192);
  assert_number (self, "QuotaTimeUSec", 1500);
  assert_number (self, "MinRegions", 10);
  assert_ratio (self, 7777);
  module_case_stop (self);

  module_case_start (self, "--engine=bpf", NULL);
  assert_number (self, "QuotaSize", 8192);
  assert_ratio (self, 7777);
  module_case_stop (self);
  kernel_model_command (self->model, "shape v3");
  module_case_start (self, NULL);
  assert_number (self, "QuotaSize", 4096);
  assert_number (self, "MinRegions", 5);
  assert_ratio (self, 77);
}

static void
test_reset_is_of_one_engine (ModuleCase *self, gconstpointer data)
{
  module_case_start (self, AUTO, NULL);
  assert_limit (self, "Ratio", 1, 100);
  module_case_configure (self, "{'QuotaSize': <@t 4096>, 'Ratio': <@u 77>, 'Feedback': <@u 5>}");
  reset (self);
  assert_ratio (self, 100);
  assert_number (self, "QuotaSize", 134217728);
  assert_parameter (self->model, "quota_percentage_hugepage", "100");
  assert_parameter (self->model, "quota_autotune_feedback", "0");
  module_case_configure (self, "{'QuotaSize': <@t 4096>}");
  change_engine (self, "none", "bpf");
  assert_limit (self, "Ratio", 1, 10000);
  assert_limit (self, "QuotaTimeUSec", 1, 10000);
  module_case_configure (self, "{'Ratio': <@u 77>}");
  reset (self);
  assert_ratio (self, 10000);
  change_engine (self, "v3", "module");
  assert_number (self, "QuotaSize", 4096);
}

/* What is no whole unit of the module's is warned of and passed over; the rest holds. */
static void
test_configuration_of_units (ModuleCase *self, gconstpointer data)
{
  module_case_configure_service (self, "[Defaults module]\nQuotaTimeUSec=1500\n"
                                       "QuotaResetIntervalUSec=1000500\nRatio=55\n"
                                       "MinAgeUSec=1501\n"
                                       "[Defaults bpf]\nQuotaTimeUSec=1500\n");
  module_case_start (self, NULL);
  assert_number (self, "QuotaTimeUSec", 10000);
  assert_number (self, "QuotaResetIntervalUSec", 1000000);
  assert_limit (self, "QuotaTimeUSec", 1000, 10000);
  assert_limit (self, "Ratio", 1, 55);
  assert_limit (self, "MinAgeUSec", 1, 1501);
  assert_logged (self, "QuotaTimeUSec");
  assert_logged (self, "QuotaResetIntervalUSec");
  module_case_configure_fails (self, "{'QuotaTimeUSec': <@t 1500>}", "InvalidValue");
  module_case_configure_fails (self, "{'QuotaResetIntervalUSec': <@t 1000500>}", "InvalidValue");
  reset (self);
  assert_ratio (self, 55);
  assert_parameter (self->model, "quota_percentage_hugepage", "55");
  module_case_stop (self);
  module_case_start (self, "--engine=bpf", NULL);
  assert_number (self, "QuotaTimeUSec", 1500);
  assert_ratio (self, 10000);
}

/* Values that do not go together, here and in the state file. */
static void
test_configuration_of_pairs (ModuleCase *self, gconstpointer data)
{
  module_case_configure_service (self, "[Defaults module]\nMinRegions=5000\n");
  module_case_start (self, NULL);
  assert_logged (self, "MinRegions");
  reset (self);
  assert_number (self, "MinRegions", 10);
  assert_number (self, "MaxRegions", 1000);
  module_case_serve (self, fixture_process_of (&self->fixture, "alice"), MODULE_QUICKLY);
}

static void
write_stored (ModuleCase *self, const char *text)
{
  g_autofree char *path = g_build_filename (self->fixture.directory, "state", "settings", NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

static void
test_stored_nonsense (ModuleCase *self, gconstpointer data)
{
  module_case_start (self, NULL);
  module_case_stop (self);
  write_stored (self, "[module]\nQuotaTimeUSec=1500\nQuotaSize=4096\nAddressUnit=3\n"
                      "SampleIntervalUSec=5\nRatio=0\nMinAgeUSec=18446744073709551616\n");
  module_case_start (self, NULL);
  assert_number (self, "QuotaSize", 4096);
  assert_number (self, "QuotaTimeUSec", 10000);
  assert_number (self, "AddressUnit", 1);
  assert_number (self, "SampleIntervalUSec", 5000);
  assert_number (self, "MinAgeUSec", 100000);
  assert_ratio (self, 100);
  module_case_serve (self, fixture_process_of (&self->fixture, "alice"), "");
  assert_parameter (self->model, "quota_sz", "4096");
}

/* Nobody's wish is against it. */
static void
test_found_is_shown (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  module_case_start (self, NULL);
  module_case_configure (self, "{'QuotaSize': <@t 4096>}");
  module_case_stop (self);
  assert_parameter (self->model, "quota_sz", "134217728");

  kernel_model_set (self->model, "quota_sz", "12288\n");
  kernel_model_set (self->model, "min_age", "33333\n");
  kernel_model_command (self->model, "clear-log");
  module_case_start (self, NULL);
  assert_property_eventually (self->fixture.connection, "MinAgeUSec", g_variant_new_uint64 (33333),
                              1);
  assert_number (self, "QuotaSize", 4096);
  module_case_assert_unwritten (self);
  module_case_serve (self, pid, "");
  assert_parameter (self->model, "quota_sz", "4096");
  assert_parameter (self->model, "min_age", "33333");
  reset (self);
  assert_parameter (self->model, "min_age", "100000");
  module_case_stop (self);
  assert_parameter (self->model, "quota_sz", "12288");
  assert_parameter (self->model, "min_age", "33333");
}

/* What others write is theirs; what they do not write stays as it was wished. */
static void
test_wish_stays_beside_theirs (ModuleCase *self, gconstpointer data)
{
  module_case_start (self, NULL);
  module_case_configure (self, "{'QuotaSize': <@t 4096>}");
  module_case_stop (self);
  module_case_start (self, NULL);
  wait_for (200);
  kernel_model_set (self->model, "min_age", "33333\n");
  assert_property_eventually (self->fixture.connection, "MinAgeUSec", g_variant_new_uint64 (33333),
                              1);
  assert_number (self, "QuotaSize", 4096);
  module_case_serve (self, fixture_process_of (&self->fixture, "alice"), MODULE_QUICKLY);
  assert_parameter (self->model, "quota_sz", "4096");
}

/* What was found and what others wrote is nobody's setting here. */
static void
test_found_is_not_stored (ModuleCase *self, gconstpointer data)
{
  kernel_model_set (self->model, "min_age", "33333\n");
  module_case_start (self, NULL);
  wait_for (200);
  kernel_model_set (self->model, "quota_sz", "12288\n");
  assert_property_eventually (self->fixture.connection, "QuotaSize", g_variant_new_uint64 (12288),
                              1);
  module_case_configure (self, "{'MinRegions': <@t 5>}");
  module_case_stop (self);
  kernel_model_set (self->model, "min_age", "100000\n");
  kernel_model_set (self->model, "quota_sz", "134217728\n");
  module_case_start (self, NULL);
  assert_number (self, "MinRegions", 5);
  wait_for (200);
  assert_number (self, "MinAgeUSec", 100000);
  assert_number (self, "QuotaSize", 134217728);
}

static void
test_kept_over_a_crash (ModuleCase *self, gconstpointer data)
{
  g_autofree char *found = module_case_dup_inputs (self);
  g_autofree char *left = NULL;

  module_case_start (self, NULL);
  module_case_configure (self, "{'QuotaSize': <@t 4096>, 'Ratio': <@u 77>, 'MinRegions': <@t 5>,"
                               " 'QuotaTimeUSec': <@t 3000>, 'AddressUnit': <@t 2>}");
  wait_for_files ();
  fixture_service_kill (&self->fixture);
  module_case_start (self, NULL);
  assert_number (self, "QuotaSize", 4096);
  assert_number (self, "QuotaTimeUSec", 3000);
  assert_number (self, "MinRegions", 5);
  assert_number (self, "AddressUnit", 2);
  assert_ratio (self, 77);
  module_case_stop (self);
  left = module_case_dup_inputs (self);
  g_assert_cmpstr (left, ==, found);
}

/* What a kernel lacks: not to be set, and as if nobody had ever set it. */
static const struct {
  const char *file;
  const char *property;
  const char *value;
  const char *fallback;
} optional[] = {
  { "min_age", "MinAgeUSec", "@t 1", "@t 100000" },
  { "quota_ms", "QuotaTimeUSec", "@t 1000", "@t 10000" },
  { "quota_sz", "QuotaSize", "@t 1", "@t 134217728" },
  { "quota_reset_interval_ms", "QuotaResetIntervalUSec", "@t 10000", "@t 1000000" },
  { "quota_percentage_hugepage", "Ratio", "@u 1", "@u 100" },
  { "quota_autotune_feedback", "Feedback", "@u 1", "@u 0" },
  { "sample_interval", "SampleIntervalUSec", "@t 1000", "@t 5000" },
  { "aggr_interval", "AggregationIntervalUSec", "@t 100001", "@t 100000" },
  { "min_nr_regions", "MinRegions", "@t 3", "@t 10" },
  { "max_nr_regions", "MaxRegions", "@t 11", "@t 1000" },
  { "addr_unit", "AddressUnit", "@t 2", "@t 1" },
};

static void
assert_not_supported (ModuleCase *self, const char *format, guint i)
{
  g_autofree char *setting =
    g_strdup_printf ("'%s': <%s>", optional[i].property, optional[i].value);
  g_autofree char *settings = NULL;
  g_autoptr (GString) text = g_string_new (format);
  g_autoptr (GError) error = NULL;

  g_string_replace (text, "SETTING", setting, 1);
  settings = g_string_free (g_steal_pointer (&text), FALSE);
  configure_dry_run (self->fixture.connection, settings, CALL_PLAIN, &error);
  assert_error_name (error, SERVICE_ERROR "NotSupported");
  configure (self->fixture.connection, settings, CALL_PLAIN, &error);
  assert_error_name (error, SERVICE_ERROR "NotSupported");
}

static void
assert_absent (ModuleCase *self, guint i)
{
  g_autoptr (Standstill) standstill = standstill_new (&self->fixture);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) limits = get_property (self->fixture.connection, "Limits", &error);
  g_autoptr (GVariant) limit = g_variant_lookup_value (limits, optional[i].property, NULL);

  g_assert_null (limit);
  g_assert_cmpuint (g_variant_n_children (limits), ==, G_N_ELEMENTS (optional));
  assert_property (self->fixture.connection, optional[i].property,
                   g_variant_new_parsed (optional[i].fallback));
  set_property (self->fixture.connection, optional[i].property,
                g_variant_new_parsed (optional[i].value), CALL_PLAIN, &error);
  assert_error_name (error, SERVICE_ERROR "NotSupported");
  assert_not_supported (self, "{SETTING}", i);
  assert_not_supported (self, "{'StatisticsIntervalUSec': <@t 0>, SETTING}", i);
  assert_standstill (standstill);
}

/* Was it ever set, that is forgotten while the file is not there. */
static void
test_without_a_file (ModuleCase *self, gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  g_autofree char *once = g_strdup_printf ("{'%s': <%s>}", optional[i].property, optional[i].value);

  module_case_configure_service (self, "[Defaults module]\nAggregationIntervalUSec=5000\n");
  module_case_start (self, NULL);
  module_case_configure (self, once);
  module_case_stop (self);
  kernel_model_command (self->model, "remove %s", optional[i].file);
  module_case_start (self, NULL);
  assert_absent (self, i);
  module_case_serve (self, pid, "");
  assert_absent (self, i);
  module_case_configure (self, "{'StatisticsIntervalUSec': <@t 250000>}");
  reset (self);
  module_case_configure (self, "{'Enabled': <false>}");
  assert_property (self->fixture.connection, "State", g_variant_new_string ("disabled"));
  module_case_serve (self, pid, "");
  g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, pid);
  module_case_stop (self);
  g_assert_cmpint (kernel_model_get_number (self->model, "running"), ==, 0);
}

static void
add (const char *group, const char *name, gconstpointer data,
     void (*function) (ModuleCase *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/module/settings-kept/", group, name, NULL);

  g_test_add (path, ModuleCase, data, module_case_set_up_model, function, module_case_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("of-each-engine", "", NULL, test_of_each_engine);
  add ("reset-is-of-one-engine", "", NULL, test_reset_is_of_one_engine);
  add ("configuration/", "units", NULL, test_configuration_of_units);
  add ("configuration/", "pairs", NULL, test_configuration_of_pairs);
  add ("stored-nonsense", "", NULL, test_stored_nonsense);
  add ("found/", "is-shown", NULL, test_found_is_shown);
  add ("found/", "is-not-stored", NULL, test_found_is_not_stored);
  add ("wish-stays-beside-theirs", "", NULL, test_wish_stays_beside_theirs);
  add ("kept-over-a-crash", "", NULL, test_kept_over_a_crash);
  for (guint i = 0; i < G_N_ELEMENTS (optional); i++)
    add ("without/", optional[i].file, GUINT_TO_POINTER (i), test_without_a_file);
  return g_test_run ();
}
