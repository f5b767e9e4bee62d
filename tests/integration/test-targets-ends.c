/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "signal-tape.h"
#include "starvation.h"
#include "target-objects.h"
#include "targets.h"

#include <signal.h>
#include <string.h>

/* Ends that are nobody's wish: a process that becomes another owner's, and the service's own. */

#define WAIT_SECONDS 10
#define DENIED BUS_ERROR "InteractiveAuthorizationRequired"

typedef struct {
  Privilege privilege;
  gboolean primary;
} Becoming;

/* alice's, which becomes another owner's on SIGUSR1. */
static Child *
make_process (Fixture *self, Privilege privilege, guint32 *ret_pid)
{
  g_autofree char *program = fixture_install_privileged (self, privilege);
  g_autofree char *become = g_strconcat ("--become=", program, NULL);

  return fixture_poser_as (self, "alice", ret_pid, become, NULL);
}

static void
become (Child *process)
{
  g_autofree char *ready = NULL;

  child_signal (process, SIGUSR1);
  ready = child_expect_line (process, "ready ", WAIT_SECONDS);
}

static void
assert_root (Fixture *self, const char *state, guint32 pid, guint32 active, const char *error_name)
{
  assert_property (self->connection, "State", g_variant_new_string (state));
  assert_property (self->connection, "Pid", g_variant_new_uint32 (pid));
  assert_property (self->connection, "ActiveTargets", g_variant_new_uint32 (active));
  assert_property (self->connection, "LastError", g_variant_new_string (error_name));
}

/* The object is gone, nobody is told Exited, for it lives; and alice has no say any more. */
static void
test_becomes_anothers (Fixture *self, gconstpointer data)
{
  const Becoming *becoming = data;
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (SignalTape) tape = NULL;
  g_autoptr (GError) error = NULL;
  guint32 pid;
  Child *process = make_process (self, becoming->privilege, &pid);
  g_autofree char *path =
    added_target (alice, pid, becoming->primary ? "{'primary': <true>}" : NULL);

  assert_target_eventually (alice, path, "State", "'running'", WAIT_SECONDS);
  tape = signal_tape_new (self->connection);
  signal_tape_rewind (tape);
  become (process);
  assert_tape (tape, becoming->primary ? "InterfacesRemoved root:failed " : "InterfacesRemoved ",
               WAIT_SECONDS);
  g_assert_false (child_has_exited (process));
  g_assert_cmpuint (count_targets (alice), ==, 0);
  if (becoming->primary)
    assert_root (self, "failed", 0, 0, SERVICE_ERROR "ProcessNotPermitted");
  else
    assert_root (self, "disabled", 0, 0, "");
  remove_target (alice, path, &error);
  assert_error_name (error, SERVICE_ERROR "UnknownTarget");
  add_target (alice, pid, NULL, &error);
  assert_error_name (error, DENIED);
  /* Who may do more serves it as what it is now. */
  g_free (g_steal_pointer (&path));
  path = added_target (self->connection, pid, NULL);
  assert_target_eventually (alice, path, "State", "'running'", WAIT_SECONDS);
}

/* Others are not touched by it. */
static void
test_others_go_on (Fixture *self, gconstpointer data)
{
  guint32 pid;
  Child *process = make_process (self, PRIVILEGE_SETUID, &pid);
  const guint32 other = fixture_process_of (self, "alice");
  g_autofree char *path = added_target (self->connection, pid, NULL);
  g_autofree char *primary = added_target (self->connection, other, "{'primary': <true>}");

  assert_target_eventually (self->connection, path, "State", "'running'", WAIT_SECONDS);
  assert_target_eventually (self->connection, primary, "State", "'running'", WAIT_SECONDS);
  become (process);
  assert_target_gone (self->connection, path, WAIT_SECONDS);
  wait_for (60);
  assert_target (self->connection, primary, "State", "'running'");
  assert_root (self, "running", other, 1, "");
}

/* Nobody looks at what is not served; who asks for something is. */
static void
test_becomes_anothers_while_disabled (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  guint32 pid;
  Child *process = make_process (self, PRIVILEGE_SETUID, &pid);
  g_autofree char *path = added_target (alice, pid, "{'primary': <true>}");

  set_property (alice, "Enabled", g_variant_new_boolean (FALSE), CALL_PLAIN, &error);
  g_assert_no_error (error);
  become (process);
  wait_for (1500);
  assert_target (alice, path, "State", "'disabled'");
  set_property (alice, "Enabled", g_variant_new_boolean (TRUE), CALL_PLAIN, &error);
  assert_error_name (error, DENIED);
  set_property (alice, "Ratio", g_variant_new_uint32 (5), CALL_PLAIN, &error);
  assert_error_name (error, DENIED);
  set_target_property (alice, path, "Ratio", g_variant_new_uint32 (5), CALL_PLAIN, &error);
  assert_error_name (error, DENIED);
  call_target (alice, path, "GetDetails", NULL, CALL_PLAIN, &error);
  assert_error_name (error, DENIED);
  call_target (alice, path, "GetStatistics", NULL, CALL_PLAIN, &error);
  assert_error_name (error, DENIED);
  call_target (alice, path, "GetHeatMap", g_variant_new_parsed ("(@a{sv} {},)"), CALL_PLAIN,
               &error);
  assert_error_name (error, DENIED);
  /* She added it: she may end it. */
  reply = call_target (alice, path, "Undo", NULL, CALL_PLAIN, &error);
  g_assert_no_error (error);
  g_assert_true (remove_target (alice, path, &error));
  g_assert_no_error (error);
}

/* What was served as one owner's is served as the next one's when he is asked for. */
static void
test_is_enabled_as_anothers (Fixture *self, gconstpointer data)
{
  guint32 pid;
  Child *process = make_process (self, PRIVILEGE_SETUID, &pid);
  g_autofree char *path = added_target (self->connection, pid, "{'primary': <true>}");
  g_autoptr (GError) error = NULL;

  configure (self->connection, "{'Enabled': <false>, 'Ratio': <@u 77>, 'Feedback': <@u 7>}",
             CALL_PLAIN, &error);
  g_assert_no_error (error);
  become (process);
  set_property (self->connection, "Enabled", g_variant_new_boolean (TRUE), CALL_PLAIN, &error);
  g_assert_no_error (error);
  assert_target_eventually (self->connection, path, "State", "'running'", WAIT_SECONDS);
  assert_target (self->connection, path, "Uid", "0");
  /* Feedback was about another program; the Ratio was stored by who may. */
  assert_target (self->connection, path, "Feedback", "0");
  assert_target (self->connection, path, "Ratio", "77");
  wait_for (2500);
  assert_target (self->connection, path, "State", "'running'");
}

static gboolean
is_failed (gpointer data)
{
  const SignalTape *tape = data;
  const char *first = strstr (tape->text->str, "failed "),
             *second = first ? strstr (first + 1, "failed ") : NULL;

  return second != NULL;
}

static void
undo (Fixture *self, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
    call_target (self->connection, path, "Undo", NULL, CALL_PLAIN, &error);

  g_assert_no_error (error);
}

/* A target in each state; of the primary that has exited the number is left. */
static void
make_targets (Fixture *self, gboolean primary_exits)
{
  guint32 pid;
  Child *process = fixture_poser_as (self, "alice", &pid, NULL);
  g_autofree char *disabled =
    added_target (self->connection, fixture_process_of (self, "alice"), NULL);
  g_autofree char *failed = added_target (self->connection, fixture_process_of (self, "bob"), NULL);
  g_autofree char *primary = NULL, *running = NULL;
  g_autoptr (SignalTape) tape = signal_tape_new (self->connection);

  assert_target_eventually (self->connection, disabled, "State", "'running'", WAIT_SECONDS);
  assert_target_eventually (self->connection, failed, "State", "'running'", WAIT_SECONDS);
  g_assert_true (fixture_service_starve_until (self, is_failed, tape, WAIT_SECONDS));
  undo (self, disabled);
  primary = added_target (self->connection, pid, "{'primary': <true>}");
  running = added_target (self->connection, fixture_process_of (self, "root"), NULL);
  assert_target_eventually (self->connection, primary, "State", "'running'", WAIT_SECONDS);
  assert_target_eventually (self->connection, running, "State", "'running'", WAIT_SECONDS);
  if (primary_exits) {
    child_signal (process, SIGKILL);
    assert_target_gone (self->connection, primary, WAIT_SECONDS);
  }
  assert_target (self->connection, disabled, "State", "'disabled'");
  assert_target (self->connection, failed, "State", "'failed'");
  assert_root (self, primary_exits ? "target-exited" : "running", pid, primary_exits ? 1 : 2, "");
}

/* All objects go, in order, and nothing is remembered. */
static void
test_stop (Fixture *self, gconstpointer data)
{
  const gboolean primary_exits = GPOINTER_TO_INT (data);
  g_autoptr (SignalTape) tape = signal_tape_new (self->connection);
  g_autofree char *file = fixture_path (self, "state/targets");

  make_targets (self, primary_exits);
  wait_for_files ();
  g_assert_true (g_file_test (file, G_FILE_TEST_EXISTS));
  signal_tape_rewind (tape);
  fixture_service_stop (self);
  assert_tape (tape,
               primary_exits ? "InterfacesRemoved InterfacesRemoved InterfacesRemoved "
                             : "InterfacesRemoved InterfacesRemoved InterfacesRemoved "
                               "InterfacesRemoved ",
               WAIT_SECONDS);
  g_assert_false (g_file_test (file, G_FILE_TEST_EXISTS));
  fixture_service_start (self, NULL);
  fixture_service_wait_probed (self);
  assert_root (self, "disabled", 0, 0, "");
  g_assert_cmpuint (count_targets (self->connection), ==, 0);
}

typedef enum {
  DISABLE,
  SET_NONE,
  KILL,
  N_ENDS,
} End;

/* Returns: (nullable): what is still to be answered. */
static Call *
begin_end (Fixture *self, Child *process, End end)
{
  if (end == KILL) {
    child_signal (process, SIGKILL);
    return NULL;
  }
  return call_begin (self->connection, SERVICE_INTERFACE, "Configure",
                     end == DISABLE ? g_variant_new_parsed ("({'Enabled': <false>}, @a{sv} {})")
                                    : g_variant_new_parsed ("({'Pid': <@u 0>}, @a{sv} {})"),
                     CALL_PLAIN);
}

/* While a target is starting, which lasts for as long as it takes a thread to look at it once. */
static void
test_ends_at_once (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 60; i++) {
    guint32 pid;
    Child *process = fixture_poser_as (self, "alice", &pid, NULL);
    Call *begun = serve_begin (self->connection, pid), *ended;

    g_usleep (i / N_ENDS * 150);
    ended = begin_end (self, process, i % N_ENDS);
    /* Of a process that is killed it may fail. */
    if (ended != NULL)
      assert_answer (begun, NULL);
    else
      call_forget (begun);
    if (ended != NULL)
      assert_answer (ended, NULL);
    wait_for_bus (self->connection);
    assert_property_eventually (self->connection, "ActiveTargets", g_variant_new_uint32 (0),
                                WAIT_SECONDS);
    assert_property_eventually (self->connection, "Enabled", g_variant_new_boolean (FALSE),
                                WAIT_SECONDS);
    if (ended != NULL)
      child_signal (process, SIGKILL);
    g_assert_true (child_wait (process, WAIT_SECONDS, NULL));
  }
  wait_for (1200);
  assert_property (self->connection, "ActiveTargets", g_variant_new_uint32 (0));
  g_assert_cmpuint (count_targets (self->connection), ==, 0);
}

static void
add (const char *path, gconstpointer data, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, data, fixture_set_up_own, test, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    Becoming becoming;
  } rows[] = {
    { "setuid-primary", { PRIVILEGE_SETUID, TRUE } },
    { "setuid-added", { PRIVILEGE_SETUID, FALSE } },
    { "setgid-primary", { PRIVILEGE_SETGID, TRUE } },
    { "setgid-added", { PRIVILEGE_SETGID, FALSE } },
    { "capable-primary", { PRIVILEGE_CAPABILITY, TRUE } },
    { "capable-added", { PRIVILEGE_CAPABILITY, FALSE } },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strconcat ("/targets-ends/becomes-", rows[i].name, NULL);

    add (path, &rows[i].becoming, test_becomes_anothers);
  }
  add ("/targets-ends/others-go-on", NULL, test_others_go_on);
  add ("/targets-ends/becomes-another's-while-disabled", NULL,
       test_becomes_anothers_while_disabled);
  add ("/targets-ends/is-enabled-as-another's", NULL, test_is_enabled_as_anothers);
  add ("/targets-ends/stop-in-every-state", GINT_TO_POINTER (FALSE), test_stop);
  add ("/targets-ends/stop-after-the-exit", GINT_TO_POINTER (TRUE), test_stop);
  add ("/targets-ends/at-once", NULL, test_ends_at_once);
  return g_test_run ();
}
