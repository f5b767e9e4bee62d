/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* The least that a GDBus service can do for the calls that the bench makes of it and of the real
 * one: its answers are constants, and before it takes a Ratio it asks as much as it is told to. */

#include "plain.h"

#include <glib-unix.h>
#include <polkit/polkit.h>
#include <stdlib.h>

#define PROPERTIES "org.freedesktop.DBus.Properties"
#define ACTION "org.damon.Hugepage.target-own"

typedef struct {
  GVariant *all;     /* (a{sv}) */
  GVariant *version; /* (v) */
  guint32 ratio;
  gboolean asks_credentials;
  PolkitAuthority *polkit; /* NULL: it is not asked */
  PolkitDetails *details;
} Plain;

static const char introspection[] = "<node><interface name='" SERVICE_INTERFACE "'>"
                                    "<property name='Version' type='s' access='read'/>"
                                    "<property name='Ratio' type='u' access='readwrite'/>"
                                    "</interface></node>";

static void
announce (Plain *self, GDBusConnection *connection)
{
  GVariantBuilder changed;

  g_variant_builder_init (&changed, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&changed, "{sv}", "Ratio", g_variant_new_uint32 (self->ratio));
  g_dbus_connection_emit_signal (connection, NULL, SERVICE_PATH, PROPERTIES, "PropertiesChanged",
                                 g_variant_new ("(sa{sv}as)", SERVICE_INTERFACE, &changed, NULL),
                                 NULL);
}

static void
finish_set (GDBusMethodInvocation *invocation)
{
  Plain *self = g_dbus_method_invocation_get_user_data (invocation);
  g_autoptr (GVariant) value = NULL;

  g_variant_get (g_dbus_method_invocation_get_parameters (invocation), "(&s&sv)", NULL, NULL,
                 &value);
  if (g_variant_get_uint32 (value) != self->ratio) {
    self->ratio = g_variant_get_uint32 (value);
    announce (self, g_dbus_method_invocation_get_connection (invocation));
  }
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
on_credentials (GObject *connection, GAsyncResult *result, gpointer invocation)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
    g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, &error);

  if (reply)
    finish_set (invocation);
  else
    g_dbus_method_invocation_return_gerror (invocation, error);
}

static void
on_authorized (GObject *polkit, GAsyncResult *result, gpointer invocation)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PolkitAuthorizationResult) answer =
    polkit_authority_check_authorization_finish (POLKIT_AUTHORITY (polkit), result, &error);

  if (!answer)
    g_dbus_method_invocation_return_gerror (invocation, error);
  else if (!polkit_authorization_result_get_is_authorized (answer))
    g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
                                           "polkit refuses");
  else
    finish_set (invocation);
}

static void
begin_set (Plain *self, GDBusConnection *connection, const char *sender,
           GDBusMethodInvocation *invocation)
{
  if (self->asks_credentials) {
    g_dbus_connection_call (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                            "org.freedesktop.DBus", "GetConnectionUnixUser",
                            g_variant_new ("(s)", sender), G_VARIANT_TYPE ("(u)"),
                            G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, on_credentials, invocation);
  } else if (self->polkit) {
    g_autoptr (PolkitSubject) subject = polkit_system_bus_name_new (sender);

    polkit_authority_check_authorization (self->polkit, subject, ACTION, self->details,
                                          POLKIT_CHECK_AUTHORIZATION_FLAGS_NONE, NULL,
                                          on_authorized, invocation);
  } else {
    finish_set (invocation);
  }
}

static void
on_call (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
         const char *method, GVariant *arguments, GDBusMethodInvocation *invocation, gpointer data)
{
  Plain *self = data;

  if (g_str_equal (method, "GetAll"))
    g_dbus_method_invocation_return_value (invocation, self->all);
  else if (g_str_equal (method, "Get"))
    g_dbus_method_invocation_return_value (invocation, self->version);
  else
    begin_set (self, connection, sender, invocation);
}

static void
read_answer (Plain *self, const char *path)
{
  g_autofree char *contents = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GVariant) dictionary = NULL;
  GVariant *version = g_variant_new_string (PLAIN_VERSION);
  gsize length = 0;

  if (path) {
    if (!g_file_get_contents (path, &contents, &length, NULL))
      g_error ("Cannot read %s", path);
    bytes = g_bytes_new_take (g_steal_pointer (&contents), length);
    dictionary =
      g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, bytes, FALSE));
  } else {
    dictionary = g_variant_ref_sink (g_variant_new_parsed ("@a{sv} {}"));
  }
  self->all = g_variant_ref_sink (g_variant_new_tuple (&dictionary, 1));
  self->version = g_variant_ref_sink (g_variant_new ("(v)", version));
}

/* @details: (nullable): of the question, each as KEY=VALUE. */
static void
prepare_polkit (Plain *self, char *const *details)
{
  g_autoptr (GError) error = NULL;

  self->polkit = polkit_authority_get_sync (NULL, &error);
  if (!self->polkit)
    g_error ("No polkit: %s", error->message);
  self->details = polkit_details_new ();
  for (; details && *details; details++) {
    g_auto (GStrv) parts = g_strsplit (*details, "=", 2);

    polkit_details_insert (self->details, parts[0], parts[1]);
  }
}

static void
on_bus (GDBusConnection *connection, const char *name, gpointer self)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_call };
  g_autoptr (GError) error = NULL;
  GDBusNodeInfo *info = g_dbus_node_info_new_for_xml (introspection, &error);

  if (!info
      || !g_dbus_connection_register_object (connection, SERVICE_PATH, info->interfaces[0], &vtable,
                                             self, NULL, &error))
    g_error ("No object: %s", error->message);
}

static void
on_lost (GDBusConnection *connection, const char *name, gpointer data)
{
  g_error ("No %s", name);
}

static gboolean
quit (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

int
main (int argc, char **argv)
{
  g_autofree char *answer = NULL;
  g_auto (GStrv) details = NULL;
  gboolean asks_polkit = FALSE;
  Plain self = { 0 };
  const GOptionEntry entries[] = {
    { "answer", 0, 0, G_OPTION_ARG_FILENAME, &answer, "GetAll's, serialized", "FILE" },
    { "credentials", 0, 0, G_OPTION_ARG_NONE, &self.asks_credentials, "Set asks the bus", NULL },
    { "polkit", 0, 0, G_OPTION_ARG_NONE, &asks_polkit, "Set asks polkit", NULL },
    { "detail", 0, 0, G_OPTION_ARG_STRING_ARRAY, &details, "What polkit is told", "KEY=VALUE" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, NULL))
    return 2;
  read_answer (&self, answer);
  if (asks_polkit)
    prepare_polkit (&self, details);
  g_unix_signal_add (SIGTERM, quit, loop);
  g_bus_own_name (G_BUS_TYPE_SYSTEM, PLAIN_NAME, G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE, on_bus, NULL,
                  on_lost, &self, NULL);
  g_main_loop_run (loop);
  return EXIT_SUCCESS;
}
