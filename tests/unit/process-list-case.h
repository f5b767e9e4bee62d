/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "process-list.h"

#include "child.h"

/* One who asks for the list, and what he is told. */
typedef struct {
  gboolean done;
  GPtrArray *list;
  GError *error;
} Caller;

static inline void
caller_clear (Caller *self)
{
  g_clear_pointer (&self->list, g_ptr_array_unref);
  g_clear_error (&self->error);
  self->done = FALSE;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Caller, caller_clear)

static inline void
caller_on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  Caller *self = data;

  g_assert_false (self->done);
  self->done = TRUE;
  self->list = dh_process_list_read_finish (DH_PROCESS_LIST (source), result, &self->error);
  g_assert_true ((self->list == NULL) == (self->error != NULL));
}

static inline void
caller_ask (Caller *self, DhProcessList *list)
{
  dh_process_list_read_async (list, NULL, caller_on_read, self);
}

static inline gboolean
caller_wake_up (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static inline void
caller_wait (Caller *self)
{
  const gint64 end = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;
  const guint source = g_timeout_add (100, caller_wake_up, NULL);

  while (!self->done) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_main_context_iteration (NULL, TRUE);
  }
  g_source_remove (source);
}

static inline void
caller_get (Caller *self, DhProcessList *list)
{
  caller_clear (self);
  caller_ask (self, list);
  caller_wait (self);
}

/* Returns: (nullable) */
static inline const DhListedProcess *
caller_find (const Caller *self, pid_t pid)
{
  g_assert_no_error (self->error);
  for (guint i = 0; i < self->list->len; i++) {
    const DhListedProcess *listed = g_ptr_array_index (self->list, i);

    if (listed->pid == (guint32) pid)
      return listed;
  }
  return NULL;
}
