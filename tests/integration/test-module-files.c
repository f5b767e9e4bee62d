/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "parameter-faults.h"

#include <string.h>

/* The module's files are not what they should be when the service starts. */

#define SECONDS 10

static GVariant *
get (ModuleCase *self, const char *property)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = get_property (self->fixture.connection, property, &error);

  g_assert_no_error (error);
  return value;
}

static void
assert_unavailable (ModuleCase *self, const ParameterFile *file)
{
  g_autoptr (GVariant) engines = get (self, "Engines");
  g_autoptr (GVariant) engine = g_variant_get_child_value (engines, 0);
  g_autofree char *name = g_strconcat ("/", file->name, NULL);
  const char *detail;
  gboolean available;

  g_assert_true (g_variant_lookup (engine, "available", "b", &available));
  g_assert_true (g_variant_lookup (engine, "detail", "&s", &detail));
  g_assert_false (available);
  if (!strstr (detail, name))
    g_error ("\"%s\" does not name %s", detail, file->name);
}

static void
assert_absent (ModuleCase *self, const ParameterFile *file)
{
  g_autoptr (GVariant) limits = get (self, "Limits");
  g_autofree char *settings = NULL;
  g_autoptr (GError) error = NULL;

  assert_property (self->fixture.connection, "State", g_variant_new_string ("disabled"));
  if (!file->property)
    return;
  g_assert_null (g_variant_lookup_value (limits, file->property, NULL));
  settings = g_strdup_printf ("{'%s': <@%s 1000>}", file->property,
                              strstr ("Ratio Feedback", file->property) ? "u" : "t");
  configure (self->fixture.connection, settings, CALL_PLAIN, &error);
  assert_error_name (error, SERVICE_ERROR "NotSupported");
}

static void
start_with (ModuleCase *self, const ParameterFault *fault, const ParameterFile *file)
{
  const gsize position = parameter_fault_get_log_length (self);

  g_test_message ("%s: %s", file->name, fault->name);
  parameter_fault_make (self, fault, file);
  module_case_start (self, NULL);
  if (fault == &parameter_faults[PARAMETER_FAULT_MISSING] && !file->required) {
    assert_absent (self, file);
  } else {
    assert_unavailable (self, file);
    assert_property (self->fixture.connection, "State", g_variant_new_string ("unavailable"));
    parameter_fault_assert_logged (self, file, position, 1);
  }
  module_case_stop (self);
  parameter_fault_mend (self, file);
}

static void
test_each_file (ModuleCase *self, gconstpointer data)
{
  for (guint i = 0; i < N_PARAMETER_FILES; i++)
    start_with (self, data, &parameter_files[i]);
}

static void
test_each_fault (ModuleCase *self, gconstpointer data)
{
  for (guint i = 0; i < n_parameter_faults; i++)
    for (guint file = i % 7; file < N_PARAMETER_FILES; file += 7)
      start_with (self, &parameter_faults[i], &parameter_files[file]);
}

/* While it can be had, and as soon as it can. */
static void
test_auto_takes_another_engine (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  for (guint i = 0; i < n_parameter_faults; i++) {
    const ParameterFile *file = &parameter_files[i];
    const gboolean fits = i == PARAMETER_FAULT_MISSING && !file->required;

    g_test_message ("%s: %s", file->name, parameter_faults[i].name);
    parameter_fault_make (self, &parameter_faults[i], file);
    module_case_start (self, "--engine=auto", NULL);
    assert_property (self->fixture.connection, "Engine",
                     g_variant_new_string (fits ? "module" : "bpf"));
    parameter_fault_mend (self, file);
    if (i % 5 == 0) {
      module_case_serve (self, pid, "");
      assert_property (self->fixture.connection, "Engine", g_variant_new_string ("module"));
      g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, pid);
    }
    module_case_stop (self);
    assert_parameter (self->model, "enabled", "N");
  }
}

/* Numbers that a property cannot have, by itself or beside others, and one that it can. */
static const struct {
  const char *file;
  const char *property;
  const char *contents[5];
  const char *good;
  guint64 shown; /* for that */
} ranges[] = {
  { "min_age", "MinAgeUSec", { "3600000001", "18446744073709551615" }, "3600000000", 3600000000 },
  { "quota_sz", "QuotaSize", { "1152921504606846977", "18446744073709551615" }, "1", 1 },
  { "quota_ms", "QuotaTimeUSec", { "60001", "18446744073709551615" }, "3", 3000 },
  { "quota_reset_interval_ms",
    "QuotaResetIntervalUSec",
    { "0", "9", "3600001", "18446744073709552" },
    "2000",
    2000000 },
  { "quota_percentage_hugepage",
    "Ratio",
    { "0", "10001", "4294967396", "18446744073709551615" },
    "10000",
    10000 },
  { "quota_autotune_feedback", "Feedback", { "1000001", "4294967297" }, "1000000", 1000000 },
  { "addr_unit", "AddressUnit", { "0", "3", "8192", "18446744073709551615" }, "4096", 4096 },
  { "sample_interval", "SampleIntervalUSec", { "0", "999", "10000001", "5001" }, "1500", 1500 },
  { "aggr_interval", "AggregationIntervalUSec", { "0", "999", "60000001", "1999" }, "6000", 6000 },
  { "min_nr_regions", "MinRegions", { "0", "2", "100001", "1001" }, "3", 3 },
  { "max_nr_regions", "MaxRegions", { "0", "2", "100001", "9" }, "100000", 100000 },
};

static guint64
get_number (ModuleCase *self, const char *property)
{
  g_autoptr (GVariant) value = get (self, property);

  return g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32) ? g_variant_get_uint32 (value)
                                                             : g_variant_get_uint64 (value);
}

typedef struct {
  ModuleCase *self;
  const char *property;
  guint64 expected;
} NumberWait;

static gboolean
is_number (gpointer data)
{
  const NumberWait *wait = data;

  return get_number (wait->self, wait->property) == wait->expected;
}

static void
assert_number (ModuleCase *self, const char *property, guint64 expected)
{
  wait_until (is_number, &(NumberWait){ self, property, expected }, SECONDS);
  g_assert_cmpuint (get_number (self, property), ==, expected);
}

static guint64
get_default (ModuleCase *self, const char *property)
{
  g_autoptr (GVariant) limits = get (self, "Limits");
  guint64 fallback;

  g_assert_true (g_variant_lookup (limits, property, "(tttt)", NULL, NULL, NULL, &fallback));
  return fallback;
}

/* Not for the one that comes next. */
static gboolean
is_the_targets_own (const char *property)
{
  return g_str_equal (property, "Ratio") || g_str_equal (property, "Feedback");
}

/* Somebody has written them, and nothing runs: shown is what the property can have. What is given
 * back at the end is what was found, but for what can hurt a kernel. */
static void
test_out_of_range (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  kernel_model_set (self->model, "sample_interval", "2000\n");
  kernel_model_set (self->model, "aggr_interval", "5000\n");
  for (guint i = 0; i < G_N_ELEMENTS (ranges); i++) {
    g_autofree char *before = kernel_model_read (self->model, ranges[i].file);

    for (guint c = 0; c < G_N_ELEMENTS (ranges[i].contents) && ranges[i].contents[c]; c++) {
      g_test_message ("%s: %s", ranges[i].file, ranges[i].contents[c]);
      kernel_model_command (self->model, "content %s %s\\n", ranges[i].file, ranges[i].contents[c]);
      module_case_start (self, NULL);
      wait_for (30);
      assert_number (self, ranges[i].property, get_default (self, ranges[i].property));
      module_case_stop (self);
      kernel_model_command (self->model, "content-reset %s", ranges[i].file);
      assert_parameter (self->model, ranges[i].file, before);
    }
    kernel_model_set (self->model, ranges[i].file, "%s\n", ranges[i].good);
    module_case_start (self, NULL);
    assert_number (self, ranges[i].property, ranges[i].shown);
    module_case_serve (self, pid, "");
    module_case_assert_in_force (self);
    assert_number (self, ranges[i].property,
                   is_the_targets_own (ranges[i].property) ? get_default (self, ranges[i].property)
                                                           : ranges[i].shown);
    module_case_stop (self);
    assert_parameter (self->model, ranges[i].file, ranges[i].good);
    kernel_model_set (self->model, ranges[i].file, "%s\n", before);
  }
}

static void
add (const char *path, gconstpointer data, void (*test) (ModuleCase *, gconstpointer))
{
  g_test_add (path, ModuleCase, data, module_case_set_up_model, test, module_case_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/module/files/each-missing", &parameter_faults[PARAMETER_FAULT_MISSING], test_each_file);
  add ("/module/files/each-unreadable", &parameter_faults[1], test_each_file);
  add ("/module/files/each-fault", NULL, test_each_fault);
  add ("/module/files/auto-takes-another-engine", NULL, test_auto_takes_another_engine);
  add ("/module/files/out-of-range", NULL, test_out_of_range);
  return g_test_run ();
}
