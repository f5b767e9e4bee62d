/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <gio/gio.h>

/* Signals of the service, of all its objects, in the order in which they came: their names, each
 * with a space behind it. In the place of PropertiesChanged stands the new State, of the root
 * object with "root:" before it; without one, and "starting", which only the service knows how long
 * it lasts, are left out, as are InterfacesAdded and StatisticsUpdated. */
typedef struct {
  GDBusConnection *connection;
  guint subscription;
  GString *text;
} SignalTape;

SignalTape *signal_tape_new (GDBusConnection *connection);
void signal_tape_free (SignalTape *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SignalTape, signal_tape_free)

/* Forgets what has come so far, and what is on its way. */
void signal_tape_rewind (SignalTape *self);

/* Returns: whether @part has come within so many seconds. */
gboolean signal_tape_wait (SignalTape *self, const char *part, guint seconds);

/* Just that comes, and nothing more for a moment after it. */
#define assert_tape(tape, expected, seconds)                                                       \
  signal_tape_check (G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC, tape, expected, seconds)
void signal_tape_check (const char *domain, const char *file, int line, const char *function,
                        SignalTape *tape, const char *expected, guint seconds);
