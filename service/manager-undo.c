/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "manager-private.h"

#include "error.h"

/* Between the change that ends serving and the engine's answer. */
typedef struct {
  DhTarget *target;
  guint timeout;
  gboolean answered;
} Undo;

static void
free_undo (gpointer data)
{
  Undo *undo = data;

  g_clear_handle_id (&undo->timeout, g_source_remove);
  dh_target_unref (undo->target);
  g_free (undo);
}

/* What the kernel is at may take any time, and the caller's patience ends. */
static gboolean
on_timeout (gpointer user_data)
{
  GTask *task = user_data;
  Undo *undo = g_task_get_task_data (task);

  undo->timeout = 0;
  undo->answered = TRUE;
  g_task_return_new_error (task, DH_ERROR, DH_ERROR_BUSY,
                           "The kernel has not come back from what it does for process %d: it is "
                           "undone as soon as it has",
                           dh_process_get_pid (undo->target->process));
  return G_SOURCE_REMOVE;
}

static void
on_undone (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Undo *undo = g_task_get_task_data (task);
  DhUndoResult undone;
  GError *error = NULL;
  gboolean done = dh_engine_undo_finish (DH_ENGINE (source), result, &undone, &error);

  g_clear_handle_id (&undo->timeout, g_source_remove);
  if (undo->answered)
    g_clear_error (&error);
  else if (done)
    g_task_return_pointer (task, g_memdup2 (&undone, sizeof undone), g_free);
  else
    g_task_return_error (task, error);
}

static void
on_disabled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DhManager *self = DH_MANAGER (source);
  g_autoptr (GTask) task = user_data;
  Undo *undo = g_task_get_task_data (task);
  GError *error = NULL;

  if (!dh_manager_apply_finish (self, result, NULL, &error)) {
    g_task_return_error (task, error);
    return;
  }
  undo->timeout = g_timeout_add_seconds (DH_MANAGER_UNDO_SEC, on_timeout, task);
  dh_engine_undo_async (self->engine, undo->target->process, on_undone, g_object_ref (task));
}

void
dh_manager_undo_async (DhManager *self, DhChange *change, const DhCaller *caller, DhActions granted,
                       GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  Undo *undo = g_new0 (Undo, 1);

  undo->target = dh_target_ref (dh_target_list_find (self->targets, change->target));
  g_task_set_task_data (task, undo, free_undo);
  dh_manager_apply_async (self, change, caller, granted, on_disabled, task);
}

gboolean
dh_manager_undo_finish (DhManager *self, GAsyncResult *result, DhUndoResult *ret_result,
                        GError **error)
{
  g_autofree DhUndoResult *undone = g_task_propagate_pointer (G_TASK (result), error);

  if (undone)
    *ret_result = *undone;
  return undone != NULL;
}
