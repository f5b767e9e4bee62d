/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "target-objects.h"
#include "wait.h"

#include <gio/gunixfdlist.h>

#define TIMEOUT_SECONDS 25

static GVariant *
parse_options (const char *options)
{
  g_autoptr (GError) error = NULL;
  GVariant *value =
    g_variant_parse (G_VARIANT_TYPE_VARDICT, options != NULL ? options : "{}", NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static char *
take_path (GVariant *reply)
{
  g_autoptr (GVariant) owned = reply;
  char *path = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(o)", &path);
  return path;
}

char *
add_target (GDBusConnection *connection, guint32 pid, const char *options, GError **error)
{
  g_autoptr (GVariant) parsed = parse_options (options);

  return take_path (call_method (connection, "AddTargetByPid",
                                 g_variant_new ("(u@a{sv})", pid, parsed), CALL_PLAIN, error));
}

char *
added_target (GDBusConnection *connection, guint32 pid, const char *options)
{
  g_autoptr (GError) error = NULL;
  char *path = add_target (connection, pid, options, &error);

  g_assert_no_error (error);
  return path;
}

char *
add_target_by_descriptors (GDBusConnection *connection, const int *descriptors, guint n_descriptors,
                           gint32 handle, const char *options, GError **error)
{
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
  g_autoptr (GVariant) parsed = parse_options (options);

  for (guint i = 0; i < n_descriptors; i++)
    if (g_unix_fd_list_append (list, descriptors[i], error) < 0)
      return NULL;
  return take_path (g_dbus_connection_call_with_unix_fd_list_sync (
    connection, SERVICE_NAME, SERVICE_PATH, SERVICE_INTERFACE, "AddTarget",
    g_variant_new ("(h@a{sv})", handle, parsed), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
    wait_milliseconds (TIMEOUT_SECONDS), n_descriptors > 0 ? list : NULL, NULL, NULL, error));
}

static GVariant *
call (GDBusConnection *connection, const char *path, const char *interface, const char *method,
      GVariant *arguments, CallMode mode, GError **error)
{
  return g_dbus_connection_call_sync (
    connection, SERVICE_NAME, path, interface, method, arguments, NULL,
    G_DBUS_CALL_FLAGS_NO_AUTO_START
      | (mode == CALL_INTERACTIVE ? G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION : 0),
    wait_milliseconds (TIMEOUT_SECONDS), NULL, error);
}

GVariant *
call_target (GDBusConnection *connection, const char *path, const char *method, GVariant *arguments,
             CallMode mode, GError **error)
{
  return call (connection, path, TARGET_INTERFACE, method, arguments, mode, error);
}

gboolean
set_target_property (GDBusConnection *connection, const char *path, const char *name,
                     GVariant *value, CallMode mode, GError **error)
{
  g_autoptr (GVariant) reply =
    call (connection, path, "org.freedesktop.DBus.Properties", "Set",
          g_variant_new ("(ssv)", TARGET_INTERFACE, name, value), mode, error);

  return reply != NULL;
}

gboolean
remove_target (GDBusConnection *connection, const char *path, GError **error)
{
  g_autoptr (GVariant) reply =
    call_method (connection, "RemoveTarget", g_variant_new ("(o)", path), CALL_PLAIN, error);

  return reply != NULL;
}

GVariant *
get_targets (GDBusConnection *connection)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
    call (connection, SERVICE_PATH, OBJECT_MANAGER, "GetManagedObjects", NULL, CALL_PLAIN, &error);

  g_assert_no_error (error);
  return g_variant_get_child_value (reply, 0);
}

guint
count_targets (GDBusConnection *connection)
{
  g_autoptr (GVariant) targets = get_targets (connection);

  return (guint) g_variant_n_children (targets);
}

/* Returns: (transfer full) (nullable): its properties, a{sv}. */
static GVariant *
get_properties (GDBusConnection *connection, const char *path)
{
  g_autoptr (GVariant) targets = get_targets (connection);
  g_autoptr (GVariant) interfaces =
    g_variant_lookup_value (targets, path, G_VARIANT_TYPE ("a{sa{sv}}"));

  return interfaces != NULL
           ? g_variant_lookup_value (interfaces, TARGET_INTERFACE, G_VARIANT_TYPE_VARDICT)
           : NULL;
}

char *
find_target (GDBusConnection *connection, guint32 pid)
{
  g_autoptr (GVariant) targets = get_targets (connection);
  GVariantIter iter;
  const char *path;

  g_variant_iter_init (&iter, targets);
  while (g_variant_iter_next (&iter, "{&o@a{sa{sv}}}", &path, NULL))
    if (get_target_number (connection, path, "Pid") == pid)
      return g_strdup (path);
  return NULL;
}

guint64
get_target_number (GDBusConnection *connection, const char *path, const char *name)
{
  g_autoptr (GVariant) properties = get_properties (connection, path);
  guint32 number;

  g_assert_nonnull (properties);
  g_assert_true (g_variant_lookup (properties, name, "u", &number));
  return number;
}

guint64
get_target_statistic (GDBusConnection *connection, const char *path, const char *key)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
    call_target (connection, path, "GetStatistics", NULL, CALL_PLAIN, &error);
  g_autoptr (GVariant) figures = NULL;
  guint64 large = 0;
  guint32 small;

  g_assert_no_error (error);
  figures = g_variant_get_child_value (reply, 0);
  if (!g_variant_lookup (figures, key, "t", &large) && g_variant_lookup (figures, key, "u", &small))
    large = small;
  return large;
}

typedef struct {
  GDBusConnection *connection;
  const char *path;
  const char *name;     /* NULL: it is to be gone */
  const char *expected; /* printed */
  char *actual;         /* the same; "nothing" */
} TargetWait;

static gboolean
is_as_expected (gpointer data)
{
  TargetWait *wait = data;
  g_autoptr (GVariant) properties = get_properties (wait->connection, wait->path);
  g_autoptr (GVariant) value = NULL, expected = NULL;

  if (wait->name == NULL || properties == NULL) {
    g_free (wait->actual);
    wait->actual = g_strdup (properties != NULL ? "there" : "not there");
    return wait->name == NULL && properties == NULL;
  }
  value = g_variant_lookup_value (properties, wait->name, NULL);
  g_assert_nonnull (value);
  g_free (wait->actual);
  wait->actual = g_variant_print (value, FALSE);
  expected = g_variant_parse (g_variant_get_type (value), wait->expected, NULL, NULL, NULL);
  g_assert_nonnull (expected);
  return g_variant_equal (value, expected);
}

void
check_target (const char *domain, const char *file, int line, const char *function,
              GDBusConnection *connection, const char *path, const char *name, const char *expected,
              guint seconds)
{
  TargetWait wait = { connection, path, name, expected, NULL };

  if (!(seconds > 0 ? wait_until (is_as_expected, &wait, seconds) : is_as_expected (&wait))) {
    g_autofree char *text =
      g_strdup_printf ("%s of %s should be %s, is %s", name != NULL ? name : "the presence", path,
                       name != NULL ? expected : "not there", wait.actual);

    g_assertion_message (domain, file, line, function, text);
  }
  g_free (wait.actual);
}
