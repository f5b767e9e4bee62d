/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-engine-private.h"

#include "error.h"
#include "module-settings.h"

#include <string.h>

static void dh_module_engine_iface_init (DhEngineInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DhModuleEngine, dh_module_engine, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DH_TYPE_ENGINE, dh_module_engine_iface_init))

static const DhEngineInfo *
get_info (DhEngine *engine)
{
  static const DhEngineInfo info = {
    .name = "module",
    .max_targets = 1,
    .machine_wide = TRUE,
    .default_ratio = 100,
    .free_ratio = 1000,
  };

  return &info;
}

static const char *const *
get_capabilities (DhEngine *engine)
{
  return DH_MODULE_ENGINE (engine)->capabilities;
}

/* A goal whose file is missing cannot be set. */
static void
set_capabilities (DhModuleEngine *self)
{
  guint n = 0;

  self->capabilities[n++] = "collapse";
  if (!self->module || self->has[DH_PARAMETER_RATIO])
    self->capabilities[n++] = "ratio-goal";
  if (!self->module || self->has[DH_PARAMETER_FEEDBACK])
    self->capabilities[n++] = "feedback-goal";
  self->capabilities[n++] = "statistics";
  self->capabilities[n] = NULL;
}

static gboolean
get_range (DhEngine *engine, DhSetting setting, DhRange *ret_range)
{
  const DhModuleEngine *self = DH_MODULE_ENGINE (engine);

  for (guint i = 0; i < dh_n_module_settings; i++)
    if (dh_module_settings[i].setting == setting && !self->has[dh_module_settings[i].parameter])
      return FALSE;
  return dh_module_settings_get_range (setting, ret_range);
}

static gboolean
check_settings (DhEngine *engine, const DhSettings *settings, GError **error)
{
  return dh_module_settings_check (settings, error);
}

static gboolean
check_usable (const DhModuleJob *job, GError **error)
{
  if (!job->view.record.needs_reboot)
    return TRUE;
  g_set_error (error, DH_UNAVAILABLE, DH_UNAVAILABLE_NEEDS_REBOOT,
               "%s: the module does nothing any more until the machine is booted anew",
               dh_parameter_files_get_path (dh_module_get_files (job->module)));
  return FALSE;
}

/* A module that was there and cannot be read any more is looked for anew. */
static gboolean
run_probe (DhWriter *writer, gpointer data, GError **error)
{
  DhModuleJob *job = data;

  if (job->module && dh_module_look (job->module, &job->view, NULL))
    return check_usable (job, error);
  job->gone = TRUE;
  g_clear_pointer (&job->module, dh_module_unref);
  job->module = dh_module_open (job->engine->root, job->engine->record_path, error);
  return job->module && dh_module_look (job->module, &job->view, error)
         && check_usable (job, error);
}

static void
replace_module (DhModuleEngine *self, DhModule *module)
{
  g_clear_object (&self->monitor);
  g_clear_pointer (&self->module, dh_module_unref);
  memset (self->has, 0, sizeof self->has);
  self->module = module ? dh_module_ref (module) : NULL;
  for (DhParameter i = 0; module && i < DH_N_PARAMETERS; i++)
    self->has[i] = dh_parameter_files_has (dh_module_get_files (module), i);
  set_capabilities (self);
  if (module)
    dh_module_engine_watch_files (self);
}

static void
note_probed (DhModuleEngine *self, const DhModuleView *view)
{
  gboolean crashed = view->inherited && !dh_module_view_is_foreign (view);

  dh_module_engine_set_view (self, view);
  /* What a crash left there may be half of what was being done. */
  dh_module_settings_from_values (crashed ? &view->record.in_force : &view->values,
                                  self->time_ceiling, &self->settings);
  if (dh_module_view_is_foreign (view))
    dh_module_engine_adopt_process (self);
  else if (view->running)
    g_message ("The module is still at work on process %u, as before a crash", view->pid);
  else
    dh_module_engine_forget_process (self);
}

static void
on_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DhModuleJob *job = user_data;
  DhModuleEngine *self = job->engine;
  GError *error = NULL;
  gboolean good = dh_writer_run_finish (DH_WRITER (source), result, &error);

  /* Blocked, it is still the one that is in use. */
  if (!good && dh_writer_is_stuck (self->writer) && self->module) {
    g_clear_error (&error);
    good = TRUE;
  } else if (good || !dh_writer_is_stuck (self->writer)) {
    if (job->gone)
      replace_module (self, job->module);
    if (good)
      note_probed (self, &job->view);
  }
  if (good) {
    g_task_return_boolean (job->task, TRUE);
    return;
  }
  if (error->domain != DH_UNAVAILABLE) {
    error->domain = DH_UNAVAILABLE;
    error->code = DH_UNAVAILABLE_KERNEL_SUPPORT;
  }
  g_task_return_error (job->task, error);
}

static void
probe_async (DhEngine *engine, GCancellable *cancellable, GAsyncReadyCallback callback,
             gpointer user_data)
{
  DhModuleEngine *self = DH_MODULE_ENGINE (engine);
  DhModuleJob *job = dh_module_job_new (self);

  job->task = g_task_new (engine, cancellable, callback, user_data);
  dh_writer_run_async (self->writer, run_probe, job, dh_module_job_free, on_probed, job);
}

static gboolean
finish_boolean (DhEngine *engine, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* There is never more than one. (transfer none) (nullable) */
static const DhPlanTarget *
find_target (const DhPlan *plan)
{
  return plan->targets && plan->targets->len > 0 ? &g_array_index (plan->targets, DhPlanTarget, 0)
                                                 : NULL;
}

static DhModuleMode
choose_mode (DhModuleEngine *self, const DhPlan *plan, const DhPlanTarget *target)
{
  if (plan->releases)
    return DH_MODULE_RELEASE;
  if (!target || !target->enabled)
    return DH_MODULE_IDLE;
  /* Served already, and not by us. */
  if (self->session && !dh_module_engine_is_ours (self)
      && dh_process_equal (target->process, dh_module_engine_get_process (self)))
    return DH_MODULE_ADJUST;
  return DH_MODULE_SERVE;
}

/* Of what is somebody else's only what was asked for is touched, and what would not be taken. */
static void
leave_out_unchanged (const DhModuleEngine *self, const DhSettings *settings,
                     DhParameterValues *values)
{
  for (guint i = 0; i < dh_n_module_settings; i++) {
    const DhModuleSetting *row = &dh_module_settings[i];
    const guint64 value = settings->values[row->setting];

    if (value == self->settings.values[row->setting]
        && value == self->view.values.values[row->parameter] * row->unit)
      values->known[row->parameter] = FALSE;
  }
}

static gboolean
emit_serving (gpointer user_data)
{
  DhModuleEngine *self = user_data;

  if (dh_module_engine_is_ours (self))
    dh_engine_emit_event (DH_ENGINE (self), DH_ENGINE_SERVING, dh_module_engine_get_process (self),
                          NULL);
  return G_SOURCE_REMOVE;
}

static void
note_served (DhModuleEngine *self, const DhModuleJob *job)
{
  if (dh_module_engine_is_ours (self)
      && dh_process_equal (dh_module_engine_get_process (self), job->process)) {
    dh_module_session_renew (self->session, &job->owner);
    return;
  }
  dh_module_engine_keep_process (self, job->process, &job->owner);
  /* Behind the answer to whoever asked for it. */
  g_idle_add_full (G_PRIORITY_DEFAULT + 1, emit_serving, g_object_ref (self), g_object_unref);
}

static void
update_interval (DhModuleEngine *self)
{
  if (self->session)
    dh_module_session_set_interval (self->session,
                                    self->settings.values[DH_SETTING_STATISTICS_INTERVAL]);
}

static void
note_released (DhModuleEngine *self, DhModuleJob *job)
{
  const guint64 interval = job->settings.values[DH_SETTING_STATISTICS_INTERVAL];

  if (dh_module_engine_is_ours (self))
    dh_module_engine_forget_process (self);
  dh_module_engine_set_view (self, &job->view);
  dh_module_settings_from_values (&job->view.values, self->time_ceiling, &self->settings);
  self->settings.values[DH_SETTING_STATISTICS_INTERVAL] = interval;
  g_task_return_boolean (job->task, TRUE);
  /* What is somebody else's may have changed as well. */
  dh_module_engine_take_view (self, &job->view);
  update_interval (self);
}

/* What somebody else had begun may have been found after the plan was made: then whoever made it
 * has been told that it runs, and does not take from the plan that it has ended. */
static void
note_idle (DhModuleEngine *self)
{
  self->must_tell = self->must_tell || (self->session && !dh_module_engine_is_ours (self));
  dh_module_engine_forget_process (self);
  if (self->must_tell)
    dh_module_engine_look (self);
}

static void
on_applied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DhModuleJob *job = user_data;
  DhModuleEngine *self = job->engine;
  GError *error = NULL;

  if (!dh_writer_run_finish (DH_WRITER (source), result, &error)) {
    g_task_return_error (job->task, error);
    /* A process that was served before may not have come through. */
    dh_module_engine_look (self);
    return;
  }
  if (job->goal.mode == DH_MODULE_RELEASE) {
    note_released (self, job);
    return;
  }
  dh_module_engine_set_view (self, &job->view);
  self->settings = job->settings;
  if (job->goal.mode == DH_MODULE_SERVE)
    note_served (self, job);
  else if (!job->view.running)
    note_idle (self);
  update_interval (self);
  g_task_return_boolean (job->task, TRUE);
}

static void
apply_async (DhEngine *engine, const DhPlan *plan, GAsyncReadyCallback callback, gpointer user_data)
{
  DhModuleEngine *self = DH_MODULE_ENGINE (engine);
  g_autoptr (GTask) task = g_task_new (engine, NULL, callback, user_data);
  const DhPlanTarget *target = find_target (plan);
  DhModuleJob *job;

  if (!self->module) {
    g_task_return_new_error (task, DH_ERROR, DH_ERROR_NOT_AVAILABLE,
                             "The engine module is not available here");
    return;
  }
  job = dh_module_job_new (self);
  job->task = g_steal_pointer (&task);
  job->settings = plan->settings;
  if (target) {
    job->process = dh_process_ref (target->process);
    job->owner = target->owner;
  }
  job->goal.mode = choose_mode (self, plan, target);
  job->goal.process = job->process;
  job->goal.takes_over = dh_module_view_is_foreign (&self->view);
  dh_module_settings_to_values (&plan->settings, self->time_ceiling, &job->goal.values);
  if (job->goal.mode == DH_MODULE_ADJUST)
    leave_out_unchanged (self, &job->settings, &job->goal.values);
  dh_writer_run_async (self->writer, dh_module_job_run_apply, job, dh_module_job_free, on_applied,
                       job);
}

static gboolean
get_statistics (DhEngine *engine, DhProcess *process, DhStatistics *ret_statistics)
{
  DhModuleEngine *self = DH_MODULE_ENGINE (engine);

  if (!self->session || !dh_process_equal (dh_module_engine_get_process (self), process))
    return FALSE;
  memset (ret_statistics, 0, sizeof *ret_statistics);
  dh_statistics_set (ret_statistics, DH_STATISTIC_TIMESTAMP, self->seen_at);
  dh_statistics_set (ret_statistics, DH_STATISTIC_GOAL, self->settings.values[DH_SETTING_RATIO]);
  dh_module_session_get_statistics (self->session, &self->view, ret_statistics);
  return TRUE;
}

static gint
get_kdamond_pid (DhEngine *engine)
{
  const DhModuleView *view = &DH_MODULE_ENGINE (engine)->view;

  return view->running && view->kdamond_pid > 0 ? view->kdamond_pid : -1;
}

static gboolean
get_found (DhEngine *engine, DhFound *ret_found)
{
  const DhModuleEngine *self = DH_MODULE_ENGINE (engine);
  const DhModuleView *view = &self->view;

  *ret_found = (DhFound){
    .serving = view->running,
    .foreign = dh_module_view_is_foreign (view),
    .pid = view->pid,
    .settings = self->settings,
  };
  for (guint i = 0; i < dh_n_module_settings; i++)
    ret_found->has_setting[dh_module_settings[i].setting] =
      self->has[dh_module_settings[i].parameter];
  return TRUE;
}

static void
dh_module_engine_finalize (GObject *object)
{
  DhModuleEngine *self = DH_MODULE_ENGINE (object);

  dh_module_engine_forget_process (self);
  replace_module (self, NULL);
  g_object_unref (self->writer);
  g_free (self->record_path);
  g_free (self->root);
  G_OBJECT_CLASS (dh_module_engine_parent_class)->finalize (object);
}

static void
on_returned (DhModuleEngine *self)
{
  self->must_tell = TRUE;
  dh_module_engine_look (self);
}

static void
dh_module_engine_init (DhModuleEngine *self)
{
  self->writer = dh_writer_new ("module");
  g_signal_connect_object (self->writer, "returned", G_CALLBACK (on_returned), self,
                           G_CONNECT_SWAPPED);
  set_capabilities (self);
  dh_settings_init_defaults (&self->settings);
  for (DhSetting i = 0; i < DH_N_SETTINGS; i++) {
    DhRange range;

    if (dh_module_settings_get_range (i, &range))
      self->settings.values[i] = range.fallback;
  }
}

static void
dh_module_engine_class_init (DhModuleEngineClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dh_module_engine_finalize;
}

static void
dh_module_engine_iface_init (DhEngineInterface *iface)
{
  iface->get_info = get_info;
  iface->get_capabilities = get_capabilities;
  iface->get_range = get_range;
  iface->check_settings = check_settings;
  iface->probe_async = probe_async;
  iface->probe_finish = finish_boolean;
  iface->apply_async = apply_async;
  iface->apply_finish = finish_boolean;
  iface->get_statistics = get_statistics;
  iface->get_kdamond_pid = get_kdamond_pid;
  iface->get_found = get_found;
}

DhEngine *
dh_module_engine_new (const char *root, const char *state_directory, guint time_ceiling)
{
  DhModuleEngine *self = g_object_new (DH_TYPE_MODULE_ENGINE, NULL);

  self->root = g_strdup (root);
  self->record_path = g_build_filename (state_directory, "module", NULL);
  self->time_ceiling = time_ceiling;
  return DH_ENGINE (self);
}
