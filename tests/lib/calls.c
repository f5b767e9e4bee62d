/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "calls.h"
#include "wait.h"

#define TIMEOUT_SECONDS 25
#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

struct _Call {
  gboolean done;
  gboolean forgotten;
  GVariant *reply;
  GError *error;
};

static GDBusCallFlags
flags (CallMode mode)
{
  return G_DBUS_CALL_FLAGS_NO_AUTO_START
         | (mode == CALL_INTERACTIVE ? G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION : 0);
}

static GVariant *
call_sync (GDBusConnection *connection, const char *interface, const char *method,
           GVariant *arguments, CallMode mode, GError **error)
{
  return g_dbus_connection_call_sync (connection, SERVICE_NAME, SERVICE_PATH, interface, method,
                                      arguments, NULL, flags (mode),
                                      wait_milliseconds (TIMEOUT_SECONDS), NULL, error);
}

GVariant *
call_method (GDBusConnection *connection, const char *method, GVariant *arguments, CallMode mode,
             GError **error)
{
  return call_sync (connection, SERVICE_INTERFACE, method, arguments, mode, error);
}

GVariant *
get_property (GDBusConnection *connection, const char *name, GError **error)
{
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GVariant) reply =
    call_sync (connection, PROPERTIES_INTERFACE, "Get",
               g_variant_new ("(ss)", SERVICE_INTERFACE, name), CALL_PLAIN, error);

  if (reply == NULL)
    return NULL;
  g_variant_get (reply, "(v)", &value);
  return g_steal_pointer (&value);
}

GVariant *
get_all_properties (GDBusConnection *connection, GError **error)
{
  g_autoptr (GVariant) reply =
    call_sync (connection, PROPERTIES_INTERFACE, "GetAll", g_variant_new ("(s)", SERVICE_INTERFACE),
               CALL_PLAIN, error);

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

gboolean
set_property (GDBusConnection *connection, const char *name, GVariant *value, CallMode mode,
              GError **error)
{
  g_autoptr (GVariant) reply =
    call_sync (connection, PROPERTIES_INTERFACE, "Set",
               g_variant_new ("(ssv)", SERVICE_INTERFACE, name, value), mode, error);

  return reply != NULL;
}

static gboolean
configure_with (GDBusConnection *connection, const char *settings, const char *options,
                CallMode mode, GError **error)
{
  g_autofree char *text = g_strdup_printf ("(%s, %s)", settings, options);
  GVariant *arguments = g_variant_parse (G_VARIANT_TYPE ("(a{sv}a{sv})"), text, NULL, NULL, error);
  g_autoptr (GVariant) reply = NULL;

  if (arguments == NULL)
    g_error ("Not two dictionaries: %s", text);
  reply = call_method (connection, "Configure", arguments, mode, error);
  g_variant_unref (arguments);
  return reply != NULL;
}

gboolean
configure (GDBusConnection *connection, const char *settings, CallMode mode, GError **error)
{
  return configure_with (connection, settings, "{}", mode, error);
}

gboolean
configure_dry_run (GDBusConnection *connection, const char *settings, CallMode mode, GError **error)
{
  return configure_with (connection, settings, "{'dry-run': <true>}", mode, error);
}

static void
call_free (Call *call)
{
  g_clear_pointer (&call->reply, g_variant_unref);
  g_clear_error (&call->error);
  g_free (call);
}

static void
on_reply (GObject *connection, GAsyncResult *result, gpointer data)
{
  Call *call = data;

  call->reply = g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (connection),
                                                                 NULL, result, &call->error);
  call->done = TRUE;
  if (call->forgotten)
    call_free (call);
}

Call *
call_begin_at (GDBusConnection *connection, const char *path, const char *interface,
               const char *method, GVariant *arguments, GUnixFDList *descriptors, CallMode mode)
{
  Call *call = g_new0 (Call, 1);

  g_dbus_connection_call_with_unix_fd_list (connection, SERVICE_NAME, path, interface, method,
                                            arguments, NULL, flags (mode), G_MAXINT, descriptors,
                                            NULL, on_reply, call);
  return call;
}

Call *
call_begin (GDBusConnection *connection, const char *interface, const char *method,
            GVariant *arguments, CallMode mode)
{
  return call_begin_at (connection, SERVICE_PATH, interface, method, arguments, NULL, mode);
}

Call *
set_property_begin (GDBusConnection *connection, const char *name, GVariant *value, CallMode mode)
{
  return call_begin (connection, PROPERTIES_INTERFACE, "Set",
                     g_variant_new ("(ssv)", SERVICE_INTERFACE, name, value), mode);
}

static gboolean
is_done (gpointer call)
{
  return ((Call *) call)->done;
}

gboolean
call_is_done (Call *call)
{
  return call->done;
}

GVariant *
call_finish (Call *call, guint seconds, GError **error)
{
  GVariant *reply;

  if (!wait_until (is_done, call, seconds))
    g_error ("A call was not answered within %u s", seconds);
  reply = g_steal_pointer (&call->reply);
  if (call->error != NULL)
    g_propagate_error (error, g_steal_pointer (&call->error));
  call_free (call);
  return reply;
}

void
call_forget (Call *call)
{
  if (call->done)
    call_free (call);
  else
    call->forgotten = TRUE;
}

static void
on_signal (GDBusConnection *connection, const char *sender G_GNUC_UNUSED, const char *path,
           const char *interface G_GNUC_UNUSED, const char *name, GVariant *arguments,
           gpointer data)
{
  SignalWatch *watch = data;

  watch->count++;
  g_clear_pointer (&watch->arguments, g_variant_unref);
  watch->arguments = g_variant_ref (arguments);
  g_free (watch->path);
  watch->path = g_strdup (path);
}

void
wait_for_bus (GDBusConnection *connection)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
    connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId",
    NULL, NULL, G_DBUS_CALL_FLAGS_NONE, wait_milliseconds (TIMEOUT_SECONDS), NULL, &error);

  g_assert_no_error (error);
}

SignalWatch *
signal_watch_new (GDBusConnection *connection, const char *interface, const char *name)
{
  return signal_watch_new_at (connection, SERVICE_PATH, interface, name);
}

SignalWatch *
signal_watch_new_at (GDBusConnection *connection, const char *path, const char *interface,
                     const char *name)
{
  SignalWatch *watch = g_new0 (SignalWatch, 1);

  watch->connection = g_object_ref (connection);
  watch->subscription = g_dbus_connection_signal_subscribe (
    connection, SERVICE_NAME, interface != NULL ? interface : SERVICE_INTERFACE, name, path, NULL,
    G_DBUS_SIGNAL_FLAGS_NONE, on_signal, watch, NULL);
  wait_for_bus (connection);
  return watch;
}

void
signal_watch_free (SignalWatch *watch)
{
  g_dbus_connection_signal_unsubscribe (watch->connection, watch->subscription);
  g_object_unref (watch->connection);
  g_clear_pointer (&watch->arguments, g_variant_unref);
  g_free (watch->path);
  g_free (watch);
}

typedef struct {
  SignalWatch *watch;
  guint count;
} SignalCount;

static gboolean
has_count (gpointer data)
{
  const SignalCount *wanted = data;

  return wanted->watch->count >= wanted->count;
}

gboolean
signal_watch_wait (SignalWatch *watch, guint count, guint seconds)
{
  return wait_until (has_count, &(SignalCount){ watch, count }, seconds);
}

void
check_error_name (const char *domain, const char *file, int line, const char *function,
                  GError **error, const char *name)
{
  g_autofree char *actual = *error != NULL ? g_dbus_error_get_remote_error (*error) : NULL;

  if (g_strcmp0 (actual, name) != 0) {
    g_autofree char *text = g_strdup_printf (
      "expected the error %s, got %s: %s", name, actual != NULL ? actual : "none of the bus",
      *error != NULL ? (*error)->message : "the call succeeded");
    g_assertion_message (domain, file, line, function, text);
  }
  g_clear_error (error);
}

typedef struct {
  GDBusConnection *connection;
  const char *name;
  GVariant *expected;
  char *actual; /* printed; or the error */
} PropertyWait;

static gboolean
is_as_expected (gpointer data)
{
  PropertyWait *wait = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = get_property (wait->connection, wait->name, &error);

  g_free (wait->actual);
  wait->actual = value != NULL ? g_variant_print (value, TRUE) : g_strdup (error->message);
  return value != NULL && g_variant_equal (value, wait->expected);
}

void
check_property (const char *domain, const char *file, int line, const char *function,
                GDBusConnection *connection, const char *name, GVariant *expected, guint seconds)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (expected);
  PropertyWait wait = { connection, name, owned, NULL };

  if (!(seconds > 0 ? wait_until (is_as_expected, &wait, seconds) : is_as_expected (&wait))) {
    g_autofree char *wanted = g_variant_print (owned, TRUE);
    g_autofree char *text = g_strdup_printf ("%s should be %s, is %s", name, wanted, wait.actual);
    g_assertion_message (domain, file, line, function, text);
  }
  g_free (wait.actual);
}
