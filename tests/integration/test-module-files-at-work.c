/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "parameter-faults.h"
#include "target-objects.h"

/* The module's files, or all of them, go wrong and come right again while the service runs. */

#define SECONDS 10

/* It reads so often, in milliseconds; and again for as long as a fault is looked at. */
#define LOOK_MSEC 250
#define LOOKS_MSEC (3 * LOOK_MSEC + LOOK_MSEC / 2)

/* So that rounds are short. */
#define CONFIGURATION                                                                              \
  "[Defaults module]\n"                                                                            \
  "SampleIntervalUSec=1000\n"                                                                      \
  "AggregationIntervalUSec=5000\n"                                                                 \
  "StatisticsIntervalUSec=250000\n"

/* Of what the bus says when a change fails, one is right. */
static void
assert_refused (ModuleCase *self, const char *settings)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;

  configure (self->fixture.connection, settings, CALL_PLAIN, &error);
  if (!error)
    g_error ("%s was taken", settings);
  name = g_dbus_error_get_remote_error (error);
  if (g_strcmp0 (name, SERVICE_ERROR "KernelRejected") != 0
      && g_strcmp0 (name, SERVICE_ERROR "NotAvailable") != 0)
    g_error ("%s failed with %s", settings, error->message);
}

static void
assert_ratio (ModuleCase *self, guint32 ratio, gboolean in_force)
{
  assert_property (self->fixture.connection, "Ratio", g_variant_new_uint32 (ratio));
  if (in_force)
    g_assert_cmpint (kernel_model_get_number (self->model, "in-force.quota_percentage_hugepage"),
                     ==, ratio);
}

static void
set_ratio (ModuleCase *self, guint32 ratio)
{
  g_autofree char *settings = g_strdup_printf ("{'Ratio': <@u %u>}", ratio);

  module_case_configure (self, settings);
}

/* What is no parameter of the module cannot be found there. */
static void
test_configured_interval (ModuleCase *self, gconstpointer data)
{
  module_case_serve (self, fixture_process_of (&self->fixture, "alice"), "");
  assert_property (self->fixture.connection, "StatisticsIntervalUSec",
                   g_variant_new_uint64 (LOOK_MSEC * 1000));
}

static void
set_up (ModuleCase *self, gconstpointer data)
{
  module_case_set_up_model (self, data);
  module_case_configure_service (self, CONFIGURATION);
  kernel_model_set (self->model, "sample_interval", "1000\n");
  kernel_model_set (self->model, "aggr_interval", "5000\n");
  kernel_model_command (self->model, "huge-ratio 0");
  module_case_start (self, NULL);
}

/* Without it nobody knows whether the module is there at all. */
static gboolean
tells_presence (const ParameterFile *file)
{
  return g_str_equal (file->name, "enabled");
}

/* The kernel goes on as before, and the service says so. */
static void
assert_unshaken (ModuleCase *self, const ParameterFile *file, guint32 pid, gint64 kdamond)
{
  g_assert_cmpint (kernel_model_get_number (self->model, "kdamond-pid"), ==, kdamond);
  g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, pid);
  assert_property (self->fixture.connection, "Pid", g_variant_new_uint32 (pid));
  assert_ratio (self, 200, TRUE);
  if (!tells_presence (file))
    assert_property (self->fixture.connection, "State", g_variant_new_string ("running"));
}

static void
break_while_serving (ModuleCase *self, const ParameterFault *fault, const ParameterFile *file,
                     guint32 pid)
{
  const gint64 kdamond = kernel_model_get_number (self->model, "kdamond-pid");
  const gsize position = parameter_fault_get_log_length (self);

  g_test_message ("%s: %s", file->name, fault->name);
  parameter_fault_make (self, fault, file);
  assert_refused (self, "{'Ratio': <@u 4321>}");
  wait_for (LOOKS_MSEC);
  assert_unshaken (self, file, pid, kdamond);
  parameter_fault_assert_logged (self, file, position, tells_presence (file) ? 4 : 2);
  parameter_fault_mend (self, file);
  if (tells_presence (file))
    module_case_serve (self, pid, "");
  assert_property_eventually (self->fixture.connection, "LastError", g_variant_new_string (""),
                              SECONDS);
  set_ratio (self, 300);
  assert_ratio (self, 300, TRUE);
  set_ratio (self, 200);
  module_case_assert_in_force (self);
}

static void
test_while_serving (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  module_case_serve (self, pid, ", 'Ratio': <@u 200>, 'StatisticsIntervalUSec': <@t 250000>");
  for (guint i = 0; i < N_PARAMETER_FILES; i++) {
    if (i % 5 == 0)
      break_while_serving (self, &parameter_faults[PARAMETER_FAULT_MISSING], &parameter_files[i],
                           pid);
    break_while_serving (self, &parameter_faults[1 + i % (n_parameter_faults - 1)],
                         &parameter_files[i], pid);
  }
}

static void
break_while_idle (ModuleCase *self, const ParameterFault *fault, const ParameterFile *file,
                  guint32 pid)
{
  g_autofree char *before = module_case_dup_inputs (self);
  g_autofree char *after = NULL;

  g_test_message ("%s: %s", file->name, fault->name);
  parameter_fault_make (self, fault, file);
  assert_refused (self, "{'Ratio': <@u 4321>}");
  assert_property (self->fixture.connection, "State", g_variant_new_string ("disabled"));
  assert_ratio (self, 200, FALSE);
  parameter_fault_mend (self, file);
  after = module_case_dup_inputs (self);
  g_assert_cmpstr (after, ==, before);
  set_ratio (self, 300);
  assert_parameter (self->model, "quota_percentage_hugepage", "300");
  set_ratio (self, 200);
}

/* Once more, looked for by whoever wants a process served: it is not there, and then it is. */
static void
serve_in_spite_of (ModuleCase *self, const ParameterFault *fault, const ParameterFile *file,
                   guint32 pid)
{
  g_autofree char *settings =
    g_strdup_printf ("{'Pid': <@u %u>, 'Enabled': <true>, 'Ratio': <@u 200>}", pid);

  parameter_fault_make (self, fault, file);
  assert_refused (self, settings);
  assert_property (self->fixture.connection, "Enabled", g_variant_new_boolean (FALSE));
  g_assert_cmpint (kernel_model_get_number (self->model, "running"), ==, 0);
  parameter_fault_mend (self, file);
  module_case_serve (self, pid, "");
  g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, pid);
  module_case_configure (self, "{'Enabled': <false>, 'Ratio': <@u 200>}");
}

static void
test_while_idle (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  set_ratio (self, 200);
  for (guint i = 0; i < N_PARAMETER_FILES; i++) {
    const ParameterFault *fault = &parameter_faults[1 + i % (n_parameter_faults - 1)];

    break_while_idle (self, &parameter_faults[PARAMETER_FAULT_MISSING], &parameter_files[i], pid);
    break_while_idle (self, fault, &parameter_files[i], pid);
    serve_in_spite_of (self, fault, &parameter_files[i], pid);
  }
}

static void
assert_module_available (ModuleCase *self, gboolean expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) engines = get_property (self->fixture.connection, "Engines", &error);
  g_autoptr (GVariant) engine = g_variant_get_child_value (engines, 0);
  gboolean available;

  g_assert_true (g_variant_lookup (engine, "available", "b", &available));
  g_assert_cmpint (available, ==, expected);
}

static void
test_module_goes_while_idle (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  g_autofree char *settings = g_strdup_printf ("{'Pid': <@u %u>, 'Enabled': <true>}", pid);
  g_autofree char *found = module_case_dup_inputs (self);
  g_autofree char *left = NULL;

  for (guint i = 0; i < 3; i++) {
    kernel_model_command (self->model, "shape none");
    assert_refused (self, "{'Ratio': <@u 4321>}");
    assert_refused (self, settings);
    assert_module_available (self, FALSE);
    assert_property (self->fixture.connection, "State", g_variant_new_string ("unavailable"));
    kernel_model_command (self->model, "shape v3");
    module_case_serve (self, pid, "");
    assert_module_available (self, TRUE);
    module_case_configure (self, "{'Pid': <@u 0>, 'Enabled': <false>}");
  }
  module_case_stop (self);
  left = module_case_dup_inputs (self);
  g_assert_cmpstr (left, ==, found);
}

/* A target that no engine has any more can still be asked for. */
static void
test_module_goes_beneath_a_target (ModuleCase *self, gconstpointer data)
{
  static const struct {
    const char *method;
    const char *arguments;
    const char *error; /* NULL: none */
  } calls[] = {
    { "GetHeatMap", "(@a{sv} {},)", SERVICE_ERROR "NotAvailable" },
    { "GetDetails", "()", NULL },
    { "GetStatistics", "()", NULL },
    { "Undo", "()", SERVICE_ERROR "NotAvailable" },
    { "Remove", "()", SERVICE_ERROR "NotAvailable" },
  };
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  GDBusConnection *connection = self->fixture.connection;
  g_autofree char *path = NULL;

  module_case_serve (self, pid, "");
  module_case_configure (self, "{'Enabled': <false>}");
  kernel_model_command (self->model, "shape none");
  assert_refused (self, "{'Enabled': <true>}");
  assert_property (connection, "State", g_variant_new_string ("unavailable"));
  path = find_target (connection, pid);
  g_assert_nonnull (path);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) answer =
      call_target (connection, path, calls[i].method, g_variant_new_parsed (calls[i].arguments),
                   CALL_PLAIN, &error);

    g_test_message ("%s: %s", calls[i].method, error ? error->message : "");
    if (calls[i].error)
      assert_error_name (error, calls[i].error);
    else
      g_assert_no_error (error);
  }
  kernel_model_command (self->model, "shape v3");
  module_case_stop (self);
}

/* Its kdamond goes on, as far as anybody can know. */
static void
test_module_goes_while_serving (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  g_autofree char *settings = g_strdup_printf ("{'Pid': <@u %u>, 'Enabled': <true>}", pid);
  g_autofree char *found = module_case_dup_inputs (self);
  g_autofree char *left = NULL;

  for (guint i = 0; i < 3; i++) {
    module_case_serve (self, pid, "");
    module_case_wait_mark (self);
    kernel_model_command (self->model, "shape none");
    module_case_wait_state (self, "failed", SECONDS);
    assert_property (self->fixture.connection, "LastError",
                     g_variant_new_string (SERVICE_ERROR "NotAvailable"));
    assert_property (self->fixture.connection, "KdamondPid", g_variant_new_int32 (-1));
    assert_refused (self, settings);
    kernel_model_command (self->model, "shape v3");
  }
  module_case_serve (self, pid, "");
  assert_property (self->fixture.connection, "LastError", g_variant_new_string (""));
  module_case_assert_in_force (self);
  module_case_stop (self);
  left = module_case_dup_inputs (self);
  g_assert_cmpstr (left, ==, found);
}

/* It ends in time all the same, and whoever starts it again when the module is back sees to the
 * rest. */
static void
test_module_is_gone_at_the_end (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  module_case_serve (self, pid, "");
  kernel_model_command (self->model, "shape none");
  module_case_stop (self);
  kernel_model_command (self->model, "shape v3");
  module_case_start (self, NULL);
  assert_parameter_eventually (self->model, "enabled", "N", SECONDS);
  assert_property (self->fixture.connection, "Pid", g_variant_new_uint32 (0));
}

static void
add (const char *path, void (*test) (ModuleCase *, gconstpointer))
{
  g_test_add (path, ModuleCase, NULL, set_up, test, module_case_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/module/files-at-work/configured-interval", test_configured_interval);
  add ("/module/files-at-work/while-serving", test_while_serving);
  add ("/module/files-at-work/while-idle", test_while_idle);
  add ("/module/files-at-work/module-goes-while-idle", test_module_goes_while_idle);
  add ("/module/files-at-work/module-goes-beneath-a-target", test_module_goes_beneath_a_target);
  add ("/module/files-at-work/module-goes-while-serving", test_module_goes_while_serving);
  add ("/module/files-at-work/module-is-gone-at-the-end", test_module_is_gone_at_the_end);
  return g_test_run ();
}
