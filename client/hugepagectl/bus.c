/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bus.h"

#include "agent.h"
#include "failure.h"
#include "damon-hugepage-interface.h"

#include <signal.h>
#include <unistd.h>

gboolean
hctl_bus_open (HctlContext *context, GError **error)
{
  g_autoptr (GError) cause = NULL;
  sigset_t all, before;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  context->bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, &cause);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  if (context->bus == NULL) {
    g_set_error (error, HCTL_NO_BUS, 0, "The system bus cannot be reached: %s", cause->message);
    return FALSE;
  }
  g_dbus_connection_set_exit_on_close (context->bus, FALSE);
  return TRUE;
}

static GVariant *
call_once (HctlContext *context, const HctlCall *call, gboolean ask, GError **error)
{
  /* A person at a dialogue may take any time. Root is not asked, and who starts a unit with this
   * command does not want to wait without end. */
  int timeout = ask && geteuid () != 0 ? G_MAXINT : -1;

  return g_dbus_connection_call_with_unix_fd_list_sync (
    context->bus, HCTL_BUS_NAME, call->path != NULL ? call->path : HCTL_OBJECT_PATH,
    call->interface, call->method, call->parameters, G_VARIANT_TYPE (call->reply_type),
    ask ? G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION : G_DBUS_CALL_FLAGS_NONE, timeout,
    call->fds, NULL, NULL, error);
}

static GVariant *
call_asking (HctlContext *context, const HctlCall *call, GError **error)
{
  g_autoptr (GSubprocess) agent = hctl_agent_start ();
  GVariant *reply = call_once (context, call, TRUE, error);

  hctl_agent_stop (agent);
  return reply;
}

static gboolean
would_have_to_ask (const GError *error)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);

  return g_strcmp0 (name, "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired") == 0;
}

GVariant *
hctl_bus_call (HctlContext *context, const HctlCall *call, GError **error)
{
  g_autoptr (GVariant) held =
    call->parameters != NULL ? g_variant_ref_sink (call->parameters) : NULL;
  gboolean may_ask = call->ask != HCTL_ASK_NEVER && context->options.ask;
  g_autoptr (GError) refusal = NULL;
  GVariant *reply;

  if (may_ask && call->ask == HCTL_ASK_AT_ONCE)
    return call_asking (context, call, error);

  reply = call_once (context, call, FALSE, &refusal);
  if (reply == NULL && may_ask && would_have_to_ask (refusal))
    return call_asking (context, call, error);
  if (reply == NULL)
    g_propagate_error (error, g_steal_pointer (&refusal));
  return reply;
}

GVariant *
hctl_bus_get_property (HctlContext *context, const char *path, const char *interface,
                       const char *name, const char *type, GError **error)
{
  const HctlCall call = { .path = path,
                          .interface = HCTL_PROPERTIES_INTERFACE,
                          .method = "Get",
                          .parameters = g_variant_new ("(ss)", interface, name),
                          .reply_type = "(v)" };
  g_autoptr (GVariant) reply = hctl_bus_call (context, &call, error);
  g_autoptr (GVariant) value = NULL;

  if (reply == NULL)
    return NULL;
  g_variant_get (reply, "(v)", &value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE (type)))
    return g_steal_pointer (&value);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s is of another type here", name);
  return NULL;
}

gboolean
hctl_bus_set_property (HctlContext *context, const char *path, const char *interface,
                       const char *name, GVariant *value, HctlAsk ask, GError **error)
{
  const HctlCall call = { .path = path,
                          .interface = HCTL_PROPERTIES_INTERFACE,
                          .method = "Set",
                          .parameters = g_variant_new ("(ssv)", interface, name, value),
                          .reply_type = "()",
                          .ask = ask };
  g_autoptr (GVariant) reply = hctl_bus_call (context, &call, error);

  return reply != NULL;
}

/* Returns: (transfer full): the one value that the call returns. */
static GVariant *
get_one (HctlContext *context, const HctlCall *call, GError **error)
{
  g_autoptr (GVariant) reply = hctl_bus_call (context, call, error);

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

GVariant *
hctl_bus_get_properties (HctlContext *context, GError **error)
{
  const HctlCall call = { .interface = HCTL_PROPERTIES_INTERFACE,
                          .method = "GetAll",
                          .parameters = g_variant_new ("(s)", HCTL_INTERFACE),
                          .reply_type = "(a{sv})" };

  return get_one (context, &call, error);
}

GVariant *
hctl_bus_get_statistics (HctlContext *context, HctlAsk ask, GError **error)
{
  const HctlCall call = {
    .interface = HCTL_INTERFACE, .method = "GetStatistics", .reply_type = "(a{sv})", .ask = ask
  };

  return get_one (context, &call, error);
}

gboolean
hctl_bus_configure (HctlContext *context, GVariant *settings, GError **error)
{
  const HctlCall call = { .interface = HCTL_INTERFACE,
                          .method = "Configure",
                          .parameters = g_variant_new ("(@a{sv}a{sv})", settings, NULL),
                          .reply_type = "()",
                          .ask = HCTL_ASK_AT_ONCE };
  g_autoptr (GVariant) reply = hctl_bus_call (context, &call, error);

  return reply != NULL;
}

gboolean
hctl_bus_reset (HctlContext *context, GError **error)
{
  const HctlCall call = {
    .interface = HCTL_INTERFACE, .method = "Reset", .reply_type = "()", .ask = HCTL_ASK_AT_ONCE
  };
  g_autoptr (GVariant) reply = hctl_bus_call (context, &call, error);

  return reply != NULL;
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
