/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "authority.h"
#include "configuration.h"

#include "command.h"

#include <polkit/polkit.h>
#include <string.h>

#define ACTION "org.damon.Hugepage."
#define POLICY_DTD "/usr/share/polkit-1/policyconfig-1.dtd"
#define UNIT "damon-hugepaged.service"

static char *
data_path (const char *directory, const char *name)
{
  return g_build_filename (g_getenv ("DH_DATA"), directory, name, NULL);
}

static char *
read_data (const char *directory, const char *name)
{
  g_autofree char *path = data_path (directory, name);
  g_autoptr (GError) error = NULL;
  char *text;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

/* The tool must be content, and silent on stderr. */
static void
check_with (Fixture *self, const char *const *argv)
{
  g_autoptr (Outcome) outcome = fixture_run_as (self, "root", argv);

  if (outcome->status != 0 || *outcome->errors != '\0')
    g_error ("%s: %s%s", argv[0], outcome->output, outcome->errors);
}

static void
test_well_formed (Fixture *self, gconstpointer data)
{
  g_autofree char *interface = data_path ("dbus", SERVICE_NAME ".xml");
  g_autofree char *bus_policy = data_path ("dbus", SERVICE_NAME ".conf");
  g_autofree char *actions = data_path ("polkit", SERVICE_NAME ".policy");
  const char *argv[] = { "xmllint", "--noout", "--nonet", interface, bus_policy, actions, NULL };
  const char *valid[] = {
    "xmllint", "--noout", "--nonet", "--dtdvalid", POLICY_DTD, actions, NULL
  };

  check_with (self, argv);
  if (g_file_test (POLICY_DTD, G_FILE_TEST_EXISTS))
    check_with (self, valid);
}

/* The contract, written down a second time on purpose. */
static const struct {
  const char *name;
  DhAction action;
  PolkitImplicitAuthorization any;
  PolkitImplicitAuthorization inactive;
  PolkitImplicitAuthorization active;
  const char *implies;
} actions[] = {
#define ADMIN POLKIT_IMPLICIT_AUTHORIZATION_ADMINISTRATOR_AUTHENTICATION_REQUIRED_RETAINED
#define YES POLKIT_IMPLICIT_AUTHORIZATION_AUTHORIZED
  { ACTION "target-own", DH_ACTION_TARGET_OWN, ADMIN, ADMIN, YES, NULL },
  { ACTION "target-any", DH_ACTION_TARGET_ANY, ADMIN, ADMIN, ADMIN, ACTION "target-own" },
  { ACTION "tune", DH_ACTION_TUNE, ADMIN, ADMIN, ADMIN, NULL },
  { ACTION "inspect", DH_ACTION_INSPECT, ADMIN, ADMIN, ADMIN, NULL },
  { ACTION "manage-targets", DH_ACTION_MANAGE_TARGETS, ADMIN, ADMIN, ADMIN, NULL },
#undef ADMIN
#undef YES
};

static gssize
find_action (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    if (g_str_equal (actions[i].name, name))
      return (gssize) i;
  return -1;
}

static void
check_action (GVariant *action)
{
  g_autoptr (GVariant) annotations = NULL;
  const char *name, *description, *message, *implied = NULL;
  guint32 any, inactive, active;
  gssize row;

  g_variant_get (action, "(&s&s&s&s&s&suuu@a{ss})", &name, &description, &message, NULL, NULL, NULL,
                 &any, &inactive, &active, &annotations);
  row = find_action (name);
  if (row < 0)
    g_error ("%s is nothing that the service asks for", name);
  g_variant_lookup (annotations, "org.freedesktop.policykit.imply", "&s", &implied);
  g_assert_cmpstr (description, !=, "");
  g_assert_true (g_str_has_prefix (message, "Authentication is required to "));
  g_assert_cmpint ((int) any, ==, actions[row].any);
  g_assert_cmpint ((int) inactive, ==, actions[row].inactive);
  g_assert_cmpint ((int) active, ==, actions[row].active);
  g_assert_cmpstr (implied, ==, actions[row].implies);
}

/* As polkitd has understood the policy. */
static void
test_actions (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) all = NULL;
  guint n_ours = 0;

  fixture_polkit_start (self);
  reply = g_dbus_connection_call_sync (
    self->connection, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
    "org.freedesktop.PolicyKit1.Authority", "EnumerateActions", g_variant_new ("(s)", "C"),
    G_VARIANT_TYPE ("(a(ssssssuuua{ss}))"), G_DBUS_CALL_FLAGS_NONE, wait_milliseconds (20), NULL,
    &error);
  g_assert_no_error (error);
  all = g_variant_get_child_value (reply, 0);
  for (gsize i = 0; i < g_variant_n_children (all); i++) {
    g_autoptr (GVariant) action = g_variant_get_child_value (all, i);
    g_autofree char *name = NULL;

    g_variant_get_child (action, 0, "s", &name);
    if (!g_str_has_prefix (name, ACTION))
      continue;
    check_action (action);
    n_ours++;
  }
  g_assert_cmpuint (n_ours, ==, G_N_ELEMENTS (actions));
}

static void
test_actions_of_the_code (void)
{
  DhActions all = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++) {
    g_assert_cmpstr (dh_action_get_name (actions[i].action), ==, actions[i].name);
    all |= actions[i].action;
  }
  g_assert_cmpuint (all, ==, DH_ACTIONS_ALL);
}

/* Fails at a name in @text that is none of an action. Returns: how many names there are. */
static guint
check_names (const char *text)
{
  g_autoptr (GRegex) regex = g_regex_new ("org\\.damon\\.Hugepage\\.[a-z][a-z-]*", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  guint n_names = 0;

  for (g_regex_match (regex, text, 0, &match); g_match_info_matches (match);
       g_match_info_next (match, NULL)) {
    g_autofree char *name = g_match_info_fetch (match, 0);

    if (find_action (name) < 0)
      g_error ("There is no action %s", name);
    n_names++;
  }
  return n_names;
}

/* In example rules and documentation a misspelt action would never be noticed. */
static void
test_no_other_action_is_named (void)
{
  g_autofree char *group = read_data ("polkit", "50-damon-hugepage-group.rules");
  g_autofree char *user = read_data ("polkit", "50-damon-hugepage-user.rules");
  g_autofree char *interface = read_data ("dbus", SERVICE_NAME ".xml");

  g_assert_cmpuint (check_names (group), >=, 2);
  g_assert_cmpuint (check_names (user), >=, 2);
  g_assert_cmpuint (check_names (interface), >=, 5);
}

/* The comment right before @kind @name. Returns: (transfer full). */
static char *
find_documentation (const char *xml, const char *kind, const char *name)
{
  g_autofree char *pattern = g_strdup_printf (
    "<!--\\s+%s:\\n((?:(?!-->).)*\\S)\\s+-->\\s*<%s name=\"%s\"", name, kind, name);
  g_autoptr (GRegex) regex = g_regex_new (pattern, G_REGEX_DOTALL, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  if (!g_regex_match (regex, xml, 0, &match))
    g_error ("The %s %s is not documented", kind, name);
  return g_match_info_fetch (match, 1);
}

static void
check_arguments (const char *documentation, GDBusArgInfo **arguments)
{
  for (; arguments != NULL && *arguments != NULL; arguments++) {
    g_autofree char *entry = g_strdup_printf ("@%s: ", (*arguments)->name);

    if (strstr (documentation, entry) == NULL)
      g_error ("The argument %s is not documented", (*arguments)->name);
  }
}

/* Who may write and what can go wrong is part of it. */
static void
check_property_documentation (const char *documentation, const GDBusPropertyInfo *property)
{
  if (!(property->flags & G_DBUS_PROPERTY_INFO_FLAGS_WRITABLE))
    return;
  g_assert_nonnull (strstr (documentation, "Authorization:"));
  g_assert_nonnull (strstr (documentation, "Errors:"));
  if (g_str_has_suffix (property->name, "USec"))
    g_assert_nonnull (strstr (documentation, "microseconds"));
  g_assert_nonnull (strstr (documentation, "efault"));
}

/* @xml: from the interface on. */
static void
check_documentation (const char *xml, const GDBusInterfaceInfo *interface)
{
  for (GDBusMethodInfo **method = interface->methods; *method != NULL; method++) {
    g_autofree char *text = find_documentation (xml, "method", (*method)->name);
    check_arguments (text, (*method)->in_args);
    check_arguments (text, (*method)->out_args);
  }
  for (GDBusSignalInfo **signal = interface->signals; *signal != NULL; signal++) {
    g_autofree char *text = find_documentation (xml, "signal", (*signal)->name);
    check_arguments (text, (*signal)->args);
  }
  for (GDBusPropertyInfo **property = interface->properties; *property != NULL; property++) {
    g_autofree char *text = find_documentation (xml, "property", (*property)->name);
    check_property_documentation (text, *property);
  }
}

static void
test_every_member_is_documented (void)
{
  static const char *const names[] = { SERVICE_INTERFACE, SERVICE_INTERFACE ".Target" };
  g_autofree char *xml = read_data ("dbus", SERVICE_NAME ".xml");
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *tag = g_strdup_printf ("<interface name=\"%s\">", names[i]);

    g_assert_nonnull (node->interfaces[i]);
    g_assert_cmpstr (node->interfaces[i]->name, ==, names[i]);
    check_documentation (strstr (xml, tag), node->interfaces[i]);
  }
  g_assert_null (node->interfaces[G_N_ELEMENTS (names)]);
}

/* gdbus-codegen reads the comments as well; what it cannot read no manual page is made of. */
static void
test_documentation_can_be_generated (Fixture *self, gconstpointer data)
{
  g_autofree char *xml = data_path ("dbus", SERVICE_NAME ".xml");
  const char *argv[] = {
    "gdbus-codegen", "--output-directory", self->directory, "--generate-docbook", "doc", xml, NULL
  };
  g_autofree char *path = NULL;

  check_with (self, argv);
  path = fixture_path (self, "doc-" SERVICE_INTERFACE ".xml");
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
}

static char *
read_unit (void)
{
  g_autoptr (GError) error = NULL;
  char *text;

  g_file_get_contents (g_getenv ("DH_UNIT"), &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

/* A name that this systemd does not know would be passed over in silence otherwise. */
static void
test_unit_is_understood (Fixture *self, gconstpointer data)
{
  g_autofree char *unit = read_unit ();
  g_autofree char *program = g_strconcat ("\nExecStart=", g_getenv ("DH_SERVICE"), "\n", NULL);
  g_autoptr (GRegex) regex = g_regex_new ("\nExecStart=.*\n", 0, 0, NULL);
  g_autofree char *text = g_regex_replace_literal (regex, unit, -1, 0, program, 0, NULL);
  g_autofree char *path = fixture_path (self, UNIT);
  const char *argv[] = { "systemd-analyze",       "verify", "--man=no",
                         "--recursive-errors=no", path,     NULL };
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (text, !=, unit);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  check_with (self, argv);
}

static void
test_unit_exposes_little (Fixture *self, gconstpointer data)
{
  const char *argv[] = { "systemd-analyze", "security",           "--no-pager", "--offline=true",
                         "--threshold=14",  g_getenv ("DH_UNIT"), NULL };

  check_with (self, argv);
}

/* What the service is tested and measured with. */
static void
test_unit_sets_the_environment (Fixture *self, gconstpointer data)
{
  g_autofree char *unit = read_unit ();
  g_auto (GStrv) lines = g_strsplit (unit, "\n", -1);
  guint n_variables = 0;

  for (guint i = 0; lines[i]; i++) {
    if (!g_str_has_prefix (lines[i], "Environment="))
      continue;
    g_assert_true (g_strv_contains ((const char *const *) self->service_environment,
                                    lines[i] + strlen ("Environment=")));
    n_variables++;
  }
  g_assert_cmpuint (n_variables, ==, 1);
}

/* The file that is installed changes nothing, and neither does taking its word for it. */
static void
test_configuration_shows_the_defaults (Fixture *self, gconstpointer data)
{
  g_autofree char *text = read_data (".", "damon-hugepage.conf");
  g_autoptr (GRegex) regex = g_regex_new ("^#(?=[A-Za-z-]+=)", G_REGEX_MULTILINE, 0, NULL);
  g_autofree char *uncommented = g_regex_replace_literal (regex, text, -1, 0, "", 0, NULL);
  g_autofree char *path = fixture_path (self, "damon-hugepage.conf");
  g_autoptr (DhConfiguration) shown = NULL;
  g_autoptr (DhConfiguration) none = dh_configuration_load ("/nonexistent");
  static const char *const engines[] = { "module", "bpf" };
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (uncommented, !=, text);
  g_file_set_contents_full (path, uncommented, -1, G_FILE_SET_CONTENTS_NONE, 0644, &error);
  g_assert_no_error (error);
  /* A warning about an unknown name or value would end the test. */
  shown = dh_configuration_load (path);
  g_assert_cmpstr (shown->engine, ==, none->engine);
  g_assert_cmpuint (shown->time_ceiling, ==, none->time_ceiling);
  g_assert_cmpstrv (shown->allow_own_on, none->allow_own_on);
  g_assert_cmpuint (shown->max_targets, ==, none->max_targets);
  g_assert_cmpuint (shown->max_targets_per_user, ==, none->max_targets_per_user);
  for (guint engine = 0; engine < G_N_ELEMENTS (engines); engine++) {
    DhSettings settings, shown_settings;

    dh_settings_init_defaults (&settings);
    if (engine == 0)
      settings.values[DH_SETTING_RATIO] = 100;
    shown_settings = settings;
    dh_configuration_get_defaults (shown, engines[engine], &shown_settings);
    for (DhSetting i = 0; i < DH_N_SETTINGS; i++)
      g_assert_cmpuint (shown_settings.values[i], ==, settings.values[i]);
  }
}

#define ADD(path, set_up, test)                                                                    \
  g_test_add ("/data/" path, Fixture, NULL, set_up, test, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("well-formed", fixture_set_up, test_well_formed);
  ADD ("actions", fixture_set_up_bus, test_actions);
  g_test_add_func ("/data/actions-of-the-code", test_actions_of_the_code);
  g_test_add_func ("/data/no-other-action-is-named", test_no_other_action_is_named);
  g_test_add_func ("/data/every-member-is-documented", test_every_member_is_documented);
  ADD ("documentation-can-be-generated", fixture_set_up, test_documentation_can_be_generated);
  ADD ("unit-is-understood", fixture_set_up, test_unit_is_understood);
  ADD ("unit-sets-the-environment", fixture_set_up, test_unit_sets_the_environment);
  ADD ("unit-exposes-little", fixture_set_up, test_unit_exposes_little);
  ADD ("configuration-shows-the-defaults", fixture_set_up, test_configuration_shows_the_defaults);
  return g_test_run ();
}
