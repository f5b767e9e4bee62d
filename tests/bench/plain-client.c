/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* The least that a client has to do to show what the service is like. */

#include "calls.h"

#include <stdio.h>
#include <stdlib.h>

int
main (void)
{
  g_autoptr (GDBusConnection) connection = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, NULL);
  g_autoptr (GVariant) reply = NULL;
  g_autofree char *text = NULL;

  if (!connection)
    return EXIT_FAILURE;
  reply = g_dbus_connection_call_sync (
    connection, SERVICE_NAME, SERVICE_PATH, "org.freedesktop.DBus.Properties", "GetAll",
    g_variant_new ("(s)", SERVICE_INTERFACE), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  if (!reply)
    return EXIT_FAILURE;
  text = g_variant_print (reply, FALSE);
  puts (text);
  return EXIT_SUCCESS;
}
