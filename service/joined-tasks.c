/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "joined-tasks.h"

struct _DhJoinedTasks {
  GHashTable *waiting; /* key → GPtrArray of GTask */
};

static void
free_waiting (gpointer data)
{
  g_ptr_array_unref (data);
}

DhJoinedTasks *
dh_joined_tasks_new (GHashFunc hash, GEqualFunc equal, GDestroyNotify free_key)
{
  DhJoinedTasks *joined = g_new0 (DhJoinedTasks, 1);

  joined->waiting = g_hash_table_new_full (hash, equal, free_key, free_waiting);
  return joined;
}

void
dh_joined_tasks_free (DhJoinedTasks *joined)
{
  g_hash_table_unref (joined->waiting);
  g_free (joined);
}

gboolean
dh_joined_tasks_add (DhJoinedTasks *joined, gpointer key, GTask *task)
{
  GPtrArray *tasks = g_hash_table_lookup (joined->waiting, key);
  const gboolean is_first = !tasks;

  if (is_first)
    tasks = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (tasks, g_object_ref (task));
  g_hash_table_insert (joined->waiting, key, is_first ? tasks : g_ptr_array_ref (tasks));
  return is_first;
}

void
dh_joined_tasks_answer (DhJoinedTasks *joined, gconstpointer key, DhJoinedTaskFunc func,
                        gpointer user_data)
{
  GPtrArray *found = g_hash_table_lookup (joined->waiting, key);
  g_autoptr (GPtrArray) tasks = NULL;

  if (!found)
    return;
  tasks = g_ptr_array_ref (found);
  g_hash_table_remove (joined->waiting, key);
  for (guint i = 0; i < tasks->len; i++)
    func (g_ptr_array_index (tasks, i), user_data);
}
