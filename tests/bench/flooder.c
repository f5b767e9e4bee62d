/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* Asks for everything, and again, with eight calls under way, for as long as it lives. Prints
 * "ready" once it is on the bus, and begins on SIGUSR1. */

#include "calls.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define IN_FLIGHT 8

static void ask (GDBusConnection *connection, const char *bus_name);

static void
on_answer (GObject *source, GAsyncResult *result, gpointer bus_name)
{
  GDBusConnection *connection = G_DBUS_CONNECTION (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (connection, result, &error);

  if (!reply)
    g_error ("%s", error->message);
  ask (connection, bus_name);
}

static void
ask (GDBusConnection *connection, const char *bus_name)
{
  g_dbus_connection_call (connection, bus_name, SERVICE_PATH, "org.freedesktop.DBus.Properties",
                          "GetAll", g_variant_new ("(s)", SERVICE_INTERFACE), NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, NULL, on_answer,
                          (gpointer) bus_name);
}

typedef struct {
  GDBusConnection *connection;
  const char *bus_name;
} Flood;

static gboolean
begin (gpointer data)
{
  const Flood *flood = data;

  for (guint i = 0; i < IN_FLIGHT; i++)
    ask (flood->connection, flood->bus_name);
  return G_SOURCE_REMOVE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GDBusConnection) connection = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, NULL);
  Flood flood = { connection, argc == 2 ? argv[1] : NULL };

  if (!flood.bus_name || !connection)
    return EXIT_FAILURE;
  g_unix_signal_add (SIGUSR1, begin, &flood);
  puts ("ready");
  fflush (stdout);
  g_main_loop_run (loop);
  return EXIT_SUCCESS;
}
