/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <gio/gio.h>

/* One thread that does one thing after the other, for what may block in the kernel. What exceeds
 * its time is left to itself: its caller hears DH_ERROR_TIMEOUT, later ones DH_ERROR_BUSY, until
 * the kernel returns. The thread sleeps while there is nothing to do and outlives the writer if it
 * is blocked. Main thread only, but for dh_writer_allow(). Every job keeps the writer alive until
 * it has ended: one whose last reference is dropped does what it was given, and goes. */
#define DH_TYPE_WRITER (dh_writer_get_type ())
G_DECLARE_FINAL_TYPE (DhWriter, dh_writer, DH, WRITER, GObject)

/* In the writer's thread. Returns: whether it went well; sets @error if not. */
typedef gboolean (*DhWriterFunc) (DhWriter *writer, gpointer data, GError **error);

/* Signal "returned" (): a job whose time was exceeded has ended after all. */

DhWriter *dh_writer_new (const char *thread_name);

/* Runs @func (data) after what was given before. @free_data is called in the main thread when both
 * the job and its caller are done with @data. A job has DH_WRITER_STEP_MSEC until its first
 * dh_writer_allow(). */
#define DH_WRITER_STEP_MSEC 5000
void dh_writer_run_async (DhWriter *self, DhWriterFunc func, gpointer data,
                          GDestroyNotify free_data, GAsyncReadyCallback callback,
                          gpointer user_data);

/* Errors: @func's; DH_ERROR_TIMEOUT: it is under way still; DH_ERROR_BUSY: an earlier one is. */
gboolean dh_writer_run_finish (DhWriter *self, GAsyncResult *result, GError **error);

/* From a job: what comes now may take @msec from now, be that more or less than was left. Nothing
 * after the time was exceeded. */
void dh_writer_allow (DhWriter *self, guint msec);

/* Whether a job has exceeded its time and not returned. */
gboolean dh_writer_is_stuck (DhWriter *self);
