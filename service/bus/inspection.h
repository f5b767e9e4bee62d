/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "request.h"

/* Looking into a process, for those who may. */

/* Called when that is allowed, with the target as it is then. Returns: the answer,
 * floating or kept elsewhere; NULL with @error. */
typedef GVariant *(*DhInspectFunc) (const DhRequestContext *context, DhTarget *target,
                                    gpointer user_data, GError **error);

/* Answers with what @func says of the target @id; without @has_id of the primary one. @user_data:
 * lives as long as the target, or the program. @invocation: (transfer full). Errors:
 * DH_ERROR_UNKNOWN_TARGET; DH_ERROR_NO_SUCH_PROCESS where there is no primary one. */
void dh_request_inspection (const DhRequestContext *context, GDBusMethodInvocation *invocation,
                            gboolean has_id, guint64 id, DhInspectFunc func, gpointer user_data);

/* DhInspectFuncs: (a{sv}). */
GVariant *dh_inspect_statistics (const DhRequestContext *context, DhTarget *target,
                                 gpointer user_data, GError **error);
GVariant *dh_inspect_details (const DhRequestContext *context, DhTarget *target, gpointer user_data,
                              GError **error);
