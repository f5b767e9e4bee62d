/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "error.h"

#include <gio/gio.h>

/* The name on the bus: "org.damon.Hugepage.Error.NotAvailable", or a standard one. */
const char *dh_error_get_bus_name (DhError code);

/* Ends a call with @error: a code of DH_ERROR by its name, everything else as
 * org.freedesktop.DBus.Error.Failed. @invocation: (transfer full), as whenever a call is answered.
 */
void dh_return_error (GDBusMethodInvocation *invocation, const GError *error);
