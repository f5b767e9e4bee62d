/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* Asks for everything, and again, with eight calls under way, for as long as it lives. Prints
 * "ready" once it is answered. */

#include "calls.h"

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
  static gboolean is_ready;

  if (!reply)
    g_error ("%s", error->message);
  if (!is_ready) {
    is_ready = TRUE;
    puts ("ready");
    fflush (stdout);
  }
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

int
main (int argc, char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GDBusConnection) connection = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, NULL);

  if (argc != 2 || !connection)
    return EXIT_FAILURE;
  for (guint i = 0; i < IN_FLIGHT; i++)
    ask (connection, argv[1]);
  g_main_loop_run (loop);
  return EXIT_SUCCESS;
}
