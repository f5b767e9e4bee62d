/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "change.h"

#include <gio/gio.h>

/* Puts the options of AddTarget, a{sv}, into @change, and that it is to be served. @sender: whom it
 * is bound to, if that is asked for. Errors: DH_ERROR_INVALID_ARGS; DH_ERROR_INVALID_VALUE for what
 * is too long or not printable. */
gboolean dh_target_options_parse (GVariant *options, const char *sender, DhChange *change,
                                  GError **error);

/* The one descriptor that AddTarget's message has, of which @handle is the number. Returns: -1 with
 * @error. */
int dh_target_options_get_descriptor (GDBusMethodInvocation *invocation, gint32 handle,
                                      GError **error);
