/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "targets.h"

#include <string.h>

#define PROPERTIES "org.freedesktop.DBus.Properties"
/* To calls of the standard interface that have other arguments. */
#define GDBUS_ANSWER BUS_ERROR "UnknownMethod"
#define MIB (1024 * 1024)

/* One machine for all tests: root asks, so that nothing but the value can be wrong. */
static Fixture machine;

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (NULL, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static void
assert_call_fails (const char *interface, const char *method, GVariant *arguments,
                   const char *error_name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
    machine.connection, SERVICE_NAME, SERVICE_PATH, interface, method, arguments, NULL,
    G_DBUS_CALL_FLAGS_NONE, wait_milliseconds (5), NULL, &error);

  assert_error_name (error, error_name);
}

/* By both ways. */
static void
assert_refused (const char *name, GVariant *value, const char *error_name)
{
  GVariantBuilder settings;

  g_variant_ref_sink (value);
  assert_call_fails (PROPERTIES, "Set", g_variant_new ("(ssv)", SERVICE_INTERFACE, name, value),
                     error_name);
  g_variant_builder_init (&settings, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&settings, "{sv}", name, value);
  assert_call_fails (SERVICE_INTERFACE, "Configure",
                     g_variant_new ("(a{sv}a{sv})", &settings, NULL), error_name);
  g_variant_unref (value);
}

static GVariant *
new_number (const char *type, guint64 value)
{
  return g_str_equal (type, "u") ? g_variant_new_uint32 ((guint32) value)
                                 : g_variant_new_uint64 (value);
}

static GDBusPropertyInfo **
get_properties (void)
{
  static GDBusNodeInfo *node;
  g_autofree char *path =
    g_build_filename (g_getenv ("DH_DATA"), "dbus", SERVICE_NAME ".xml", NULL);
  g_autofree char *xml = NULL;
  g_autoptr (GError) error = NULL;

  if (node == NULL && g_file_get_contents (path, &xml, NULL, &error))
    node = g_dbus_node_info_new_for_xml (xml, &error);
  g_assert_no_error (error);
  return g_dbus_node_info_lookup_interface (node, SERVICE_INTERFACE)->properties;
}

/* Every number that the engine has, next to its limits and far beyond them. */
static void
test_outside_the_limits (void)
{
  g_autoptr (Standstill) standstill = standstill_new (&machine);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) limits = get_property (machine.connection, "Limits", &error);

  g_assert_no_error (error);
  for (GDBusPropertyInfo **info = get_properties (); *info != NULL; info++) {
    const char *name = (*info)->name, *type = (*info)->signature;
    const guint64 largest = g_str_equal (type, "u") ? G_MAXUINT32 : G_MAXUINT64;
    guint64 minimum, maximum;

    if (!g_variant_lookup (limits, name, "(tttt)", &minimum, &maximum, NULL, NULL))
      continue;
    if (minimum > 0)
      assert_refused (name, new_number (type, minimum - 1), SERVICE_ERROR "InvalidValue");
    if (minimum > 1)
      assert_refused (name, new_number (type, 1), SERVICE_ERROR "InvalidValue");
    assert_refused (name, new_number (type, maximum + 1), SERVICE_ERROR "InvalidValue");
    assert_refused (name, new_number (type, largest), SERVICE_ERROR "InvalidValue");
    assert_refused (name, new_number (type, largest / 2 + 1), SERVICE_ERROR "InvalidValue");
  }
  assert_lasting_standstill (standstill);
}

/* And the limits themselves are allowed. */
static void
test_at_the_limits (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) limits = get_property (machine.connection, "Limits", &error);
  g_autoptr (GVariant) reply = NULL;

  g_assert_no_error (error);
  for (GDBusPropertyInfo **info = get_properties (); *info != NULL; info++) {
    guint64 ends[2];

    if (!g_variant_lookup (limits, (*info)->name, "(tttt)", &ends[0], &ends[1], NULL, NULL))
      continue;
    for (guint i = 0; i < G_N_ELEMENTS (ends); i++) {
      g_autoptr (GVariant) value = g_variant_ref_sink (new_number ((*info)->signature, ends[i]));

      set_property (machine.connection, (*info)->name, value, CALL_PLAIN, &error);
      g_assert_no_error (error);
      assert_property (machine.connection, (*info)->name, value);
    }
  }
  reply = call_method (machine.connection, "Reset", NULL, CALL_PLAIN, &error);
  g_assert_no_error (error);
  wait_for_files ();
}

static void
test_not_of_this_engine (void)
{
  static const char *const names[] = { "SampleIntervalUSec", "AggregationIntervalUSec",
                                       "MinRegions", "MaxRegions", "AddressUnit" };
  g_autoptr (Standstill) standstill = standstill_new (&machine);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) value = get_property (machine.connection, names[i], &error);

    g_assert_no_error (error);
    assert_refused (names[i], value, SERVICE_ERROR "NotSupported");
    assert_refused (names[i], g_variant_new_uint64 (0), SERVICE_ERROR "NotSupported");
    assert_refused (names[i], g_variant_new_uint64 (3), SERVICE_ERROR "NotSupported");
    assert_refused (names[i], g_variant_new_uint32 (8), BUS_ERROR "InvalidArgs");
  }
  assert_lasting_standstill (standstill);
}

static void
test_wrong_types (void)
{
  static const char *const values[] = {
    "true",        "@y 1",
    "@n 1",        "@q 1",
    "@i 1",        "@u 1",
    "@x 1",        "@t 1",
    "1.0",         "'1'",
    "@o '/'",      "@g 'u'",
    "<@u 1>",      "<@t 1>",
    "@au [1]",     "@ay b'1'",
    "@a{sv} {}",   "@mu 1",
    "(@u 1,)",     "()",
    "@as []",      "@a{us} {}",
    "<<<@u 1>>>",  "@ah []",
    "@(uu) (1,1)", "@t 1844674407370955161",
  };
  g_autoptr (Standstill) standstill = standstill_new (&machine);

  for (GDBusPropertyInfo **info = get_properties (); *info != NULL; info++) {
    for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
      g_autoptr (GVariant) value = parse (values[i]);
      const char *type = g_variant_get_type_string (value);

      /* No such type on the bus. */
      if (strchr (type, 'm') != NULL || g_str_equal (type, "()"))
        continue;
      if (!g_str_equal (type, (*info)->signature))
        assert_refused ((*info)->name, value, BUS_ERROR "InvalidArgs");
    }
  }
  assert_lasting_standstill (standstill);
}

static void
test_read_only (void)
{
  g_autoptr (Standstill) standstill = standstill_new (&machine);

  for (GDBusPropertyInfo **info = get_properties (); *info != NULL; info++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) value = get_property (machine.connection, (*info)->name, &error);

    g_assert_no_error (error);
    if (!((*info)->flags & G_DBUS_PROPERTY_INFO_FLAGS_WRITABLE))
      assert_refused ((*info)->name, value, BUS_ERROR "InvalidArgs");
  }
  assert_lasting_standstill (standstill);
}

static void
test_unknown_keys (void)
{
  static const char *const keys[] = {
    "",         "pid",          "PID",       "Pid ",      " Pid",           "Pid\n",
    "Pid\tx",   "Ratio.Pid",    "..",        "../../etc", "\033[2J\033[H",  "%s%s%n",
    "\xc3\xbc", "\xe2\x80\xae", "Configure", "Reset",     "ActiveTargets2",
  };
  g_autoptr (Standstill) standstill = standstill_new (&machine);

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    assert_refused (keys[i], g_variant_new_uint32 (1), BUS_ERROR "InvalidArgs");
  assert_lasting_standstill (standstill);
}

static void
test_twice (void)
{
  static const char *const rows[] = {
    "({'QuotaSize': <@t 1>, 'QuotaSize': <@t 1>}, @a{sv} {})",
    "({'Feedback': <@u 1>, 'Ratio': <@u 1>, 'Feedback': <@u 2>}, @a{sv} {})",
    "({'Pid': <@u 0>, 'Pid': <@u 0>}, @a{sv} {})",
    "({'Enabled': <false>, 'Enabled': <false>}, @a{sv} {})",
  };
  g_autoptr (Standstill) standstill = standstill_new (&machine);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_call_fails (SERVICE_INTERFACE, "Configure", parse (rows[i]), BUS_ERROR "InvalidArgs");
  assert_lasting_standstill (standstill);
}

static void
test_wrong_arguments (void)
{
  static const struct {
    const char *interface;
    const char *method;
    const char *arguments;
  } rows[] = {
    { SERVICE_INTERFACE, "Configure", "()" },
    { SERVICE_INTERFACE, "Configure", "(@a{sv} {},)" },
    { SERVICE_INTERFACE, "Configure", "(@a{sv} {}, @a{ss} {})" },
    { SERVICE_INTERFACE, "Configure", "(@a{su} {'Pid': 0}, @a{sv} {})" },
    { SERVICE_INTERFACE, "Configure", "(@a{sv} {}, @a{sv} {}, 1)" },
    { SERVICE_INTERFACE, "Reset", "('all',)" },
    { SERVICE_INTERFACE, "GetStatistics", "(@u 1,)" },
    { PROPERTIES, "Set", "('org.damon.Hugepage1', 'Pid', @u 0)" },
    { PROPERTIES, "Set", "('org.damon.Hugepage1', 'Pid')" },
    { PROPERTIES, "Get", "('org.damon.Hugepage1',)" },
    { PROPERTIES, "GetAll", "()" },
  };
  g_autoptr (Standstill) standstill = standstill_new (&machine);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_call_fails (rows[i].interface, rows[i].method, parse (rows[i].arguments),
                       g_str_equal (rows[i].interface, PROPERTIES) ? GDBUS_ANSWER
                                                                   : BUS_ERROR "InvalidArgs");
  assert_lasting_standstill (standstill);
}

static char *
new_long_text (const char *begin)
{
  GString *text = g_string_sized_new (MIB);

  g_string_append (text, begin);
  while (text->len < MIB)
    g_string_append_c (text, 'x');
  return g_string_free (text, FALSE);
}

static void
test_very_long (void)
{
  g_autofree char *text = new_long_text ("Pid\033[31m");
  g_autoptr (Standstill) standstill = standstill_new (&machine);
  const gint64 begin = g_get_monotonic_time ();
  g_autoptr (GString) deep = g_string_new (NULL);
  GVariantBuilder settings;

  assert_refused (text, g_variant_new_uint32 (1), BUS_ERROR "InvalidArgs");
  assert_refused ("Pid", g_variant_new_string (text), BUS_ERROR "InvalidArgs");
  assert_refused ("Nothing", g_variant_new_string (text), BUS_ERROR "InvalidArgs");
  assert_refused ("Ratio", g_variant_new_bytestring (text), BUS_ERROR "InvalidArgs");
  assert_call_fails (PROPERTIES, "Set",
                     g_variant_new ("(ssv)", text, "Pid", g_variant_new_uint32 (0)),
                     BUS_ERROR "InvalidArgs");
  assert_call_fails (PROPERTIES, "GetAll", g_variant_new ("(s)", text), BUS_ERROR "InvalidArgs");

  g_variant_builder_init (&settings, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < 50000; i++)
    g_variant_builder_add (&settings, "{sv}", "Feedback", g_variant_new_uint32 (i));
  assert_call_fails (SERVICE_INTERFACE, "Configure",
                     g_variant_new ("(a{sv}a{sv})", &settings, NULL), BUS_ERROR "InvalidArgs");

  for (guint i = 0; i < 30; i++)
    g_string_append (deep, "<");
  g_string_append (deep, "1");
  for (guint i = 0; i < 30; i++)
    g_string_append (deep, ">");
  assert_refused ("Pid", parse (deep->str), BUS_ERROR "InvalidArgs");
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 5 * G_USEC_PER_SEC);
  assert_lasting_standstill (standstill);
}

static void
test_enabled_without_pid (void)
{
  g_autoptr (Standstill) standstill = standstill_new (&machine);

  assert_refused ("Enabled", g_variant_new_boolean (TRUE), SERVICE_ERROR "NoSuchProcess");
  assert_call_fails (SERVICE_INTERFACE, "Configure",
                     parse ("({'Enabled': <true>, 'Pid': <@u 0>}, @a{sv} {})"),
                     SERVICE_ERROR "NoSuchProcess");
  assert_lasting_standstill (standstill);
}

static void
tear_down (void)
{
  fixture_tear_down (&machine, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_set_up_all (&machine, NULL);
  g_test_add_func ("/bad-values/outside-the-limits", test_outside_the_limits);
  g_test_add_func ("/bad-values/at-the-limits-is-good", test_at_the_limits);
  g_test_add_func ("/bad-values/not-of-this-engine", test_not_of_this_engine);
  g_test_add_func ("/bad-values/wrong-types", test_wrong_types);
  g_test_add_func ("/bad-values/read-only", test_read_only);
  g_test_add_func ("/bad-values/unknown-keys", test_unknown_keys);
  g_test_add_func ("/bad-values/twice", test_twice);
  g_test_add_func ("/bad-values/wrong-arguments", test_wrong_arguments);
  g_test_add_func ("/bad-values/very-long", test_very_long);
  g_test_add_func ("/bad-values/enabled-without-pid", test_enabled_without_pid);
  g_test_add_func ("/bad-values/service-ends-in-order", tear_down);
  return g_test_run ();
}
