/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "request.h"

/* The objects of all targets, and org.freedesktop.DBus.ObjectManager on the root object, which
 * tells which there are. Main thread only. */
typedef struct _DhTargetDirectory DhTargetDirectory;

/* Registers the interface; objects come and go with the manager's targets. @context: as long as the
 * program. Errors: G_IO_ERROR_EXISTS. Returns: (transfer full). */
DhTargetDirectory *dh_target_directory_new (GDBusConnection *connection,
                                            const DhRequestContext *context, GError **error);
void dh_target_directory_free (DhTargetDirectory *self);

/* Tells what has changed of each. */
void dh_target_directory_flush (DhTargetDirectory *self);

/* To @client alone, from @target's object. @statistics: (transfer floating): a{sv}. */
void dh_target_directory_emit_statistics (DhTargetDirectory *self, DhTarget *target,
                                          const char *client, GVariant *statistics);
