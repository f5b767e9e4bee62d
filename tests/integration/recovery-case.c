/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "recovery-case.h"

#include "engines/module-settings.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define DEATH_SECONDS 15
#define RECOVERY_SECONDS 5

/* None is the kernel's default; intervals are short, so that rounds are. */
static const struct {
  const char *file;
  const char *value;
} foreign_values[] = {
  { "monitored_pid", "4194303" },
  { "min_age", "20000" },
  { "quota_ms", "2" },
  { "quota_sz", "3145728" },
  { "quota_reset_interval_ms", "20" },
  { "quota_percentage_hugepage", "300" },
  { "quota_autotune_feedback", "1" },
  { "sample_interval", "1000" },
  { "aggr_interval", "5000" },
  { "min_nr_regions", "5" },
  { "max_nr_regions", "500" },
};

/* The same ones for what is not set. */
#define CONFIGURATION                                                                              \
  "[Defaults module]\n"                                                                            \
  "SampleIntervalUSec=1000\n"                                                                      \
  "AggregationIntervalUSec=5000\n"                                                                 \
  "QuotaResetIntervalUSec=20000\n"                                                                 \
  "QuotaTimeUSec=2000\n"

void
recovery_case_set_up (RecoveryCase *self, gconstpointer data)
{
  module_case_set_up_model (&self->module, data);
  module_case_configure_service (&self->module, CONFIGURATION);
}

static void
end_targets (RecoveryCase *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->targets); i++)
    if (self->targets[i] && !child_has_exited (self->targets[i])) {
      child_signal (self->targets[i], SIGKILL);
      g_assert_true (child_wait (self->targets[i], DEATH_SECONDS, NULL));
    }
}

void
recovery_case_tear_down (RecoveryCase *self, gconstpointer data)
{
  g_test_message ("killed %u times", self->n_kills);
  g_free (self->found);
  module_case_tear_down (&self->module, data);
}

static char *
get_state_path (RecoveryCase *self, const char *file)
{
  return g_build_filename (self->module.fixture.directory, "state", file, NULL);
}

static void
forget_state (RecoveryCase *self)
{
  static const char *const files[] = { "module", "targets", "settings" };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = get_state_path (self, files[i]);

    g_unlink (path);
  }
}

/* With some memory, so that there always is something to be tried. */
static Child *
begin_busy_target (RecoveryCase *self, guint32 *ret_pid)
{
  Child *target = fixture_hotmap_as (&self->module.fixture, "alice", NULL, "--hot=0", "--one=0",
                                     "--cold=8", "--mappings=1", "--duty=1", NULL);

  *ret_pid = (guint32) child_get_pid (target);
  return target;
}

void
recovery_case_begin_round (RecoveryCase *self)
{
  kernel_model_free (self->module.model);
  self->module.model = kernel_model_start (&self->module.fixture);
  /* However much is huge, there is more to do. */
  kernel_model_command (self->module.model, "huge-ratio 0");
  forget_state (self);
  for (guint i = 0; i < G_N_ELEMENTS (foreign_values); i++)
    kernel_model_set (self->module.model, foreign_values[i].file, "%s\n", foreign_values[i].value);
  g_free (self->found);
  self->found = module_case_dup_inputs (&self->module);
  self->targets[0] = begin_busy_target (self, &self->pids[0]);
  self->targets[1] = fixture_poser_as (&self->module.fixture, "alice", &self->pids[1], NULL);
  module_case_start (&self->module, NULL);
}

void
recovery_case_serve (RecoveryCase *self)
{
  module_case_serve (&self->module, self->pids[0], "");
  module_case_wait_mark (&self->module);
}

void
recovery_case_wait_killed (RecoveryCase *self)
{
  Fixture *fixture = &self->module.fixture;
  g_autofree char *log = NULL;
  int status;

  if (!child_wait (fixture->service, DEATH_SECONDS, &status))
    g_error ("The service lives");
  g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
  g_clear_pointer (&fixture->service, child_free);
  log = fixture_service_read_log (fixture);
  self->log_length = strlen (log);
  self->n_kills++;
}

void
recovery_case_kill (RecoveryCase *self)
{
  child_signal (self->module.fixture.service, SIGKILL);
  recovery_case_wait_killed (self);
}

guint64
recovery_case_get_recorded (RecoveryCase *self, const char *file, const char *key)
{
  g_autofree char *path = get_state_path (self, file);
  g_autoptr (GKeyFile) record = g_key_file_new ();
  const char *group = g_str_equal (file, "targets") ? "Target 1" : "Module";
  g_autofree char *value = NULL;

  if (g_key_file_load_from_file (record, path, G_KEY_FILE_NONE, NULL))
    value = g_key_file_get_value (record, group, key, NULL);
  if (g_strcmp0 (value, "true") == 0)
    return 1;
  return value ? g_ascii_strtoull (value, NULL, 10) : 0;
}

void
recovery_case_spawn (RecoveryCase *self)
{
  Fixture *fixture = &self->module.fixture;
  g_autofree char *configuration = fixture_path (fixture, "service.conf");
  g_autofree char *config = g_strconcat ("--config=", configuration, NULL);
  g_autofree char *root = g_strconcat ("--root=", kernel_model_get_root (self->module.model), NULL);

  fixture_service_spawn (fixture, root, config, "--engine=module", NULL);
}

void
recovery_case_start_again (RecoveryCase *self)
{
  module_case_start (&self->module, NULL);
}

static guint64
get_number (RecoveryCase *self, const char *property)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = get_property (self->module.fixture.connection, property, &error);

  g_assert_no_error (error);
  return g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32) ? g_variant_get_uint32 (value)
                                                             : g_variant_get_uint64 (value);
}

typedef struct {
  RecoveryCase *self;
  const DhModuleSetting *row;
} SettingWait;

static gboolean
is_shown (gpointer data)
{
  const SettingWait *wait = data;
  const char *file = dh_parameter_info (wait->row->parameter)->name;
  g_autofree char *text = kernel_model_read (wait->self->module.model, file);

  return g_ascii_strtoull (text, NULL, 10)
         == get_number (wait->self, dh_setting_info (wait->row->setting)->name) / wait->row->unit;
}

static void
fail_setting (RecoveryCase *self, const DhModuleSetting *row)
{
  const char *name = dh_setting_info (row->setting)->name;
  g_autofree char *inputs = module_case_dup_inputs (&self->module);

  g_error ("%s is %" G_GUINT64_FORMAT ", the kernel has:\n%s", name, get_number (self, name),
           inputs);
}

/* What the bus says is what the files hold. */
static void
assert_settings (RecoveryCase *self)
{
  for (guint i = 0; i < dh_n_module_settings; i++) {
    const DhModuleSetting *row = &dh_module_settings[i];

    if (!wait_until (is_shown, &(SettingWait){ self, row }, RECOVERY_SECONDS))
      fail_setting (self, row);
  }
}

static void
assert_served (RecoveryCase *self, guint64 pid)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, pid);

  module_case_wait_state (&self->module, "running", RECOVERY_SECONDS);
  assert_property (self->module.fixture.connection, "Pid", g_variant_new_uint32 ((guint32) pid));
  g_assert_cmpint (kernel_model_get_number (self->module.model, "running"), ==, 1);
  g_assert_cmpint (kernel_model_get_number (self->module.model, "target-pid"), ==, (gint64) pid);
  assert_parameter (self->module.model, "enabled", "Y");
  assert_parameter (self->module.model, "monitored_pid", text);
  assert_settings (self);
  module_case_assert_in_force (&self->module);
}

typedef struct {
  RecoveryCase *self;
  const char *inputs;
} InputsWait;

static gboolean
are_inputs (gpointer data)
{
  const InputsWait *wait = data;
  g_autofree char *inputs = module_case_dup_inputs (&wait->self->module);

  return g_str_equal (inputs, wait->inputs);
}

static void
assert_found_again (RecoveryCase *self)
{
  g_autofree char *inputs = NULL;

  wait_until (are_inputs, &(InputsWait){ self, self->found }, RECOVERY_SECONDS);
  inputs = module_case_dup_inputs (&self->module);
  g_assert_cmpstr (inputs, ==, self->found);
}

static void
assert_idle (RecoveryCase *self, guint64 pid)
{
  assert_property_eventually (self->module.fixture.connection, "Pid",
                              g_variant_new_uint32 ((guint32) pid), RECOVERY_SECONDS);
  assert_parameter_eventually (self->module.model, "enabled", "N", RECOVERY_SECONDS);
  if (pid == 0)
    assert_found_again (self);
  module_case_wait_state (&self->module, "disabled", RECOVERY_SECONDS);
  g_assert_cmpint (kernel_model_get_number (self->module.model, "running"), ==, 0);
  assert_settings (self);
}

/* What there was to be done is told. */
static void
assert_told (RecoveryCase *self)
{
  g_autofree char *log = fixture_service_read_log (&self->module.fixture);

  if (!strstr (log + self->log_length, "before"))
    g_test_fail_printf ("Started again it does not say what it found:\n%s", log + self->log_length);
}

static gboolean
is_alive (RecoveryCase *self, guint64 pid)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->targets); i++)
    if (self->pids[i] == pid)
      return !child_has_exited (self->targets[i]);
  return FALSE;
}

void
recovery_case_assert_recovered (RecoveryCase *self)
{
  guint64 pid = recovery_case_get_recorded (self, "targets", "Pid");
  const gboolean was_enabled = recovery_case_get_recorded (self, "targets", "Enabled") == 1;
  g_autofree char *left = module_case_dup_inputs (&self->module);
  const gboolean is_clean = pid == 0 && g_str_equal (left, self->found);

  if (!is_alive (self, pid))
    pid = 0;
  recovery_case_start_again (self);
  if (pid != 0 && was_enabled)
    assert_served (self, pid);
  else
    assert_idle (self, pid);
  assert_parameter (self->module.model, "commit_inputs", "N");
  if (!is_clean)
    assert_told (self);
}

void
recovery_case_end_round (RecoveryCase *self)
{
  g_autofree char *left = NULL;

  module_case_stop (&self->module);
  left = module_case_dup_inputs (&self->module);
  g_assert_cmpstr (left, ==, self->found);
  g_assert_cmpint (kernel_model_get_number (self->module.model, "running"), ==, 0);
  kernel_model_assert_unhurt (self->module.model);
  end_targets (self);
}
