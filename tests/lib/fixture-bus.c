/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "fixture-private.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <unistd.h>

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define RULES_FOLDER "/etc/polkit-1/rules.d"
#define START_SECONDS 20

static const char *const polkit_paths[] = {
  "/usr/lib/polkit-1/polkitd",
  "/usr/libexec/polkitd",
  "/usr/libexec/polkit-1/polkitd",
};

static const char *
data_folder (void)
{
  const char *folder = g_getenv ("DH_DATA");

  g_assert_nonnull (folder);
  return folder;
}

Child *
fixture_spawn_daemon (Fixture *self, const char *const *argv, GStrv environment)
{
  g_autofree char *name = g_path_get_basename (argv[0]);
  g_autofree char *log = g_strdup_printf ("%s/%s.log", self->directory, name);
  ChildOptions options = { .environment = (const char *const *) environment, .log = log };

  return child_spawn (argv, &options);
}

static char *
make_configuration (Fixture *self)
{
  g_autoptr (GString) configuration = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (BUS_CONFIGURATION, &text, NULL, &error);
  g_assert_no_error (error);
  configuration = g_string_new (text);
  g_string_replace (configuration, "@DIRECTORY@", self->directory, 0);
  g_string_replace (configuration, "@DATA@", data_folder (), 0);
  return g_string_free (g_steal_pointer (&configuration), FALSE);
}

void
fixture_bus_start (Fixture *self)
{
  g_autofree char *text = make_configuration (self);
  g_autofree char *path = fixture_path (self, "bus.conf");
  g_autofree char *option = g_strconcat ("--config-file=", path, NULL);
  g_autofree char *log = fixture_path (self, "dbus-daemon.log");
  const char *argv[] = { "dbus-daemon",     option, "--nofork", "--nopidfile", "--nosyslog",
                         "--print-address", NULL };
  ChildOptions options = { .environment = (const char *const *) self->environment,
                           .log = log,
                           .pipe_output = TRUE };
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  self->bus = child_spawn (argv, &options);
  self->bus_address = child_expect_line (self->bus, "unix:", START_SECONDS);
  self->environment =
    g_environ_setenv (self->environment, "DBUS_SYSTEM_BUS_ADDRESS", self->bus_address, TRUE);
  fixture_service_set_environment (self, "DBUS_SYSTEM_BUS_ADDRESS", self->bus_address);
  self->connection = fixture_connection_as (self, "root");
  fixture_service_watch (self);
}

typedef struct {
  Fixture *fixture;
  const char *name;
  Child *child;
} NameWait;

static gboolean
has_owner (gpointer data)
{
  const NameWait *wait = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
    wait->fixture->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
    "org.freedesktop.DBus", "NameHasOwner", g_variant_new ("(s)", wait->name),
    G_VARIANT_TYPE ("(b)"), G_DBUS_CALL_FLAGS_NONE, wait_milliseconds (START_SECONDS), NULL,
    &error);
  gboolean owned;

  g_assert_no_error (error);
  g_variant_get (reply, "(b)", &owned);
  if (!owned && child_has_exited (wait->child))
    g_error ("%s ended before it owned %s", child_get_name (wait->child), wait->name);
  return owned;
}

void
fixture_wait_for_name (Fixture *self, const char *name, Child *child)
{
  if (!wait_until (has_owner, &(NameWait){ self, name, child }, START_SECONDS))
    g_error ("%s does not own %s after %d s", child_get_name (child), name, START_SECONDS);
}

void
fixture_polkit_start (Fixture *self)
{
  const char *argv[] = { NULL, "--no-debug", NULL };

  g_assert_null (self->polkit);
  for (guint i = 0; i < G_N_ELEMENTS (polkit_paths) && argv[0] == NULL; i++) {
    if (g_file_test (polkit_paths[i], G_FILE_TEST_IS_EXECUTABLE))
      argv[0] = polkit_paths[i];
  }
  g_assert_nonnull (argv[0]);
  self->polkit = fixture_spawn_daemon (self, argv, self->environment);
  fixture_wait_for_name (self, POLKIT_NAME, self->polkit);
}

void
fixture_polkit_stop (Fixture *self)
{
  child_signal (self->polkit, SIGKILL);
  g_assert_true (child_wait (self->polkit, START_SECONDS, NULL));
  g_clear_pointer (&self->polkit, child_free);
}

void
fixture_polkit_restart (Fixture *self)
{
  fixture_polkit_stop (self);
  fixture_polkit_start (self);
}

void
fixture_polkit_hang (Fixture *self)
{
  child_signal (self->polkit, SIGSTOP);
}

void
fixture_polkit_continue (Fixture *self)
{
  child_signal (self->polkit, SIGCONT);
}

/* polkitd announces some changes twice, so its signal does not tell which rules it has: each set of
 * rules says yes to a question of its own instead, and no to those of others whatever else it
 * allows. */
static char *
with_generation (const char *text, guint generation)
{
  return g_strdup_printf ("polkit.addRule (function (action, subject) {\n"
                          "  var generation = action.lookup (\"generation\");\n"
                          "  if (!generation)\n"
                          "    return polkit.Result.NOT_HANDLED;\n"
                          "  return generation == \"%u\" ? polkit.Result.YES : polkit.Result.NO;\n"
                          "});\n%s",
                          generation, text != NULL ? text : "");
}

typedef struct {
  Fixture *fixture;
  const User *bob; /* root is always authorized */
  const char *generation;
} RulesWait;

static gboolean
has_generation (gpointer data)
{
  const RulesWait *wait = data;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  gboolean authorized;

  reply = g_dbus_connection_call_sync (
    wait->fixture->connection, POLKIT_NAME, "/org/freedesktop/PolicyKit1/Authority",
    "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization",
    g_variant_new_parsed ("(('unix-process', {'pid': <%u>, 'start-time': <@t 0>, 'uid': <%i>}),"
                          " 'org.damon.Hugepage.inspect', {'generation': %s}, @u 0, '')",
                          (guint32) getpid (), (gint32) wait->bob->uid, wait->generation),
    NULL, G_DBUS_CALL_FLAGS_NONE, wait_milliseconds (START_SECONDS), NULL, &error);
  g_assert_no_error (error);
  g_variant_get (reply, "((bba{ss}))", &authorized, NULL, NULL);
  return authorized;
}

static void
wait_for_rules (Fixture *self, guint generation)
{
  g_autoptr (User) bob = user_lookup ("bob");
  g_autofree char *text = g_strdup_printf ("%u", generation);

  if (!wait_until (has_generation, &(RulesWait){ self, bob, text }, START_SECONDS))
    g_error ("polkitd did not take its new rules");
}

void
fixture_polkit_rules (Fixture *self, const char *text)
{
  static guint generation;
  const char *new = RULES_FOLDER "/50-test.new", *rules = RULES_FOLDER "/50-test.rules";
  g_autofree char *whole = with_generation (text, ++generation);
  g_autoptr (GError) error = NULL;

  /* polkitd never finds a file that is half written. */
  g_file_set_contents (new, whole, -1, &error);
  g_assert_no_error (error);
  g_assert_no_errno (g_chmod (new, 0644));
  g_assert_no_errno (g_rename (new, rules));
  if (self->polkit != NULL)
    wait_for_rules (self, generation);
}

void
fixture_polkit_example (Fixture *self, const char *name)
{
  g_autofree char *path = g_build_filename (data_folder (), "polkit", name, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  fixture_polkit_rules (self, text);
}
