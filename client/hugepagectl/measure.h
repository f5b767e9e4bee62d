/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <gio/gio.h>

/* The measure of a target's success that a user's own command prints. */

/* The largest feedback there is, basis points. */
#define HCTL_MEASURE_MAX 1000000

/* @line as basis points: a number of them, or one with %. Blanks around it do not count.
 * Errors: G_IO_ERROR_INVALID_DATA. */
gboolean hctl_measure_parse (const char *line, guint32 *ret_value, GError **error);

/* Runs @argv, NULL-terminated, without input and with no signals blocked, and takes the first line
 * that it prints. Runs the default main context meanwhile. When @cancellable is cancelled it is
 * sent SIGTERM, and not waited for. Errors: G_SPAWN_ERROR if it could not be executed;
 * G_IO_ERROR_FAILED if it did not end well; G_IO_ERROR_INVALID_DATA; G_IO_ERROR_CANCELLED. */
gboolean hctl_measure_run (const char *const *argv, GCancellable *cancellable, guint32 *ret_value,
                           GError **error);
