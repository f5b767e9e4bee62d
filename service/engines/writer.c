/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "writer.h"

#include "error.h"

#define NEVER (-1)

/* Its references are the main thread's; what the thread gets is lent. */
typedef struct {
  DhWriter *writer; /* lives for as long as there is a job */
  DhWriterFunc func;
  gpointer data;
  GDestroyNotify free_data;
  GTask *task; /* NULL: the caller has been answered */
  gboolean result;
  GError *error;
} Job;

struct _DhWriter {
  GObject parent_instance;

  char *thread_name;
  GThread *thread;    /* NULL before the first job */
  GAsyncQueue *given; /* Job: what the thread does now */
  GQueue waiting;     /* Job: what it does later */
  Job *running;       /* NULL: none */

  GMutex mutex;   /* guards what follows */
  GSource *timer; /* NULL: no job is running */
  gint64 deadline;
  guint allowed_msec; /* which ends at deadline */
};

G_DEFINE_FINAL_TYPE (DhWriter, dh_writer, G_TYPE_OBJECT)

static guint returned_signal;

/* Given in the place of a job: the thread is no longer needed. */
static Job end_of_jobs;

static void
clear_job (gpointer data)
{
  Job *job = data;

  if (job->free_data)
    job->free_data (job->data);
  g_clear_error (&job->error);
  g_object_unref (job->writer);
}

static void
unref_job (gpointer job)
{
  g_rc_box_release_full (job, clear_job);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Job, unref_job)

/* There are no jobs: each would keep the writer alive. */
static void
dh_writer_finalize (GObject *object)
{
  DhWriter *self = DH_WRITER (object);

  if (self->thread) {
    g_async_queue_push (self->given, &end_of_jobs);
    g_thread_unref (self->thread);
  }
  g_async_queue_unref (self->given);
  g_free (self->thread_name);
  g_mutex_clear (&self->mutex);

  G_OBJECT_CLASS (dh_writer_parent_class)->finalize (object);
}

static void
dh_writer_class_init (DhWriterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dh_writer_finalize;

  returned_signal = g_signal_new ("returned", DH_TYPE_WRITER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 0);
}

static void
dh_writer_init (DhWriter *self)
{
  self->given = g_async_queue_new ();
  g_queue_init (&self->waiting);
  g_mutex_init (&self->mutex);
}

DhWriter *
dh_writer_new (const char *thread_name)
{
  DhWriter *self = g_object_new (DH_TYPE_WRITER, NULL);

  self->thread_name = g_strdup (thread_name);
  return self;
}

static void
set_deadline (DhWriter *self, gint64 deadline)
{
  self->deadline = deadline;
  g_source_set_ready_time (self->timer, deadline);
}

static void
answer (Job *job, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&job->task);

  if (error)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, job->result);
}

static void
answer_busy (Job *job)
{
  answer (job, g_error_new_literal (DH_ERROR, DH_ERROR_BUSY,
                                    "The kernel has not yet answered an earlier request: try again "
                                    "later"));
}

/* Returns: FALSE if there is time left after all, or the job has ended meanwhile. */
static gboolean
expire (DhWriter *self, guint *ret_msec)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  if (self->deadline == NEVER || g_get_monotonic_time () < self->deadline)
    return FALSE;

  *ret_msec = self->allowed_msec;
  return TRUE;
}

static gboolean
on_time_over (gpointer user_data)
{
  g_autoptr (DhWriter) self = g_object_ref (user_data);
  guint msec;

  if (!expire (self, &msec))
    return G_SOURCE_CONTINUE;

  answer (
    self->running,
    g_error_new (DH_ERROR, DH_ERROR_TIMEOUT,
                 "The kernel has not answered for %u s: what was asked of it may still happen",
                 (msec + 999) / 1000));
  while (!g_queue_is_empty (&self->waiting)) {
    g_autoptr (Job) job = g_queue_pop_head (&self->waiting);

    answer_busy (job);
  }
  return G_SOURCE_REMOVE;
}

static gboolean
dispatch_timer (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static void
start_timer (DhWriter *self)
{
  static GSourceFuncs functions = { .dispatch = dispatch_timer };
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  self->timer = g_source_new (&functions, sizeof (GSource));
  g_source_set_callback (self->timer, on_time_over, self, NULL);
  g_source_attach (self->timer, NULL);
}

static void
stop_timer (DhWriter *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static void start_next (DhWriter *self);

static gboolean
on_job_ended (gpointer user_data)
{
  g_autoptr (Job) job = user_data;
  DhWriter *self = job->writer;

  stop_timer (self);
  self->running = NULL;
  if (job->task)
    answer (job, g_steal_pointer (&job->error));
  else
    g_signal_emit (self, returned_signal, 0);
  start_next (self);
  return G_SOURCE_REMOVE;
}

static void
run_job (Job *job)
{
  DhWriter *writer = job->writer;

  job->result = job->func (writer, job->data, &job->error);

  g_mutex_lock (&writer->mutex);
  set_deadline (writer, NEVER);
  g_mutex_unlock (&writer->mutex);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_job_ended, job, NULL);
}

static gpointer
run_jobs (gpointer data)
{
  g_autoptr (GAsyncQueue) given = data;
  Job *job;

  while ((job = g_async_queue_pop (given)) != &end_of_jobs)
    run_job (job);
  return NULL;
}

static void
start_next (DhWriter *self)
{
  if (self->running || g_queue_is_empty (&self->waiting))
    return;

  self->running = g_queue_pop_head (&self->waiting);
  start_timer (self);
  dh_writer_allow (self, DH_WRITER_STEP_MSEC);
  if (!self->thread)
    self->thread = g_thread_new (self->thread_name, run_jobs, g_async_queue_ref (self->given));
  g_async_queue_push (self->given, self->running);
}

void
dh_writer_run_async (DhWriter *self, DhWriterFunc func, gpointer data, GDestroyNotify free_data,
                     GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (Job) job = g_rc_box_new0 (Job);

  job->writer = g_object_ref (self);
  job->func = func;
  job->data = data;
  job->free_data = free_data;
  job->task = g_task_new (self, NULL, callback, user_data);
  /* The caller may look at the data until it has been called back. */
  g_task_set_task_data (job->task, g_rc_box_acquire (job), unref_job);

  if (dh_writer_is_stuck (self)) {
    answer_busy (job);
    return;
  }
  g_queue_push_tail (&self->waiting, g_steal_pointer (&job));
  start_next (self);
}

gboolean
dh_writer_run_finish (DhWriter *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
dh_writer_allow (DhWriter *self, guint msec)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  if (!self->timer)
    return;
  self->allowed_msec = msec;
  set_deadline (self, g_get_monotonic_time () + (gint64) msec * 1000);
}

gboolean
dh_writer_is_stuck (DhWriter *self)
{
  return self->running && !self->running->task;
}
