/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <gio/gio.h>

/* Opens once; until then callers wait, each at most so long. Main thread only. */
typedef struct _DhGate DhGate;

DhGate *dh_gate_new (guint timeout_sec);
void dh_gate_free (DhGate *gate);

void dh_gate_open (DhGate *gate);
gboolean dh_gate_is_open (const DhGate *gate);

/* @source_object: (nullable): whom @callback is told of, and who lives until then. */
void dh_gate_wait_async (DhGate *gate, gpointer source_object, GAsyncReadyCallback callback,
                         gpointer user_data);

/* Errors: DH_ERROR_NOT_AVAILABLE if it did not open in time. */
gboolean dh_gate_wait_finish (GAsyncResult *result, GError **error);
