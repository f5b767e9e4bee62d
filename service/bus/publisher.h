/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <gio/gio.h>

/* Tells everybody on the bus what has changed of an object's properties. Comparing all of them with
 * what clients know is what makes every change seen, whatever caused it, and none told twice. */
typedef struct _DhPublisher DhPublisher;

/* Returns: (transfer full), not floating: the value of the property @name. */
typedef GVariant *(*DhPropertyFunc) (gpointer object, const char *name);

/* What @read says now is known. @path: copied; @interface: as long as the program. */
DhPublisher *dh_publisher_new (GDBusConnection *connection, const char *path,
                               const GDBusInterfaceInfo *interface, DhPropertyFunc read,
                               gpointer object);
void dh_publisher_free (DhPublisher *publisher);

/* Emits PropertiesChanged with what reads differently by now, if anything does. */
void dh_publisher_flush (DhPublisher *publisher);

/* Something may read differently from now on. */
void dh_publisher_invalidate (DhPublisher *publisher);

/* All properties: a{sv}. Built once, and again after dh_publisher_invalidate() or a flush: reading
 * each of them for everybody who asks is most of what an answer costs. Returns: (transfer none). */
GVariant *dh_publisher_get_all (DhPublisher *publisher);

/* Emits a signal of the object. @destination: a unique name; NULL: to everybody. @parameters:
 * (transfer floating). A failure is a warning. */
void dh_publisher_emit (DhPublisher *publisher, const char *destination, const char *interface,
                        const char *name, GVariant *parameters);
