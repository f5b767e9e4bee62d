/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "hugepagectl.h"

#include <gio/gunixfdlist.h>

#define HCTL_BUS_NAME "org.damon.Hugepage"
#define HCTL_OBJECT_PATH "/org/damon/Hugepage"
#define HCTL_INTERFACE "org.damon.Hugepage1"
#define HCTL_TARGET_INTERFACE "org.damon.Hugepage1.Target"
#define HCTL_PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"
#define HCTL_OBJECT_MANAGER_INTERFACE "org.freedesktop.DBus.ObjectManager"

/* When polkit may ask a person, if the command line allows it at all. */
typedef enum {
  HCTL_ASK_NEVER,
  HCTL_ASK_IF_REFUSED, /* of what is mostly allowed: a call that was refused is made again */
  HCTL_ASK_AT_ONCE,
} HctlAsk;

typedef struct {
  const char *path; /* NULL: the service's own object */
  const char *interface;
  const char *method;
  GVariant *parameters;   /* (nullable): a floating reference is taken */
  GUnixFDList *fds;       /* (nullable) */
  const char *reply_type; /* of all that it returns, in parentheses */
  HctlAsk ask;
} HctlCall;

/* Connects to the system bus; the service is started by the first call. Signals are for the calling
 * thread alone: threads that are started here have all of them blocked. */
gboolean hctl_bus_open (HctlContext *context, GError **error);

/* Returns: (transfer full): a tuple. */
GVariant *hctl_bus_call (HctlContext *context, const HctlCall *call, GError **error);

/* @path as in HctlCall. @type: of the value. Returns: (transfer full): the value. */
GVariant *hctl_bus_get_property (HctlContext *context, const char *path, const char *interface,
                                 const char *name, const char *type, GError **error);

/* @value: a floating reference is taken. */
gboolean hctl_bus_set_property (HctlContext *context, const char *path, const char *interface,
                                const char *name, GVariant *value, HctlAsk ask, GError **error);

/* Returns: (transfer full): every property, a{sv}. */
GVariant *hctl_bus_get_properties (HctlContext *context, GError **error);

/* Returns: (transfer full): a{sv}. */
GVariant *hctl_bus_get_statistics (HctlContext *context, HctlAsk ask, GError **error);

/* @settings: a{sv}, a floating reference is taken. */
gboolean hctl_bus_configure (HctlContext *context, GVariant *settings, GError **error);

gboolean hctl_bus_reset (HctlContext *context, GError **error);

/* The property whose name is @name in any case, from the interface that this tool was built with.
 * Errors: G_OPTION_ERROR. Returns: (transfer none). */
const GDBusPropertyInfo *hctl_bus_find_property (const char *name, GError **error);
