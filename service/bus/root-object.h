/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "request.h"

/* /org/damon/Hugepage: the interface org.damon.Hugepage1 over the manager, and the objects of all
 * targets below it. Its own knowledge is only what a message looks like. */
#define DH_TYPE_ROOT_OBJECT (dh_root_object_get_type ())
G_DECLARE_FINAL_TYPE (DhRootObject, dh_root_object, DH, ROOT_OBJECT, GObject)

/* Registers the object on @connection; before the name is requested, so that nobody meets the name
 * without it. @context: as long as the program. Errors: G_IO_ERROR_EXISTS. Returns: (transfer
 * full). */
DhRootObject *dh_root_object_new (GDBusConnection *connection, const DhRequestContext *context,
                                  GError **error);
