/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "dying-case.h"
#include "footprint.h"
#include "polkit-watch.h"

#include <string.h>

/* Processes that die, and clients who leave, at each step between the call and its answer. */

#define WAIT_SECONDS 15
#define ATTEMPTS 20
#define ROUNDS 40
#define MORE_MEMORY (8 << 20)
#define EXITED SERVICE_ERROR "ProcessExited"
#define NO_PROCESS SERVICE_ERROR "NoSuchProcess"
#define UNKNOWN SERVICE_ERROR "UnknownTarget"

static Fixture machine;
static GDBusConnection *alice;

static void
remove_all (void)
{
  g_autoptr (GVariant) targets = get_targets (machine.connection);
  g_autoptr (GError) error = NULL;
  GVariantIter iter;
  const char *path;

  g_variant_iter_init (&iter, targets);
  while (g_variant_iter_next (&iter, "{&o@a{sa{sv}}}", &path, NULL)) {
    remove_target (machine.connection, path, &error);
    g_assert_no_error (error);
  }
  set_property (machine.connection, "Pid", g_variant_new_uint32 (0), CALL_PLAIN, &error);
  g_assert_no_error (error);
}

/* From now on it takes questions, which can be waited for, and answers none. Returns: (transfer
 * full)
 */
static PolkitWatch *
hang_polkit (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call_method (
    alice, "ListProcesses", g_variant_new_parsed ("({'all': <true>},)"), CALL_PLAIN, &error);

  g_assert_no_error (error);
  fixture_polkit_hang (&machine);
  return polkit_watch_new (&machine);
}

static void
test_before_the_call (gconstpointer data)
{
  const Addition *addition = data;
  g_auto (Mortal) process = mortal_new (&machine, "alice");
  g_autoptr (Standstill) standstill = standstill_new (&machine);

  mortal_die (&process);
  assert_answer (addition_begin (addition, alice, &process),
                 addition->by_pidfd ? EXITED : NO_PROCESS);
  assert_standstill (standstill);
}

static gboolean
is_probing (GDBusConnection *connection)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) state = get_property (connection, "State", &error);

  g_assert_no_error (error);
  return g_str_equal (g_variant_get_string (state, NULL), "starting");
}

/* Whoever named it by a number may be told that there is none. */
static void
assert_gone (const Addition *addition, Call *call)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call_finish (call, WAIT_SECONDS, &error);
  g_autofree char *name = error != NULL ? g_dbus_error_get_remote_error (error) : NULL;

  g_assert_null (reply);
  if (addition->by_pidfd || g_strcmp0 (name, NO_PROCESS) != 0)
    assert_error_name (error, EXITED);
}

/* Returns: whether it has died in time: after the call was looked at, before they were probed. */
static gboolean
die_while_probed (const Addition *addition, gboolean leaves)
{
  g_auto (Mortal) process = mortal_new (&machine, "alice");
  g_autoptr (GDBusConnection) caller = NULL;
  gboolean in_time;
  Call *call;

  fixture_service_stop (&machine);
  fixture_service_start (&machine, NULL);
  caller = fixture_connection_as (&machine, "alice");
  call = addition_begin (addition, caller, &process);
  in_time = is_probing (caller);
  if (leaves)
    g_dbus_connection_close_sync (caller, NULL, NULL);
  else
    mortal_die (&process);
  in_time = in_time && is_probing (machine.connection);
  if (in_time && !leaves)
    assert_gone (addition, call);
  else
    call_forget (call);
  fixture_service_wait_probed (&machine);
  if (leaves)
    wait_for (200);
  return in_time;
}

static void
test_while_engines_are_probed (gconstpointer data, gboolean leaves)
{
  guint attempts = 0;

  do {
    g_assert_cmpuint (attempts++, <, ATTEMPTS);
    remove_all ();
  } while (!die_while_probed (data, leaves));
  g_test_message ("%u attempts", attempts);
  g_assert_cmpuint (count_targets (alice), ==, 0);
  assert_property (alice, "Pid", g_variant_new_uint32 (0));
}

static void
test_dying_while_engines_are_probed (gconstpointer data)
{
  test_while_engines_are_probed (data, FALSE);
}

static void
test_leaving_while_engines_are_probed (gconstpointer data)
{
  test_while_engines_are_probed (data, TRUE);
}

/* @recycled: the number is another process's of hers when the answer comes. */
static void
die_while_polkit_thinks (const Addition *addition, gboolean recycled)
{
  g_auto (Mortal) process = mortal_new (&machine, "alice");
  g_autoptr (Standstill) standstill = standstill_new (&machine);
  g_autoptr (PolkitWatch) watch = hang_polkit ();
  Call *call = addition_begin (addition, alice, &process);
  pid_t other = 0;

  polkit_watch_wait_asked (watch, 1);
  mortal_die (&process);
  if (recycled)
    other = process_with_pid (process.pid, "alice");
  fixture_polkit_continue (&machine);
  assert_answer (call, EXITED);
  assert_standstill (standstill);
  if (recycled)
    end_process_with_pid (other);
}

static void
test_while_polkit_thinks (gconstpointer data)
{
  die_while_polkit_thinks (data, FALSE);
}

static void
test_number_is_used_again (gconstpointer data)
{
  die_while_polkit_thinks (data, TRUE);
}

static void
test_leaving_while_polkit_thinks (gconstpointer data)
{
  g_auto (Mortal) process = mortal_new (&machine, "alice");
  g_autoptr (GDBusConnection) caller = fixture_connection_as (&machine, "alice");
  g_autoptr (Standstill) standstill = standstill_new (&machine);
  g_autoptr (PolkitWatch) watch = hang_polkit ();
  Call *call = addition_begin (data, caller, &process);

  polkit_watch_wait_asked (watch, 1);
  call_forget (call);
  g_dbus_connection_close_sync (caller, NULL, NULL);
  wait_for (200);
  fixture_polkit_continue (&machine);
  wait_for (300);
  assert_standstill (standstill);
}

static void
test_after_the_answer (gconstpointer data)
{
  g_auto (Mortal) process = mortal_new (&machine, "alice");
  g_autoptr (SignalWatch) exited =
    signal_watch_new_at (machine.connection, NULL, TARGET_INTERFACE, "Exited");
  g_autoptr (SignalWatch) removed =
    signal_watch_new (machine.connection, OBJECT_MANAGER, "InterfacesRemoved");

  assert_answer (addition_begin (data, alice, &process), NULL);
  mortal_die (&process);
  assert_no_targets (&machine);
  g_assert_true (signal_watch_wait (removed, 1, WAIT_SECONDS));
  wait_for (50);
  g_assert_cmpuint (exited->count, ==, 1);
  g_assert_cmpuint (removed->count, ==, 1);
  assert_property (alice, "Enabled", g_variant_new_boolean (FALSE));
  assert_property (alice, "ActiveTargets", g_variant_new_uint32 (0));
  remove_all ();
}

static void
die_at_some_moment (const Addition *addition, guint microseconds, gboolean leaves)
{
  g_auto (Mortal) process = mortal_new (&machine, "alice");
  g_autoptr (GDBusConnection) caller = fixture_connection_as (&machine, "alice");
  Call *call = addition_begin (addition, caller, &process);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  g_dbus_connection_flush_sync (caller, NULL, NULL);
  g_usleep (microseconds);
  if (leaves) {
    call_forget (call);
    g_dbus_connection_close_sync (caller, NULL, NULL);
    mortal_die (&process);
    return;
  }
  mortal_die (&process);
  reply = call_finish (call, WAIT_SECONDS, &error);
  if (reply == NULL && (addition->by_pidfd || !strstr (error->message, NO_PROCESS)))
    assert_error_name (error, EXITED);
}

/* Whatever the service is at: in the end it knows the truth, and has nothing left of them. */
static void
test_at_any_moment (gconstpointer data)
{
  Footprint before;

  for (guint i = 0; i < 4; i++)
    die_at_some_moment (data, 4000, FALSE);
  assert_no_targets (&machine);
  remove_all ();
  wait_for (500);
  before = footprint_read (&machine);
  for (guint i = 0; i < ROUNDS; i++)
    die_at_some_moment (data, i * 150, i % 2);
  assert_no_targets (&machine);
  remove_all ();
  assert_footprint (&machine, &before, MORE_MEMORY);
}

/* What bob asks of a target of alice's, all at once, while polkit thinks about whether he may. */
static void
begin_questions (GDBusConnection *bob, const char *path, Call **calls)
{
  static const char *const methods[] = { "GetDetails", "GetStatistics", "GetHeatMap", "Undo",
                                         "Remove" };
  const guint n = G_N_ELEMENTS (methods);

  for (guint i = 0; i < n; i++)
    calls[i] = call_target_begin (bob, path, methods[i]);
  calls[n] =
    call_begin (bob, SERVICE_INTERFACE, "RemoveTarget", g_variant_new ("(o)", path), CALL_PLAIN);
  calls[n + 1] = call_begin_at (
    bob, path, "org.freedesktop.DBus.Properties", "Set",
    g_variant_new ("(ssv)", TARGET_INTERFACE, "Ratio", g_variant_new_uint32 (5)), NULL, CALL_PLAIN);
}

#define N_QUESTIONS 7 /* a caller may have so many open */

typedef enum {
  PROCESS_DIES,
  TARGET_IS_REMOVED,
  CLIENT_LEAVES,
} Fate;

static void
test_questions (gconstpointer data)
{
  const Fate fate = GPOINTER_TO_INT (data);
  g_auto (Mortal) process = mortal_new (&machine, "alice");
  g_autofree char *path = added_target (alice, process.pid, NULL);
  g_autoptr (GDBusConnection) bob = fixture_connection_as (&machine, "bob");
  g_autoptr (Standstill) standstill = NULL;
  g_autoptr (PolkitWatch) watch = NULL;
  g_autoptr (GError) error = NULL;
  Call *calls[N_QUESTIONS];

  assert_target_eventually (alice, path, "State", "'running'", WAIT_SECONDS);
  wait_for (50);
  standstill = standstill_new (&machine);
  watch = hang_polkit ();
  begin_questions (bob, path, calls);
  polkit_watch_wait_asked (watch, N_QUESTIONS);
  if (fate == PROCESS_DIES)
    mortal_die (&process);
  else if (fate == TARGET_IS_REMOVED)
    remove_target (machine.connection, path, &error);
  else
    g_dbus_connection_close_sync (bob, NULL, NULL);
  g_assert_no_error (error);
  wait_for (200);
  fixture_polkit_continue (&machine);
  for (guint i = 0; i < N_QUESTIONS; i++)
    if (fate == CLIENT_LEAVES)
      call_forget (calls[i]);
    else
      assert_answer (calls[i], UNKNOWN);
  wait_for (200);
  if (fate == CLIENT_LEAVES)
    assert_standstill (standstill);
  remove_all ();
}

/* Everybody may everything, once polkit says so. */
static void
test_start (void)
{
  fixture_set_up_bus (&machine, NULL);
  fixture_polkit_rules (&machine, "polkit.addRule (function (action, subject) {\n"
                                  "  return polkit.Result.YES;\n"
                                  "});\n");
  fixture_polkit_start (&machine);
  fixture_service_start (&machine, NULL);
  fixture_service_wait_probed (&machine);
  alice = fixture_connection_as (&machine, "alice");
}

static void
test_end (void)
{
  g_clear_object (&alice);
  fixture_tear_down (&machine, NULL);
}

static void
add_steps (const Addition *addition)
{
  static const struct {
    const char *name;
    GTestDataFunc test;
  } steps[] = {
    { "before-the-call", test_before_the_call },
    { "while-engines-are-probed", test_dying_while_engines_are_probed },
    { "client-leaves-while-engines-are-probed", test_leaving_while_engines_are_probed },
    { "while-polkit-thinks", test_while_polkit_thinks },
    { "number-is-used-again-while-polkit-thinks", test_number_is_used_again },
    { "client-leaves-while-polkit-thinks", test_leaving_while_polkit_thinks },
    { "right-after-the-answer", test_after_the_answer },
    { "at-any-moment", test_at_any_moment },
  };

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_autofree char *path = g_strdup_printf ("/targets-dying/%s-%s", addition->name, steps[i].name);

    g_test_add_data_func (path, addition, steps[i].test);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/targets-dying/service-starts", test_start);
  for (guint i = 0; i < n_additions; i++)
    add_steps (&additions[i]);
  g_test_add_data_func ("/targets-dying/questions-process-dies", GINT_TO_POINTER (PROCESS_DIES),
                        test_questions);
  g_test_add_data_func ("/targets-dying/questions-target-is-removed",
                        GINT_TO_POINTER (TARGET_IS_REMOVED), test_questions);
  g_test_add_data_func ("/targets-dying/questions-client-leaves", GINT_TO_POINTER (CLIENT_LEAVES),
                        test_questions);
  g_test_add_func ("/targets-dying/service-ends-in-order", test_end);
  return g_test_run ();
}
