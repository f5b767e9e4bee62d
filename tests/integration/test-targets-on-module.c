/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-case.h"
#include "target-objects.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Targets as objects on the engine that serves one at a time. */

#define SECONDS 10
#define DENIED BUS_ERROR "InteractiveAuthorizationRequired"
#define BUSY SERVICE_ERROR "Busy"
#define NOT_SUPPORTED SERVICE_ERROR "NotSupported"
#define OWN_SUFFICES "[Service]\nallow-own-on=module\n"
#define QUICK                                                                                      \
  "[Defaults module]\nSampleIntervalUSec=1000\nAggregationIntervalUSec=5000\n"                     \
  "QuotaResetIntervalUSec=10000\nMinAgeUSec=10000\n"

static void
set_up_with (ModuleCase *self, const char *configuration)
{
  module_case_set_up_model (self, NULL);
  module_case_configure_service (self, configuration);
  module_case_start (self, NULL);
}

static void
set_up (ModuleCase *self, gconstpointer data)
{
  set_up_with (self, OWN_SUFFICES QUICK);
}

static void
set_up_one_a_user (ModuleCase *self, gconstpointer data)
{
  set_up_with (self, OWN_SUFFICES "max-targets-per-user=1\n" QUICK);
}

static void
set_up_where_own_does_not_suffice (ModuleCase *self, gconstpointer data)
{
  set_up_with (self, QUICK);
}

static void
assert_served (ModuleCase *self, guint32 pid)
{
  module_case_wait_state (self, "running", SECONDS);
  assert_property (self->fixture.connection, "Pid", g_variant_new_uint32 (pid));
  assert_property (self->fixture.connection, "ActiveTargets", g_variant_new_uint32 (1));
  g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, pid);
  g_assert_cmpuint (count_targets (self->fixture.connection), ==, 1);
}

static void
assert_idle (ModuleCase *self)
{
  g_assert_cmpuint (count_targets (self->fixture.connection), ==, 0);
  assert_property (self->fixture.connection, "Enabled", g_variant_new_boolean (FALSE));
  assert_property (self->fixture.connection, "ActiveTargets", g_variant_new_uint32 (0));
  assert_parameter_eventually (self->model, "enabled", "N", SECONDS);
}

/* @options may ask for it or not: it is the primary. */
static void
test_added (ModuleCase *self, gconstpointer data)
{
  const char *options = data;
  g_autoptr (GDBusConnection) alice = fixture_connection_as (&self->fixture, "alice");
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  g_autofree char *path = added_target (alice, pid, options);

  assert_served (self, pid);
  assert_property (alice, "MaxTargets", g_variant_new_uint32 (1));
  assert_target (alice, path, "Primary", "true");
  assert_target (alice, path, "State", "'running'");
  module_case_assert_in_force (self);
}

static void
test_goals (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  g_autofree char *path =
    added_target (self->fixture.connection, pid, "{'ratio': <@u 900>, 'feedback': <@u 7000>}");
  g_autoptr (GError) error = NULL;

  assert_served (self, pid);
  assert_parameter (self->model, "quota_percentage_hugepage", "900");
  assert_parameter (self->model, "quota_autotune_feedback", "7000");
  assert_property (self->fixture.connection, "Ratio", g_variant_new_uint32 (900));
  set_target_property (self->fixture.connection, path, "Ratio", g_variant_new_uint32 (800),
                       CALL_PLAIN, &error);
  g_assert_no_error (error);
  assert_parameter (self->model, "quota_percentage_hugepage", "800");
}

static void
assert_busy (ModuleCase *self, GDBusConnection *connection, guint32 pid)
{
  static const char *const options[] = { NULL, "{'primary': <true>}", "{'bind': <true>}" };
  const int pidfd = (int) syscall (SYS_pidfd_open, pid, 0);
  g_autoptr (Standstill) standstill = standstill_new (&self->fixture);
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (pidfd);
  for (guint i = 0; i < G_N_ELEMENTS (options); i++) {
    g_assert_null (add_target (connection, pid, options[i], &error));
    assert_error_name (error, BUSY);
  }
  g_assert_null (add_target_by_descriptors (connection, &pidfd, 1, 0, NULL, &error));
  assert_error_name (error, BUSY);
  assert_standstill (standstill);
  close (pidfd);
}

/* Whoever asks, whatever he may, and whoever's it is. */
static void
assert_busy_for_all (ModuleCase *self)
{
  static const char *const users[] = { "root", "alice", "bob" };

  wait_for (200);
  kernel_model_command (self->model, "clear-log");
  for (guint i = 0; i < G_N_ELEMENTS (users); i++) {
    g_autoptr (GDBusConnection) connection = fixture_connection_as (&self->fixture, users[i]);

    for (guint j = 0; j < G_N_ELEMENTS (users); j++)
      assert_busy (self, connection, fixture_process_of (&self->fixture, users[j]));
  }
  module_case_assert_unwritten (self);
}

static void
test_second_is_busy (ModuleCase *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (&self->fixture, "alice");
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  g_free (added_target (alice, pid, NULL));
  assert_served (self, pid);
  assert_busy_for_all (self);
  fixture_polkit_rules (&self->fixture, NULL);
  assert_busy_for_all (self);
  assert_served (self, pid);
}

/* Also where there was none yet when it was looked at. */
static void
test_second_is_busy_when_its_turn_has_come (ModuleCase *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (&self->fixture, "alice");
  GDBusConnection *const callers[] = { self->fixture.connection, alice, self->fixture.connection };
  const guint32 pid = fixture_process_of (&self->fixture, "bob");
  Call *calls[G_N_ELEMENTS (callers)];

  kernel_model_command (self->model, "block write enabled");
  for (guint i = 0; i < G_N_ELEMENTS (callers); i++) {
    calls[i] =
      call_begin (callers[i], SERVICE_INTERFACE, "AddTargetByPid",
                  g_variant_new_parsed (
                    "(%u, @a{sv} {})", i == 0 ? pid : fixture_process_of (&self->fixture, "alice")),
                  CALL_PLAIN);
    kernel_model_wait (self->model, "blocked", "1", SECONDS);
  }
  wait_for (200);
  g_assert_false (call_is_done (calls[0]) || call_is_done (calls[1]) || call_is_done (calls[2]));
  kernel_model_command (self->model, "release");
  assert_answer (calls[0], NULL);
  assert_answer (calls[1], BUSY);
  assert_answer (calls[2], BUSY);
  assert_served (self, pid);
}

/* Nor does it matter whether it is served. */
static void
test_second_is_busy_where_one_is_only_set (ModuleCase *self, gconstpointer data)
{
  g_autofree char *settings =
    g_strdup_printf ("{'Pid': <@u %u>}", fixture_process_of (&self->fixture, "bob"));

  module_case_configure (self, settings);
  assert_busy_for_all (self);
}

static void
test_second_is_busy_where_one_is_theirs (ModuleCase *self, gconstpointer data)
{
  module_case_begin_foreign (self, fixture_process_of (&self->fixture, "bob"));
  module_case_wait_state (self, "running", SECONDS);
  kernel_model_command (self->model, "allow-hurt undrained");
  assert_busy_for_all (self);
  kernel_model_set (self->model, "enabled", "N\n");
}

static void
test_what_it_cannot (ModuleCase *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (&self->fixture, "alice");
  GDBusConnection *const callers[] = { alice, self->fixture.connection };
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  g_autofree char *path = added_target (alice, pid, NULL);

  assert_served (self, pid);
  for (guint i = 0; i < G_N_ELEMENTS (callers); i++) {
    g_autoptr (Standstill) standstill = standstill_new (&self->fixture);
    g_autoptr (GError) error = NULL;

    g_assert_null (call_target (callers[i], path, "Undo", NULL, CALL_PLAIN, &error));
    assert_error_name (error, NOT_SUPPORTED);
    g_assert_null (call_target (callers[i], path, "GetHeatMap", g_variant_new ("(a{sv})", NULL),
                                CALL_PLAIN, &error));
    assert_error_name (error, NOT_SUPPORTED);
    assert_standstill (standstill);
  }
}

/* By either way, and by whom it belongs to without a rule. */
static void
test_removed (ModuleCase *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (&self->fixture, "alice");
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  for (guint i = 0; i < 2; i++) {
    g_autofree char *path = added_target (self->fixture.connection, pid, NULL);
    g_autoptr (GVariant) reply = NULL;
    g_autoptr (GError) error = NULL;

    assert_served (self, pid);
    if (i == 0)
      reply = call_target (alice, path, "Remove", NULL, CALL_PLAIN, &error);
    else
      remove_target (alice, path, &error);
    g_assert_no_error (error);
    assert_idle (self);
    assert_property (alice, "State", g_variant_new_string ("disabled"));
  }
}

static void
test_client_leaves (ModuleCase *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (&self->fixture, "alice");
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  g_autofree char *path = added_target (alice, pid, "{'bind': <true>}");

  assert_served (self, pid);
  g_dbus_connection_close_sync (alice, NULL, NULL);
  assert_target_gone (self->fixture.connection, path, SECONDS);
  assert_idle (self);
}

static void
test_exit_makes_room (ModuleCase *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (&self->fixture, "alice");
  const guint32 next = fixture_process_of (&self->fixture, "alice");
  guint32 pid;
  Child *process = fixture_poser_as (&self->fixture, "alice", &pid, NULL);
  g_autofree char *path = added_target (alice, pid, NULL);

  assert_served (self, pid);
  child_signal (process, SIGKILL);
  g_assert_true (child_wait (process, SECONDS, NULL));
  assert_target_gone (alice, path, SECONDS);
  module_case_wait_state (self, "target-exited", SECONDS);
  g_free (added_target (alice, next, NULL));
  assert_served (self, next);
}

/* What was added goes as well: there is no room for it beside another. */
static void
test_switched_by_pid (ModuleCase *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (&self->fixture, "alice");
  const guint32 first = fixture_process_of (&self->fixture, "alice"),
                second = fixture_process_of (&self->fixture, "alice");
  g_autofree char *path = added_target (alice, first, NULL);
  g_autoptr (GError) error = NULL;

  assert_served (self, first);
  set_property (alice, "Pid", g_variant_new_uint32 (second), CALL_PLAIN, &error);
  g_assert_no_error (error);
  assert_served (self, second);
  assert_target_gone (alice, path, SECONDS);
}

static void
test_own_does_not_suffice (ModuleCase *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (&self->fixture, "alice");
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  g_autofree char *path = NULL;
  g_autoptr (Standstill) standstill = standstill_new (&self->fixture);
  g_autoptr (GError) error = NULL;

  g_assert_null (add_target (alice, pid, NULL, &error));
  assert_error_name (error, DENIED);
  g_assert_null (add_target (alice, pid, "{'primary': <true>}", &error));
  assert_error_name (error, DENIED);
  assert_standstill (standstill);
  /* Once root has done it, she may still not have it otherwise; but see and end it. */
  path = added_target (self->fixture.connection, pid, NULL);
  assert_served (self, pid);
  set_target_property (alice, path, "Ratio", g_variant_new_uint32 (5), CALL_PLAIN, &error);
  assert_error_name (error, DENIED);
  g_clear_pointer (
    &(GVariant *){ call_target (alice, path, "GetDetails", NULL, CALL_PLAIN, &error) },
    g_variant_unref);
  g_assert_no_error (error);
  remove_target (alice, path, &error);
  g_assert_no_error (error);
  assert_idle (self);
}

/* A high ratio is the whole machine's matter, whosever the process is. */
static void
test_high_ratio_needs_more (ModuleCase *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (&self->fixture, "alice");
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (add_target (alice, pid, "{'ratio': <@u 1001>}", &error));
  assert_error_name (error, DENIED);
  path = added_target (alice, pid, "{'ratio': <@u 1000>}");
  assert_served (self, pid);
  set_target_property (alice, path, "Ratio", g_variant_new_uint32 (1001), CALL_PLAIN, &error);
  assert_error_name (error, DENIED);
  assert_target (alice, path, "Ratio", "1000");
  set_target_property (self->fixture.connection, path, "Ratio", g_variant_new_uint32 (1001),
                       CALL_PLAIN, &error);
  g_assert_no_error (error);
}

static void
add (const char *name, gconstpointer data, void (*set_up_case) (ModuleCase *, gconstpointer),
     void (*test) (ModuleCase *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/targets-on-module/", name, NULL);

  g_test_add (path, ModuleCase, data, set_up_case, test, module_case_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("added-is-the-primary", NULL, set_up, test_added);
  add ("added-as-the-primary", "{'primary': <true>}", set_up, test_added);
  add ("goals", NULL, set_up, test_goals);
  add ("second-is-busy", NULL, set_up, test_second_is_busy);
  add ("second-is-busy-when-its-turn-has-come", NULL, set_up,
       test_second_is_busy_when_its_turn_has_come);
  add ("second-is-busy-where-one-is-only-set", NULL, set_up,
       test_second_is_busy_where_one_is_only_set);
  add ("second-is-busy-where-one-is-theirs", NULL, set_up, test_second_is_busy_where_one_is_theirs);
  add ("what-it-cannot", NULL, set_up, test_what_it_cannot);
  add ("removed", NULL, set_up, test_removed);
  add ("client-leaves", NULL, set_up, test_client_leaves);
  add ("exit-makes-room", NULL, set_up, test_exit_makes_room);
  add ("switched-by-pid", NULL, set_up, test_switched_by_pid);
  add ("switched-by-pid-with-one-a-user", NULL, set_up_one_a_user, test_switched_by_pid);
  add ("own-does-not-suffice", NULL, set_up_where_own_does_not_suffice, test_own_does_not_suffice);
  add ("high-ratio-needs-more", NULL, set_up, test_high_ratio_needs_more);
  return g_test_run ();
}
