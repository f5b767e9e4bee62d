/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bus.h"

#include "agent.h"
#include "failure.h"
#include "damon-hugepage-interface.h"

gboolean
hctl_bus_open (HctlContext *context, GError **error)
{
  g_autoptr (GError) cause = NULL;

  context->bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, &cause);
  if (context->bus == NULL) {
    g_set_error (error, HCTL_NO_BUS, 0, "The system bus cannot be reached: %s", cause->message);
    return FALSE;
  }
  g_dbus_connection_set_exit_on_close (context->bus, FALSE);
  return TRUE;
}

static GVariant *
call (HctlContext *context, const char *interface, const char *method, GVariant *parameters,
      const char *reply_type, gboolean ask, GError **error)
{
  /* A person at a dialogue may take any time. */
  return g_dbus_connection_call_sync (context->bus, HCTL_BUS_NAME, HCTL_OBJECT_PATH, interface,
                                      method, parameters, G_VARIANT_TYPE (reply_type),
                                      ask ? G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION
                                          : G_DBUS_CALL_FLAGS_NONE,
                                      ask ? G_MAXINT : -1, NULL, error);
}

static gboolean
change (HctlContext *context, const char *method, GVariant *parameters, GError **error)
{
  g_autoptr (GSubprocess) agent = context->ask ? hctl_agent_start () : NULL;
  g_autoptr (GVariant) reply =
    call (context, HCTL_INTERFACE, method, parameters, "()", context->ask, error);

  hctl_agent_stop (agent);
  return reply != NULL;
}

GVariant *
hctl_bus_get_properties (HctlContext *context, GError **error)
{
  g_autoptr (GVariant) reply =
    call (context, "org.freedesktop.DBus.Properties", "GetAll",
          g_variant_new ("(s)", HCTL_INTERFACE), "(a{sv})", FALSE, error);

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

GVariant *
hctl_bus_get_statistics (HctlContext *context, GError **error)
{
  g_autoptr (GVariant) reply =
    call (context, HCTL_INTERFACE, "GetStatistics", NULL, "(a{sv})", FALSE, error);

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

gboolean
hctl_bus_configure (HctlContext *context, GVariant *settings, GError **error)
{
  return change (context, "Configure", g_variant_new ("(@a{sv}a{sv})", settings, NULL), error);
}

gboolean
hctl_bus_reset (HctlContext *context, GError **error)
{
  return change (context, "Reset", NULL, error);
}

const GDBusPropertyInfo *
hctl_bus_find_property (const char *name, GError **error)
{
  for (GDBusPropertyInfo **info = org_damon_hugepage1_interface.properties; *info != NULL; info++)
    if (g_ascii_strcasecmp ((*info)->name, name) == 0)
      return *info;

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "There is no property “%s”, hugepagectl get lists them", name);
  return NULL;
}
