/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <gio/gio.h>

/* Tells when clients have left the bus. However many are watched, it costs one match rule: the bus
 * allows a connection only so many, and GDBus does not notice that one was refused. While nobody is
 * watched there is none, or every name that comes and goes would wake the service. */
typedef struct _DhPresence DhPresence;

DhPresence *dh_presence_new (GDBusConnection *connection);
DhPresence *dh_presence_ref (DhPresence *self);
void dh_presence_unref (DhPresence *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhPresence, dh_presence_unref)

typedef struct _DhPresenceWatch DhPresenceWatch;

/* @func: called once, from the main loop, when @client, a unique name, has left, also if it had
 * before: never from within this function. Holds a reference of @self. Returns: (transfer full): to
 * be ended, also after @func. */
DhPresenceWatch *dh_presence_watch (DhPresence *self, const char *client,
                                    void (*func) (gpointer user_data), gpointer user_data);

/* @watch: (transfer full). May be called from within its function, which is not called after. */
void dh_presence_unwatch (DhPresenceWatch *watch);
