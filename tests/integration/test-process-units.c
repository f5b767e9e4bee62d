/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "listing.h"
#include "target-objects.h"
#include "targets.h"
#include "unit-groups.h"

/* A user may name his own unit like one of the system's: what is said of it, and who gains. */

#define WAIT_SECONDS 10
#define DENIED BUS_ERROR "InteractiveAuthorizationRequired"

/* What an administrator would write for a server. */
#define UNIT_RULE                                                                                  \
  "polkit.addRule (function (action, subject) {\n"                                                 \
  "  if (action.id == 'org.damon.Hugepage.target-any' && subject.user == 'alice' &&\n"             \
  "      action.lookup ('unit') == '" UNIT_NAME "')\n"                                             \
  "    return polkit.Result.YES;\n"                                                                \
  "});\n"

typedef struct {
  Fixture fixture;
  UnitGroups *groups; /* NULL: the machine has none to be made */
  GDBusConnection *alice;
  guint32 server; /* bob's process in the system unit */
  guint32 posing; /* in his own unit of the same name */
} UnitsCase;

static void
set_up (UnitsCase *self, gconstpointer data)
{
  g_autoptr (User) bob = user_lookup ("bob");

  fixture_set_up_own (&self->fixture, NULL);
  self->groups = unit_groups_new (bob->uid);
  self->alice = fixture_connection_as (&self->fixture, "alice");
  self->server = fixture_process_of (&self->fixture, "bob");
  self->posing = fixture_process_of (&self->fixture, "bob");
  if (self->groups == NULL)
    return;
  unit_groups_put_in_system (self->groups, (pid_t) self->server);
  unit_groups_put_in_user (self->groups, (pid_t) self->posing);
}

static void
tear_down (UnitsCase *self, gconstpointer data)
{
  if (self->groups != NULL) {
    unit_groups_take_out (self->groups, (pid_t) self->server);
    unit_groups_take_out (self->groups, (pid_t) self->posing);
    unit_groups_free (self->groups);
  }
  g_object_unref (self->alice);
  fixture_tear_down (&self->fixture, NULL);
}

static gboolean
has_groups (UnitsCase *self)
{
  if (self->groups == NULL)
    g_test_skip ("no control groups can be made here");
  return self->groups != NULL;
}

/* @unit, @user_unit: NULL: there is none. */
static void
assert_units (GVariant *dict, const char *unit, const char *user_unit)
{
  const char *text;

  g_assert_nonnull (dict);
  text = NULL;
  g_variant_lookup (dict, "unit", "&s", &text);
  g_assert_cmpstr (text, ==, unit);
  text = NULL;
  g_variant_lookup (dict, "user-unit", "&s", &text);
  g_assert_cmpstr (text, ==, user_unit);
}

static void
test_listed (UnitsCase *self, gconstpointer data)
{
  const guint32 without = fixture_process_of (&self->fixture, "bob");
  g_autoptr (GVariant) processes = NULL, server = NULL, posing = NULL, outside = NULL;

  if (!has_groups (self))
    return;
  unit_groups_take_out (self->groups, (pid_t) without);
  processes = listed_processes (self->fixture.connection, TRUE);
  server = find_listed (processes, self->server);
  posing = find_listed (processes, self->posing);
  outside = find_listed (processes, without);
  assert_units (server, UNIT_NAME, NULL);
  assert_units (posing, "user@18102.service", UNIT_NAME);
  assert_units (outside, NULL, NULL);
}

static void
assert_details (UnitsCase *self, guint32 pid, const char *unit, const char *user_unit)
{
  GDBusConnection *connection = self->fixture.connection;
  g_autofree char *path = added_target (connection, pid, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
    call_target (connection, path, "GetDetails", NULL, CALL_PLAIN, &error);
  g_autoptr (GVariant) details = NULL;

  g_assert_no_error (error);
  details = g_variant_get_child_value (reply, 0);
  assert_units (details, unit, user_unit);
}

static void
test_details (UnitsCase *self, gconstpointer data)
{
  if (!has_groups (self))
    return;
  assert_details (self, self->server, UNIT_NAME, NULL);
  assert_details (self, self->posing, "user@18102.service", UNIT_NAME);
}

static void
assert_refused (UnitsCase *self, guint32 pid)
{
  g_autofree char *settings = g_strdup_printf ("{'Pid': <@u %u>}", pid);
  g_autoptr (GError) error = NULL;

  add_target (self->alice, pid, NULL, &error);
  assert_error_name (error, DENIED);
  configure (self->alice, settings, CALL_PLAIN, &error);
  assert_error_name (error, DENIED);
  g_assert_cmpuint (count_targets (self->alice), ==, 0);
}

/* What is granted for the server is not for whatever a user calls so. */
static void
test_grant_is_not_widened (UnitsCase *self, gconstpointer data)
{
  g_autofree char *path = NULL;

  if (!has_groups (self))
    return;
  fixture_polkit_rules (&self->fixture, UNIT_RULE);
  assert_refused (self, self->posing);
  path = added_target (self->alice, self->server, NULL);
  assert_target_eventually (self->alice, path, "State", "'running'", WAIT_SECONDS);
}

/* The target is the one thing, what it is in is looked at with each question. */
static void
test_grant_is_of_the_unit_it_is_in (UnitsCase *self, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  if (!has_groups (self))
    return;
  fixture_polkit_rules (&self->fixture, UNIT_RULE);
  path = added_target (self->alice, self->server, NULL);
  set_target_property (self->alice, path, "Ratio", g_variant_new_uint32 (5), CALL_PLAIN, &error);
  g_assert_no_error (error);
  unit_groups_put_in_user (self->groups, (pid_t) self->server);
  set_target_property (self->alice, path, "Ratio", g_variant_new_uint32 (6), CALL_PLAIN, &error);
  assert_error_name (error, DENIED);
  assert_target (self->alice, path, "Ratio", "5");
}

/* It is there for rules that mean it. */
static void
test_user_unit_can_be_meant (UnitsCase *self, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  if (!has_groups (self))
    return;
  fixture_polkit_rules (&self->fixture, "polkit.addRule (function (action, subject) {\n"
                                        "  if (action.id == 'org.damon.Hugepage.target-any' &&\n"
                                        "      action.lookup ('user-unit') == '" UNIT_NAME "' &&\n"
                                        "      action.lookup ('unit') == 'user@18102.service')\n"
                                        "    return polkit.Result.YES;\n"
                                        "});\n");
  add_target (self->alice, self->server, NULL, &error);
  assert_error_name (error, DENIED);
  path = added_target (self->alice, self->posing, NULL);
}

static void
add (const char *path, void (*function) (UnitsCase *, gconstpointer))
{
  g_test_add (path, UnitsCase, NULL, set_up, function, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/process-units/listed", test_listed);
  add ("/process-units/details", test_details);
  add ("/process-units/grant-is-not-widened", test_grant_is_not_widened);
  add ("/process-units/grant-is-of-the-unit-it-is-in", test_grant_is_of_the_unit_it_is_in);
  add ("/process-units/user-unit-can-be-meant", test_user_unit_can_be_meant);
  return g_test_run ();
}
