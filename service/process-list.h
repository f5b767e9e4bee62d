/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "process.h"

#include <gio/gio.h>

/* The processes that could be targets, for a person to choose from. They are looked at beside the
 * main loop, in one thread at a time: who asks while that is under way gets that one's result, and
 * each result is good for DH_PROCESS_LIST_USEC from when it is there, a failure as well, so that a
 * thousand callers cost no more than one. Main thread only. */
#define DH_TYPE_PROCESS_LIST (dh_process_list_get_type ())
G_DECLARE_FINAL_TYPE (DhProcessList, dh_process_list, DH, PROCESS_LIST, GObject)

#define DH_PROCESS_LIST_USEC (2 * G_USEC_PER_SEC)

/* All of it is one process's, alive when it was looked at and of the same owner before and after.
 */
typedef struct {
  guint32 pid;
  DhOwner owner;
  char *name;              /* made printable, as the two that follow */
  char *unit;              /* the system unit (nullable) */
  char *user_unit;         /* of its user's manager, who names it as he likes (nullable) */
  guint64 anonymous_bytes; /* resident, as dh_process_read_anonymous() says */
} DhListedProcess;

/* @root: where /proc is found, "/" but in tests. */
DhProcessList *dh_process_list_new (const char *root);

/* The clock in the place of g_get_monotonic_time(), in its microseconds: for tests. */
typedef gint64 (*DhProcessListClock) (void);
void dh_process_list_set_clock (DhProcessList *self, DhProcessListClock clock);

/* Who cancels is told at once; what is under way goes on for others. The list lives until all who
 * asked have been called back. */
void dh_process_list_read_async (DhProcessList *self, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);

/* Errors: DH_ERROR_NOT_AVAILABLE where /proc cannot be read, DH_ERROR_LIMIT_EXCEEDED without free
 * descriptors or memory: there is no list with gaps; G_IO_ERROR_CANCELLED.
 * Returns: (transfer full) (element-type DhListedProcess): ascending by PID; others have the same
 * array, so it is not to be changed. */
GPtrArray *dh_process_list_read_finish (DhProcessList *self, GAsyncResult *result, GError **error);
