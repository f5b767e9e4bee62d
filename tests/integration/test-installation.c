/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "command.h"

#include <string.h>

#define UNIT "damon-hugepaged.service"

/* One staged installation for all tests. The environment says where it comes from: DH_BUILD, a
 * build with the default prefix. */
static Fixture machine;
static char *stage;

static char *
run_argv (const char *const *argv)
{
  g_autoptr (Outcome) outcome = fixture_run_as (&machine, "root", argv);

  if (outcome->status != 0)
    g_error ("%s failed: %s%s", argv[0], outcome->output, outcome->errors);
  return g_steal_pointer (&outcome->output);
}

/* Returns: (transfer full): what it says on stdout; it must succeed. */
#define run(...) run_argv ((const char *const[]){ __VA_ARGS__, NULL })

/* Returns: (transfer full): the variable of a package that is there, else @fallback. */
static char *
ask_pkg_config (const char *package, const char *variable, const char *fallback)
{
  g_autofree char *option = g_strconcat ("--variable=", variable, NULL);
  const char *argv[] = { "pkg-config", option, package, NULL };
  g_autoptr (Outcome) outcome = fixture_run_as (&machine, "root", argv);
  const char *value = g_strstrip (outcome->output);

  return g_strdup (outcome->status == 0 && *value != '\0' ? value : fallback);
}

static GKeyFile *
load_staged (const char *directory, const char *name)
{
  g_autofree char *path = g_build_filename (stage, directory, name, NULL);
  GKeyFile *file = g_key_file_new ();
  g_autoptr (GError) error = NULL;

  g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &error);
  g_assert_no_error (error);
  return file;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
expect (GPtrArray *files, int mode, const char *directory, const char *name)
{
  g_ptr_array_add (files, g_strdup_printf ("%o %s/%s", mode, directory, name));
}

static void
test_every_file_in_its_place (void)
{
  g_autofree char *units =
    ask_pkg_config ("systemd", "systemdsystemunitdir", "/usr/lib/systemd/system");
  g_autofree char *sysusers = ask_pkg_config ("systemd", "sysusersdir", "/usr/lib/sysusers.d");
  g_autofree char *dbus = ask_pkg_config ("dbus-1", "datadir", "/usr/share");
  g_autofree char *actions =
    ask_pkg_config ("polkit-gobject-1", "policydir", "/usr/share/polkit-1/actions");
  g_autofree char *interfaces = g_strconcat (dbus, "/dbus-1/interfaces", NULL);
  g_autofree char *policies = g_strconcat (dbus, "/dbus-1/system.d", NULL);
  g_autofree char *services = g_strconcat (dbus, "/dbus-1/system-services", NULL);
  g_autoptr (GPtrArray) expected = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *found = run ("find", stage, "-not", "-type", "d", "-printf", "%m /%P\\n");
  g_auto (GStrv) lines = g_strsplit (g_strchomp (found), "\n", -1);

  expect (expected, 0644, "/etc", "damon-hugepage.conf");
  expect (expected, 0755, "/usr/bin", "hugepagectl");
  expect (expected, 0755, "/usr/libexec", "damon-hugepaged");
  expect (expected, 0644, "/usr/share/doc/damon-hugepage/examples",
          "50-damon-hugepage-group.rules");
  expect (expected, 0644, "/usr/share/doc/damon-hugepage/examples", "50-damon-hugepage-user.rules");
  expect (expected, 0644, "/usr/share/doc/damon-hugepage/examples", "damon-hugepage-drop-in.conf");
  expect (expected, 0644, units, UNIT);
  expect (expected, 0644, sysusers, "damon-hugepage.conf");
  expect (expected, 0644, interfaces, "org.damon.Hugepage.xml");
  expect (expected, 0644, policies, "org.damon.Hugepage.conf");
  expect (expected, 0644, services, "org.damon.Hugepage.service");
  expect (expected, 0644, actions, "org.damon.Hugepage.policy");

  qsort (lines, g_strv_length (lines), sizeof *lines, compare);
  g_ptr_array_sort (expected, compare);
  g_ptr_array_add (expected, NULL);
  g_assert_cmpstrv (lines, expected->pdata);
}

static void
test_executables_run (void)
{
  g_autofree char *client = g_build_filename (stage, "usr/bin/hugepagectl", NULL);
  g_autofree char *service = g_build_filename (stage, "usr/libexec/damon-hugepaged", NULL);
  g_autofree char *client_version = run (client, "--version");
  g_autofree char *service_version = run (service, "--version");

  g_assert_true (g_str_has_prefix (client_version, "hugepagectl "));
  g_assert_true (g_str_has_prefix (service_version, "damon-hugepaged "));
  g_assert_cmpstr (strchr (client_version, ' '), ==, strchr (service_version, ' '));
}

/* What only tests may ask for would let the service read a /proc that somebody made up. */
static void
test_service_has_no_test_options (void)
{
  g_autofree char *service = g_build_filename (stage, "usr/libexec/damon-hugepaged", NULL);
  g_autofree char *help = run (service, "--help");
  const char *argv[] = { service, "--root=/", "--version", NULL };
  g_autoptr (Outcome) outcome = fixture_run_as (&machine, "root", argv);

  g_assert_nonnull (strstr (help, "--config"));
  g_assert_null (strstr (help, "--root"));
  g_assert_null (strstr (help, "--help-"));
  g_assert_cmpint (outcome->status, !=, 0);
  g_assert_nonnull (strstr (outcome->errors, "--root"));
}

/* Bus name, activation file, unit and executable have to find each other. */
static void
test_activation (void)
{
  g_autofree char *units =
    ask_pkg_config ("systemd", "systemdsystemunitdir", "/usr/lib/systemd/system");
  g_autofree char *data = ask_pkg_config ("dbus-1", "datadir", "/usr/share");
  g_autofree char *services = g_strconcat (data, "/dbus-1/system-services", NULL);
  g_autoptr (GKeyFile) activation = load_staged (services, SERVICE_NAME ".service");
  g_autoptr (GKeyFile) unit = load_staged (units, UNIT);
  g_autofree char *name = g_key_file_get_string (activation, "D-BUS Service", "Name", NULL);
  g_autofree char *activated =
    g_key_file_get_string (activation, "D-BUS Service", "SystemdService", NULL);
  g_autofree char *user = g_key_file_get_string (activation, "D-BUS Service", "User", NULL);
  g_autofree char *type = g_key_file_get_string (unit, "Service", "Type", NULL);
  g_autofree char *bus_name = g_key_file_get_string (unit, "Service", "BusName", NULL);
  g_autofree char *program = g_key_file_get_string (unit, "Service", "ExecStart", NULL);
  g_autofree char *staged = g_build_filename (stage, program, NULL);

  g_assert_cmpstr (name, ==, SERVICE_NAME);
  g_assert_cmpstr (activated, ==, UNIT);
  g_assert_cmpstr (user, ==, "root");
  g_assert_cmpstr (type, ==, "dbus");
  g_assert_cmpstr (bus_name, ==, SERVICE_NAME);
  g_assert_true (g_file_test (staged, G_FILE_TEST_IS_EXECUTABLE));
}

static void
test_group (void)
{
  g_autofree char *root = g_strconcat ("--root=", stage, NULL);
  g_autofree char *group = g_build_filename (stage, "etc/group", NULL);
  g_autofree char *passwd = g_build_filename (stage, "etc/passwd", NULL);
  g_autofree char *contents = NULL;
  g_autofree char *said = run ("systemd-sysusers", root);
  g_autoptr (GError) error = NULL;

  g_file_get_contents (group, &contents, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_regex_match_simple ("^damon-hugepage:[^:]*:[0-9]+:\n$", contents, 0, 0));
  g_assert_false (g_file_test (passwd, G_FILE_TEST_EXISTS));
}

static void
install_to_stage (void)
{
  g_autofree char *output = NULL;

  fixture_set_up (&machine, NULL);
  stage = fixture_path (&machine, "stage");
  output =
    run ("meson", "install", "--no-rebuild", "-C", g_getenv ("DH_BUILD"), "--destdir", stage);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/installation/every-file-in-its-place", test_every_file_in_its_place);
  g_test_add_func ("/installation/executables-run", test_executables_run);
  g_test_add_func ("/installation/service-has-no-test-options", test_service_has_no_test_options);
  g_test_add_func ("/installation/activation", test_activation);
  g_test_add_func ("/installation/group", test_group);

  install_to_stage ();
  status = g_test_run ();
  fixture_tear_down (&machine, NULL);
  g_free (stage);
  return status;
}
