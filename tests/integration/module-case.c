/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-case.h"

#include <string.h>

#define STOP_SECONDS 10
#define RUN_SECONDS 10

#define FIRST_PARAMETER 2 /* behind enabled and commit_inputs */

static const char *const inputs[] = {
  "enabled",
  "commit_inputs",
  "monitored_pid",
  "min_age",
  "quota_ms",
  "quota_sz",
  "quota_reset_interval_ms",
  "quota_percentage_hugepage",
  "quota_autotune_feedback",
  "addr_unit",
  "sample_interval",
  "aggr_interval",
  "min_nr_regions",
  "max_nr_regions",
};

void
module_case_set_up_model (ModuleCase *self, gconstpointer data)
{
  fixture_set_up_bus (&self->fixture, data);
  fixture_polkit_rules (&self->fixture, ALLOW_OWN);
  fixture_polkit_start (&self->fixture);
  self->model = kernel_model_start (&self->fixture);
  module_case_configure_service (self, "[Service]\nallow-own-on=module\n");
}

void
module_case_set_up (ModuleCase *self, gconstpointer data)
{
  module_case_set_up_model (self, data);
  module_case_start (self, NULL);
}

void
module_case_stop (ModuleCase *self)
{
  fixture_service_stop_within (&self->fixture, STOP_SECONDS);
}

void
module_case_tear_down (ModuleCase *self, gconstpointer data)
{
  if (self->fixture.service)
    module_case_stop (self);
  kernel_model_assert_unhurt (self->model);
  kernel_model_free (self->model);
  fixture_tear_down (&self->fixture, data);
}

void
module_case_configure_service (ModuleCase *self, const char *text)
{
  g_autofree char *path = fixture_path (&self->fixture, "service.conf");
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, &error);
  g_assert_no_error (error);
}

void
module_case_start (ModuleCase *self, ...)
{
  g_autofree char *configuration = fixture_path (&self->fixture, "service.conf");
  g_autofree char *config = g_strconcat ("--config=", configuration, NULL);
  g_autofree char *root = g_strconcat ("--root=", kernel_model_get_root (self->model), NULL);
  const char *engine = "--engine=module", *option, *more = NULL;
  va_list options;

  va_start (options, self);
  while ((option = va_arg (options, const char *)))
    if (g_str_has_prefix (option, "--engine="))
      engine = option;
    else
      more = option;
  va_end (options);
  fixture_service_start (&self->fixture, root, config, engine, more, NULL);
  fixture_service_wait_probed (&self->fixture);
}

void
module_case_configure (ModuleCase *self, const char *settings)
{
  g_autoptr (GError) error = NULL;

  configure (self->fixture.connection, settings, CALL_PLAIN, &error);
  g_assert_no_error (error);
}

Call *
module_case_configure_begin (ModuleCase *self, const char *settings)
{
  g_autofree char *text = g_strdup_printf ("(%s, @a{sv} {})", settings);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) arguments =
    g_variant_parse (G_VARIANT_TYPE ("(a{sv}a{sv})"), text, NULL, NULL, &error);

  g_assert_no_error (error);
  return call_begin (self->fixture.connection, SERVICE_INTERFACE, "Configure", arguments,
                     CALL_PLAIN);
}

void
module_case_configure_fails (ModuleCase *self, const char *settings, const char *error_name)
{
  g_autofree char *name = g_strconcat (SERVICE_ERROR, error_name, NULL);
  g_autofree char *before = module_case_dup_inputs (self);
  g_autofree char *after = NULL;
  g_autoptr (Standstill) standstill = standstill_new (&self->fixture);
  g_autoptr (GError) error = NULL;

  configure (self->fixture.connection, settings, CALL_PLAIN, &error);
  assert_error_name (error, name);
  after = module_case_dup_inputs (self);
  g_assert_cmpstr (after, ==, before);
  assert_standstill (standstill);
}

void
module_case_serve (ModuleCase *self, guint32 pid, const char *settings)
{
  g_autofree char *all = g_strdup_printf ("{'Pid': <@u %u>, 'Enabled': <true>%s}", pid, settings);

  module_case_configure (self, all);
  module_case_wait_state (self, "running", RUN_SECONDS);
}

void
module_case_wait_state (ModuleCase *self, const char *state, guint seconds)
{
  assert_property_eventually (self->fixture.connection, "State", g_variant_new_string (state),
                              seconds);
}

char *
module_case_dup_inputs (ModuleCase *self)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++) {
    g_autofree char *value = kernel_model_read (self->model, inputs[i]);

    g_string_append_printf (text, "%s %s\n", inputs[i], value);
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

void
module_case_begin_foreign (ModuleCase *self, guint32 pid)
{
  kernel_model_set (self->model, "monitored_pid", "%u\n", pid);
  kernel_model_set (self->model, "sample_interval", "1000\n");
  kernel_model_set (self->model, "aggr_interval", "20000\n");
  kernel_model_set (self->model, "quota_reset_interval_ms", "10\n");
  kernel_model_set (self->model, "quota_ms", "5\n"); /* no more than the service's ceiling */
  kernel_model_set (self->model, "min_age", "10000\n");
  kernel_model_set (self->model, "enabled", "Y\n");
  kernel_model_command (self->model, "clear-log");
}

void
module_case_assert_unwritten (ModuleCase *self)
{
  g_autofree char *log = kernel_model_dup_log (self->model);

  g_assert_cmpstr (log, ==, "");
}

void
module_case_assert_left_alone (ModuleCase *self, guint32 pid)
{
  module_case_assert_unwritten (self);
  g_assert_cmpint (kernel_model_get_number (self->model, "running"), ==, 1);
  g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, pid);
}

void
module_case_wait_mark (ModuleCase *self)
{
  /* Above its goal the quota falls to a byte, which leaves no mark. */
  kernel_model_command (self->model, "huge-ratio 0");
  kernel_model_command (self->model, "height 4194304");
  kernel_model_wait (self->model, "mark", "1", RUN_SECONDS);
  kernel_model_command (self->model, "huge-ratio target");
}

/* Of the log: "write FILE VALUE RESULT". */
static void
append_write (GString *text, const char *line)
{
  const char *write = line + strlen ("write ");
  gsize length = strlen (write);

  if (g_str_has_suffix (write, " ok"))
    length -= strlen (" ok");
  g_string_append_printf (text, "%s%.*s", text->len > 0 ? ", " : "", (int) length, write);
}

char *
module_case_take_writes (ModuleCase *self)
{
  g_autofree char *log = kernel_model_dup_log (self->model);
  g_auto (GStrv) lines = g_strsplit (log, "\n", -1);
  g_autoptr (GString) text = g_string_new (NULL);

  kernel_model_command (self->model, "clear-log");
  for (guint i = 0; lines[i]; i++)
    if (g_str_has_prefix (lines[i], "write "))
      append_write (text, lines[i]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

void
module_case_assert_in_force (ModuleCase *self)
{
  for (guint i = FIRST_PARAMETER; i < G_N_ELEMENTS (inputs); i++) {
    g_autofree char *key = g_strconcat ("in-force.", inputs[i], NULL);
    g_autofree char *held = kernel_model_read (self->model, inputs[i]);
    g_autofree char *in_force = kernel_model_get (self->model, key);

    if (!g_str_equal (held, in_force))
      g_error ("%s holds %s, but %s is in force", inputs[i], held, in_force);
  }
}

void
module_case_assert_module (ModuleCase *self, const char *expected_reason,
                           const char *part_of_detail)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) engines = get_property (self->fixture.connection, "Engines", &error);
  g_autoptr (GVariant) engine = NULL;
  const char *name, *reason, *detail;
  gboolean available;

  g_assert_no_error (error);
  engine = g_variant_get_child_value (engines, 0);
  g_assert_true (g_variant_lookup (engine, "name", "&s", &name));
  g_assert_true (g_variant_lookup (engine, "available", "b", &available));
  g_assert_true (g_variant_lookup (engine, "reason", "&s", &reason));
  g_assert_true (g_variant_lookup (engine, "detail", "&s", &detail));
  g_assert_cmpstr (name, ==, "module");
  g_assert_cmpstr (reason, ==, expected_reason);
  g_assert_cmpint (available, ==, *expected_reason == '\0');
  if (!strstr (detail, part_of_detail))
    g_error ("“%s” says nothing of %s", detail, part_of_detail);
  g_assert_null (strchr (detail, '\n'));
}

void
module_case_assert_not_served (ModuleCase *self)
{
  g_autoptr (GError) error = NULL;

  serve (self->fixture.connection, fixture_process_of (&self->fixture, "alice"), &error);
  assert_error_name (error, SERVICE_ERROR "NotAvailable");
}

guint32
module_case_serve_another (ModuleCase *self, const char *engine)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  module_case_serve (self, pid, "");
  assert_property (self->fixture.connection, "Engine", g_variant_new_string (engine));
  g_assert_cmpint (kernel_model_get_number (self->model, "target-pid") == pid, ==,
                   g_str_equal (engine, "module"));
  return pid;
}
