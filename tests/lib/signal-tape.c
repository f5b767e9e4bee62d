/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "signal-tape.h"

#include "calls.h"
#include "wait.h"

#include <string.h>

#define A_MOMENT 60

static void
note_state (SignalTape *self, const char *prefix, GVariant *arguments)
{
  g_autoptr (GVariant) changed = g_variant_get_child_value (arguments, 1);
  const char *state;

  if (g_variant_lookup (changed, "State", "&s", &state) && !g_str_equal (state, "starting"))
    g_string_append_printf (self->text, "%s%s ", prefix, state);
}

static void
on_signal (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
           const char *name, GVariant *arguments, gpointer data)
{
  SignalTape *self = data;

  if (g_str_equal (name, "PropertiesChanged"))
    note_state (self, g_str_equal (path, SERVICE_PATH) ? "root:" : "", arguments);
  else if (!g_str_equal (name, "InterfacesAdded") && !g_str_equal (name, "StatisticsUpdated"))
    g_string_append_printf (self->text, "%s ", name);
}

SignalTape *
signal_tape_new (GDBusConnection *connection)
{
  SignalTape *self = g_new0 (SignalTape, 1);

  self->connection = g_object_ref (connection);
  self->text = g_string_new (NULL);
  self->subscription =
    g_dbus_connection_signal_subscribe (connection, SERVICE_NAME, NULL, NULL, NULL, NULL,
                                        G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self, NULL);
  wait_for_bus (connection);
  return self;
}

void
signal_tape_free (SignalTape *self)
{
  g_dbus_connection_signal_unsubscribe (self->connection, self->subscription);
  g_object_unref (self->connection);
  g_string_free (self->text, TRUE);
  g_free (self);
}

void
signal_tape_rewind (SignalTape *self)
{
  wait_for (A_MOMENT);
  g_string_truncate (self->text, 0);
}

typedef struct {
  const SignalTape *tape;
  const char *text;
} TapeWait;

static gboolean
has_part (gpointer data)
{
  const TapeWait *wait = data;

  return strstr (wait->tape->text->str, wait->text) != NULL;
}

gboolean
signal_tape_wait (SignalTape *self, const char *part, guint seconds)
{
  return wait_until (has_part, &(TapeWait){ self, part }, seconds);
}

static gboolean
has_just (gpointer data)
{
  const TapeWait *wait = data;

  return g_str_equal (wait->tape->text->str, wait->text);
}

void
signal_tape_check (const char *domain, const char *file, int line, const char *function,
                   SignalTape *tape, const char *expected, guint seconds)
{
  g_autofree char *text = NULL;

  wait_until (has_just, &(TapeWait){ tape, expected }, seconds);
  wait_for (A_MOMENT);
  if (g_str_equal (tape->text->str, expected))
    return;
  text = g_strdup_printf ("signals should be \"%s\", are \"%s\"", expected, tape->text->str);
  g_assertion_message (domain, file, line, function, text);
}
