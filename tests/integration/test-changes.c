/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "targets.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"
#define WAIT_SECONDS 5

/* Numbers that are not the defaults. */
static const struct {
  const char *name;
  const char *value;
} numbers[] = {
  { "Ratio", "@u 9000" },
  { "Feedback", "@u 7000" },
  { "MinAgeUSec", "@t 0" },
  { "QuotaTimeUSec", "@t 60000000" },
  { "QuotaSize", "@t 0" },
  { "QuotaResetIntervalUSec", "@t 3600000000" },
  { "StatisticsIntervalUSec", "@t 0" },
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
reset (Fixture *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call_method (self->connection, "Reset", NULL, CALL_PLAIN, &error);

  g_assert_no_error (error);
}

static void
configure_ok (Fixture *self, const char *settings)
{
  g_autoptr (GError) error = NULL;

  configure (self->connection, settings, CALL_PLAIN, &error);
  g_assert_no_error (error);
}

static SignalWatch *
watch_changes (Fixture *self)
{
  return signal_watch_new (self->connection, PROPERTIES, "PropertiesChanged");
}

/* What the last PropertiesChanged said. */
static void
assert_announced (SignalWatch *watch, const char *expected)
{
  g_autoptr (GVariant) wanted = parse (expected), changed = NULL;
  g_autofree const char **invalidated = NULL;
  const char *interface;

  g_variant_get (watch->arguments, "(&s@a{sv}^a&s)", &interface, &changed, &invalidated);
  g_assert_cmpstr (interface, ==, SERVICE_INTERFACE);
  g_assert_null (invalidated[0]);
  g_assert_cmpvariant (changed, wanted);
}

static void
test_set_and_configure_are_one (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    g_autofree char *settings = g_strdup_printf ("{'%s': <%s>}", numbers[i].name, numbers[i].value);
    g_autoptr (SignalWatch) watch = watch_changes (self);
    g_autoptr (GVariant) value = parse (numbers[i].value);
    g_autoptr (GError) error = NULL;

    set_property (self->connection, numbers[i].name, value, CALL_PLAIN, &error);
    g_assert_no_error (error);
    assert_property (self->connection, numbers[i].name, value);
    g_assert_true (signal_watch_wait (watch, 1, WAIT_SECONDS));
    assert_announced (watch, settings);

    reset (self);
    g_assert_true (signal_watch_wait (watch, 2, WAIT_SECONDS));
    configure_ok (self, settings);
    assert_property (self->connection, numbers[i].name, value);
    g_assert_true (signal_watch_wait (watch, 3, WAIT_SECONDS));
    assert_announced (watch, settings);

    reset (self);
    g_assert_true (signal_watch_wait (watch, 4, WAIT_SECONDS));
  }
}

static void
test_five_keys_are_one_signal (Fixture *self, gconstpointer data)
{
  static const char settings[] =
    "{'Ratio': <@u 9000>, 'Feedback': <@u 7000>, 'MinAgeUSec': <@t 200000>,"
    " 'QuotaTimeUSec': <@t 20000>, 'QuotaSize': <@t 2097152>}";
  g_autoptr (SignalWatch) watch = watch_changes (self);

  configure_ok (self, settings);
  wait_for (200);
  g_assert_cmpuint (watch->count, ==, 1);
  assert_announced (watch, settings);
}

static void
test_same_value_is_no_change (Fixture *self, gconstpointer data)
{
  g_autoptr (Standstill) standstill = NULL;

  configure_ok (self, "{'QuotaTimeUSec': <@t 20000>}");
  wait_for (100);
  standstill = standstill_new (self);
  configure_ok (self, "{'QuotaTimeUSec': <@t 20000>, 'Pid': <@u 0>, 'Enabled': <false>}");
  configure_ok (self, "{}");
  wait_for (100);
  assert_standstill (standstill);
}

/* One bad key among good ones, which come before and after it. */
static void
test_all_or_nothing (Fixture *self, gconstpointer data)
{
  static const struct {
    const char *bad;
    const char *error;
  } rows[] = {
    { "'Ratio': <@u 10001>", SERVICE_ERROR "InvalidValue" },
    { "'Ratio': <@u 0>", SERVICE_ERROR "InvalidValue" },
    { "'StatisticsIntervalUSec': <@t 1>", SERVICE_ERROR "InvalidValue" },
    { "'MinRegions': <@t 10>", SERVICE_ERROR "NotSupported" },
    { "'Ratio': <@t 9000>", BUS_ERROR "InvalidArgs" },
    { "'State': <'running'>", BUS_ERROR "InvalidArgs" },
    { "'Nonsense': <1>", BUS_ERROR "InvalidArgs" },
    { "'Pid': <@u 4194304>", SERVICE_ERROR "NoSuchProcess" },
    { "'Pid': <@u 1>", SERVICE_ERROR "ProcessNotPermitted" },
    { "'Enabled': <true>", SERVICE_ERROR "NoSuchProcess" },
    { "'QuotaSize': <@t 4096>", BUS_ERROR "InvalidArgs" }, /* twice */
  };
  g_autoptr (Standstill) standstill = standstill_new (self);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *settings = g_strdup_printf (
      "{'MinAgeUSec': <@t 1>, %s, 'QuotaSize': <@t 2>, 'Feedback': <@u 3>}", rows[i].bad);
    g_autoptr (GError) error = NULL;

    configure (self->connection, settings, CALL_PLAIN, &error);
    assert_error_name (error, rows[i].error);
    assert_standstill (standstill);
  }
  assert_lasting_standstill (standstill);
}

static void
test_dry_run (Fixture *self, gconstpointer data)
{
  g_autofree char *settings =
    g_strdup_printf ("{'Pid': <@u %u>, 'Enabled': <true>, 'Ratio': <@u 9000>, 'QuotaSize': <@t 0>}",
                     fixture_process_of (self, "alice"));
  g_autoptr (Standstill) standstill = standstill_new (self);
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");
  g_autoptr (GError) error = NULL;

  configure_dry_run (self->connection, settings, CALL_PLAIN, &error);
  g_assert_no_error (error);
  configure_dry_run (self->connection, "{'Ratio': <@u 0>}", CALL_PLAIN, &error);
  assert_error_name (error, SERVICE_ERROR "InvalidValue");
  configure_dry_run (bob, settings, CALL_PLAIN, &error);
  assert_error_name (error, BUS_ERROR "InteractiveAuthorizationRequired");
  assert_lasting_standstill (standstill);
}

static void
test_options (Fixture *self, gconstpointer data)
{
  static const char *const rows[] = {
    "{'dry-run': <1>}",
    "{'dry-run': <'true'>}",
    "{'dry-run': <<true>>}",
    "{'dry-run': <true>, 'other': <true>}",
    "{'DryRun': <true>}",
    "{'': <true>}",
    "{'dry-run': <true>, 'dry-run': <false>}",
  };
  g_autoptr (Standstill) standstill = standstill_new (self);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *text = g_strdup_printf ("(@a{sv} {'QuotaSize': <@t 0>}, @a{sv} %s)", rows[i]);
    g_autoptr (GVariant) arguments = parse (text);
    g_autoptr (GError) error = NULL;

    call_method (self->connection, "Configure", arguments, CALL_PLAIN, &error);
    assert_error_name (error, BUS_ERROR "InvalidArgs");
    assert_standstill (standstill);
  }
}

static void
test_reset (Fixture *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (self, "alice");
  g_autoptr (GVariant) before = NULL, after = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (SignalWatch) watch = NULL;

  fixture_serve (self, pid);
  before = get_all_properties (self->connection, &error);
  configure_ok (self, "{'Ratio': <@u 1>, 'Feedback': <@u 2>, 'MinAgeUSec': <@t 3>,"
                      " 'QuotaTimeUSec': <@t 4>, 'QuotaSize': <@t 5>,"
                      " 'QuotaResetIntervalUSec': <@t 60000>,"
                      " 'StatisticsIntervalUSec': <@t 700000>}");
  wait_for (100);
  watch = watch_changes (self);
  reset (self);
  wait_for (100);
  after = get_all_properties (self->connection, &error);
  g_assert_no_error (error);
  g_assert_cmpvariant (after, before);
  g_assert_cmpuint (watch->count, ==, 1);
  assert_property (self->connection, "Pid", g_variant_new_uint32 (pid));
  assert_property (self->connection, "State", g_variant_new_string ("running"));
}

/* The reply comes after the change, also for who calls in a hurry. */
static void
test_calls_take_their_turns (Fixture *self, gconstpointer data)
{
  Call *calls[100]; /* the bus lets nobody have many more open */
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    calls[i] =
      set_property_begin (self->connection, "QuotaSize", g_variant_new_uint64 (i), CALL_PLAIN);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++) {
    g_autoptr (GVariant) reply = call_finish (calls[i], WAIT_SECONDS, &error);

    g_assert_no_error (error);
  }
  assert_property (self->connection, "QuotaSize", g_variant_new_uint64 (G_N_ELEMENTS (calls) - 1));
}

static gboolean
is_announced (gpointer data)
{
  const SignalWatch *watch = data;
  g_autoptr (GVariant) changed = NULL;
  guint64 size;

  if (!watch->arguments)
    return FALSE;
  g_variant_get (watch->arguments, "(&s@a{sv}@as)", NULL, &changed, NULL);
  return g_variant_lookup (changed, "QuotaSize", "t", &size) && size == 4096 * 100;
}

/* Nobody is woken for each of many. */
static void
test_changes_in_a_hurry_are_few_signals (Fixture *self, gconstpointer data)
{
  g_autoptr (SignalWatch) watch = watch_changes (self);
  Call *calls[100];
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    calls[i] = set_property_begin (self->connection, "QuotaSize",
                                   g_variant_new_uint64 (4096 * (i + 1)), CALL_PLAIN);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++) {
    g_autoptr (GVariant) reply = call_finish (calls[i], WAIT_SECONDS, &error);

    g_assert_no_error (error);
  }
  g_assert_true (wait_until (is_announced, watch, WAIT_SECONDS));
  g_assert_cmpuint (watch->count, <, G_N_ELEMENTS (calls) / 2);
}

/* Whoever has the answer reads what he has set, and was told of it before. */
static void
test_all_properties_are_never_old (Fixture *self, gconstpointer data)
{
  g_autoptr (SignalWatch) watch = watch_changes (self);
  g_autoptr (GError) error = NULL;

  for (guint64 i = 1; i <= 50; i++) {
    g_autoptr (GVariant) all = NULL;
    guint64 size;

    set_property (self->connection, "QuotaSize", g_variant_new_uint64 (4096 * i), CALL_PLAIN,
                  &error);
    g_assert_no_error (error);
    all = get_all_properties (self->connection, &error);
    g_assert_no_error (error);
    g_assert_true (g_variant_lookup (all, "QuotaSize", "t", &size));
    g_assert_cmpuint (size, ==, 4096 * i);
    g_assert_true (signal_watch_wait (watch, (guint) i, WAIT_SECONDS));
  }
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
  add ("/changes/set-and-configure-are-one", test_set_and_configure_are_one);
  add ("/changes/five-keys-are-one-signal", test_five_keys_are_one_signal);
  add ("/changes/same-value-is-no-change", test_same_value_is_no_change);
  add ("/changes/all-or-nothing", test_all_or_nothing);
  add ("/changes/dry-run-changes-nothing", test_dry_run);
  add ("/changes/options-are-checked", test_options);
  add ("/changes/reset-leaves-the-target", test_reset);
  add ("/changes/calls-take-their-turns", test_calls_take_their_turns);
  add ("/changes/changes-in-a-hurry-are-few-signals", test_changes_in_a_hurry_are_few_signals);
  add ("/changes/all-properties-are-never-old", test_all_properties_are_never_old);
  return g_test_run ();
}
