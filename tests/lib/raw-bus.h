/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <gio/gio.h>

/* A connection to the bus made by hand, for messages that no library sends. */
typedef struct _RawBus RawBus;

/* As the test's own user, until it has a name. Ends the test if that fails. */
RawBus *raw_bus_new (const char *address);
void raw_bus_free (RawBus *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RawBus, raw_bus_free)

/* @message as bytes, its serial being the next. Returns: (transfer full) */
GByteArray *raw_bus_serialize (RawBus *self, GDBusMessage *message);

/* Replaces what must be in @bytes just once, by as many. */
void raw_bus_patch (GByteArray *bytes, const char *marker, const void *replacement, gsize length);

/* Takes @bytes' reference. Returns: whether the bus took them; it may have closed before. */
gboolean raw_bus_send (RawBus *self, GByteArray *bytes);

/* Waits for the answer to what was sent last. Returns: (transfer full) (nullable): NULL if the bus
 * closes the connection. Neither within @seconds ends the test. */
GDBusMessage *raw_bus_receive (RawBus *self, guint seconds);
