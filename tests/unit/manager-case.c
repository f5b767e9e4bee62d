/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "manager-case.h"

#include "wait.h"

static void
on_added (DhManager *manager, DhTarget *target, gpointer data)
{
  ManagerCase *self = data;

  g_string_append (self->signals, "added ");
  self->id = target->id;
}

static void
on_removed (DhManager *manager, DhTarget *target, gboolean exited, gpointer data)
{
  ManagerCase *self = data;

  g_string_append (self->signals, exited ? "exited removed " : "removed ");
}

static void
on_target_exited (DhManager *manager, guint pid, gpointer data)
{
  ManagerCase *self = data;

  g_assert_cmpuint (pid, ==, (guint) self->child->pid);
  g_string_append (self->signals, "primary-exited ");
}

static gboolean
is_ready (gpointer manager)
{
  return dh_manager_get_state (manager) != DH_STATE_STARTING;
}

void
manager_case_set_up (ManagerCase *self, gconstpointer data)
{
  GPtrArray *engines = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (DhStore) store = NULL;

  set_up (&self->store, NULL);
  store = open_store (&self->store);
  self->engine = fake_engine_new ();
  self->child = child_new (NULL);
  self->signals = g_string_new (NULL);
  g_ptr_array_add (engines, g_object_ref (self->engine));
  self->manager = dh_manager_new (dh_configuration_load ("/nonexistent"), store, engines, "/");
  g_signal_connect (self->manager, "target-added", G_CALLBACK (on_added), self);
  g_signal_connect (self->manager, "target-removed", G_CALLBACK (on_removed), self);
  g_signal_connect (self->manager, "target-exited", G_CALLBACK (on_target_exited), self);
  dh_manager_start (self->manager);
  g_assert_true (wait_until (is_ready, self->manager, CASE_SECONDS));
}

void
manager_case_tear_down (ManagerCase *self, gconstpointer data)
{
  fake_engine_release (self->engine);
  /* What is still on its way holds a reference. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  /* But for the time limit of a stop. */
  g_assert_cmpuint (G_OBJECT (self->manager)->ref_count, ==, self->stopped ? 2 : 1);
  g_object_unref (self->manager);
  g_object_unref (self->engine);
  g_string_free (self->signals, TRUE);
  child_free (self->child);
  tear_down (&self->store, NULL);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  ((Answer *) data)->result = g_object_ref (result);
}

static gboolean
has_answer (gpointer data)
{
  return ((Answer *) data)->result != NULL;
}

static const DhCaller *
get_caller (void)
{
  static const DhCaller root = { .sender = ":1.1" };

  return &root;
}

gboolean
manager_case_begin (ManagerCase *self, DhChange *change, Answer *answer, GError **error)
{
  *answer = (Answer){ NULL };
  /* As a request does: the process is opened by it. */
  if (!dh_manager_check (self->manager, change, get_caller (), error)) {
    dh_change_free (change);
    return FALSE;
  }
  dh_manager_apply_async (self->manager, change, get_caller (), DH_ACTIONS_ALL, on_answer, answer);
  return TRUE;
}

gboolean
manager_case_finish (ManagerCase *self, Answer *answer, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_true (wait_until (has_answer, answer, CASE_SECONDS));
  result = g_steal_pointer (&answer->result);
  return dh_manager_apply_finish (self->manager, result, NULL, error);
}

gboolean
manager_case_apply (ManagerCase *self, DhChange *change, GError **error)
{
  Answer answer;

  return manager_case_begin (self, change, &answer, error)
         && manager_case_finish (self, &answer, error);
}

void
manager_case_make (ManagerCase *self, DhChange *change)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (manager_case_apply (self, change, &error));
  g_assert_no_error (error);
}

void
manager_case_add (ManagerCase *self, gboolean primary)
{
  DhChange *change = dh_change_new (DH_CHANGE_ADD);

  change->has_pid = change->has_enabled = change->enabled = TRUE;
  change->pid = (guint32) self->child->pid;
  change->primary = primary;
  change->client = g_strdup (CASE_CLIENT);
  manager_case_make (self, change);
}

DhChange *
manager_case_change_of (ManagerCase *self, DhChangeKind kind)
{
  DhChange *change = dh_change_new (kind);

  change->target = self->id;
  return change;
}

typedef struct {
  ManagerCase *self;
  Answer *answer;
} UndoWait;

static gboolean
is_undoing_or_answered (gpointer data)
{
  const UndoWait *wait = data;

  return wait->answer->result
         || fake_engine_is_undoing (wait->self->engine, wait->self->child->pid);
}

gboolean
manager_case_begin_undo (ManagerCase *self, Answer *answer, GError **error)
{
  DhChange *change = manager_case_change_of (self, DH_CHANGE_UNDO);

  *answer = (Answer){ NULL };
  if (!dh_manager_check (self->manager, change, get_caller (), error)) {
    dh_change_free (change);
    return FALSE;
  }
  dh_manager_undo_async (self->manager, change, get_caller (), DH_ACTIONS_ALL, on_answer, answer);
  g_assert_true (wait_until (is_undoing_or_answered, &(UndoWait){ self, answer }, CASE_SECONDS));
  return TRUE;
}

gboolean
manager_case_finish_undo (ManagerCase *self, Answer *answer, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  DhUndoResult undone;
  gboolean done;

  if (!answer->result)
    fake_engine_undo (self->engine, 3, 4);
  g_assert_true (wait_until (has_answer, answer, CASE_SECONDS));
  result = g_steal_pointer (&answer->result);
  done = dh_manager_undo_finish (self->manager, result, &undone, error);
  g_assert_true (!done || (undone.split_bytes == 3 && undone.kept_bytes == 4));
  return done;
}

gboolean
manager_case_undo (ManagerCase *self, GError **error)
{
  Answer answer;

  return manager_case_begin_undo (self, &answer, error)
         && manager_case_finish_undo (self, &answer, error);
}

DhChange *
manager_case_set_pid (ManagerCase *self, pid_t pid)
{
  DhChange *change = dh_change_new (DH_CHANGE_SERVICE);

  change->has_pid = TRUE;
  change->pid = (guint32) pid;
  return change;
}

DhChange *
manager_case_set_enabled (ManagerCase *self, gboolean enabled)
{
  DhChange *change = dh_change_new (DH_CHANGE_SERVICE);

  change->has_enabled = TRUE;
  change->enabled = enabled;
  return change;
}

void
manager_case_tell (ManagerCase *self, DhEngineEvent event)
{
  static const DhError codes[] = { [DH_ENGINE_DROPPED] = DH_ERROR_PROCESS_NOT_PERMITTED,
                                   [DH_ENGINE_FAILED] = DH_ERROR_KERNEL_REJECTED,
                                   [DH_ENGINE_HAMPERED] = DH_ERROR_KERNEL_REJECTED };
  g_autoptr (DhProcess) process = NULL;
  g_autoptr (GError) error = NULL;
  DhTarget *target = manager_case_find (self);

  /* Once it has exited it cannot be opened any more. */
  if (!target)
    target = dh_manager_get_primary (self->manager);
  process = target ? dh_process_ref (target->process)
                   : dh_process_open ("/", (guint64) self->child->pid, NULL);
  if (!process)
    return;
  if (event == DH_ENGINE_DROPPED || event == DH_ENGINE_FAILED || event == DH_ENGINE_HAMPERED)
    error = g_error_new_literal (DH_ERROR, codes[event], "The test says so");
  if (event == DH_ENGINE_DROPPED || event == DH_ENGINE_FAILED)
    fake_engine_end (self->engine, self->child->pid);
  dh_engine_emit_event (DH_ENGINE (self->engine), event, process, error);
}

static gboolean
is_gone (gpointer data)
{
  return manager_case_find (data) == NULL;
}

void
manager_case_exit (ManagerCase *self)
{
  child_kill (self->child);
  g_assert_true (wait_until (is_gone, self, CASE_SECONDS));
}

void
manager_case_stop (ManagerCase *self)
{
  Answer answer = { NULL };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dh_manager_stop_async (self->manager, on_answer, &answer);
  g_assert_true (wait_until (has_answer, &answer, CASE_SECONDS));
  result = answer.result;
  g_assert_true (dh_manager_stop_finish (self->manager, result, &error));
  self->stopped = TRUE;
  g_assert_no_error (error);
}

DhTarget *
manager_case_find (ManagerCase *self)
{
  return dh_target_list_find (dh_manager_get_targets (self->manager), self->id);
}

guint
manager_case_count_remembered (ManagerCase *self)
{
  g_autoptr (DhStore) store = open_store (&self->store);

  return count_targets (store);
}
