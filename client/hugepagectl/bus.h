/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "hugepagectl.h"

#define HCTL_BUS_NAME "org.damon.Hugepage"
#define HCTL_OBJECT_PATH "/org/damon/Hugepage"
#define HCTL_INTERFACE "org.damon.Hugepage1"

/* Connects to the system bus; the service is started by the first call. */
gboolean hctl_bus_open (HctlContext *context, GError **error);

/* Returns: (transfer full): every property, a{sv}. */
GVariant *hctl_bus_get_properties (HctlContext *context, GError **error);

/* Never asks a person. Returns: (transfer full): a{sv}. */
GVariant *hctl_bus_get_statistics (HctlContext *context, GError **error);

/* @settings: a{sv}, a floating reference is taken. */
gboolean hctl_bus_configure (HctlContext *context, GVariant *settings, GError **error);

gboolean hctl_bus_reset (HctlContext *context, GError **error);

/* The property whose name is @name in any case, from the interface that this tool was built with.
 * Errors: G_OPTION_ERROR. Returns: (transfer none). */
const GDBusPropertyInfo *hctl_bus_find_property (const char *name, GError **error);
