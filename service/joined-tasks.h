/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <gio/gio.h>

/* Tasks that wait for the same answer: it is asked for once, and they get it in the order in which
 * they came, so that of two calls of one caller the later one never gets ahead. One thread. */
typedef struct _DhJoinedTasks DhJoinedTasks;

typedef void (*DhJoinedTaskFunc) (GTask *task, gpointer user_data);

/* Of keys that @hash and @equal compare and @free_key frees. Returns: (transfer full). */
DhJoinedTasks *dh_joined_tasks_new (GHashFunc hash, GEqualFunc equal, GDestroyNotify free_key);
void dh_joined_tasks_free (DhJoinedTasks *joined);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhJoinedTasks, dh_joined_tasks_free)

/* @key: (transfer full). Returns: whether @task is the first: then the answer is to be asked for.
 */
gboolean dh_joined_tasks_add (DhJoinedTasks *joined, gpointer key, GTask *task);

/* The answer for @key is there: @func, which returns it, is called for each that waits; who comes
 * from now on is the first again. */
void dh_joined_tasks_answer (DhJoinedTasks *joined, gconstpointer key, DhJoinedTaskFunc func,
                             gpointer user_data);
