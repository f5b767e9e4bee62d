/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "targets.h"

/* Whose Ratio and Feedback are, and how long they hold. */

#define ALLOW_BOB_ALL                                                                              \
  "polkit.addRule (function (action, subject) {\n"                                                 \
  "  if (subject.user == 'bob' && action.id.indexOf ('org.damon.Hugepage.') == 0)\n"               \
  "    return polkit.Result.YES;\n"                                                                \
  "});\n"

static void
change (GDBusConnection *connection, const char *settings)
{
  g_autoptr (GError) error = NULL;

  configure (connection, settings, CALL_PLAIN, &error);
  g_assert_no_error (error);
}

static void
set_pid (GDBusConnection *connection, guint32 pid)
{
  g_autoptr (GError) error = NULL;

  set_property (connection, "Pid", g_variant_new_uint32 (pid), CALL_PLAIN, &error);
  g_assert_no_error (error);
}

static void
assert_goals (Fixture *self, guint32 ratio, guint32 feedback)
{
  assert_property (self->connection, "Ratio", g_variant_new_uint32 (ratio));
  assert_property (self->connection, "Feedback", g_variant_new_uint32 (feedback));
}

static void
restart (Fixture *self)
{
  fixture_service_stop (self);
  fixture_service_start (self, NULL);
  fixture_service_wait_probed (self);
}

static void
test_own_ratio_is_not_stored (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");

  set_pid (alice, fixture_process_of (self, "alice"));
  change (alice, "{'Ratio': <@u 5000>, 'Feedback': <@u 6000>}");
  assert_goals (self, 5000, 6000);
  restart (self);
  assert_goals (self, 10000, 0);
}

static void
test_ratio_with_tune_is_stored (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");

  fixture_polkit_rules (self, ALLOW_BOB_ALL);
  set_pid (bob, fixture_process_of (self, "bob"));
  change (bob, "{'Ratio': <@u 5000>, 'Feedback': <@u 6000>, 'MinAgeUSec': <@t 7>}");
  restart (self);
  assert_goals (self, 5000, 0);
  assert_property (bob, "MinAgeUSec", g_variant_new_uint64 (7));
}

/* Whoever may tune but was not asked about it, has not tuned. */
static void
test_ratio_alone_is_the_targets (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");

  fixture_polkit_rules (self, ALLOW_BOB_ALL);
  set_pid (bob, fixture_process_of (self, "bob"));
  change (bob, "{'Ratio': <@u 5000>}");
  restart (self);
  assert_goals (self, 10000, 0);
}

static void
test_roots_ratio_is_stored (Fixture *self, gconstpointer data)
{
  change (self->connection, "{'Ratio': <@u 5000>, 'Feedback': <@u 6000>}");
  restart (self);
  assert_goals (self, 5000, 0);
}

static void
test_other_owner_begins_anew (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");

  change (self->connection, "{'Ratio': <@u 9000>, 'Feedback': <@u 1000>}");
  set_pid (alice, fixture_process_of (self, "alice"));
  assert_goals (self, 9000, 0);
  change (alice, "{'Ratio': <@u 5000>, 'Feedback': <@u 6000>}");
  set_pid (alice, fixture_process_of (self, "alice"));
  assert_goals (self, 5000, 6000); /* as before: hers too */
  set_pid (alice, fixture_process_of (self, "bob"));
  assert_goals (self, 9000, 0);
  restart (self);
  assert_goals (self, 9000, 0);
}

static void
test_other_owner_after_none (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");

  set_pid (alice, fixture_process_of (self, "alice"));
  change (alice, "{'Ratio': <@u 5000>, 'Feedback': <@u 6000>}");
  set_pid (alice, 0);
  set_pid (alice, fixture_process_of (self, "bob"));
  assert_goals (self, 10000, 0);
}

/* What comes with the new process is meant for it. */
static void
test_goals_beside_the_process (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autofree char *settings =
    g_strdup_printf ("{'Ratio': <@u 5000>, 'Pid': <@u %u>, 'Feedback': <@u 6000>}",
                     fixture_process_of (self, "bob"));

  set_pid (alice, fixture_process_of (self, "alice"));
  change (alice, "{'Ratio': <@u 1>, 'Feedback': <@u 2>}");
  change (alice, settings);
  assert_goals (self, 5000, 6000);
}

/* A refused switch leaves the goals of what stays. */
static void
test_goals_stay_where_the_switch_fails (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GError) error = NULL;

  set_pid (alice, fixture_process_of (self, "alice"));
  change (alice, "{'Ratio': <@u 5000>, 'Feedback': <@u 6000>}");
  set_property (alice, "Pid", g_variant_new_uint32 (1), CALL_PLAIN, &error);
  assert_error_name (error, SERVICE_ERROR "ProcessNotPermitted");
  assert_goals (self, 5000, 6000);
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
  add ("/goals/own-ratio-is-not-stored", test_own_ratio_is_not_stored);
  add ("/goals/ratio-with-tune-is-stored", test_ratio_with_tune_is_stored);
  add ("/goals/ratio-alone-is-the-target's", test_ratio_alone_is_the_targets);
  add ("/goals/root's-ratio-is-stored", test_roots_ratio_is_stored);
  add ("/goals/other-owner-begins-anew", test_other_owner_begins_anew);
  add ("/goals/other-owner-after-none-begins-anew", test_other_owner_after_none);
  add ("/goals/goals-beside-the-process-hold", test_goals_beside_the_process);
  add ("/goals/goals-stay-where-the-switch-fails", test_goals_stay_where_the_switch_fails);
  return g_test_run ();
}
