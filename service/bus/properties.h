/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "change.h"
#include "manager.h"
#include "statistics.h"

#include <gio/gio.h>

/* Between the manager's values and the bus's. */

/* The value of a property of the root interface. Returns: (transfer full), not floating; NULL for a
 * name that is none. */
GVariant *dh_property_read (DhManager *manager, const char *name);

/* The same of the interface of @target. */
GVariant *dh_target_property_read (DhManager *manager, const DhTarget *target, const char *name);

/* Adds "this property shall have this value" to @change, of the root object or of a target as its
 * kind says. Errors: DH_ERROR_INVALID_ARGS for a
 * property that is unknown or read-only, or given twice, and for a wrong type. */
gboolean dh_property_write (DhChange *change, const char *name, GVariant *value, GError **error);

/* a{sv} of the figures that are known. @public_only: for everybody's eyes. Returns: (transfer
 * floating). */
GVariant *dh_statistics_to_variant (const DhStatistics *statistics, gboolean public_only);
