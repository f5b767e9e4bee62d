/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "fixture.h"

#define INTROSPECTABLE "org.freedesktop.DBus.Introspectable"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define EMITS "org.freedesktop.DBus.Property.EmitsChangedSignal"

/* The contract, written down a second time on purpose. */
static const struct {
  const char *name;
  const char *type;
  gboolean writable;
  const char *value; /* where nothing was ever set; NULL: looked at by a test of its own */
} properties[] = {
  { "Enabled", "b", TRUE, "false" },
  { "Pid", "u", TRUE, "0" },
  { "Ratio", "u", TRUE, "10000" },
  { "Feedback", "u", TRUE, "0" },
  { "MinAgeUSec", "t", TRUE, "100000" },
  { "QuotaTimeUSec", "t", TRUE, "10000" },
  { "QuotaSize", "t", TRUE, "134217728" },
  { "QuotaResetIntervalUSec", "t", TRUE, "1000000" },
  { "SampleIntervalUSec", "t", TRUE, "5000" },
  { "AggregationIntervalUSec", "t", TRUE, "100000" },
  { "MinRegions", "t", TRUE, "10" },
  { "MaxRegions", "t", TRUE, "1000" },
  { "AddressUnit", "t", TRUE, "1" },
  { "StatisticsIntervalUSec", "t", TRUE, "5000000" },
  { "State", "s", FALSE, "'disabled'" },
  { "ActiveTargets", "u", FALSE, "0" },
  { "UnavailableReason", "s", FALSE, "''" },
  { "LastError", "s", FALSE, "''" },
  { "Engine", "s", FALSE, "'bpf'" },
  { "Engines", "aa{sv}", FALSE, NULL },
  { "Capabilities", "as", FALSE,
    "['collapse', 'ratio-goal', 'feedback-goal', 'hot-only', 'multiple-targets', 'heat-map', 'undo',"
    " 'statistics']" },
  { "Limits", "a{sv}", FALSE, NULL },
  { "MaxTargets", "u", FALSE, "64" },
  { "KdamondPid", "i", FALSE, "-1" },
  { "Version", "s", FALSE, NULL },
};

static GVariant *
parse (const char *type, const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (G_VARIANT_TYPE (type), text, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static void
assert_value (GVariant *actual, const char *type, const char *text)
{
  g_autoptr (GVariant) expected = parse (type, text);

  g_assert_cmpvariant (actual, expected);
}

static GVariant *
call (GDBusConnection *connection, const char *path, const char *interface, const char *method,
      GVariant *arguments, GError **error)
{
  return g_dbus_connection_call_sync (connection, SERVICE_NAME, path, interface, method, arguments,
                                      NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, 5000, NULL, error);
}

static GDBusNodeInfo *
parse_node (const char *xml)
{
  g_autoptr (GError) error = NULL;
  GDBusNodeInfo *node = g_dbus_node_info_new_for_xml (xml, &error);

  g_assert_no_error (error);
  return node;
}

static GDBusNodeInfo *
introspect (GDBusConnection *connection)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
    call (connection, SERVICE_PATH, INTROSPECTABLE, "Introspect", NULL, &error);
  const char *xml;

  g_assert_no_error (error);
  g_variant_get (reply, "(&s)", &xml);
  return parse_node (xml);
}

static void
test_introspection_has_every_property (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");
  g_autoptr (GDBusNodeInfo) node = introspect (bob);
  GDBusInterfaceInfo *interface = g_dbus_node_info_lookup_interface (node, SERVICE_INTERFACE);
  guint n_properties = 0;

  for (guint i = 0; i < G_N_ELEMENTS (properties); i++) {
    GDBusPropertyInfo *info = g_dbus_interface_info_lookup_property (interface, properties[i].name);
    const char *emits = g_str_equal (properties[i].name, "Version") ? "const" : "true";

    g_assert_nonnull (info);
    g_assert_cmpstr (info->signature, ==, properties[i].type);
    g_assert_true (info->flags & G_DBUS_PROPERTY_INFO_FLAGS_READABLE);
    g_assert_true (!(info->flags & G_DBUS_PROPERTY_INFO_FLAGS_WRITABLE) == !properties[i].writable);
    g_assert_cmpstr (g_dbus_annotation_info_lookup (info->annotations, EMITS), ==, emits);
  }
  while (interface->properties[n_properties] != NULL)
    n_properties++;
  g_assert_cmpuint (n_properties, ==, G_N_ELEMENTS (properties));
}

static char *
print_interface (GDBusNodeInfo *node)
{
  GDBusInterfaceInfo *interface = g_dbus_node_info_lookup_interface (node, SERVICE_INTERFACE);
  GString *text = g_string_new (NULL);

  g_assert_nonnull (interface);
  g_dbus_interface_info_generate_xml (interface, 0, text);
  return g_string_free (text, FALSE);
}

static void
test_introspection_is_what_is_installed (Fixture *self, gconstpointer data)
{
  g_autofree char *path =
    g_build_filename (g_getenv ("DH_DATA"), "dbus", SERVICE_NAME ".xml", NULL);
  g_autoptr (GDBusNodeInfo) at_run_time = introspect (self->connection), installed = NULL;
  g_autofree char *xml = NULL, *expected = NULL, *actual = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &xml, NULL, &error);
  g_assert_no_error (error);
  installed = parse_node (xml);
  expected = print_interface (installed);
  actual = print_interface (at_run_time);
  g_assert_cmpstr (actual, ==, expected);
}

static void
test_defaults (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) all = get_all_properties (bob, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_n_children (all), ==, G_N_ELEMENTS (properties));
  for (guint i = 0; i < G_N_ELEMENTS (properties); i++) {
    g_autoptr (GVariant) value =
      g_variant_lookup_value (all, properties[i].name, G_VARIANT_TYPE (properties[i].type));
    g_autoptr (GVariant) alone = get_property (bob, properties[i].name, &error);

    g_assert_no_error (error);
    g_assert_nonnull (value);
    g_assert_cmpvariant (alone, value);
    if (properties[i].value != NULL)
      assert_value (value, properties[i].type, properties[i].value);
  }
}

/* What panels show: what the engine does not have is not there. */
static void
test_limits (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) limits = get_property (self->connection, "Limits", &error);

  g_assert_no_error (error);
  assert_value (limits, "a{sv}",
                "{'Ratio': <(@t 1, @t 10000, @t 1, @t 10000)>,"
                " 'Feedback': <(@t 0, @t 1000000, @t 1, @t 0)>,"
                " 'MinAgeUSec': <(@t 0, @t 3600000000, @t 1, @t 100000)>,"
                " 'QuotaTimeUSec': <(@t 0, @t 60000000, @t 1, @t 10000)>,"
                " 'QuotaSize': <(@t 0, @t 1152921504606846976, @t 1, @t 134217728)>,"
                " 'QuotaResetIntervalUSec': <(@t 10000, @t 3600000000, @t 1, @t 1000000)>,"
                " 'StatisticsIntervalUSec': <(@t 250000, @t 3600000000, @t 1, @t 5000000)>}");
}

static void
test_engines (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) engines = get_property (self->connection, "Engines", &error);
  g_autoptr (GVariant) capabilities = get_property (self->connection, "Capabilities", &error);
  g_autoptr (GVariant) engine = NULL, of_engine = NULL;
  const char *name, *reason, *detail;
  gboolean available;

  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_n_children (engines), ==, 2);
  engine = g_variant_get_child_value (engines, 1);
  g_assert_cmpuint (g_variant_n_children (engine), ==, 5);
  g_assert_true (g_variant_lookup (engine, "name", "&s", &name));
  g_assert_true (g_variant_lookup (engine, "available", "b", &available));
  g_assert_true (g_variant_lookup (engine, "reason", "&s", &reason));
  g_assert_true (g_variant_lookup (engine, "detail", "&s", &detail));
  of_engine = g_variant_lookup_value (engine, "capabilities", G_VARIANT_TYPE_STRING_ARRAY);
  g_assert_cmpstr (name, ==, "bpf");
  g_assert_true (available);
  g_assert_cmpstr (reason, ==, "");
  g_assert_cmpstr (detail, ==, "");
  g_assert_cmpvariant (of_engine, capabilities);
}

static void
test_version (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) version = get_property (self->connection, "Version", &error);

  g_assert_no_error (error);
  g_assert_true (g_regex_match_simple ("^\\d+\\.\\d+", g_variant_get_string (version, NULL), 0, 0));
}

/* Nothing stands in for what does not work yet. */
static void
test_methods (Fixture *self, gconstpointer data)
{
  static const char *const known[] = { "Configure",
                                       "Reset",
                                       "AddTarget",
                                       "AddTargetByPid",
                                       "RemoveTarget",
                                       "GetStatistics",
                                       "SubscribeStatistics",
                                       "UnsubscribeStatistics",
                                       "ListProcesses",
                                       NULL };
  static const struct {
    const char *name;
    const char *arguments;
  } absent[] = {
    { "GetHeatMap", "(@a{sv} {},)" }, /* a target's */
    { "Undo", "()" },
    { "Set", "('org.damon.Hugepage1', 'Pid', <@u 0>)" }, /* GDBus knows it by another interface */
    { "configure", "(@a{sv} {}, @a{sv} {})" },
  };
  g_autoptr (GDBusNodeInfo) node = introspect (self->connection);
  GDBusInterfaceInfo *interface = g_dbus_node_info_lookup_interface (node, SERVICE_INTERFACE);

  for (guint i = 0; known[i] != NULL; i++)
    g_assert_nonnull (g_dbus_interface_info_lookup_method (interface, known[i]));
  for (guint i = 0; interface->methods[i] != NULL; i++)
    g_assert_true (g_strv_contains (known, interface->methods[i]->name));
  for (guint i = 0; i < G_N_ELEMENTS (absent); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) arguments =
      g_variant_parse (NULL, absent[i].arguments, NULL, NULL, &error);

    g_assert_no_error (error);
    call (self->connection, SERVICE_PATH, SERVICE_INTERFACE, absent[i].name, arguments, &error);
    assert_error_name (error, BUS_ERROR "UnknownMethod");
  }
}

/* What the bus lets nobody send, and what is at other places. */
static void
test_nothing_else_is_reachable (Fixture *self, gconstpointer data)
{
  static const struct {
    const char *path;
    const char *interface;
    const char *method;
    const char *error;
  } rows[] = {
    { SERVICE_PATH, "org.freedesktop.LogControl1", "Get", "AccessDenied" },
    { SERVICE_PATH, "org.damon.Hugepage1.Target", "Undo", "UnknownMethod" },
    { SERVICE_PATH "/targets", "org.damon.Hugepage1.Target", "Undo", "UnknownMethod" },
    { SERVICE_PATH "/targets/t1", "org.damon.Hugepage1.Target", "Undo", "UnknownMethod" },
    { SERVICE_PATH "/targets", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
      "UnknownMethod" },
    { SERVICE_PATH, "org.damon.Hugepage2", "Reset", "AccessDenied" },
    { "/", SERVICE_INTERFACE, "Reset", "UnknownMethod" },
    { "/org/damon", SERVICE_INTERFACE, "Reset", "UnknownMethod" },
    { SERVICE_PATH "/targets/t1", SERVICE_INTERFACE, "Reset", "UnknownMethod" },
    { SERVICE_PATH, PROPERTIES, "Reset", "UnknownMethod" },
  };
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  GDBusConnection *const callers[] = { alice, self->connection };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    for (guint j = 0; j < G_N_ELEMENTS (callers); j++) {
      g_autofree char *name = g_strconcat (BUS_ERROR, rows[i].error, NULL);
      g_autoptr (GError) error = NULL;

      call (callers[j], rows[i].path, rows[i].interface, rows[i].method, NULL, &error);
      assert_error_name (error, name);
    }
  }
}

/* Without an interface a bus that lets interfaces through one by one cannot tell what a call is. */
static void
test_call_without_interface (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusMessage) message =
    g_dbus_message_new_method_call (SERVICE_NAME, SERVICE_PATH, NULL, "Reset");
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GDBusMessage) reply = g_dbus_connection_send_message_with_reply_sync (
    alice, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, 5000, NULL, NULL, NULL);

  g_assert_nonnull (reply);
  g_assert_cmpstr (g_dbus_message_get_error_name (reply), ==, BUS_ERROR "AccessDenied");
}

static void
test_name_is_taken_by_root_alone (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GError) error = NULL;

  g_dbus_connection_call_sync (alice, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                               "org.freedesktop.DBus", "RequestName",
                               g_variant_new ("(su)", SERVICE_NAME, 2 /* replace */), NULL,
                               G_DBUS_CALL_FLAGS_NONE, 5000, NULL, &error);
  assert_error_name (error, BUS_ERROR "AccessDenied");
}

static void
test_unknown_properties (Fixture *self, gconstpointer data)
{
  static const char *const rows[][2] = {
    { SERVICE_INTERFACE, "Nothing" },
    { SERVICE_INTERFACE, "pid" },
    { SERVICE_INTERFACE, "" },
    { "org.damon.Hugepage2", "Pid" },
    { "", "Pid" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;

    call (self->connection, SERVICE_PATH, PROPERTIES, "Get",
          g_variant_new ("(ss)", rows[i][0], rows[i][1]), &error);
    assert_error_name (error, BUS_ERROR "InvalidArgs");
    call (self->connection, SERVICE_PATH, PROPERTIES, "Set",
          g_variant_new ("(ssv)", rows[i][0], rows[i][1], g_variant_new_uint32 (0)), &error);
    assert_error_name (error, BUS_ERROR "InvalidArgs");
  }
}

/* Fields that later versions add to answers are for clients to ignore; what is there must not tell
 * about anybody's processes. */
static void
test_reading_needs_nothing (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) all = NULL;

  fixture_polkit_stop (self);
  all = get_all_properties (bob, &error);
  g_assert_no_error (error);
}

static void
add (const char *path, void (*function) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, fixture_set_up_all, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/root-object/introspection-has-every-property", test_introspection_has_every_property);
  add ("/root-object/introspection-is-what-is-installed", test_introspection_is_what_is_installed);
  add ("/root-object/defaults", test_defaults);
  add ("/root-object/limits-are-the-engine's", test_limits);
  add ("/root-object/engines", test_engines);
  add ("/root-object/version", test_version);
  add ("/root-object/methods-are-those-that-work", test_methods);
  add ("/root-object/nothing-else-is-reachable", test_nothing_else_is_reachable);
  add ("/root-object/call-without-interface", test_call_without_interface);
  add ("/root-object/name-is-taken-by-root-alone", test_name_is_taken_by_root_alone);
  add ("/root-object/unknown-properties", test_unknown_properties);
  add ("/root-object/reading-needs-no-polkit", test_reading_needs_nothing);
  return g_test_run ();
}
