/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "rights-table.h"

#include "target-objects.h"
#include "targets.h"

#include <gio/gunixfdlist.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL_SECONDS 20

#define ROOT SERVICE_INTERFACE
#define ROOT_PROPERTY SERVICE_INTERFACE, .is_property = TRUE
#define TARGET TARGET_INTERFACE, .on_target = TRUE
#define TARGET_PROPERTY TARGET_INTERFACE, .on_target = TRUE, .is_property = TRUE
#define PROPERTIES "org.freedesktop.DBus.Properties"

#define NEEDS(own_, others_, added_) .own = own_, .others = others_, .added = added_
#define NOTHING NEEDS ("", "", "")
#define TUNE NEEDS ("tune", "tune", "tune")
#define TO_SERVE NEEDS ("target-own", "target-any", "target-any")
#define TO_INSPECT NEEDS ("", "inspect", "inspect")
#define TO_END NEEDS ("", "manage-targets", "")

/* clang-format off */
const Right rights[] = {
  { ROOT, .member = "Configure", .arguments = "({'Enabled': <false>}, @a{sv} {})", TO_SERVE },
  { ROOT, .member = "Configure", .arguments = "({'QuotaSize': <@t 0>}, @a{sv} {})", TUNE },
  { ROOT, .member = "Configure", .arguments = "(@a{sv} {}, @a{sv} {})", TUNE },
  { ROOT, .member = "Configure", .arguments = "({'Ratio': <@u 9>}, {'dry-run': <true>})", TO_SERVE },
  { ROOT, .member = "Reset", .arguments = "()", TUNE },
  { ROOT, .member = "AddTarget", .arguments = "(@h 0, @a{sv} {})", TO_SERVE },
  { ROOT, .member = "AddTargetByPid", .arguments = "(@u SAME, @a{sv} {})", TO_SERVE },
  { ROOT, .member = "AddTargetByPid", .arguments = "(@u OWN, {'primary': <true>})", TO_SERVE },
  { ROOT, .member = "AddTargetByPid", .arguments = "(@u OWN, {'bind': <true>})",
    NEEDS ("target-own", "target-own", "target-own") },
  { ROOT, .member = "RemoveTarget", .arguments = "(@o 'TARGET',)", TO_END },
  { ROOT, .member = "GetStatistics", .arguments = "()", TO_INSPECT },
  { ROOT, .member = "SubscribeStatistics", .arguments = "(@t 1000000,)", NOTHING },
  { ROOT, .member = "UnsubscribeStatistics", .arguments = "()", NOTHING },
  { ROOT, .member = "ListProcesses", .arguments = "(@a{sv} {},)", NOTHING },
  { ROOT, .member = "ListProcesses", .arguments = "({'all': <false>},)", NOTHING },
  { ROOT, .member = "ListProcesses", .arguments = "({'all': <true>},)",
    NEEDS ("inspect", "inspect", "inspect") },

  { ROOT_PROPERTY, .member = "Enabled", .arguments = "false", TO_SERVE },
  { ROOT_PROPERTY, .member = "Enabled", .arguments = "true", TO_SERVE },
  { ROOT_PROPERTY, .member = "Pid", .arguments = "@u OWN", TO_SERVE },
  { ROOT_PROPERTY, .member = "Pid", .arguments = "@u SAME", TO_SERVE },
  { ROOT_PROPERTY, .member = "Pid", .arguments = "@u 0", TO_SERVE },
  { ROOT_PROPERTY, .member = "Ratio", .arguments = "@u 5000", TO_SERVE },
  { ROOT_PROPERTY, .member = "Feedback", .arguments = "@u 5000", TO_SERVE },
  { ROOT_PROPERTY, .member = "MinAgeUSec", .arguments = "@t 100000", TUNE },
  { ROOT_PROPERTY, .member = "QuotaTimeUSec", .arguments = "@t 20000", TUNE },
  { ROOT_PROPERTY, .member = "QuotaSize", .arguments = "@t 4096", TUNE },
  { ROOT_PROPERTY, .member = "QuotaResetIntervalUSec", .arguments = "@t 500000", TUNE },
  { ROOT_PROPERTY, .member = "SampleIntervalUSec", .arguments = "@t 2000", TUNE, .of_damon = TRUE },
  { ROOT_PROPERTY, .member = "AggregationIntervalUSec", .arguments = "@t 50000", TUNE,
    .of_damon = TRUE },
  { ROOT_PROPERTY, .member = "MinRegions", .arguments = "@t 11", TUNE, .of_damon = TRUE },
  { ROOT_PROPERTY, .member = "MaxRegions", .arguments = "@t 900", TUNE, .of_damon = TRUE },
  { ROOT_PROPERTY, .member = "AddressUnit", .arguments = "@t 1", TUNE, .of_damon = TRUE },
  { ROOT_PROPERTY, .member = "StatisticsIntervalUSec", .arguments = "@t 0", TUNE },

  { TARGET, .member = "GetDetails", .arguments = "()", TO_INSPECT },
  { TARGET, .member = "GetStatistics", .arguments = "()", TO_INSPECT },
  { TARGET, .member = "GetHeatMap", .arguments = "(@a{sv} {},)", TO_INSPECT },
  { TARGET, .member = "Undo", .arguments = "()", TO_END },
  { TARGET, .member = "Remove", .arguments = "()", TO_END },
  { TARGET_PROPERTY, .member = "Ratio", .arguments = "@u 5000", TO_SERVE },
  { TARGET_PROPERTY, .member = "Feedback", .arguments = "@u 5000", TO_SERVE },

  { PROPERTIES, .member = "Get", .arguments = "('" SERVICE_INTERFACE "', 'Pid')", NOTHING },
  { PROPERTIES, .member = "GetAll", .arguments = "('" SERVICE_INTERFACE "',)", NOTHING },
  { PROPERTIES, .on_target = TRUE, .member = "Get", .arguments = "('" TARGET_INTERFACE "', 'Pid')",
    NOTHING },
  { PROPERTIES, .on_target = TRUE, .member = "GetAll", .arguments = "('" TARGET_INTERFACE "',)",
    NOTHING },
  { OBJECT_MANAGER, .member = "GetManagedObjects", .arguments = "()", NOTHING },
};
/* clang-format on */

const guint n_rights = G_N_ELEMENTS (rights);

gboolean
right_suffices (const char *action, const char *need)
{
  return *need == '\0' || g_str_equal (action, need)
         || (g_str_equal (action, "target-any") && g_str_equal (need, "target-own"));
}

char *
right_describe (const Right *right)
{
  return g_strdup_printf ("%s %s %s", right->interface, right->member, right->arguments);
}

static void
replace (GString *text, const char *word, guint32 number)
{
  g_autofree char *digits = g_strdup_printf ("%u", number);

  g_string_replace (text, word, digits, 0);
}

static GVariant *
parse_arguments (const Right *right, const RightWorld *world)
{
  g_autoptr (GString) text = g_string_new (right->arguments);
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;

  replace (text, "OWN", world->own);
  replace (text, "SAME", world->same);
  g_string_replace (text, "TARGET", world->target, 0);
  value = g_variant_parse (NULL, text->str, NULL, NULL, &error);
  g_assert_no_error (error);
  if (!right->is_property)
    return g_steal_pointer (&value);
  return g_variant_ref_sink (g_variant_new ("(ssv)", right->interface, right->member, value));
}

/* The one descriptor that AddTarget takes. Returns: (transfer full) */
static GUnixFDList *
make_descriptors (const RightWorld *world)
{
  const int pidfd = (int) syscall (SYS_pidfd_open, world->same, 0);

  g_assert_no_errno (pidfd);
  return g_unix_fd_list_new_from_array (&pidfd, 1);
}

gboolean
right_call (const Right *right, GDBusConnection *connection, const RightWorld *world, CallMode mode,
            GError **error)
{
  const gboolean has_descriptor = g_str_equal (right->member, "AddTarget");
  g_autoptr (GVariant) arguments = parse_arguments (right, world);
  g_autoptr (GUnixFDList) descriptors = has_descriptor ? make_descriptors (world) : NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_sync (
    connection, SERVICE_NAME, right->on_target ? world->target : SERVICE_PATH,
    right->is_property ? PROPERTIES : right->interface, right->is_property ? "Set" : right->member,
    arguments, NULL,
    mode == CALL_INTERACTIVE ? G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION
                             : G_DBUS_CALL_FLAGS_NONE,
    wait_milliseconds (CALL_SECONDS), descriptors, NULL, NULL, error);

  return reply != NULL;
}

gboolean
right_was_granted (GError **error)
{
  g_autofree char *name = *error != NULL ? g_dbus_error_get_remote_error (*error) : NULL;
  const gboolean granted = *error == NULL || g_strcmp0 (name, SERVICE_ERROR "NotAvailable") == 0;

  if (granted)
    g_clear_error (error);
  return granted;
}

void
rights_allow_bob (Fixture *fixture, const char *actions)
{
  g_autofree char *text =
    g_strdup_printf ("polkit.addRule (function (action, subject) {\n"
                     "  var name = action.id.replace ('org.damon.Hugepage.', '');\n"
                     "  if (subject.user == 'bob' && '%s'.split (' ').indexOf (name) >= 0)\n"
                     "    return polkit.Result.YES;\n"
                     "});\n",
                     actions);

  fixture_polkit_rules (fixture, text);
}

GDBusNodeInfo *
rights_load_interfaces (void)
{
  g_autofree char *path =
    g_build_filename (g_getenv ("DH_DATA"), "dbus", SERVICE_NAME ".xml", NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = NULL;
  GDBusNodeInfo *node = NULL;

  if (g_file_get_contents (path, &xml, NULL, &error))
    node = g_dbus_node_info_new_for_xml (xml, &error);
  g_assert_no_error (error);
  return node;
}

static GDBusMessage *
count_reply (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer data)
{
  ReplyCount *count = data;

  if (incoming && g_dbus_message_get_reply_serial (message) != 0)
    g_atomic_int_inc (&count->replies);
  else if (!incoming
           && g_dbus_message_get_message_type (message) == G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    g_atomic_int_inc (&count->calls);
  return message;
}

void
reply_count_begin (ReplyCount *count, GDBusConnection *connection)
{
  *count = (ReplyCount){ .connection = connection };
  count->filter = g_dbus_connection_add_filter (connection, count_reply, count, NULL);
}

void
reply_count_end (ReplyCount *count)
{
  wait_for (100);
  wait_for_bus (count->connection);
  g_dbus_connection_remove_filter (count->connection, count->filter);
  g_assert_cmpuint (g_atomic_int_get (&count->replies), ==, g_atomic_int_get (&count->calls));
}

static void
assert_refused (const Right *right, const RightWorld *world, GDBusConnection *connection,
                CallMode mode)
{
  g_autofree char *what = right_describe (right);
  g_autofree char *name = NULL;
  g_autoptr (GError) error = NULL;

  right_call (right, connection, world, mode, &error);
  name = error != NULL ? g_dbus_error_get_remote_error (error) : NULL;
  if (g_strcmp0 (name, mode == CALL_INTERACTIVE ? BUS_ERROR "AccessDenied"
                                                : BUS_ERROR "InteractiveAuthorizationRequired")
      != 0)
    g_error ("%s was answered by %s: %s", what, name != NULL ? name : "success",
             error != NULL ? error->message : "");
}

void
assert_right_refused (const Right *right, ReplyCount *count, const RightWorld *world)
{
  assert_refused (right, world, count->connection, CALL_PLAIN);
  assert_refused (right, world, count->connection, CALL_INTERACTIVE);
}
