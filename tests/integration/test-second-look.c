/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "targets.h"

#include <signal.h>

/* What was true when polkit was asked need not be true when it answers: all is looked at again. */

#define DENIED BUS_ERROR "InteractiveAuthorizationRequired"
#define WAIT_SECONDS 10
#define SWITCHES 60

static void
test_process_exits (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  guint32 pid;
  Child *process = fixture_poser_as (self, "alice", &pid, NULL);
  g_autoptr (Standstill) standstill = standstill_new (self);
  Call *call = fixture_serve_unanswered (self, alice, pid);

  child_signal (process, SIGKILL);
  g_assert_true (child_wait (process, WAIT_SECONDS, NULL));
  fixture_polkit_continue (self);
  assert_answer (call, SERVICE_ERROR "ProcessExited");
  assert_standstill (standstill);
}

/* The number is another process's when the answer comes: alice's, who may, or root's. */
static void
test_pid_is_used_again (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  guint32 pid;
  Child *process = fixture_poser_as (self, "alice", &pid, NULL);
  g_autoptr (Standstill) standstill = standstill_new (self);
  Call *call = fixture_serve_unanswered (self, alice, pid);
  pid_t recycled;

  child_signal (process, SIGKILL);
  g_assert_true (child_wait (process, WAIT_SECONDS, NULL));
  recycled = process_with_pid (pid, "alice");
  fixture_polkit_continue (self);
  assert_answer (call, SERVICE_ERROR "ProcessExited");
  assert_standstill (standstill);
  end_process_with_pid (recycled);
}

static void
test_process_becomes_privileged (Fixture *self, gconstpointer data)
{
  const Privilege *privilege = data;
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autofree char *program = fixture_install_privileged (self, *privilege);
  g_autofree char *become = g_strconcat ("--become=", program, NULL);
  guint32 pid;
  Child *process = fixture_poser_as (self, "alice", &pid, become, NULL);
  g_autoptr (Standstill) standstill = standstill_new (self);
  Call *call = fixture_serve_unanswered (self, alice, pid);
  g_autofree char *ready = NULL;

  child_signal (process, SIGUSR1);
  ready = child_expect_line (process, "ready ", WAIT_SECONDS);
  fixture_polkit_continue (self);
  assert_answer (call, DENIED);
  assert_standstill (standstill);
}

/* The one that is to be replaced counts as it is when the answer comes. */
static void
test_target_becomes_anothers (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (Standstill) standstill = NULL;
  Call *call = fixture_serve_unanswered (self, alice, fixture_process_of (self, "alice"));

  fixture_serve (self, fixture_process_of (self, "bob"));
  wait_for (100);
  standstill = standstill_new (self);
  fixture_polkit_continue (self);
  assert_answer (call, DENIED);
  assert_standstill (standstill);
}

/* Who was allowed something with one target has no say about the next, however close they follow
 * one another. */
static void
test_target_is_switched_under_the_call (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  const guint32 hers = fixture_process_of (self, "alice"), bobs = fixture_process_of (self, "bob");
  guint allowed = 0;

  for (guint i = 0; i < SWITCHES; i++) {
    g_autoptr (GError) error = NULL;
    Call *calls[8], *of_root;

    fixture_serve (self, hers);
    for (guint j = 0; j < G_N_ELEMENTS (calls); j++)
      calls[j] = set_property_begin (alice, "Feedback", g_variant_new_uint32 (7 + j), CALL_PLAIN);
    g_usleep (i % 30 * 500);
    of_root = serve_begin (self->connection, bobs);
    for (guint j = 0; j < G_N_ELEMENTS (calls); j++) {
      g_autoptr (GVariant) reply = call_finish (calls[j], WAIT_SECONDS, &error);

      allowed += reply != NULL;
      g_clear_error (&error);
    }
    assert_answer (of_root, NULL);
    assert_property (self->connection, "Pid", g_variant_new_uint32 (bobs));
    assert_property (self->connection, "Feedback", g_variant_new_uint32 (0));
  }
  g_test_message ("%u of %u calls were in time", allowed, SWITCHES * 8);
}

/* As it is for the figures. */
static void
test_figures_become_anothers (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  Call *call;

  fixture_polkit_rules (self, "polkit.addRule (function (action, subject) {\n"
                              "  if (action.lookup ('user') == 'bob')\n"
                              "    return polkit.Result.YES;\n"
                              "});\n");
  fixture_serve (self, fixture_process_of (self, "root"));
  fixture_polkit_hang (self);
  call = call_begin (alice, SERVICE_INTERFACE, "GetStatistics", NULL, CALL_PLAIN);
  wait_for (200);
  fixture_serve (self, fixture_process_of (self, "bob"));
  fixture_polkit_continue (self);
  assert_answer (call, DENIED);
}

static void
add (const char *path, void (*function) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, fixture_set_up_own, function, fixture_tear_down);
}

static void
add_privilege (const char *path, const Privilege *privilege)
{
  g_test_add (path, Fixture, privilege, fixture_set_up_own, test_process_becomes_privileged,
              fixture_tear_down);
}

int
main (int argc, char **argv)
{
  static const Privilege privileges[] = { PRIVILEGE_SETUID, PRIVILEGE_SETGID,
                                          PRIVILEGE_CAPABILITY };

  g_test_init (&argc, &argv, NULL);
  add ("/second-look/process-exits", test_process_exits);
  add ("/second-look/pid-is-used-again", test_pid_is_used_again);
  add_privilege ("/second-look/process-becomes-setuid", &privileges[0]);
  add_privilege ("/second-look/process-becomes-setgid", &privileges[1]);
  add_privilege ("/second-look/process-becomes-capable", &privileges[2]);
  add ("/second-look/target-becomes-another's", test_target_becomes_anothers);
  add ("/second-look/target-is-switched-under-the-call", test_target_is_switched_under_the_call);
  add ("/second-look/figures-become-another's", test_figures_become_anothers);
  return g_test_run ();
}
