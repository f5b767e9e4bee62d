/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "target-objects.h"
#include "targets.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Calls about what is a target already, never was one, or is none any more. One machine for all. */

#define WAIT_SECONDS 10
#define TARGETS SERVICE_PATH "/targets/"
#define ALREADY SERVICE_ERROR "AlreadyTarget"
#define UNKNOWN SERVICE_ERROR "UnknownTarget"
#define DENIED BUS_ERROR "InteractiveAuthorizationRequired"

static Fixture machine;
static GDBusConnection *alice, *bob;
static guint32 hers; /* a process of alice's */

static int
open_pidfd (guint32 pid)
{
  const int fd = (int) syscall (SYS_pidfd_open, pid, 0);

  g_assert_no_errno (fd);
  return fd;
}

static void
assert_already (GDBusConnection *connection, guint32 pid, const char *options)
{
  const int pidfd = open_pidfd (pid);
  g_autoptr (Standstill) standstill = standstill_new (&machine);
  g_autoptr (GError) error = NULL;

  g_assert_null (add_target (connection, pid, options, &error));
  assert_error_name (error, ALREADY);
  g_assert_null (add_target_by_descriptors (connection, &pidfd, 1, 0, options, &error));
  assert_error_name (error, ALREADY);
  assert_standstill (standstill);
  close (pidfd);
}

/* By whoever asks, and however it became one. */
static void
test_twice (void)
{
  GDBusConnection *const callers[] = { alice, bob, machine.connection };
  g_autofree char *path = added_target (alice, hers, NULL);
  g_autoptr (GError) error = NULL;

  assert_target_eventually (alice, path, "State", "'running'", WAIT_SECONDS);
  wait_for (50);
  for (guint i = 0; i < G_N_ELEMENTS (callers); i++) {
    assert_already (callers[i], hers, NULL);
    assert_already (callers[i], hers, "{'primary': <true>, 'bind': <true>, 'ratio': <@u 7>}");
  }
  remove_target (alice, path, &error);
  g_assert_no_error (error);
  fixture_serve (&machine, hers);
  wait_for (50);
  for (guint i = 0; i < G_N_ELEMENTS (callers); i++)
    assert_already (callers[i], hers, NULL);
  set_property (machine.connection, "Pid", g_variant_new_uint32 (0), CALL_PLAIN, &error);
  g_assert_no_error (error);
}

static void
test_twice_at_once (void)
{
  g_autofree char *path = NULL;
  Call *calls[8];
  guint taken = 0;

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    calls[i] = call_begin (i % 2 ? alice : machine.connection, SERVICE_INTERFACE, "AddTargetByPid",
                           g_variant_new_parsed ("(%u, @a{sv} {})", hers), CALL_PLAIN);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) reply = call_finish (calls[i], WAIT_SECONDS, &error);

    if (reply != NULL)
      taken++;
    else
      assert_error_name (error, ALREADY);
  }
  g_assert_cmpuint (taken, ==, 1);
  g_assert_cmpuint (count_targets (alice), ==, 1);
  path = find_target (alice, hers);
  remove_target (machine.connection, path, NULL);
  g_assert_cmpuint (count_targets (alice), ==, 0);
}

static void
assert_not_removed (GDBusConnection *connection, const char *path, const char *error_name)
{
  g_autoptr (Standstill) standstill = standstill_new (&machine);
  g_autoptr (GError) error = NULL;

  g_test_message ("%.80s", path);
  remove_target (connection, path, &error);
  assert_error_name (error, error_name);
  assert_standstill (standstill);
}

/* "%s" stands for the number of a target that there is. */
static const char *const unknown[] = {
  "/",
  "/org",
  SERVICE_PATH,
  SERVICE_PATH "/targets",
  TARGETS "t",
  TARGETS "t0",
  TARGETS "t1",
  TARGETS "t007",
  TARGETS "t0%s",
  TARGETS "t%s0",
  TARGETS "%s",
  TARGETS "T%s",
  TARGETS "tt%s",
  TARGETS "t%s_",
  TARGETS "t%s/x",
  TARGETS "t0x10",
  TARGETS "t1e3",
  TARGETS "t9223372036854775807",
  TARGETS "t9223372036854775808",
  TARGETS "t18446744073709551615",
  TARGETS "t18446744073709551616",
  TARGETS "t99999999999999999999999999999999999999999999",
  "/org/damon/Hugepage2/targets/t%s",
  "/org/damon/Hugepage/Targets/t%s",
};

static void
test_unknown (void)
{
  g_autofree char *path = added_target (machine.connection, hers, NULL);
  const char *number = path + strlen (TARGETS "t");
  g_autoptr (GString) endless = g_string_new (TARGETS "t");
  g_autoptr (GError) error = NULL;

  assert_target_eventually (alice, path, "State", "'running'", WAIT_SECONDS);
  wait_for (50);
  for (guint i = 0; i < G_N_ELEMENTS (unknown); i++) {
    g_autoptr (GString) text = g_string_new (unknown[i]);

    g_string_replace (text, "%s", number, 0);
    assert_not_removed (bob, text->str, UNKNOWN);
    assert_not_removed (machine.connection, text->str, UNKNOWN);
  }
  while (endless->len < 1 << 20)
    g_string_append_c (endless, '9');
  assert_not_removed (bob, endless->str, UNKNOWN);
  remove_target (alice, path, &error);
  g_assert_no_error (error);
}

/* It is there for him as well, but not his to remove. */
static void
test_foreign (void)
{
  g_autofree char *path = added_target (alice, hers, NULL);
  g_autoptr (GError) error = NULL;

  assert_target_eventually (alice, path, "State", "'running'", WAIT_SECONDS);
  wait_for (50);
  assert_not_removed (bob, path, DENIED);
  remove_target (alice, path, &error);
  g_assert_no_error (error);
}

static void
assert_no_object (GDBusConnection *connection, const char *path, const char *interface,
                  const char *method, GVariant *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
    connection, SERVICE_NAME, path, interface, method, arguments, NULL, G_DBUS_CALL_FLAGS_NONE,
    wait_milliseconds (WAIT_SECONDS), NULL, &error);

  g_test_message ("%s", method);
  assert_error_name (error, BUS_ERROR "UnknownMethod");
}

static void
assert_removed (const char *path)
{
  static const char *const methods[] = { "GetDetails", "GetStatistics", "Undo", "Remove" };
  static const char *const properties = "org.freedesktop.DBus.Properties";

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    assert_no_object (alice, path, TARGET_INTERFACE, methods[i], NULL);
  assert_no_object (alice, path, TARGET_INTERFACE, "GetHeatMap", g_variant_new ("(a{sv})", NULL));
  assert_no_object (alice, path, properties, "Get",
                    g_variant_new ("(ss)", TARGET_INTERFACE, "Pid"));
  assert_no_object (alice, path, properties, "GetAll", g_variant_new ("(s)", TARGET_INTERFACE));
  assert_no_object (alice, path, properties, "Set",
                    g_variant_new ("(ssv)", TARGET_INTERFACE, "Ratio", g_variant_new_uint32 (5)));
  assert_not_removed (alice, path, UNKNOWN);
  assert_not_removed (machine.connection, path, UNKNOWN);
}

/* However it was, and although its process is a target again. */
static void
test_removed (void)
{
  g_autofree char *first = added_target (alice, hers, NULL);
  g_autofree char *second = NULL, *third = NULL;
  g_autoptr (GError) error = NULL;

  remove_target (alice, first, &error);
  g_assert_no_error (error);
  assert_removed (first);
  fixture_serve (&machine, hers);
  second = find_target (alice, hers);
  set_property (machine.connection, "Pid", g_variant_new_uint32 (0), CALL_PLAIN, &error);
  g_assert_no_error (error);
  third = added_target (alice, hers, NULL);
  assert_target_eventually (alice, third, "State", "'running'", WAIT_SECONDS);
  wait_for (50);
  assert_removed (first);
  assert_removed (second);
  remove_target (alice, third, &error);
  g_assert_no_error (error);
}

static void
test_removed_at_once (void)
{
  g_autofree char *path = added_target (alice, hers, NULL);
  Call *calls[8];
  guint removed = 0;

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    calls[i] = call_begin (i % 2 ? alice : machine.connection, SERVICE_INTERFACE, "RemoveTarget",
                           g_variant_new ("(o)", path), CALL_PLAIN);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) reply = call_finish (calls[i], WAIT_SECONDS, &error);

    if (reply != NULL)
      removed++;
    else
      assert_error_name (error, UNKNOWN);
  }
  g_assert_cmpuint (removed, ==, 1);
}

static void
test_end (void)
{
  g_clear_object (&alice);
  g_clear_object (&bob);
  fixture_tear_down (&machine, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_set_up_own (&machine, NULL);
  alice = fixture_connection_as (&machine, "alice");
  bob = fixture_connection_as (&machine, "bob");
  hers = fixture_process_of (&machine, "alice");
  g_test_add_func ("/targets-bad-order/twice", test_twice);
  g_test_add_func ("/targets-bad-order/twice-at-once", test_twice_at_once);
  g_test_add_func ("/targets-bad-order/unknown", test_unknown);
  g_test_add_func ("/targets-bad-order/foreign", test_foreign);
  g_test_add_func ("/targets-bad-order/removed", test_removed);
  g_test_add_func ("/targets-bad-order/removed-at-once", test_removed_at_once);
  g_test_add_func ("/targets-bad-order/service-ends-in-order", test_end);
  return g_test_run ();
}
