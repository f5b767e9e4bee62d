/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "targets.h"

#include <stdlib.h>
#include <systemd/sd-login.h>

/* polkit's rules, by a real polkitd: what an administrator can write, and what is there without. */

#define DENIED BUS_ERROR "InteractiveAuthorizationRequired"

static const char *
try (GDBusConnection *connection, const char *settings)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;

  if (configure (connection, settings, CALL_PLAIN, &error))
    return NULL;
  name = g_dbus_error_get_remote_error (error);
  return g_intern_string (name);
}

static const char *
try_process (GDBusConnection *connection, guint32 pid)
{
  g_autofree char *settings = g_strdup_printf ("{'Pid': <@u %u>, 'Enabled': <true>}", pid);

  return try (connection, settings);
}

/* @user: who may; the other one may not. */
static void
check_example (Fixture *self, const char *example, const char *user, const char *other)
{
  g_autoptr (GDBusConnection) allowed = fixture_connection_as (self, user);
  g_autoptr (GDBusConnection) refused = fixture_connection_as (self, other);
  const guint32 his = fixture_process_of (self, user), others = fixture_process_of (self, other),
                roots = fixture_process_of (self, "root");
  g_autoptr (GError) error = NULL;

  fixture_polkit_example (self, example);
  g_assert_cmpstr (try_process (refused, others), ==, DENIED);
  g_assert_cmpstr (try_process (refused, his), ==, DENIED);
  g_assert_null (try_process (allowed, his));
  g_assert_null (try (allowed, "{'Ratio': <@u 5000>, 'Feedback': <@u 5000>}"));
  g_assert_null (try_process (allowed, others));
  g_assert_null (try_process (allowed, roots));
  g_assert_cmpstr (try (allowed, "{'QuotaSize': <@t 0>}"), ==, DENIED);
  call_method (allowed, "GetStatistics", NULL, CALL_PLAIN, &error);
  assert_error_name (error, DENIED);
  g_assert_cmpstr (try (refused, "{'Enabled': <false>}"), ==, DENIED);
  g_assert_null (try (allowed, "{'Enabled': <false>}"));
}

static void
test_group_example (Fixture *self, gconstpointer data)
{
  check_example (self, "50-damon-hugepage-group.rules", "alice", "bob");
}

static void
test_user_example (Fixture *self, gconstpointer data)
{
  check_example (self, "50-damon-hugepage-user.rules", "alice", "bob");
}

/* Neither is in a session here: an administrator has to authenticate. */
static void
test_defaults_of_the_policy (Fixture *self, gconstpointer data)
{
  static const char *const users[] = { "alice", "bob" };

  fixture_polkit_rules (self, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (users); i++) {
    g_autoptr (GDBusConnection) connection = fixture_connection_as (self, users[i]);

    g_assert_cmpstr (try_process (connection, fixture_process_of (self, users[i])), ==, DENIED);
    g_assert_cmpstr (try (connection, "{'QuotaSize': <@t 0>}"), ==, DENIED);
  }
}

/* A rule that says no is no challenge. */
static void
test_plain_no (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GError) error = NULL;

  fixture_polkit_rules (self, "polkit.addRule (function (action, subject) {\n"
                              "  if (action.id.indexOf ('org.damon.Hugepage.') == 0)\n"
                              "    return polkit.Result.NO;\n"
                              "});\n");
  set_property (alice, "Ratio", g_variant_new_uint32 (5000), CALL_PLAIN, &error);
  g_assert_nonnull (strstr (error->message, "org.damon.Hugepage.tune"));
  assert_error_name (error, BUS_ERROR "AccessDenied");
  set_property (alice, "Ratio", g_variant_new_uint32 (5000), CALL_INTERACTIVE, &error);
  assert_error_name (error, BUS_ERROR "AccessDenied");
}

/* What a rule is told is about the process to be set, or the one that is. */
static void
test_rule_sees_the_process (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");
  g_autoptr (User) alice = user_lookup ("alice");
  const guint32 chosen = fixture_process_of (self, "alice");
  const guint32 other = fixture_process_of (self, "alice");
  g_autofree char *rule = g_strdup_printf (
    "polkit.addRule (function (action, subject) {\n"
    "  if (action.id == 'org.damon.Hugepage.target-any' && subject.user == 'bob')\n"
    "    return action.lookup ('pid') == '%u' && action.lookup ('uid') == '%u' &&\n"
    "           action.lookup ('user') == 'alice' ? polkit.Result.YES : polkit.Result.NO;\n"
    "  if (action.id == 'org.damon.Hugepage.tune' && subject.user == 'bob')\n"
    "    return action.lookup ('pid') == '%u' ? polkit.Result.YES : polkit.Result.NO;\n"
    "});\n",
    chosen, alice->uid, chosen);

  fixture_polkit_rules (self, rule);
  g_assert_cmpstr (try (bob, "{'QuotaSize': <@t 0>}"), ==, BUS_ERROR "AccessDenied");
  g_assert_cmpstr (try_process (bob, other), ==, BUS_ERROR "AccessDenied");
  g_assert_null (try_process (bob, chosen));
  g_assert_null (try (bob, "{'Ratio': <@u 5000>}"));
  g_assert_null (try (bob, "{'QuotaSize': <@t 0>}"));
  g_assert_cmpstr (try_process (bob, other), ==, BUS_ERROR "AccessDenied");
}

/* The system unit where there is one: what a rule for a server goes by. */
static void
test_rule_sees_the_unit (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");
  const guint32 pid = fixture_process_of (self, "alice");
  g_autofree char *rule = NULL, *expected = NULL;
  char *unit = NULL;

  sd_pid_get_unit ((pid_t) pid, &unit);
  g_test_message ("The unit is %s", unit != NULL ? unit : "none");
  expected = unit != NULL ? g_strdup_printf ("'%s'", unit) : g_strdup ("undefined");
  rule = g_strdup_printf ("polkit.addRule (function (action, subject) {\n"
                          "  if (action.id == 'org.damon.Hugepage.target-any')\n"
                          "    return action.lookup ('unit') == %s ?\n"
                          "           polkit.Result.YES : polkit.Result.NO;\n"
                          "});\n",
                          expected);
  free (unit);
  fixture_polkit_rules (self, rule);
  g_assert_null (try_process (bob, pid));
}

/* Who has asked is who is meant, however the calls overlap. */
static void
test_callers_are_not_mixed_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");
  const guint32 pid = fixture_process_of (self, "alice");

  fixture_serve (self, pid);
  fixture_polkit_hang (self);
  for (guint i = 0; i < 4; i++) {
    Call *first = set_property_begin (i % 2 ? alice : bob, "Feedback", g_variant_new_uint32 (i + 1),
                                      CALL_PLAIN);
    Call *second = set_property_begin (i % 2 ? bob : alice, "Feedback",
                                       g_variant_new_uint32 (i + 1), CALL_PLAIN);
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) reply = NULL;

    wait_for (100);
    g_assert_false (call_is_done (first) || call_is_done (second));
    fixture_polkit_continue (self);
    reply = call_finish (i % 2 ? first : second, 10, &error);
    g_assert_no_error (error);
    call_finish (i % 2 ? second : first, 10, &error);
    assert_error_name (error, DENIED);
    fixture_polkit_hang (self);
  }
  fixture_polkit_continue (self);
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
  add ("/rules/example-for-the-group", test_group_example);
  add ("/rules/example-for-a-user", test_user_example);
  add ("/rules/defaults-of-the-policy", test_defaults_of_the_policy);
  add ("/rules/no-is-no-challenge", test_plain_no);
  add ("/rules/rule-sees-the-process", test_rule_sees_the_process);
  add ("/rules/rule-sees-the-unit", test_rule_sees_the_unit);
  add ("/rules/callers-are-not-mixed-up", test_callers_are_not_mixed_up);
  return g_test_run ();
}
