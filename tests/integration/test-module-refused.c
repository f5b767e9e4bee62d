/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-case.h"

#include <string.h>

/* Single writes that the kernel refuses, each once: what was before stands, on the bus, in the
 * files and in force. */

#define SECONDS 10
#define FOLDER "/sys/module/damon_hugepage/parameters/"

static const struct {
  const char *number;
  const char *error;
} refusals[] = {
  { "EINVAL", "KernelRejected" }, { "ERANGE", "KernelRejected" }, { "EBUSY", "Conflict" },
  { "EIO", "KernelRejected" },    { "ENOMEM", "KernelRejected" }, { "EPERM", "NotAvailable" },
  { "EACCES", "NotAvailable" },   { "ENODEV", "NotAvailable" },   { "EROFS", "NotAvailable" },
};

static const char *const parameters[] = {
  "min_age",         "quota_ms",
  "quota_sz",        "quota_reset_interval_ms",
  "addr_unit",       "quota_percentage_hugepage",
  "sample_interval", "quota_autotune_feedback",
  "aggr_interval",   "min_nr_regions",
  "max_nr_regions",
};

/* Whose refusal keeps a stop from being prepared, or from being done. */
static const char *const files_of_stop[] = {
  "min_age",
  "quota_ms",
  "quota_sz",
  "quota_reset_interval_ms",
  "quota_percentage_hugepage",
  "quota_autotune_feedback",
  "commit_inputs",
  "enabled",
};

#define BEFORE "{'SampleIntervalUSec': <@t 1000>, 'AggregationIntervalUSec': <@t 5000>}"

/* Which a stop takes away, as it does the goal. */
#define FEEDBACK ", 'Feedback': <@u 5>"

/* Every parameter changes. */
#define ALL_SETTINGS                                                                               \
  "'Ratio': <@u 11>, 'Feedback': <@u 12>, 'MinAgeUSec': <@t 13>, 'QuotaTimeUSec': <@t 4000>, "     \
  "'QuotaSize': <@t 16384>, 'QuotaResetIntervalUSec': <@t 16000>, 'AddressUnit': <@t 2>, "         \
  "'SampleIntervalUSec': <@t 1001>, 'AggregationIntervalUSec': <@t 5001>, 'MinRegions': <@t 17>, " \
  "'MaxRegions': <@t 18>"

static void
set_up (ModuleCase *self, gconstpointer data)
{
  module_case_set_up (self, data);
  module_case_configure (self, BEFORE);
}

/* Returns: whether it names @file, or who is in the way instead. */
static gboolean
is_to_the_point (const char *message, const char *file)
{
  g_autofree char *path = g_strconcat (FOLDER, file, NULL);

  return strstr (message, path) != NULL || strstr (message, "DAMON is in use by") != NULL;
}

static void
configure_refused (ModuleCase *self, const char *file, guint refusal, const char *settings)
{
  g_autofree char *name = g_strconcat (SERVICE_ERROR, refusals[refusal].error, NULL);
  g_autoptr (GError) error = NULL;

  g_test_message ("%s %s", file, refusals[refusal].number);
  kernel_model_command (self->model, "fail write %s %s 1", file, refusals[refusal].number);
  configure (self->fixture.connection, settings, CALL_PLAIN, &error);
  g_assert_nonnull (error);
  if (!is_to_the_point (error->message, file))
    g_error ("\"%s\" does not name %s", error->message, file);
  assert_error_name (error, name);
}

/* And nothing has changed. */
static void
assert_refused (ModuleCase *self, const char *file, guint refusal, const char *settings)
{
  g_autofree char *before = module_case_dup_inputs (self), *after = NULL;
  const gint64 kdamond = kernel_model_get_number (self->model, "kdamond-pid");
  g_autoptr (Standstill) standstill = standstill_new (&self->fixture);

  configure_refused (self, file, refusal, settings);
  after = module_case_dup_inputs (self);
  g_assert_cmpstr (after, ==, before);
  g_assert_cmpint (kernel_model_get_number (self->model, "kdamond-pid"), ==, kdamond);
  if (kdamond > 0)
    module_case_assert_in_force (self);
  assert_standstill (standstill);
}

static void
assert_all_refused (ModuleCase *self, const char *file, const char *settings)
{
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    assert_refused (self, file, i, settings);
}

static void
test_starts (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  g_autofree char *settings =
    g_strdup_printf ("{'Pid': <@u %u>, 'Enabled': <true>, " ALL_SETTINGS "}", pid);

  for (guint i = 0; i < G_N_ELEMENTS (parameters); i++)
    assert_all_refused (self, parameters[i], settings);
  assert_all_refused (self, "monitored_pid", settings);
  assert_all_refused (self, "enabled", settings);
  module_case_configure (self, settings);
  module_case_assert_in_force (self);
}

static void
test_settings_while_disabled (ModuleCase *self, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (parameters); i++)
    assert_all_refused (self, parameters[i], "{" ALL_SETTINGS "}");
  module_case_configure (self, "{" ALL_SETTINGS "}");
}

static void
test_changes (ModuleCase *self, gconstpointer data)
{
  module_case_serve (self, fixture_process_of (&self->fixture, "alice"), "");
  for (guint i = 0; i < G_N_ELEMENTS (parameters); i++)
    assert_all_refused (self, parameters[i], "{" ALL_SETTINGS "}");
  assert_all_refused (self, "commit_inputs", "{" ALL_SETTINGS "}");
  module_case_configure (self, "{" ALL_SETTINGS "}");
  module_case_assert_in_force (self);
}

static void
test_stops (ModuleCase *self, gconstpointer data)
{
  module_case_serve (self, fixture_process_of (&self->fixture, "alice"), FEEDBACK);
  for (guint i = 0; i < G_N_ELEMENTS (files_of_stop); i++)
    assert_all_refused (self, files_of_stop[i], "{'Enabled': <false>}");
  module_case_configure (self, "{'Enabled': <false>}");
  assert_parameter (self->model, "enabled", "N");
}

static void
assert_served (ModuleCase *self, guint32 pid)
{
  GDBusConnection *connection = self->fixture.connection;

  assert_property (connection, "Pid", g_variant_new_uint32 (pid));
  assert_property (connection, "State", g_variant_new_string ("running"));
  assert_property (connection, "Ratio", g_variant_new_uint32 (100));
  assert_property_eventually (
    connection, "KdamondPid",
    g_variant_new_int32 ((gint32) kernel_model_get_number (self->model, "kdamond-pid")), SECONDS);
  g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, pid);
  module_case_assert_in_force (self);
}

/* The one that was served before is served again. */
static void
test_changes_of_process (ModuleCase *self, gconstpointer data)
{
  const guint32 first = fixture_process_of (&self->fixture, "alice");
  const guint32 second = fixture_process_of (&self->fixture, "alice");
  g_autofree char *settings = g_strdup_printf ("{'Pid': <@u %u>, " ALL_SETTINGS "}", second);
  g_autofree char *before = NULL;

  module_case_serve (self, first, FEEDBACK);
  before = module_case_dup_inputs (self);
  for (guint i = 0; i < G_N_ELEMENTS (parameters) + G_N_ELEMENTS (files_of_stop) + 1; i++) {
    const char *file = i < G_N_ELEMENTS (parameters) ? parameters[i]
                       : i == G_N_ELEMENTS (parameters)
                         ? "monitored_pid"
                         : files_of_stop[i - G_N_ELEMENTS (parameters) - 1];
    g_autofree char *after = NULL;

    configure_refused (self, file, i % G_N_ELEMENTS (refusals), settings);
    after = module_case_dup_inputs (self);
    g_assert_cmpstr (after, ==, before);
    assert_served (self, first);
  }
  module_case_configure (self, settings);
  module_case_assert_in_force (self);
}

/* Half a number is another one: what is shown is what is there. */
static void
test_cut_short (ModuleCase *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *left = NULL;

  module_case_serve (self, fixture_process_of (&self->fixture, "alice"), "");
  kernel_model_command (self->model, "short write quota_sz 2");
  configure (self->fixture.connection, "{'QuotaSize': <@t 56789>, 'Ratio': <@u 9>}", CALL_PLAIN,
             &error);
  assert_error_name (error, SERVICE_ERROR "KernelRejected");
  kernel_model_command (self->model, "short write quota_sz off");
  left = kernel_model_read (self->model, "quota_sz");
  assert_property_eventually (self->fixture.connection, "QuotaSize",
                              g_variant_new_uint64 (g_ascii_strtoull (left, NULL, 10)), SECONDS);
  assert_property (self->fixture.connection, "Ratio", g_variant_new_uint32 (100));
  module_case_configure (self, "{'QuotaSize': <@t 134217728>}");
  module_case_assert_in_force (self);
}

/* What the kernel refuses from the moment when it comes to the write of @file. */
static void
configure_and_fail (ModuleCase *self, const char *settings, const char *file,
                    const char *const *orders)
{
  Call *call;

  kernel_model_command (self->model, "block write %s", file);
  call = module_case_configure_begin (self, settings);
  kernel_model_wait (self->model, "blocked", "1", SECONDS);
  for (guint i = 0; orders[i]; i++)
    kernel_model_command (self->model, "%s", orders[i]);
  kernel_model_command (self->model, "release");
  assert_answer (call, SERVICE_ERROR "KernelRejected");
}

/* What cannot be taken back is shown, and comes into force with the next change, even if that is to
 * what stands already. */
static void
test_changed_back_in_vain (ModuleCase *self, gconstpointer data)
{
  static const char *const orders[] = { "fail write quota_sz EIO 1", "fail write min_age EIO 1",
                                        NULL };

  module_case_serve (self, fixture_process_of (&self->fixture, "alice"), "");
  configure_and_fail (self, "{'MinAgeUSec': <@t 77>, 'QuotaSize': <@t 65536>}", "quota_sz", orders);
  assert_parameter (self->model, "min_age", "77");
  assert_property_eventually (self->fixture.connection, "MinAgeUSec", g_variant_new_uint64 (77),
                              SECONDS);
  assert_property (self->fixture.connection, "QuotaSize", g_variant_new_uint64 (134217728));
  assert_property (self->fixture.connection, "State", g_variant_new_string ("running"));
  module_case_configure (self, "{'MinAgeUSec': <@t 77>}");
  module_case_assert_in_force (self);
}

/* The kernel goes on as if it were to be stopped: it does nothing, until the next change. */
static void
test_stopped_in_vain (ModuleCase *self, gconstpointer data)
{
  static const char *const orders[] = { "fail write enabled EIO 1",
                                        "fail write commit_inputs EIO 1", NULL };

  module_case_serve (self, fixture_process_of (&self->fixture, "alice"), FEEDBACK);
  configure_and_fail (self, "{'Enabled': <false>}", "enabled", orders);
  assert_parameter (self->model, "enabled", "Y");
  assert_parameter (self->model, "min_age", "100000");
  assert_property (self->fixture.connection, "Enabled", g_variant_new_boolean (TRUE));
  assert_property (self->fixture.connection, "MinAgeUSec", g_variant_new_uint64 (100000));
  module_case_configure (self, "{'MinAgeUSec': <@t 100000>}");
  module_case_assert_in_force (self);
}

/* Another process is refused at the last step: the first is served again, unless that is refused
 * too. */
static void
test_switched_back (ModuleCase *self, gconstpointer data)
{
  static const char *const once[] = { "fail write enabled EIO 1", NULL };
  static const char *const always[] = { "fail write enabled EIO", NULL };
  const guint32 first = fixture_process_of (&self->fixture, "alice");
  const guint32 second = fixture_process_of (&self->fixture, "alice");
  g_autofree char *settings = g_strdup_printf ("{'Pid': <@u %u>, 'MinAgeUSec': <@t 77>}", second);

  module_case_serve (self, first, "");
  configure_and_fail (self, settings, "monitored_pid", once);
  assert_served (self, first);
  configure_and_fail (self, settings, "monitored_pid", always);
  assert_parameter (self->model, "enabled", "N");
  assert_property_eventually (self->fixture.connection, "Enabled", g_variant_new_boolean (FALSE),
                              SECONDS);
  assert_property_eventually (self->fixture.connection, "KdamondPid", g_variant_new_int32 (-1),
                              SECONDS);
  assert_property (self->fixture.connection, "Pid", g_variant_new_uint32 (first));
  assert_property (self->fixture.connection, "MinAgeUSec", g_variant_new_uint64 (100000));
  kernel_model_command (self->model, "fail write enabled EIO 0");
  module_case_serve (self, second, "");
  module_case_assert_in_force (self);
}

/* All that can be seen is what the files hold: the next commit takes it along. */
static void
test_refused_in_silence (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  module_case_serve (self, pid, "");
  kernel_model_command (self->model, "refuse-commit");
  module_case_configure (self, "{'Ratio': <@u 700>}");
  assert_parameter (self->model, "quota_percentage_hugepage", "700");
  assert_parameter (self->model, "commit_inputs", "N");
  g_assert_cmpint (kernel_model_get_number (self->model, "in-force.quota_percentage_hugepage"), ==,
                   100);
  assert_property (self->fixture.connection, "Ratio", g_variant_new_uint32 (700));
  module_case_configure (self, "{'Feedback': <@u 1>}");
  module_case_assert_in_force (self);
}

/* Whoever asked is told, and so is who looks after the machine. */
static void
test_log (ModuleCase *self, gconstpointer data)
{
  g_autofree char *log = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (parameters); i++)
    assert_refused (self, parameters[i], i % G_N_ELEMENTS (refusals), "{" ALL_SETTINGS "}");
  log = fixture_service_read_log (&self->fixture);
  for (guint i = 0; i < G_N_ELEMENTS (parameters); i++)
    if (!is_to_the_point (log, parameters[i]))
      g_error ("The log does not name %s", parameters[i]);
}

#define ADD(path, test)                                                                            \
  g_test_add ("/module/refused/" path, ModuleCase, NULL, set_up, test, module_case_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("starts", test_starts);
  ADD ("settings-while-disabled", test_settings_while_disabled);
  ADD ("changes", test_changes);
  ADD ("stops", test_stops);
  ADD ("changes-of-process", test_changes_of_process);
  ADD ("cut-short", test_cut_short);
  ADD ("changed-back-in-vain", test_changed_back_in_vain);
  ADD ("stopped-in-vain", test_stopped_in_vain);
  ADD ("switched-back", test_switched_back);
  ADD ("in-silence", test_refused_in_silence);
  ADD ("log", test_log);
  return g_test_run ();
}
