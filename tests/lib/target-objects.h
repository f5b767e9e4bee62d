/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "calls.h"

/* The objects of targets as seen from a client. */

#define TARGET_INTERFACE SERVICE_INTERFACE ".Target"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

/* AddTargetByPid. @options: a text in GVariant's format for a{sv}, or NULL. Returns: (transfer
 * full): the path. */
char *add_target (GDBusConnection *connection, guint32 pid, const char *options, GError **error);

/* The same, which must succeed. */
char *added_target (GDBusConnection *connection, guint32 pid, const char *options);

/* AddTarget with @n_descriptors descriptors, of which @handle is meant. */
char *add_target_by_descriptors (GDBusConnection *connection, const int *descriptors,
                                 guint n_descriptors, gint32 handle, const char *options,
                                 GError **error);

/* A method of the target at @path; a NULL @arguments is an empty tuple. Returns: (transfer full) */
GVariant *call_target (GDBusConnection *connection, const char *path, const char *method,
                       GVariant *arguments, CallMode mode, GError **error);

/* @value: as for set_property(). */
gboolean set_target_property (GDBusConnection *connection, const char *path, const char *name,
                              GVariant *value, CallMode mode, GError **error);

gboolean remove_target (GDBusConnection *connection, const char *path, GError **error);

/* What GetManagedObjects returns: a{oa{sa{sv}}}. Returns: (transfer full) */
GVariant *get_targets (GDBusConnection *connection);
guint count_targets (GDBusConnection *connection);

/* Returns: (transfer full) (nullable): the path of the target that is @pid. */
char *find_target (GDBusConnection *connection, guint32 pid);

/* Of the target at @path; ends the test if there is none. */
guint64 get_target_number (GDBusConnection *connection, const char *path, const char *name);

/* @key of its GetStatistics, 0 where it is absent. */
guint64 get_target_statistic (GDBusConnection *connection, const char *path, const char *key);

/* @expected: a text in GVariant's format. Read by GetManagedObjects, which never fails. */
#define assert_target(connection, path, name, expected)                                            \
  check_target (G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC, connection, path, name, expected, 0)
#define assert_target_eventually(connection, path, name, expected, seconds)                        \
  check_target (G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC, connection, path, name, expected,     \
                seconds)
/* Until it is no longer there. */
#define assert_target_gone(connection, path, seconds)                                              \
  check_target (G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC, connection, path, NULL, NULL, seconds)
void check_target (const char *domain, const char *file, int line, const char *function,
                   GDBusConnection *connection, const char *path, const char *name,
                   const char *expected, guint seconds);
