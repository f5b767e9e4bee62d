/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-case.h"

#include <signal.h>
#include <string.h>

/* When the module is taken, when another engine is, and what is said about it. */

#define SECONDS 10
#define AUTO "--engine=auto"
#define MODULE "--engine=module"

static void
assert_text (ModuleCase *self, const char *property, const char *text)
{
  assert_property (self->fixture.connection, property, g_variant_new_string (text));
}

/* As installed: without an option. */
static void
start_by_configuration (ModuleCase *self, const char *engine)
{
  g_autofree char *text = g_strdup_printf ("[Service]\nengine=%s\n", engine);
  g_autofree char *path = fixture_path (&self->fixture, "service.conf");
  g_autofree char *configuration = g_strconcat ("--config=", path, NULL);
  g_autofree char *root = g_strconcat ("--root=", kernel_model_get_root (self->model), NULL);
  const char *argv[] = { g_getenv ("DH_SERVICE"), root, configuration, NULL };
  const ChildOptions options = { .environment =
                                   (const char *const *) self->fixture.service_environment };

  module_case_configure_service (self, text);
  self->fixture.service = child_spawn (argv, &options);
  wait_for (200);
  fixture_service_wait_probed (&self->fixture);
}

static const struct {
  const char *shape;
  const char *wanted;
  const char *engine; /* "" where none works */
  const char *reason; /* of the module, in Engines */
  const char *detail;
} starts[] = {
  { "v3", "auto", "module", "", "" },
  { "none", "auto", "bpf", "kernel-support-missing", "damon_hugepage/parameters" },
  { "v4", "auto", "bpf", "not-driven", "damon_sample_hugepage/parameters" },
  { "both", "auto", "module", "", "" },
  { "v3", "module", "module", "", "" },
  { "both", "module", "module", "", "" },
  { "none", "module", "", "kernel-support-missing", "damon_hugepage/parameters" },
  { "v4", "module", "", "not-driven", "damon_sample_hugepage/parameters" },
  { "v3", "bpf", "bpf", "", "" },
  { "v4", "bpf", "bpf", "not-driven", "damon_sample_hugepage/parameters" },
};

static void
assert_started (ModuleCase *self, guint i)
{
  const gboolean works = *starts[i].engine != '\0';

  assert_text (self, "Engine", starts[i].engine);
  assert_text (self, "State", works ? "disabled" : "unavailable");
  assert_text (self, "UnavailableReason", works ? "" : "kernel-support-missing");
  module_case_assert_module (self, starts[i].reason, starts[i].detail);
}

static void
test_start (ModuleCase *self, gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autofree char *option = g_strconcat ("--engine=", starts[i].wanted, NULL);

  kernel_model_command (self->model, "shape %s", starts[i].shape);
  module_case_start (self, option, NULL);
  assert_started (self, i);
  if (*starts[i].engine == '\0')
    module_case_assert_not_served (self);
  else
    module_case_serve (self, fixture_process_of (&self->fixture, "alice"), "");
  module_case_stop (self);
  start_by_configuration (self, starts[i].wanted);
  assert_started (self, i);
  if (strstr ("v4 both", starts[i].shape)) {
    assert_parameter (self->model, "module/damon_sample_hugepage/parameters/enabled", "N");
    assert_parameter (self->model, "module/damon_sample_hugepage/parameters/target_pid", "0");
  }
}

/* Without these the module cannot be driven. */
static const struct {
  const char *name;
  const char *order;
  const char *reason;
  const char *detail;
} hindrances[] = {
  { "no-enabled", "remove enabled", "kernel-support-missing", "/enabled" },
  { "no-commit-inputs", "remove commit_inputs", "kernel-support-missing", "/commit_inputs" },
  { "no-monitored-pid", "remove monitored_pid", "kernel-support-missing", "/monitored_pid" },
  { "enabled-read-only", "mode enabled 0400", "permission", "/enabled" },
  { "commit-inputs-read-only", "mode commit_inputs 0400", "permission", "/commit_inputs" },
  { "pid-read-only", "mode monitored_pid 0400", "permission", "/monitored_pid" },
  { "enabled-not-to-be-read", "fail open enabled EACCES", "permission", "/enabled" },
  { "nonsense", "content quota_sz many\\n", "kernel-support-missing", "/quota_sz" },
};

static void
test_hindrance (ModuleCase *self, gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);

  kernel_model_command (self->model, "%s", hindrances[i].order);
  module_case_start (self, MODULE, NULL);
  assert_text (self, "State", "unavailable");
  assert_text (self, "UnavailableReason", hindrances[i].reason);
  module_case_assert_module (self, hindrances[i].reason, hindrances[i].detail);
  module_case_assert_not_served (self);
  module_case_stop (self);
  module_case_start (self, AUTO, NULL);
  assert_text (self, "Engine", "bpf");
  module_case_assert_unwritten (self);
}

static void
test_chosen_again (ModuleCase *self, gconstpointer data)
{
  kernel_model_command (self->model, "shape none");
  module_case_start (self, AUTO, NULL);
  kernel_model_command (self->model, "shape v3");
  assert_text (self, "Engine", "bpf");
  module_case_serve_another (self, "module");
  module_case_configure (self, "{'Enabled': <false>}");
  kernel_model_command (self->model, "shape none");
  module_case_serve_another (self, "bpf");
  module_case_assert_module (self, "kernel-support-missing", "damon_hugepage");
  /* Not while one is served. */
  kernel_model_command (self->model, "shape v3");
  module_case_serve_another (self, "bpf");
  module_case_configure (self, "{'Pid': <@u 0>}");
  module_case_serve_another (self, "module");
}

static void
assert_logged (ModuleCase *self, const char *part)
{
  g_autofree char *log = fixture_service_read_log (&self->fixture);

  if (!strstr (log, part))
    g_error ("The log does not have “%s”:\n%s", part, log);
}

/* The folder goes under its hands. */
static void
test_goes_while_serving (ModuleCase *self, gconstpointer data)
{
  const char *option = data;

  module_case_start (self, option, NULL);
  module_case_serve_another (self, "module");
  module_case_configure (self, "{'StatisticsIntervalUSec': <@t 250000>}");
  kernel_model_command (self->model, "shape none");
  module_case_wait_state (self, "failed", 2);
  assert_text (self, "LastError", SERVICE_ERROR "NotAvailable");
  assert_property (self->fixture.connection, "Enabled", g_variant_new_boolean (FALSE));
  assert_property (self->fixture.connection, "KdamondPid", g_variant_new_int32 (-1));
  module_case_assert_module (self, "kernel-support-missing", "damon_hugepage");
  assert_logged (self, "/sys/module/damon_hugepage/parameters");
  if (g_str_equal (option, MODULE)) {
    module_case_assert_not_served (self);
  } else {
    module_case_serve_another (self, "bpf");
    module_case_configure (self, "{'Pid': <@u 0>}");
  }
  kernel_model_command (self->model, "shape v3");
  module_case_serve_another (self, "module");
}

/* While others write to it. */
static void
test_comes_and_goes (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  g_autofree char *settings = g_strdup_printf ("{'Pid': <@u %u>}", pid);

  module_case_start (self, AUTO, NULL);
  for (guint i = 0; i < 20; i++) {
    module_case_configure (self, settings);
    assert_text (self, "Engine", "module");
    kernel_model_set (self->model, "quota_sz", "%u\n", 4096 + i);
    kernel_model_command (self->model, "shape none");
    module_case_configure (self, settings);
    assert_text (self, "Engine", "bpf");
    kernel_model_command (self->model, "shape v3");
  }
}

static void
add (const char *group, const char *name, gconstpointer data,
     void (*function) (ModuleCase *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/module/choice/", group, name, NULL);

  g_test_add (path, ModuleCase, data, module_case_set_up_model, function, module_case_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (starts); i++) {
    g_autofree char *name = g_strconcat (starts[i].wanted, "-with-", starts[i].shape, NULL);

    add ("start/", name, GUINT_TO_POINTER (i), test_start);
  }
  for (guint i = 0; i < G_N_ELEMENTS (hindrances); i++)
    add ("hindered/", hindrances[i].name, GUINT_TO_POINTER (i), test_hindrance);
  add ("again-for-each-target", "", NULL, test_chosen_again);
  add ("comes-and-goes", "", NULL, test_comes_and_goes);
  add ("goes-while-serving", "", AUTO, test_goes_while_serving);
  add ("goes-while-serving/", "without-another-engine", MODULE, test_goes_while_serving);
  return g_test_run ();
}
