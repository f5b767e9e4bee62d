/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-engine-private.h"

#include "error.h"
#include "module-settings.h"

#include <string.h>

/* How soon after a write by somebody else it is looked. */
#define MONITOR_MSEC 100

DhModuleJob *
dh_module_job_new (DhModuleEngine *self)
{
  DhModuleJob *job = g_new0 (DhModuleJob, 1);

  job->engine = g_object_ref (self);
  job->module = self->module ? dh_module_ref (self->module) : NULL;
  return job;
}

void
dh_module_job_free (gpointer data)
{
  DhModuleJob *job = data;

  g_clear_pointer (&job->process, dh_process_unref);
  g_clear_object (&job->task);
  g_clear_pointer (&job->module, dh_module_unref);
  g_object_unref (job->engine);
  g_free (job);
}

/* Of what is served. */
DhProcess *
dh_module_engine_get_process (const DhModuleEngine *self)
{
  return dh_module_session_get_process (self->session);
}

gboolean
dh_module_engine_is_ours (const DhModuleEngine *self)
{
  return self->session && dh_module_session_is_ours (self->session);
}

void
dh_module_engine_forget_process (DhModuleEngine *self)
{
  g_clear_pointer (&self->session, dh_module_session_free);
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  const DhModuleJob *job = user_data;
  g_autoptr (GError) error = NULL;

  job->engine->ending--;
  if (!dh_writer_run_finish (DH_WRITER (source), result, &error))
    g_warning ("%s", error->message);
  /* What was seen meanwhile was not taken. */
  dh_module_engine_look (job->engine);
}

/* Nobody waits for it. */
static void
run_ending (DhModuleEngine *self, DhWriterFunc func, DhModuleJob *job)
{
  self->ending++;
  dh_module_engine_forget_process (self);
  dh_writer_run_async (self->writer, func, job, dh_module_job_free, on_ended, job);
}

gboolean
dh_module_job_run_apply (DhWriter *writer, gpointer data, GError **error)
{
  DhModuleJob *job = data;

  return dh_module_apply (job->module, writer, &job->goal, &job->view, error);
}

/* Whether the module still works on what the job is about, or on nothing: before its turn came,
 * another process may have been set. */
static gboolean
is_to_run (DhModuleJob *job)
{
  return dh_module_look (job->module, &job->view, NULL)
         && (!job->view.running || job->view.pid == (guint32) dh_process_get_pid (job->process));
}

static gboolean
run_end (DhWriter *writer, gpointer data, GError **error)
{
  return !is_to_run (data) || dh_module_job_run_apply (writer, data, error);
}

static gboolean
run_mend (DhWriter *writer, gpointer data, GError **error)
{
  const DhModuleJob *job = data;

  return !is_to_run (data) || !job->view.astray || dh_module_job_run_apply (writer, data, error);
}

/* Ends serving without having been asked. */
static void
end_serving (DhModuleEngine *self)
{
  DhModuleJob *job = dh_module_job_new (self);

  job->process = dh_process_ref (dh_module_engine_get_process (self));
  job->goal.mode = DH_MODULE_IDLE;
  dh_module_settings_to_values (&self->settings, self->time_ceiling, &job->goal.values);
  run_ending (self, run_end, job);
}

static gboolean
run_give_up (DhWriter *writer, gpointer data, GError **error)
{
  DhModuleJob *job = data;

  return dh_module_give_up (job->module, writer, error);
}

static void
give_up (DhModuleEngine *self)
{
  g_autoptr (DhProcess) process = dh_process_ref (dh_module_engine_get_process (self));
  g_autoptr (GError) error = NULL;

  g_set_error (&error, DH_UNAVAILABLE, DH_UNAVAILABLE_NEEDS_REBOOT,
               "The module DAMON_HUGEPAGE works on process %d but does nothing: an earlier target "
               "ended while it was at work, which only a reboot mends",
               dh_process_get_pid (process));
  run_ending (self, run_give_up, dh_module_job_new (self));
  dh_engine_emit_event (DH_ENGINE (self), DH_ENGINE_FAILED, process, error);
}

static void
on_owner_changed (gpointer user_data)
{
  DhModuleEngine *self = user_data;
  g_autoptr (DhProcess) process = dh_process_ref (dh_module_engine_get_process (self));
  g_autoptr (GError) error = NULL;

  g_set_error (&error, DH_ERROR, DH_ERROR_PROCESS_NOT_PERMITTED,
               "Process %d has become somebody else's", dh_process_get_pid (process));
  end_serving (self);
  dh_engine_emit_event (DH_ENGINE (self), DH_ENGINE_DROPPED, process, error);
}

static void
on_look_due (gpointer user_data)
{
  dh_module_engine_look (user_data);
}

/* @owner: (nullable): somebody else began it. */
void
dh_module_engine_keep_process (DhModuleEngine *self, DhProcess *process, const DhOwner *owner)
{
  static const DhModuleSessionFuncs funcs = {
    .look = on_look_due,
    .owner_changed = on_owner_changed,
  };
  DhModuleSession *session = dh_module_session_new (process, owner, &self->view, &funcs, self);

  dh_module_engine_forget_process (self);
  self->session = session;
  dh_module_session_set_interval (session, self->settings.values[DH_SETTING_STATISTICS_INTERVAL]);
}

/* What is served without us having been told, or with nobody having been told that it is. */
void
dh_module_engine_adopt_process (DhModuleEngine *self)
{
  const DhModuleView *view = &self->view;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhProcess) process = dh_process_open (self->root, view->pid, &error);
  DhOwner owner;

  if (!process || !dh_process_read_owner (process, &owner, &error)) {
    if (self->hidden_pid != view->pid)
      g_message ("The module is at work on what is not shown: %s", error->message);
    self->hidden_pid = view->pid;
    dh_module_engine_forget_process (self);
    return;
  }
  dh_module_engine_keep_process (self, process, view->begun ? &owner : NULL);
}

/* Its target lives, nobody has switched it off, and yet the kernel thread is gone. */
static void
fail_stopped (DhModuleEngine *self)
{
  g_autoptr (DhProcess) process = dh_process_ref (dh_module_engine_get_process (self));
  g_autoptr (GError) error = NULL;

  g_set_error (&error, DH_ERROR, DH_ERROR_KERNEL_REJECTED,
               "The kernel stopped working on process %d", dh_process_get_pid (process));
  end_serving (self);
  dh_engine_emit_event (DH_ENGINE (self), DH_ENGINE_FAILED, process, error);
}

static void
set_hampered (DhModuleEngine *self, const GError *error)
{
  gboolean was_hampered = self->hampered;

  self->hampered = error != NULL;
  if (self->hampered != was_hampered && self->session)
    dh_engine_emit_event (DH_ENGINE (self), error ? DH_ENGINE_HAMPERED : DH_ENGINE_RECOVERED,
                          dh_module_engine_get_process (self), error);
}

void
dh_module_engine_set_view (DhModuleEngine *self, const DhModuleView *view)
{
  self->view = *view;
  self->seen_at = (guint64) g_get_monotonic_time ();
}

/* What runs is not what was known to run. Returns: FALSE if there is no more to be said of it. */
static gboolean
take_end (DhModuleEngine *self)
{
  /* Its exit is seen by whoever holds the process. */
  if (dh_module_engine_is_ours (self) && !dh_process_is_alive (dh_module_engine_get_process (self)))
    return FALSE;
  if (dh_module_engine_is_ours (self) && self->view.values.values[DH_PARAMETER_ENABLED]) {
    fail_stopped (self);
    return FALSE;
  }
  dh_module_engine_forget_process (self);
  return TRUE;
}

static void
on_mended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  const DhModuleJob *job = user_data;
  g_autoptr (GError) error = NULL;

  job->engine->mending = FALSE;
  set_hampered (job->engine,
                dh_writer_run_finish (DH_WRITER (source), result, &error) ? NULL : error);
}

/* What was changed could not be taken back: tried again each time it is looked, until the kernel
 * lets it. */
static void
mend (DhModuleEngine *self)
{
  DhModuleJob *job;

  if (self->mending)
    return;
  self->mending = TRUE;
  job = dh_module_job_new (self);
  job->goal.mode = DH_MODULE_SERVE;
  job->process = dh_process_ref (dh_module_engine_get_process (self));
  job->goal.process = job->process;
  dh_module_settings_to_values (&self->settings, self->time_ceiling, &job->goal.values);
  dh_writer_run_async (self->writer, run_mend, job, dh_module_job_free, on_mended, job);
}

/* Compares what was read with what is known. */
void
dh_module_engine_take_view (DhModuleEngine *self, const DhModuleView *view)
{
  const DhSettings before = self->settings;
  gboolean news = self->must_tell;

  dh_module_engine_set_view (self, view);
  dh_module_settings_from_values (&view->values, self->time_ceiling, &self->settings);
  if (dh_module_engine_is_ours (self) && view->astray)
    mend (self);
  else
    set_hampered (self, NULL);
  self->must_tell = FALSE;
  if (memcmp (&before, &self->settings, sizeof before) != 0)
    news = TRUE;
  if (view->running && !(self->session && dh_module_session_is_shown (self->session, view))) {
    dh_module_engine_adopt_process (self);
    news = TRUE;
  } else if (!view->running && self->session) {
    news = take_end (self);
  } else if (dh_module_engine_is_ours (self)
             && dh_module_session_is_stalled (self->session, view)) {
    give_up (self);
    news = FALSE;
  }
  if (news)
    dh_engine_emit_event (DH_ENGINE (self), DH_ENGINE_FOUND, NULL, NULL);
}

static gboolean
run_look (DhWriter *writer, gpointer data, GError **error)
{
  DhModuleJob *job = data;

  if (dh_module_look (job->module, &job->view, error))
    return TRUE;
  job->gone = !dh_parameter_files_exist (dh_module_get_files (job->module));
  return FALSE;
}

static void
vanish (DhModuleEngine *self, const GError *error)
{
  g_autoptr (DhProcess) process = dh_process_ref (dh_module_engine_get_process (self));
  g_autoptr (GError) unavailable = g_error_copy (error);

  unavailable->domain = DH_UNAVAILABLE;
  unavailable->code = DH_UNAVAILABLE_KERNEL_SUPPORT;
  self->view.running = self->view.begun = FALSE;
  dh_module_engine_forget_process (self);
  dh_engine_emit_event (DH_ENGINE (self), DH_ENGINE_FAILED, process, unavailable);
}

static void
on_looked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  const DhModuleJob *job = user_data;
  DhModuleEngine *self = job->engine;
  g_autoptr (GError) error = NULL;

  self->looking = FALSE;
  if (self->look_again)
    dh_module_engine_look (self);
  if (dh_writer_run_finish (DH_WRITER (source), result, &error)) {
    if (self->ending == 0)
      dh_module_engine_take_view (self, &job->view);
  } else if (!dh_writer_is_stuck (self->writer)) {
    if (job->gone && self->session)
      vanish (self, error);
    else
      set_hampered (self, error);
  }
}

void
dh_module_engine_look (DhModuleEngine *self)
{
  DhModuleJob *job;

  self->look_again = self->looking;
  if (self->looking || !self->module || dh_writer_is_stuck (self->writer))
    return;
  self->looking = TRUE;
  job = dh_module_job_new (self);
  dh_writer_run_async (self->writer, run_look, job, dh_module_job_free, on_looked, job);
}

static void
on_files_changed (GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event,
                  gpointer user_data)
{
  dh_module_engine_look (user_data);
}

/* What others write; what the kernel changes by itself nobody is told. */
void
dh_module_engine_watch_files (DhModuleEngine *self)
{
  const char *path = dh_parameter_files_get_path (dh_module_get_files (self->module));
  g_autofree char *real = g_build_filename (self->root, path, NULL);
  g_autoptr (GFile) folder = g_file_new_for_path (real);
  g_autoptr (GError) error = NULL;

  g_clear_object (&self->monitor);
  self->monitor = g_file_monitor_directory (folder, G_FILE_MONITOR_NONE, NULL, &error);
  if (!self->monitor) {
    g_warning ("What others write to %s is seen late: %s", path, error->message);
    return;
  }
  g_file_monitor_set_rate_limit (self->monitor, MONITOR_MSEC);
  g_signal_connect_object (self->monitor, "changed", G_CALLBACK (on_files_changed), self, 0);
}
