/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "fixture-private.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whatever a test does to polkit's rules happens in folders that only this process and its children
 * see, so that tests run side by side and never touch the machine's. */
static void
hide_rules (void)
{
  static const char *const folders[] = { "/etc/polkit-1/rules.d", "/usr/share/polkit-1/rules.d" };
  static gboolean hidden;

  if (hidden)
    return;
  if (unshare (CLONE_NEWNS) < 0 || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
    g_error ("No private mount namespace: %s. Tests of this kind are run as root",
             g_strerror (errno));
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++) {
    if (mount ("tmpfs", folders[i], "tmpfs", 0, "mode=0755") < 0)
      g_error ("Cannot mount over %s: %s", folders[i], g_strerror (errno));
  }
  hidden = TRUE;
}

char *
fixture_path (Fixture *self, const char *name)
{
  return g_build_filename (self->directory, name, NULL);
}

static void
make_directory (Fixture *self, const char *name, mode_t mode)
{
  g_autofree char *path = fixture_path (self, name);

  g_assert_no_errno (mkdir (path, mode));
  /* Whatever the umask was. */
  g_assert_no_errno (chmod (path, mode));
}

static GStrv
make_environment (void)
{
  static const char *const strangers[] = { "DBUS_SESSION_BUS_ADDRESS",
                                           "DBUS_STARTER_ADDRESS",
                                           "DBUS_STARTER_BUS_TYPE",
                                           "NOTIFY_SOCKET",
                                           "WATCHDOG_USEC",
                                           "WATCHDOG_PID",
                                           "STATE_DIRECTORY" };
  GStrv environment = g_get_environ ();

  for (guint i = 0; i < G_N_ELEMENTS (strangers); i++)
    environment = g_environ_unsetenv (environment, strangers[i]);
  return g_environ_setenv (environment, "LC_ALL", "C.UTF-8", TRUE);
}

static void
prepare_service (Fixture *self)
{
  g_autofree char *state = fixture_path (self, "state");

  self->service_environment = g_strdupv (self->environment);
  fixture_service_set_environment (self, "STATE_DIRECTORY", state);
  fixture_service_set_environment (self, "G_SLICE", "always-malloc"); /* as its unit does */
  fixture_service_set_environment (self, "G_DEBUG", "fatal-criticals");
  self->service_log = fixture_path (self, "service.log");
  self->service_log_fd = open (self->service_log, O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
  g_assert_no_errno (self->service_log_fd);
  children_set_abort_log (self->service_log_fd);
}

void
fixture_set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  hide_rules ();
  children_die_with_test ();
  self->directory = g_dir_make_tmp ("damon-hugepage-test-XXXXXX", &error);
  g_assert_no_error (error);
  g_assert_no_errno (chmod (self->directory, 0755));
  make_directory (self, "bin", 0755);
  make_directory (self, "shared", 01777);
  make_directory (self, "state", 0700);
  self->children = g_ptr_array_new_with_free_func ((GDestroyNotify) child_free);
  self->environment = make_environment ();
  self->notify_socket = -1;
  self->notified = g_string_new (NULL);
  prepare_service (self);
}

void
fixture_set_up_bus (Fixture *self, gconstpointer data)
{
  fixture_set_up (self, data);
  fixture_bus_start (self);
}

static void
start_all (Fixture *self)
{
  fixture_polkit_start (self);
  fixture_service_start (self, NULL);
  fixture_service_wait_probed (self);
}

void
fixture_set_up_all (Fixture *self, gconstpointer data)
{
  fixture_set_up_bus (self, data);
  fixture_polkit_example (self, "50-damon-hugepage-group.rules");
  start_all (self);
}

void
fixture_set_up_own (Fixture *self, gconstpointer data)
{
  fixture_set_up_bus (self, data);
  fixture_polkit_rules (self, ALLOW_OWN);
  start_all (self);
}

static int
remove_entry (const char *path, const struct stat *status, int type G_GNUC_UNUSED,
              struct FTW *position)
{
  return remove (path);
}

void
fixture_tear_down (Fixture *self, gconstpointer data)
{
  fixture_service_tear_down (self);
  children_set_abort_log (-1);
  close (self->service_log_fd);
  g_ptr_array_unref (self->children);
  g_clear_pointer (&self->polkit, child_free);
  if (self->connection != NULL)
    g_dbus_connection_close_sync (self->connection, NULL, NULL);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->bus, child_free);

  g_assert_no_errno (nftw (self->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS));
  g_free (self->directory);
  g_free (self->bus_address);
  g_free (self->service_log);
  g_strfreev (self->environment);
  g_strfreev (self->service_environment);
  g_string_free (self->notified, TRUE);
}

GDBusConnection *
fixture_connection_as (Fixture *self, const char *user)
{
  g_autoptr (User) entry = user_lookup (user);
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = user_connect (entry, self->bus_address, &error);

  g_assert_no_error (error);
  return connection;
}

char *
fixture_install (Fixture *self, const char *program)
{
  g_autofree char *name = g_path_get_basename (program);
  g_autofree char *path = g_build_filename (self->directory, "bin", name, NULL);
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&path);
  g_file_get_contents (program, &contents, &length, &error);
  g_assert_no_error (error);
  g_file_set_contents_full (path, contents, (gssize) length, G_FILE_SET_CONTENTS_NONE, 0755,
                            &error);
  g_assert_no_error (error);
  g_assert_no_errno (chmod (path, 0755));
  return g_steal_pointer (&path);
}

Child *
fixture_spawn_argv_as (Fixture *self, const char *user, const char *const *argv)
{
  g_autoptr (User) entry = user_lookup (user);
  g_autofree const char **arguments =
    g_memdup2 (argv, (g_strv_length ((GStrv) argv) + 1) * sizeof *argv);
  g_autofree char *installed = NULL;
  ChildOptions options = { .user = entry,
                           .environment = (const char *const *) self->environment,
                           .pipe_output = TRUE };
  Child *child;

  if (g_path_is_absolute (argv[0]) && !g_str_has_prefix (argv[0], "/usr/")
      && !g_str_has_prefix (argv[0], "/bin/")) {
    installed = fixture_install (self, argv[0]);
    arguments[0] = installed;
  }
  child = child_spawn (arguments, &options);
  g_ptr_array_add (self->children, child);
  return child;
}

GPtrArray *
fixture_collect (const char *first, va_list rest)
{
  GPtrArray *strings = g_ptr_array_new ();

  for (const char *string = first; string != NULL; string = va_arg (rest, const char *))
    g_ptr_array_add (strings, (gpointer) string);
  g_ptr_array_add (strings, NULL);
  return strings;
}

Child *
fixture_spawn_as (Fixture *self, const char *user, const char *program, ...)
{
  g_autoptr (GPtrArray) argv = NULL;
  va_list arguments;

  va_start (arguments, program);
  argv = fixture_collect (program, arguments);
  va_end (arguments);
  return fixture_spawn_argv_as (self, user, (const char *const *) argv->pdata);
}

Child *
fixture_hotmap_as (Fixture *self, const char *user, HeatMap **ret_map, ...)
{
  const char *program = g_getenv ("DH_HOTMAP");
  g_autofree char *path =
    g_strdup_printf ("%s/shared/hotmap-%u.map", self->directory, self->children->len);
  g_autofree char *map_file = g_strconcat ("--map-file=", path, NULL);
  g_autoptr (GPtrArray) argv = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *seed = NULL, *ready = NULL;
  va_list options;
  Child *child;

  g_assert_nonnull (program);
  va_start (options, ret_map);
  argv = fixture_collect (va_arg (options, const char *), options);
  va_end (options);
  g_ptr_array_insert (argv, 0, (gpointer) program);
  g_ptr_array_insert (argv, 1, map_file);

  child = fixture_spawn_argv_as (self, user, (const char *const *) argv->pdata);
  seed = child_expect_line (child, "seed ", 10);
  g_test_message ("hotmap %s", seed);
  ready = child_expect_line (child, "ready", 60);
  if (ret_map != NULL) {
    *ret_map = heat_map_load (path, &error);
    g_assert_no_error (error);
  }
  return child;
}
