/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "raw-bus.h"
#include "target-objects.h"
#include "targets.h"

#include <string.h>

/* Messages as no client's library sends them. What the bus does not let through must not be
 * noticed; what it does, must not end the service. */

#define WAIT_SECONDS 10
#define REASON "REASON-REASON"
#define PATH_END "tNUMBER"
#define DEEPEST 80

static Fixture machine;
static guint32 hers; /* a process of alice's */

/* Everything in it is good. */
static GDBusMessage *
new_addition (void)
{
  GDBusMessage *message = g_dbus_message_new_method_call (SERVICE_NAME, SERVICE_PATH,
                                                          SERVICE_INTERFACE, "AddTargetByPid");

  g_dbus_message_set_body (message,
                           g_variant_new_parsed ("(%u, {'application-id': <'org.example.App'>,"
                                                 " 'reason': <'" REASON "'>})",
                                                 hers));
  return message;
}

static GDBusMessage *
new_removal (void)
{
  GDBusMessage *message =
    g_dbus_message_new_method_call (SERVICE_NAME, SERVICE_PATH, SERVICE_INTERFACE, "RemoveTarget");

  g_dbus_message_set_body (message, g_variant_new ("(o)", SERVICE_PATH "/targets/" PATH_END));
  return message;
}

/* A part of one of the two, and what is there instead. */
static const struct {
  const char *name;
  const char *part;
  const char *instead; /* as many bytes */
} patches[] = {
  { "text-is-no-utf-8", REASON,
    "\xff\xfe\xfd"
    "SON-REASON" },
  { "text-ends-in-a-character", REASON, "REASON-REAS\xe2\x82" },
  { "text-has-an-overlong-character", REASON,
    "\xc0\xaf"
    "ASON-REASON" },
  { "text-has-a-surrogate", REASON,
    "\xed\xa0\x80"
    "SON-REASON" },
  { "text-is-beyond-unicode", REASON,
    "\xf4\x90\x80\x80"
    "ON-REASON" },
  { "text-has-a-nul", REASON, "REASON\0REASON" },
  { "key-is-no-utf-8", "reason",
    "rea\xff"
    "on" },
  { "member-is-no-name", "AddTargetByPid", "Add/TargetByPi" },
  { "interface-is-no-name", "org.damon.Hugepage1", "org.damon.Hugepage." },
  { "signature-does-not-close", "ua{sv}", "ua{sv)" },
  { "signature-has-an-unknown-type", "ua{sv}", "ua{s!}" },
  { "signature-is-another", "ua{sv}", "ta{sv}" },
  { "path-has-a-plus", PATH_END, "t+00007" },
  { "path-has-a-minus", PATH_END, "t-00007" },
  { "path-ends-in-a-slash", PATH_END, "t00007/" },
  { "path-has-an-empty-element", PATH_END, "t//0007" },
  { "path-climbs", PATH_END, "../../t" },
  { "path-has-a-space", PATH_END, "t 00007" },
  { "path-is-no-utf-8", PATH_END, "t\xff\xff\xff\xff\xff\xff" },
};

static void
test_cut (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autoptr (RawBus) bus = raw_bus_new (machine.bus_address);
  g_autoptr (GDBusMessage) message =
    g_str_equal (patches[i].part, PATH_END) ? new_removal () : new_addition ();
  g_autoptr (Standstill) standstill = standstill_new (&machine);
  GByteArray *bytes = raw_bus_serialize (bus, message);

  raw_bus_patch (bytes, patches[i].part, patches[i].instead, strlen (patches[i].part));
  if (raw_bus_send (bus, bytes))
    g_assert_null (raw_bus_receive (bus, WAIT_SECONDS));
  assert_standstill (standstill);
}

/* What is odd about it does not matter, and the service answers. @at: a byte of the header. */
static const struct {
  const char *name;
  gsize at;
  guint8 byte;
} oddities[] = {
  { "nothing", 0, 0 }, { "flags", 2, 0xf8 }, /* which nobody knows yet */
};

static void
assert_added (GDBusMessage *answer)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (answer);
  g_dbus_message_to_gerror (answer, &error);
  g_assert_no_error (error);
  g_variant_get (g_dbus_message_get_body (answer), "(o)", &path);
  remove_target (machine.connection, path, &error);
  g_assert_no_error (error);
}

static void
test_odd (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autoptr (RawBus) bus = raw_bus_new (machine.bus_address);
  g_autoptr (GDBusMessage) message = new_addition ();
  g_autoptr (GDBusMessage) answer = NULL;
  GByteArray *bytes = raw_bus_serialize (bus, message);

  if (oddities[i].at > 0)
    bytes->data[oddities[i].at] = oddities[i].byte;
  g_assert_true (raw_bus_send (bus, bytes));
  answer = raw_bus_receive (bus, WAIT_SECONDS);
  assert_added (answer);
}

static void
test_other_byte_order (void)
{
  g_autoptr (RawBus) bus = raw_bus_new (machine.bus_address);
  g_autoptr (GDBusMessage) message = new_addition ();
  g_autoptr (GDBusMessage) answer = NULL;

  g_dbus_message_set_byte_order (message, G_BYTE_ORDER == G_LITTLE_ENDIAN
                                            ? G_DBUS_MESSAGE_BYTE_ORDER_BIG_ENDIAN
                                            : G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN);
  g_assert_true (raw_bus_send (bus, raw_bus_serialize (bus, message)));
  answer = raw_bus_receive (bus, WAIT_SECONDS);
  assert_added (answer);
}

static GVariant *
wrap_in_variant (GVariant *value)
{
  return g_variant_new_variant (value);
}

static GVariant *
wrap_in_array (GVariant *value)
{
  return g_variant_new_array (NULL, &value, 1);
}

static GVariant *
wrap_in_structure (GVariant *value)
{
  return g_variant_new_tuple (&value, 1);
}

static GVariant *
wrap_in_entry (GVariant *value)
{
  GVariant *entry = g_variant_new_dict_entry (g_variant_new_byte (0), value);

  return g_variant_new_array (NULL, &entry, 1);
}

static GVariant *
wrap_in_turn (GVariant *value)
{
  return wrap_in_variant (wrap_in_array (wrap_in_structure (value)));
}

static const struct {
  const char *name;
  GVariant *(*wrap) (GVariant *value);
} wraps[] = {
  { "variants", wrap_in_variant },     { "arrays", wrap_in_array },
  { "structures", wrap_in_structure }, { "entries", wrap_in_entry },
  { "all-in-turn", wrap_in_turn },
};

/* To any depth: whatever the bus takes, the service must be able to read. */
static void
test_nested (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autoptr (Standstill) standstill = standstill_new (&machine);
  g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_uint32 (5));
  guint taken = 0;

  for (guint depth = 1; depth <= DEEPEST; depth++) {
    g_autoptr (RawBus) bus = raw_bus_new (machine.bus_address);
    g_autoptr (GDBusMessage) message = new_addition ();
    g_autoptr (GDBusMessage) answer = NULL;
    g_autoptr (GVariant) inner = g_steal_pointer (&value);

    value = g_variant_ref_sink (wraps[i].wrap (inner));
    g_dbus_message_set_body (message, g_variant_new_parsed ("(%u, {'ratio': <%*>})", hers, value));
    if (raw_bus_send (bus, raw_bus_serialize (bus, message)))
      answer = raw_bus_receive (bus, WAIT_SECONDS);
    g_assert_false (child_has_exited (machine.service));
    if (answer == NULL)
      break;
    taken = depth;
    g_assert_cmpstr (g_dbus_message_get_error_name (answer), ==, BUS_ERROR "InvalidArgs");
  }
  g_test_message ("The bus takes %u", taken);
  assert_standstill (standstill);
}

/* Only the bus itself can say that somebody has left. */
static void
test_false_farewell (void)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (&machine, "alice");
  g_autoptr (GDBusConnection) bob = fixture_connection_as (&machine, "bob");
  g_autofree char *path = added_target (alice, hers, "{'bind': <true>}");
  const char *name = g_dbus_connection_get_unique_name (alice);
  g_autoptr (Standstill) standstill = NULL;
  g_autoptr (GError) error = NULL;

  assert_target_eventually (alice, path, "State", "'running'", WAIT_SECONDS);
  wait_for (50);
  standstill = standstill_new (&machine);
  g_dbus_connection_emit_signal (bob, SERVICE_NAME, "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                 "NameOwnerChanged", g_variant_new ("(sss)", name, name, ""),
                                 &error);
  g_assert_no_error (error);
  wait_for_bus (bob);
  wait_for (200);
  assert_standstill (standstill);
  remove_target (alice, path, &error);
  g_assert_no_error (error);
}

static void
test_end (void)
{
  fixture_tear_down (&machine, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_set_up_own (&machine, NULL);
  hers = fixture_process_of (&machine, "alice");
  for (guint i = 0; i < G_N_ELEMENTS (patches); i++) {
    g_autofree char *path = g_strconcat ("/targets-bad-messages/cut-", patches[i].name, NULL);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_cut);
  }
  for (guint i = 0; i < G_N_ELEMENTS (oddities); i++) {
    g_autofree char *path = g_strconcat ("/targets-bad-messages/odd-", oddities[i].name, NULL);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_odd);
  }
  g_test_add_func ("/targets-bad-messages/other-byte-order", test_other_byte_order);
  for (guint i = 0; i < G_N_ELEMENTS (wraps); i++) {
    g_autofree char *path = g_strconcat ("/targets-bad-messages/nested-", wraps[i].name, NULL);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_nested);
  }
  g_test_add_func ("/targets-bad-messages/false-farewell", test_false_farewell);
  g_test_add_func ("/targets-bad-messages/service-ends-in-order", test_end);
  return g_test_run ();
}
