/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "process-list.h"

#include "error.h"

struct _DhProcessList {
  GObject parent_instance;

  char *root;
  DhProcessListClock clock;

  gboolean reading;
  GPtrArray *waiting; /* GTask: who is to be answered */
  guint answering;    /* source, which answers one of them in a turn of the main loop */

  /* The last result, good until then; 0: there is none. */
  gint64 good_until;
  GPtrArray *listed; /* NULL: it was an error */
  GError *error;
};

G_DEFINE_FINAL_TYPE (DhProcessList, dh_process_list, G_TYPE_OBJECT)

static void
free_listed (gpointer data)
{
  DhListedProcess *listed = data;

  g_free (listed->name);
  g_free (listed->unit);
  g_free (listed->user_unit);
  g_free (listed);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhListedProcess, free_listed)

/* Returns: (transfer full): NULL for what is no target, or not the same any more; with an error if
 * that is the reason. */
static DhListedProcess *
look_at (const char *root, guint64 pid, GError **error)
{
  g_autoptr (DhProcess) process = dh_process_open (root, pid, error);
  g_autoptr (DhListedProcess) listed = NULL;
  DhOwner owner;

  if (!process)
    return NULL;
  listed = g_new0 (DhListedProcess, 1);
  listed->pid = (guint32) pid;
  /* Not what smaps_rollup says: for that the kernel walks the page tables, behind whatever holds
   * the process's mmap lock, and this is for a thousand processes. */
  if (!dh_process_read_owner (process, &listed->owner, error)
      || !dh_process_read_anonymous (process, &listed->anonymous_bytes, error))
    return NULL;
  listed->name = dh_process_dup_name (process);
  listed->unit = dh_process_dup_unit (process);
  listed->user_unit = dh_process_dup_user_unit (process);

  /* Last, so that nobody is shown what was read of a program that is not his. That it lives is
   * checked after all as well. */
  if (!dh_process_read_owner (process, &owner, error) || !dh_owner_equal (&owner, &listed->owner))
    return NULL;
  return g_steal_pointer (&listed);
}

static GDir *
open_proc (const char *root, GError **error)
{
  g_autofree char *path = g_build_filename (root, "proc", NULL);
  g_autoptr (GError) reason = NULL;
  GDir *proc = g_dir_open (path, 0, &reason);
  DhError code = DH_ERROR_NOT_AVAILABLE;

  if (proc)
    return proc;
  if (g_error_matches (reason, G_FILE_ERROR, G_FILE_ERROR_MFILE)
      || g_error_matches (reason, G_FILE_ERROR, G_FILE_ERROR_NFILE)
      || g_error_matches (reason, G_FILE_ERROR, G_FILE_ERROR_NOMEM))
    code = DH_ERROR_LIMIT_EXCEEDED;
  g_set_error (error, DH_ERROR, code, "Processes cannot be listed: %s", reason->message);
  return NULL;
}

static int
by_pid (gconstpointer a, gconstpointer b)
{
  const DhListedProcess *const *x = a, *const *y = b;

  return (*x)->pid < (*y)->pid ? -1 : (*x)->pid > (*y)->pid;
}

static GPtrArray *
list_processes (const char *root, GError **error)
{
  g_autoptr (GDir) proc = open_proc (root, error);
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (free_listed);
  const char *name;

  if (!proc)
    return NULL;
  while ((name = g_dir_read_name (proc))) {
    g_autoptr (GError) reason = NULL;
    DhListedProcess *listed;
    guint64 pid;

    if (!g_ascii_string_to_unsigned (name, 10, 1, G_MAXINT32, &pid, NULL))
      continue;
    listed = look_at (root, pid, &reason);
    if (listed)
      g_ptr_array_add (list, listed);
    if (g_error_matches (reason, DH_ERROR, DH_ERROR_LIMIT_EXCEEDED)) {
      g_propagate_error (error, g_steal_pointer (&reason));
      return NULL;
    }
  }
  g_ptr_array_sort (list, by_pid);
  return g_steal_pointer (&list);
}

static void
dh_process_list_finalize (GObject *object)
{
  DhProcessList *self = DH_PROCESS_LIST (object);

  g_ptr_array_unref (self->waiting);
  g_clear_pointer (&self->listed, g_ptr_array_unref);
  g_clear_error (&self->error);
  g_free (self->root);

  G_OBJECT_CLASS (dh_process_list_parent_class)->finalize (object);
}

static void
dh_process_list_class_init (DhProcessListClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dh_process_list_finalize;
}

static void
dh_process_list_init (DhProcessList *self)
{
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  self->clock = g_get_monotonic_time;
}

DhProcessList *
dh_process_list_new (const char *root)
{
  DhProcessList *self = g_object_new (DH_TYPE_PROCESS_LIST, NULL);

  self->root = g_strdup (root);
  return self;
}

void
dh_process_list_set_clock (DhProcessList *self, DhProcessListClock clock)
{
  self->clock = clock;
}

static void
answer (DhProcessList *self, GTask *task)
{
  GSource *cancellation = g_task_get_task_data (task);

  if (cancellation)
    g_source_destroy (cancellation);
  if (self->listed)
    g_task_return_pointer (task, g_ptr_array_ref (self->listed),
                           (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, g_error_copy (self->error));
}

static gboolean
can_answer (DhProcessList *self)
{
  return !self->reading && self->waiting->len > 0;
}

/* What is done with a long list takes a while: in between others have their turn. */
static gboolean
on_turn (gpointer user_data)
{
  DhProcessList *self = user_data;
  g_autoptr (GTask) task = can_answer (self) ? g_ptr_array_steal_index (self->waiting, 0) : NULL;

  if (task)
    answer (self, task);
  if (can_answer (self))
    return G_SOURCE_CONTINUE;
  self->answering = 0;
  return G_SOURCE_REMOVE;
}

static void
begin_to_answer (DhProcessList *self)
{
  if (self->answering == 0)
    self->answering =
      g_idle_add_full (G_PRIORITY_DEFAULT, on_turn, g_object_ref (self), g_object_unref);
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  GTask *task = user_data;
  DhProcessList *self = g_task_get_source_object (task);

  g_ptr_array_remove (self->waiting, task);
  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

static void
wait_for_result (DhProcessList *self, GTask *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  GSource *source;

  g_ptr_array_add (self->waiting, g_object_ref (task));
  if (!cancellable)
    return;
  source = g_cancellable_source_new (cancellable);
  g_task_set_task_data (task, source, (GDestroyNotify) g_source_unref);
  g_task_attach_source (task, source, G_SOURCE_FUNC (on_cancelled));
}

static void
read_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const char *root = task_data;
  GError *error = NULL;
  GPtrArray *list = list_processes (root, &error);

  if (list)
    g_task_return_pointer (task, list, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, error);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DhProcessList) self = user_data;

  self->reading = FALSE;
  g_clear_pointer (&self->listed, g_ptr_array_unref);
  g_clear_error (&self->error);
  self->listed = g_task_propagate_pointer (G_TASK (result), &self->error);
  self->good_until = self->clock () + DH_PROCESS_LIST_USEC;
  begin_to_answer (self);
}

/* The thread, which may be done with the task last, is given nothing of the list itself. */
static void
start_reading (DhProcessList *self)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, on_read, g_object_ref (self));

  self->reading = TRUE;
  g_task_set_task_data (task, g_strdup (self->root), g_free);
  g_task_run_in_thread (task, read_in_thread);
}

void
dh_process_list_read_async (DhProcessList *self, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  if (g_task_return_error_if_cancelled (task))
    return;
  wait_for_result (self, task);
  if (!self->reading && self->clock () < self->good_until)
    begin_to_answer (self);
  else if (!self->reading)
    start_reading (self);
}

GPtrArray *
dh_process_list_read_finish (DhProcessList *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
