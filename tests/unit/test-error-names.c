/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bus/error-names.h"

#include <sys/socket.h>

static const char xml[] =
  "<node><interface name='test.Fails'><method name='Fail'/></interface></node>";

/* Two ends of a connection without a bus; what @error says is the answer to every call. */
typedef struct {
  GDBusConnection *server;
  GDBusConnection *client;
  GError *error;
} Peers;

static GDBusConnection *
new_end (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);
  g_autoptr (GSocketConnection) stream = NULL;
  GDBusConnection *connection;

  g_assert_no_error (error);
  stream = g_socket_connection_factory_create_connection (socket);
  /* Neither end authenticates, so that one thread can make both. */
  connection = g_dbus_connection_new_sync (G_IO_STREAM (stream), NULL, G_DBUS_CONNECTION_FLAGS_NONE,
                                           NULL, NULL, &error);
  g_assert_no_error (error);
  return connection;
}

static void
on_call (GDBusConnection *connection G_GNUC_UNUSED, const char *sender G_GNUC_UNUSED,
         const char *path G_GNUC_UNUSED, const char *interface G_GNUC_UNUSED,
         const char *method G_GNUC_UNUSED, GVariant *arguments G_GNUC_UNUSED,
         GDBusMethodInvocation *invocation, gpointer data)
{
  const Peers *peers = data;

  dh_return_error (invocation, peers->error);
}

static void
set_up (Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_call };
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, NULL);
  int ends[2];

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
  peers->server = new_end (ends[0]);
  peers->client = new_end (ends[1]);
  g_assert_cmpuint (g_dbus_connection_register_object (peers->server, "/", node->interfaces[0],
                                                       &vtable, peers, NULL, NULL),
                    >, 0);
}

static void
tear_down (Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
  g_dbus_connection_close_sync (peers->client, NULL, NULL);
  g_dbus_connection_close_sync (peers->server, NULL, NULL);
  g_clear_object (&peers->client);
  g_clear_object (&peers->server);
}

static void
on_reply (GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer data)
{
  GAsyncResult **ret_result = data;

  *ret_result = g_object_ref (result);
}

/* Returns: (transfer full): the error that the client sees, its name still in front. */
static GError *
fail_with (Peers *peers, GQuark domain, int code, const char *message)
{
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;

  peers->error = g_error_new_literal (domain, code, message);
  g_dbus_connection_call (peers->client, NULL, "/", "test.Fails", "Fail", NULL, NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_reply, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (g_dbus_connection_call_finish (peers->client, result, &error));
  g_clear_error (&peers->error);
  return error;
}

static void
assert_name (Peers *peers, GQuark domain, int code, const char *expected)
{
  g_autoptr (GError) error = fail_with (peers, domain, code, "It is so");
  g_autofree char *name = g_dbus_error_get_remote_error (error);

  g_assert_cmpstr (name, ==, expected);
  g_dbus_error_strip_remote_error (error);
  g_assert_cmpstr (error->message, ==, "It is so");
}

static void
test_every_code_has_its_name (void)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);

  for (int code = 0; code < DH_N_ERRORS; code++) {
    const char *name = dh_error_get_bus_name (code);

    g_assert_true (g_dbus_is_interface_name (name));
    g_assert_true (g_hash_table_add (names, (gpointer) name));
  }
}

static void
test_codes_reach_the_client_by_name (Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
  assert_name (peers, DH_ERROR, DH_ERROR_NOT_AVAILABLE, "org.damon.Hugepage.Error.NotAvailable");
  assert_name (peers, DH_ERROR, DH_ERROR_ALREADY_TARGET, "org.damon.Hugepage.Error.AlreadyTarget");
  assert_name (peers, DH_ERROR, DH_ERROR_ACCESS_DENIED, "org.freedesktop.DBus.Error.AccessDenied");
  assert_name (peers, DH_ERROR, DH_ERROR_INTERACTION_REQUIRED,
               "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired");
  assert_name (peers, DH_ERROR, DH_ERROR_INVALID_ARGS, "org.freedesktop.DBus.Error.InvalidArgs");
}

static void
test_other_domains_are_failures (Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
  assert_name (peers, G_FILE_ERROR, G_FILE_ERROR_NOENT, "org.freedesktop.DBus.Error.Failed");
  assert_name (peers, G_IO_ERROR, G_IO_ERROR_CANCELLED, "org.freedesktop.DBus.Error.Failed");
  assert_name (peers, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY, "org.freedesktop.DBus.Error.Failed");
}

static void
test_message_that_is_no_utf8_arrives (Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = fail_with (peers, DH_ERROR, DH_ERROR_BUSY, "caf\xe9");
  g_autofree char *name = g_dbus_error_get_remote_error (error);

  g_assert_cmpstr (name, ==, "org.damon.Hugepage.Error.Busy");
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/error-names/every-code-has-its-name", test_every_code_has_its_name);
  g_test_add ("/error-names/codes-reach-the-client-by-name", Peers, NULL, set_up,
              test_codes_reach_the_client_by_name, tear_down);
  g_test_add ("/error-names/other-domains-are-failures", Peers, NULL, set_up,
              test_other_domains_are_failures, tear_down);
  g_test_add ("/error-names/message-that-is-no-utf8-arrives", Peers, NULL, set_up,
              test_message_that_is_no_utf8_arrives, tear_down);

  return g_test_run ();
}
