/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "target-objects.h"
#include "targets.h"

#include <string.h>

/* Options, texts and numbers that the methods and properties of targets do not take, and the last
 * ones that they do. One machine for all rows. */

#define PROPERTIES "org.freedesktop.DBus.Properties"
#define WAIT_SECONDS 10
#define MIB (1 << 20)
#define LONGEST_MESSAGE 512 /* bytes of what is said about it, however long it is */

#define INVALID_ARGS BUS_ERROR "InvalidArgs"
#define INVALID_VALUE SERVICE_ERROR "InvalidValue"
#define GOOD NULL

static Fixture machine;
static GDBusConnection *alice;
static guint32 hers; /* a process of alice's */

static void
check_addition (GVariant *options, const char *error_name)
{
  g_autoptr (Standstill) standstill = standstill_new (&machine);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call_method (
    alice, "AddTargetByPid", g_variant_new ("(u@a{sv})", hers, options), CALL_PLAIN, &error);
  const char *path;

  if (error_name != NULL) {
    g_assert_nonnull (error);
    g_assert_cmpuint (strlen (error->message), <, LONGEST_MESSAGE);
    assert_error_name (error, error_name);
    assert_standstill (standstill);
    return;
  }
  g_assert_no_error (error);
  g_variant_get (reply, "(&o)", &path);
  remove_target (alice, path, &error);
  g_assert_no_error (error);
}

static const struct {
  const char *options;
  const char *error;
} options[] = {
  { "{'ratio': <@u 0>}", INVALID_VALUE },
  { "{'ratio': <@u 1>}", GOOD },
  { "{'ratio': <@u 10000>}", GOOD },
  { "{'ratio': <@u 10001>}", INVALID_VALUE },
  { "{'ratio': <@u 4294967295>}", INVALID_VALUE },
  { "{'feedback': <@u 0>}", GOOD },
  { "{'feedback': <@u 1000000>}", GOOD },
  { "{'feedback': <@u 1000001>}", INVALID_VALUE },
  { "{'feedback': <@u 4294967295>}", INVALID_VALUE },
  { "{'primary': <true>, 'ratio': <@u 0>}", INVALID_VALUE },
  { "{'ratio': <@u 5>, 'feedback': <@u 1000001>}", INVALID_VALUE },
  { "{'': <true>}", INVALID_ARGS },
  { "{'Primary': <true>}", INVALID_ARGS },
  { "{'Ratio': <@u 5>}", INVALID_ARGS },
  { "{'primary ': <true>}", INVALID_ARGS },
  { "{'application_id': <'a'>}", INVALID_ARGS },
  { "{'owner': <@u 0>}", INVALID_ARGS },
  { "{'dry-run': <true>}", INVALID_ARGS },
  { "{'\\033[2J': <true>}", INVALID_ARGS },
  { "{'%s%n': <true>}", INVALID_ARGS },
  { "{'ratio': <@u 5>, 'unknown': <@u 5>}", INVALID_ARGS },
  { "{'ratio': <@u 5>, 'ratio': <@u 5>}", INVALID_ARGS },
  { "{'bind': <true>, 'reason': <'a'>, 'bind': <true>}", INVALID_ARGS },
  { "{'ratio': <@t 5>}", INVALID_ARGS },
  { "{'ratio': <@i 5>}", INVALID_ARGS },
  { "{'ratio': <'5'>}", INVALID_ARGS },
  { "{'ratio': <<@u 5>>}", INVALID_ARGS },
  { "{'ratio': <[@u 5]>}", INVALID_ARGS },
  { "{'feedback': <@x 5>}", INVALID_ARGS },
  { "{'feedback': <5.0>}", INVALID_ARGS },
  { "{'primary': <@u 1>}", INVALID_ARGS },
  { "{'primary': <'true'>}", INVALID_ARGS },
  { "{'bind': <@y 1>}", INVALID_ARGS },
  { "{'bind': <@a{sv} {}>}", INVALID_ARGS },
  { "{'reason': <@ay b'why'>}", INVALID_ARGS },
  { "{'reason': <@o '/why'>}", INVALID_ARGS },
  { "{'reason': <['why']>}", INVALID_ARGS },
  { "{'application-id': <@g 's'>}", INVALID_ARGS },
  { "{'application-id': <true>}", INVALID_ARGS },
};

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (NULL, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static void
test_options (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (options); i++) {
    g_autoptr (GVariant) value = parse (options[i].options);

    g_test_message ("%s", options[i].options);
    check_addition (value, options[i].error);
  }
}

/* @length: filled up to so many bytes. */
static const struct {
  const char *option;
  const char *text;
  gsize length;
  const char *error;
} texts[] = {
  { "reason", "", 0, GOOD },
  { "reason", "because it's “fast”, \\ äöü 漢字 🙂 %s%n", 0, GOOD },
  { "reason", "", 128, GOOD },
  { "reason", "", 129, INVALID_VALUE },
  { "reason", "", MIB, INVALID_VALUE },
  { "reason", "ü", 128, GOOD },
  { "reason", "ü", 129, INVALID_VALUE },
  { "reason", "two\nlines", 0, INVALID_VALUE },
  { "reason", "at its end\n", 0, INVALID_VALUE },
  { "reason", "tab\t", 0, INVALID_VALUE },
  { "reason", "\r", 0, INVALID_VALUE },
  { "reason", "\b", 0, INVALID_VALUE },
  { "reason", "\001", 0, INVALID_VALUE },
  { "reason", "\033[31mred", 0, INVALID_VALUE },
  { "reason", "\033]0;title\007", MIB, INVALID_VALUE },
  { "reason", "\177", 0, INVALID_VALUE },
  { "reason", "\xc2\x85", 0, INVALID_VALUE },
  { "reason",
    "\xc2\x9b"
    "31m",
    0, INVALID_VALUE },
  { "reason", "\u00ad", 0, INVALID_VALUE },
  { "reason", "\u200b", 0, INVALID_VALUE },
  { "reason", "right \u202e left", 0, INVALID_VALUE },
  { "reason", "\u2066isolated\u2069", 0, INVALID_VALUE },
  { "reason", "\u2028", 0, INVALID_VALUE },
  { "reason", "\u2029", 0, INVALID_VALUE },
  { "reason", "\ufeff", 0, INVALID_VALUE },
  { "reason", "\U000e0041", 0, INVALID_VALUE },
  { "application-id", "", 0, GOOD },
  { "application-id", "org.example.App-1_2", 0, GOOD },
  { "application-id", "", 255, GOOD },
  { "application-id", "", 256, INVALID_VALUE },
  { "application-id", "", MIB, INVALID_VALUE },
  { "application-id", "\033[2J", MIB, INVALID_VALUE },
  { "application-id", "org.example.App\n", 0, INVALID_VALUE },
  { "application-id", "\033[31m", 0, INVALID_VALUE },
  { "application-id", "\u202e", 0, INVALID_VALUE },
  { "application-id", "a b", 0, INVALID_VALUE },
  { "application-id", "../../etc/passwd", 0, INVALID_VALUE },
  { "application-id", "<b>", 0, INVALID_VALUE },
  { "application-id", "ü", 0, INVALID_VALUE },
};

static void
test_texts (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GString) text = g_string_new (texts[i].text);
    g_autofree char *escaped = g_strescape (texts[i].text, NULL);
    GVariantBuilder builder;

    while (text->len < texts[i].length)
      g_string_append_c (text, 'x');
    g_test_message ("%s \"%s\", %" G_GSIZE_FORMAT " bytes", texts[i].option, escaped, text->len);
    g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&builder, "{sv}", texts[i].option, g_variant_new_string (text->str));
    check_addition (g_variant_builder_end (&builder), texts[i].error);
  }
}

/* @object: "root" or "target". */
static const struct {
  const char *object;
  const char *interface;
  const char *method;
  const char *arguments;
  const char *error;
} calls[] = {
  { "target", TARGET_INTERFACE, "GetHeatMap", "({'addresses': <true>},)", INVALID_ARGS },
  { "target", TARGET_INTERFACE, "GetHeatMap", "({'': <@t 1>},)", INVALID_ARGS },
  { "target", TARGET_INTERFACE, "GetHeatMap", "()", INVALID_ARGS },
  { "target", TARGET_INTERFACE, "GetDetails", "(@a{sv} {},)", INVALID_ARGS },
  { "target", TARGET_INTERFACE, "Undo", "(true,)", INVALID_ARGS },
  { "target", TARGET_INTERFACE, "Remove", "('all',)", INVALID_ARGS },
  { "target", TARGET_INTERFACE, "Nothing", "()", BUS_ERROR "UnknownMethod" },
  { "target", SERVICE_INTERFACE, "Reset", "()", BUS_ERROR "UnknownMethod" },
  { "root", TARGET_INTERFACE, "Remove", "()", BUS_ERROR "UnknownMethod" },
  { "root", SERVICE_INTERFACE, "ListProcesses", "({'everything': <true>},)", INVALID_ARGS },
  { "root", SERVICE_INTERFACE, "ListProcesses", "({'all': <@u 1>},)", INVALID_ARGS },
  { "root", SERVICE_INTERFACE, "ListProcesses", "({'all': <true>, 'all': <true>},)", INVALID_ARGS },
  { "root", SERVICE_INTERFACE, "ListProcesses", "({'all': <false>, 'uid': <@u 0>},)",
    INVALID_ARGS },
  { "root", SERVICE_INTERFACE, "ListProcesses", "()", INVALID_ARGS },
  { "root", SERVICE_INTERFACE, "RemoveTarget", "('/org/damon/Hugepage/targets/t1',)",
    INVALID_ARGS },
  { "root", SERVICE_INTERFACE, "AddTarget", "(@u 0, @a{sv} {})", INVALID_ARGS },
  { "root", SERVICE_INTERFACE, "AddTargetByPid", "(@i 1, @a{sv} {})", INVALID_ARGS },
  { "root", SERVICE_INTERFACE, "AddTargetByPid", "(@u 1,)", INVALID_ARGS },
  { "root", SERVICE_INTERFACE, "SubscribeStatistics", "(@t 0,)", INVALID_VALUE },
  { "root", SERVICE_INTERFACE, "SubscribeStatistics", "(@t 3600000001,)", INVALID_VALUE },
  { "root", SERVICE_INTERFACE, "SubscribeStatistics", "(@t 9223372036854775807,)", INVALID_VALUE },
  { "root", SERVICE_INTERFACE, "SubscribeStatistics", "(@t 9223372036854775808,)", INVALID_VALUE },
  { "root", SERVICE_INTERFACE, "SubscribeStatistics", "(@t 18446744073709551615,)", INVALID_VALUE },
  { "root", SERVICE_INTERFACE, "SubscribeStatistics", "(@u 1000000,)", INVALID_ARGS },
  { "root", SERVICE_INTERFACE, "SubscribeStatistics", "(@x -1,)", INVALID_ARGS },
  { "target", PROPERTIES, "Set", "('" TARGET_INTERFACE "', 'Ratio', <@u 0>)", INVALID_VALUE },
  { "target", PROPERTIES, "Set", "('" TARGET_INTERFACE "', 'Ratio', <@u 10001>)", INVALID_VALUE },
  { "target", PROPERTIES, "Set", "('" TARGET_INTERFACE "', 'Ratio', <@t 5>)", INVALID_ARGS },
  { "target", PROPERTIES, "Set", "('" TARGET_INTERFACE "', 'Ratio', <'5'>)", INVALID_ARGS },
  { "target", PROPERTIES, "Set", "('" TARGET_INTERFACE "', 'Feedback', <@u 1000001>)",
    INVALID_VALUE },
  { "target", PROPERTIES, "Set", "('" TARGET_INTERFACE "', 'Feedback', <@i -1>)", INVALID_ARGS },
  { "target", PROPERTIES, "Set", "('" TARGET_INTERFACE "', 'OwnerUid', <@u 0>)", INVALID_ARGS },
  { "target", PROPERTIES, "Set", "('" TARGET_INTERFACE "', 'Pid', <@u 0>)", INVALID_ARGS },
  { "target", PROPERTIES, "Set", "('" TARGET_INTERFACE "', 'Primary', <true>)", INVALID_ARGS },
  { "target", PROPERTIES, "Set", "('" TARGET_INTERFACE "', 'QuotaSize', <@t 0>)", INVALID_ARGS },
  { "target", PROPERTIES, "Set", "('" TARGET_INTERFACE "', '', <@u 1>)", INVALID_ARGS },
  { "target", PROPERTIES, "Set", "('" SERVICE_INTERFACE "', 'Ratio', <@u 5>)", INVALID_ARGS },
  { "root", PROPERTIES, "Set", "('" TARGET_INTERFACE "', 'Ratio', <@u 5>)", INVALID_ARGS },
};

/* By root: nothing but the call can be wrong. */
static void
test_calls (void)
{
  g_autofree char *path = added_target (machine.connection, hers, NULL);
  g_autoptr (GError) error = NULL;

  assert_target_eventually (alice, path, "State", "'running'", WAIT_SECONDS);
  wait_for (50);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++) {
    g_autoptr (Standstill) standstill = standstill_new (&machine);
    g_autoptr (GVariant) arguments = parse (calls[i].arguments);
    g_autoptr (GVariant) reply = NULL;

    g_test_message ("%s %s", calls[i].method, calls[i].arguments);
    reply = g_dbus_connection_call_sync (
      machine.connection, SERVICE_NAME, g_str_equal (calls[i].object, "root") ? SERVICE_PATH : path,
      calls[i].interface, calls[i].method, arguments, NULL, G_DBUS_CALL_FLAGS_NONE,
      wait_milliseconds (WAIT_SECONDS), NULL, &error);
    assert_error_name (error, calls[i].error);
    assert_standstill (standstill);
  }
  remove_target (machine.connection, path, &error);
  g_assert_no_error (error);
}

static const struct {
  guint64 interval;
  guint64 least; /* that it can become */
} intervals[] = {
  { 1, 250000 },
  { 249999, 250000 },
  { 250000, 250000 },
  { 1000000, 1000000 },
  { G_GUINT64_CONSTANT (3600000000), G_GUINT64_CONSTANT (3600000000) },
};

static void
test_intervals (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (intervals); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) reply =
      call_method (alice, "SubscribeStatistics", g_variant_new ("(t)", intervals[i].interval),
                   CALL_PLAIN, &error);
    guint64 effective;

    g_assert_no_error (error);
    g_variant_get (reply, "(t)", &effective);
    g_assert_cmpuint (effective, >=, intervals[i].least);
    /* With nothing to send, nothing makes it longer. */
    g_assert_cmpuint (effective, <=, intervals[i].least);
  }
}

static void
test_end (void)
{
  g_clear_object (&alice);
  fixture_tear_down (&machine, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_set_up_own (&machine, NULL);
  alice = fixture_connection_as (&machine, "alice");
  hers = fixture_process_of (&machine, "alice");
  g_test_add_func ("/targets-bad-values/options", test_options);
  g_test_add_func ("/targets-bad-values/texts", test_texts);
  g_test_add_func ("/targets-bad-values/calls", test_calls);
  g_test_add_func ("/targets-bad-values/intervals", test_intervals);
  g_test_add_func ("/targets-bad-values/service-ends-in-order", test_end);
  return g_test_run ();
}
