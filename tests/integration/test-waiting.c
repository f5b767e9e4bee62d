/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "targets.h"

#include <signal.h>

/* What happens while polkit is thinking, or is not there at all. */

#define DENIED BUS_ERROR "InteractiveAuthorizationRequired"
#define WAIT_SECONDS 10

static void
begin_without_polkit (Fixture *self, gconstpointer data)
{
  fixture_set_up_bus (self, data);
  fixture_polkit_rules (self, ALLOW_OWN);
  fixture_service_start (self, NULL);
  fixture_service_wait_probed (self);
}

static void
test_no_polkit (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  const guint32 pid = fixture_process_of (self, "alice");
  g_autoptr (Standstill) standstill = standstill_new (self);

  assert_answer (serve_begin (alice, pid), BUS_ERROR "AccessDenied");
  assert_standstill (standstill);
  fixture_serve (self, pid);
  fixture_polkit_start (self);
  assert_answer (serve_begin (alice, pid), NULL);
}

static void
test_polkit_dies_while_asked (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  const guint32 pid = fixture_process_of (self, "alice");
  g_autoptr (Standstill) standstill = standstill_new (self);
  Call *call = fixture_serve_unanswered (self, alice, pid);

  fixture_polkit_stop (self);
  assert_answer (call, BUS_ERROR "AccessDenied");
  assert_standstill (standstill);
  fixture_polkit_start (self);
  assert_answer (serve_begin (alice, pid), NULL);
}

static void
test_others_do_not_wait (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");
  const guint32 pid = fixture_process_of (self, "alice");
  Call *call = fixture_serve_unanswered (self, alice, pid);
  const gint64 begin = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 20; i++) {
    g_autoptr (GVariant) all = get_all_properties (bob, &error);

    g_assert_no_error (error);
  }
  set_property (self->connection, "QuotaSize", g_variant_new_uint64 (0), CALL_PLAIN, &error);
  g_assert_no_error (error);
  fixture_serve (self, fixture_process_of (self, "root"));
  g_assert_cmpint (g_get_monotonic_time () - begin, <, G_USEC_PER_SEC);
  g_assert_false (call_is_done (call));
  fixture_polkit_continue (self);
  /* What is served now is root's: the answer is one to another question. */
  assert_answer (call, DENIED);
}

static void
test_no_answer_is_no (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (Standstill) standstill = standstill_new (self);
  Call *call = fixture_serve_unanswered (self, alice, fixture_process_of (self, "alice"));

  assert_answer (call, BUS_ERROR "AccessDenied");
  assert_standstill (standstill);
  fixture_polkit_continue (self);
  wait_for (200);
  assert_standstill (standstill);
}

static void
test_ninth_question (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GDBusConnection) also_alice = fixture_connection_as (self, "alice");
  const guint32 pid = fixture_process_of (self, "alice");
  Call *calls[8], *of_other;

  fixture_polkit_hang (self);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    calls[i] = serve_begin (alice, pid);
  wait_for (300);
  for (guint i = 0; i < 3; i++)
    assert_answer (serve_begin (alice, pid), SERVICE_ERROR "LimitExceeded");
  of_other = serve_begin (also_alice, pid);
  wait_for (200);
  g_assert_false (call_is_done (of_other));
  fixture_polkit_continue (self);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    assert_answer (calls[i], NULL);
  assert_answer (of_other, NULL);
  assert_answer (serve_begin (alice, pid), NULL);
}

/* A thousand calls are in the air: who has nothing to do with it is answered, and each caller once.
 */
static void
test_many_callers (Fixture *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (self, "alice");
  GDBusConnection *connections[12];
  Call *calls[G_N_ELEMENTS (connections)][90];
  g_autoptr (GError) error = NULL;
  guint allowed = 0;
  gint64 begin;

  fixture_polkit_hang (self);
  for (guint i = 0; i < G_N_ELEMENTS (connections); i++) {
    connections[i] = fixture_connection_as (self, "alice");
    for (guint j = 0; j < G_N_ELEMENTS (calls[i]); j++)
      calls[i][j] = serve_begin (connections[i], pid);
  }
  begin = g_get_monotonic_time ();
  for (guint i = 0; i < 20; i++) {
    g_autoptr (GVariant) all = get_all_properties (self->connection, &error);

    g_assert_no_error (error);
  }
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 2 * G_USEC_PER_SEC);
  fixture_polkit_continue (self);
  for (guint i = 0; i < G_N_ELEMENTS (connections); i++) {
    for (guint j = 0; j < G_N_ELEMENTS (calls[i]); j++) {
      g_autoptr (GVariant) reply = call_finish (calls[i][j], WAIT_SECONDS, &error);

      allowed += reply != NULL;
      if (reply == NULL)
        assert_error_name (error, SERVICE_ERROR "LimitExceeded");
    }
    g_clear_object (&connections[i]);
  }
  g_assert_cmpuint (allowed, >=, G_N_ELEMENTS (connections) * 8);
}

static void
leave (GDBusConnection *connection)
{
  g_dbus_connection_close_sync (connection, NULL, NULL);
}

/* An answer about somebody who is not there any more is about nobody. */
static void
test_caller_leaves (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (Standstill) standstill = standstill_new (self);

  call_forget (fixture_serve_unanswered (self, alice, fixture_process_of (self, "alice")));
  leave (alice);
  wait_for (200);
  fixture_polkit_continue (self);
  wait_for (500);
  assert_standstill (standstill);
}

/* At no moment can somebody gain by leaving: bob, who may nothing, is never taken for another. */
static void
test_callers_leave_at_any_moment (Fixture *self, gconstpointer data)
{
  g_autoptr (Standstill) standstill = NULL;
  const guint32 pid = fixture_process_of (self, "alice");

  fixture_polkit_rules (self, "polkit.addRule (function (action, subject) {\n"
                              "  if (subject.user != 'bob')\n"
                              "    return polkit.Result.YES;\n"
                              "});\n");
  standstill = standstill_new (self);
  for (guint i = 0; i < 60; i++) {
    g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");

    call_forget (serve_begin (bob, pid));
    g_dbus_connection_flush_sync (bob, NULL, NULL);
    g_usleep (i * 100);
    leave (bob);
  }
  wait_for (300);
  assert_standstill (standstill);
}

static void
test_stop_with_questions_open (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  Call *call = fixture_serve_unanswered (self, alice, fixture_process_of (self, "alice"));
  g_autoptr (GError) error = NULL;

  fixture_service_stop_within (self, 1);
  call_finish (call, WAIT_SECONDS, &error);
  g_assert_nonnull (error);
  fixture_polkit_continue (self);
}

static void
add (const char *path, void (*function) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, fixture_set_up_own, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/waiting/no-polkit", Fixture, NULL, begin_without_polkit, test_no_polkit,
              fixture_tear_down);
  add ("/waiting/polkit-dies-while-asked", test_polkit_dies_while_asked);
  add ("/waiting/others-do-not-wait", test_others_do_not_wait);
  add ("/waiting/no-answer-is-no", test_no_answer_is_no);
  add ("/waiting/ninth-question-is-too-much", test_ninth_question);
  add ("/waiting/many-callers", test_many_callers);
  add ("/waiting/caller-leaves", test_caller_leaves);
  add ("/waiting/callers-leave-at-any-moment", test_callers_leave_at_any_moment);
  add ("/waiting/stop-with-questions-open", test_stop_with_questions_open);
  return g_test_run ();
}
