/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* Numbers of the service as people write and read them. What a number measures is in its name. */

/* Parses @text as a value of the D-Bus type @type ("b", "u" or "t") for the property @name: a plain
 * number in the property's own unit, or one with a unit that fits it ("10ms", "128M", "0.5%").
 * Errors: G_OPTION_ERROR. Returns: (transfer floating). */
GVariant *hctl_units_parse (const char *name, const char *type, const char *text, GError **error);

/* @value of @name with its unit. Returns: (transfer full) (nullable): NULL where it has none. */
char *hctl_units_format (const char *name, guint64 value);
