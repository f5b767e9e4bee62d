/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "request.h"

/* /org/damon/Hugepage/targets/t…: the interface org.damon.Hugepage1.Target over one target, for as
 * long as it is one. Main thread only. */
typedef struct _DhTargetObject DhTargetObject;

/* Registers it. @context: as long as the program. Returns: (transfer full) (nullable): NULL, with a
 * warning, where that fails. */
DhTargetObject *dh_target_object_new (GDBusConnection *connection, const DhRequestContext *context,
                                      DhTarget *target);

/* Unregisters it. */
void dh_target_object_free (DhTargetObject *self);

/* (transfer none) */
const char *dh_target_object_get_path (const DhTargetObject *self);

/* Its interfaces with their properties: a{sa{sv}}. Returns: (transfer floating). */
GVariant *dh_target_object_describe (DhTargetObject *self);

/* Tells what has changed. */
void dh_target_object_flush (DhTargetObject *self);

void dh_target_object_emit_exited (DhTargetObject *self);

/* To @client alone. @statistics: (transfer floating): a{sv}. */
void dh_target_object_emit_statistics (DhTargetObject *self, const char *client,
                                       GVariant *statistics);
