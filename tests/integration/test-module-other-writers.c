/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-case.h"

#include <signal.h>
#include <string.h>

/* Somebody else writes the parameters while the service runs: what becomes of it is shown, and is
 * not fought. */

#define SECONDS 10
#define SOON_MSEC 1000

typedef enum {
  DISABLED,
  SERVED,
  THEIRS,
  N_SITUATIONS,
} Situation;

static const char *const situation_names[] = { "disabled", "served", "theirs" };

/* Returns: what is worked on, or 0. */
static guint32
begin (ModuleCase *self, Situation situation)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  if (situation == THEIRS)
    module_case_begin_foreign (self, pid);
  module_case_start (self, NULL);
  if (situation == SERVED)
    module_case_serve (self, pid, MODULE_QUICKLY);
  wait_for (300);
  kernel_model_command (self->model, "clear-log");
  return situation == DISABLED ? 0 : pid;
}

typedef struct {
  SignalWatch *watch;
  const char *property;
  GVariant *value;
} Change;

static gboolean
is_announced (gpointer data)
{
  const Change *change = data;
  g_autoptr (GVariant) properties = NULL, value = NULL;

  if (!change->watch->arguments)
    return FALSE;
  properties = g_variant_get_child_value (change->watch->arguments, 1);
  value = g_variant_lookup_value (properties, change->property, NULL);
  return value && g_variant_equal (value, change->value);
}

static const struct {
  const char *file;
  const char *text;
  const char *property;
  const char *value;
} settings[] = {
  { "min_age", "200001", "MinAgeUSec", "@t 200001" },
  { "quota_ms", "4", "QuotaTimeUSec", "@t 4000" },
  { "quota_sz", "5000001", "QuotaSize", "@t 5000001" },
  { "quota_sz", "0", "QuotaSize", "@t 0" },
  { "quota_reset_interval_ms", "2000", "QuotaResetIntervalUSec", "@t 2000000" },
  { "quota_percentage_hugepage", "3333", "Ratio", "@u 3333" },
  { "quota_autotune_feedback", "9999", "Feedback", "@u 9999" },
  { "sample_interval", "2000", "SampleIntervalUSec", "@t 2000" },
  { "aggr_interval", "30000", "AggregationIntervalUSec", "@t 30000" },
  { "min_nr_regions", "11", "MinRegions", "@t 11" },
  { "max_nr_regions", "999", "MaxRegions", "@t 999" },
  { "addr_unit", "4096", "AddressUnit", "@t 4096" },
};

/* Only their own writes are in the log: nothing was written against them. */
static void
test_settings_are_announced (ModuleCase *self, gconstpointer data)
{
  g_autoptr (SignalWatch) watch = signal_watch_new (
    self->fixture.connection, "org.freedesktop.DBus.Properties", "PropertiesChanged");

  begin (self, (Situation) GPOINTER_TO_INT (data));
  wait_for_bus (self->fixture.connection);
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
    g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_parsed (settings[i].value));

    kernel_model_set (self->model, settings[i].file, "%s\n", settings[i].text);
    if (!wait_until (is_announced, &(Change){ watch, settings[i].property, value },
                     SOON_MSEC / 1000))
      g_error ("%s is not announced", settings[i].property);
    assert_property (self->fixture.connection, settings[i].property, g_variant_ref (value));
  }
  g_assert_cmpuint (kernel_model_count_writes (self->model, NULL), ==, G_N_ELEMENTS (settings));
}

/* All of them at a time, as a script does it. */
static void
test_a_burst_is_shown (ModuleCase *self, gconstpointer data)
{
  begin (self, (Situation) GPOINTER_TO_INT (data));
  for (guint round = 0; round < 5; round++) {
    for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
      kernel_model_set (self->model, settings[i].file, "%s\n", settings[i].text);
    kernel_model_set (self->model, "quota_sz", "%u\n", 7000 + round);
    assert_property_eventually (self->fixture.connection, "QuotaSize",
                                g_variant_new_uint64 (7000 + round), 1);
    assert_property (self->fixture.connection, "MaxRegions", g_variant_new_uint64 (999));
  }
}

/* The kernel tells nobody of what it changes itself. */
static void
test_seen_without_an_event (ModuleCase *self, gconstpointer data)
{
  GDBusConnection *connection = self->fixture.connection;

  begin (self, (Situation) GPOINTER_TO_INT (data));
  module_case_configure (self, "{'StatisticsIntervalUSec': <@t 0>}");
  kernel_model_command (self->model, "content quota_sz 4096\\n");
  assert_property_eventually (connection, "QuotaSize", g_variant_new_uint64 (4096), 6);
  module_case_configure (self, "{'StatisticsIntervalUSec': <@t 250000>}");
  kernel_model_command (self->model, "content-reset quota_sz");
  assert_property_eventually (connection, "QuotaSize", g_variant_new_uint64 (134217728), 1);
  kernel_model_command (self->model, "content quota_sz 8192\\n");
  assert_property_eventually (connection, "QuotaSize", g_variant_new_uint64 (8192), 1);
}

/* What nobody can set here, or what could crash the kernel. */
static const struct {
  const char *file;
  const char *text;
  const char *property;
} bad[] = {
  { "quota_percentage_hugepage", "0", "Ratio" },
  { "quota_percentage_hugepage", "10001", "Ratio" },
  { "quota_percentage_hugepage", "18446744073709551615", "Ratio" },
  { "addr_unit", "3", "AddressUnit" },
  { "addr_unit", "8192", "AddressUnit" },
  { "addr_unit", "18446744073709551615", "AddressUnit" },
  { "min_nr_regions", "2", "MinRegions" },
  { "min_nr_regions", "1001", "MinRegions" },
  { "min_nr_regions", "18446744073709551615", "MinRegions" },
  { "max_nr_regions", "9", "MaxRegions" },
  { "max_nr_regions", "18446744073709551615", "MaxRegions" },
  { "sample_interval", "0", "SampleIntervalUSec" },
  { "sample_interval", "60000001", "SampleIntervalUSec" },
  { "sample_interval", "18446744073709551615", "SampleIntervalUSec" },
  { "aggr_interval", "0", "AggregationIntervalUSec" },
  { "aggr_interval", "18446744073709551615", "AggregationIntervalUSec" },
  { "quota_ms", "60001", "QuotaTimeUSec" },
  { "quota_ms", "18446744073709551615", "QuotaTimeUSec" },
  { "quota_sz", "18446744073709551615", "QuotaSize" },
  { "quota_reset_interval_ms", "0", "QuotaResetIntervalUSec" },
  { "quota_reset_interval_ms", "18446744073709551615", "QuotaResetIntervalUSec" },
  { "quota_autotune_feedback", "18446744073709551615", "Feedback" },
  { "min_age", "18446744073709551615", "MinAgeUSec" },
};

static void
assert_well (ModuleCase *self, GVariant *before)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) after = get_all_properties (self->fixture.connection, &error);

  g_assert_no_error (error);
  g_assert_cmpvariant (after, before);
}

/* The next change puts them right before anything of theirs comes into force. */
static void
test_nonsense_is_not_taken (ModuleCase *self, gconstpointer data)
{
  const Situation situation = (Situation) GPOINTER_TO_INT (data);
  const guint32 pid = begin (self, situation);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) before = get_all_properties (self->fixture.connection, &error);

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *found = kernel_model_read (self->model, bad[i].file);

    g_test_message ("%s %s", bad[i].file, bad[i].text);
    kernel_model_set (self->model, bad[i].file, "%s\n", bad[i].text);
    kernel_model_command (self->model, "clear-hurts");
    wait_for (50);
    assert_well (self, before);
    module_case_configure (self, i % 2 ? "{'Feedback': <@u 1>}" : "{'Feedback': <@u 2>}");
    module_case_configure (self, "{'Feedback': <@u 0>}");
    assert_parameter (self->model, bad[i].file, found);
    assert_well (self, before);
    if (situation != DISABLED)
      g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, pid);
  }
}

/* The same, found at the start, comes back where it cannot crash the kernel. */
static void
test_nonsense_found (ModuleCase *self, gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  kernel_model_set (self->model, bad[i].file, "%s\n", bad[i].text);
  kernel_model_command (self->model, "clear-hurts");
  module_case_start (self, NULL);
  module_case_serve (self, pid, MODULE_QUICKLY);
  module_case_stop (self);
  g_assert_cmpint (kernel_model_get_number (self->model, "running"), ==, 0);
  if (!g_str_equal (bad[i].property, "Ratio") && !g_str_equal (bad[i].property, "AddressUnit"))
    assert_parameter (self->model, bad[i].file, bad[i].text);
}

/* The number in the file is not what the kernel works on until somebody commits it. */
static void
test_pid_is_overwritten (ModuleCase *self, gconstpointer data)
{
  const char *number = data;
  GDBusConnection *connection = self->fixture.connection;
  g_autofree char *found = module_case_dup_inputs (self);
  const guint32 pid = begin (self, SERVED);
  g_autofree char *other = g_strdup_printf ("%u", fixture_process_of (&self->fixture, "bob"));
  g_autofree char *left = NULL;

  module_case_wait_mark (self);
  kernel_model_set (self->model, "monitored_pid", "%s\n",
                    g_str_equal (number, "another") ? other : number);
  kernel_model_command (self->model, "clear-hurts");
  wait_for (500);
  assert_property (connection, "Pid", g_variant_new_uint32 (pid));
  assert_property (connection, "Enabled", g_variant_new_boolean (TRUE));
  assert_property (connection, "State", g_variant_new_string ("running"));
  module_case_configure (self, "{'Feedback': <@u 1>}");
  g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, pid);
  module_case_stop (self);
  g_assert_cmpint (kernel_model_get_number (self->model, "running"), ==, 0);
  left = module_case_dup_inputs (self);
  g_assert_cmpstr (left, ==, found);
}

static void
test_they_switch_ours_off (ModuleCase *self, gconstpointer data)
{
  GDBusConnection *connection = self->fixture.connection;
  const guint32 pid = begin (self, SERVED);

  kernel_model_command (self->model, "allow-hurt undrained");
  kernel_model_set (self->model, "enabled", "N\n");
  assert_property_eventually (connection, "State", g_variant_new_string ("disabled"), 1);
  assert_property (connection, "Enabled", g_variant_new_boolean (FALSE));
  assert_property (connection, "LastError", g_variant_new_string (""));
  assert_property (connection, "KdamondPid", g_variant_new_int32 (-1));
  assert_property (connection, "Pid", g_variant_new_uint32 (pid));
  wait_for (500);
  g_assert_cmpuint (kernel_model_count_writes (self->model, NULL), ==, 1);
  module_case_configure (self, "{'Enabled': <true>}");
  module_case_wait_state (self, "running", SECONDS);
}

/* Off and on again under our hands: it is shown at work, by the kernel thread that there is now. */
static void
test_they_switch_ours_off_and_on (ModuleCase *self, gconstpointer data)
{
  GDBusConnection *connection = self->fixture.connection;
  const guint32 pid = begin (self, SERVED);

  kernel_model_command (self->model, "allow-hurt undrained");
  kernel_model_set (self->model, "enabled", "N\n");
  wait_for (GPOINTER_TO_UINT (data));
  kernel_model_set (self->model, "enabled", "Y\n");
  assert_property_eventually (
    connection, "KdamondPid",
    g_variant_new_int32 ((gint32) kernel_model_get_number (self->model, "kdamond-pid")), 1);
  assert_property_eventually (connection, "State", g_variant_new_string ("running"), 1);
  assert_property (connection, "Pid", g_variant_new_uint32 (pid));
}

static void
test_kdamond_dies (ModuleCase *self, gconstpointer data)
{
  GDBusConnection *connection = self->fixture.connection;
  const Situation situation = (Situation) GPOINTER_TO_INT (data);
  const guint32 pid = begin (self, situation);

  module_case_configure (self, "{'StatisticsIntervalUSec': <@t 250000>}");
  kernel_model_command (self->model, "die");
  assert_property_eventually (connection, "Enabled", g_variant_new_boolean (FALSE), 1);
  assert_property (connection, "KdamondPid", g_variant_new_int32 (-1));
  if (situation == THEIRS)
    return;
  assert_property (connection, "State", g_variant_new_string ("failed"));
  assert_property (connection, "LastError", g_variant_new_string (SERVICE_ERROR "KernelRejected"));
  assert_property (connection, "Pid", g_variant_new_uint32 (pid));
  assert_parameter_eventually (self->model, "enabled", "N", 1);
  module_case_configure (self, "{'Enabled': <true>}");
  module_case_wait_state (self, "running", SECONDS);
  assert_property (connection, "LastError", g_variant_new_string (""));
}

static void
add (const char *path, const char *name, gconstpointer data,
     void (*function) (ModuleCase *, gconstpointer))
{
  g_autofree char *whole = g_strconcat ("/module/other-writers/", path, name, NULL);

  g_test_add (whole, ModuleCase, data, module_case_set_up_model, function, module_case_tear_down);
}

int
main (int argc, char **argv)
{
  static const char *const numbers[] = { "another", "0", "4194303", "18446744073709551615" };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < N_SITUATIONS; i++) {
    gconstpointer situation = GUINT_TO_POINTER (i);

    add ("settings-are-announced/", situation_names[i], situation, test_settings_are_announced);
    add ("a-burst-is-shown/", situation_names[i], situation, test_a_burst_is_shown);
    add ("nonsense-is-not-taken/", situation_names[i], situation, test_nonsense_is_not_taken);
    if (i == DISABLED)
      continue;
    add ("seen-without-an-event/", situation_names[i], situation, test_seen_without_an_event);
    add ("kdamond-dies/", situation_names[i], situation, test_kdamond_dies);
  }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i += 3) {
    g_autofree char *name = g_strdup_printf ("%s-%s", bad[i].file, bad[i].text);

    add ("nonsense-found/", name, GUINT_TO_POINTER (i), test_nonsense_found);
  }
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    add ("pid-is-overwritten/", numbers[i], numbers[i], test_pid_is_overwritten);
  add ("they-switch-ours-off", "", NULL, test_they_switch_ours_off);
  add ("they-switch-ours-off-and-on/", "at-once", GUINT_TO_POINTER (0),
       test_they_switch_ours_off_and_on);
  add ("they-switch-ours-off-and-on/", "after-a-while", GUINT_TO_POINTER (500),
       test_they_switch_ours_off_and_on);
  return g_test_run ();
}
