/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "gate.h"

#include "error.h"

struct _DhGate {
  guint timeout_sec;
  gboolean open;
  GPtrArray *waiting; /* GTask */
};

DhGate *
dh_gate_new (guint timeout_sec)
{
  DhGate *gate = g_new0 (DhGate, 1);

  gate->timeout_sec = timeout_sec;
  gate->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  return gate;
}

void
dh_gate_free (DhGate *gate)
{
  g_ptr_array_unref (gate->waiting);
  g_free (gate);
}

void
dh_gate_open (DhGate *gate)
{
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&gate->waiting);

  gate->open = TRUE;
  gate->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < waiting->len; i++)
    if (!g_task_get_completed (g_ptr_array_index (waiting, i)))
      g_task_return_boolean (g_ptr_array_index (waiting, i), TRUE);
}

gboolean
dh_gate_is_open (const DhGate *gate)
{
  return gate->open;
}

static gboolean
on_timeout (gpointer user_data)
{
  GTask *task = user_data;

  if (!g_task_get_completed (task))
    g_task_return_new_error (task, DH_ERROR, DH_ERROR_NOT_AVAILABLE,
                             "The engines are still being looked at: try again");
  return G_SOURCE_REMOVE;
}

void
dh_gate_wait_async (DhGate *gate, gpointer source_object, GAsyncReadyCallback callback,
                    gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (source_object, NULL, callback, user_data);

  if (gate->open) {
    g_task_return_boolean (task, TRUE);
    return;
  }
  g_timeout_add_full (G_PRIORITY_DEFAULT, gate->timeout_sec * 1000, on_timeout, g_object_ref (task),
                      g_object_unref);
  g_ptr_array_add (gate->waiting, g_object_ref (task));
}

gboolean
dh_gate_wait_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
