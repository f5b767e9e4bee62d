/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "fixture-private.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_SECONDS 20
#define STOP_SECONDS 5

/* uid 0 that execs gets what its bounding set leaves: the unit's CapabilityBoundingSet=. */
static const char *const unit_privileges[] = {
  "setpriv",         "--bounding-set=-all,+bpf,+perfmon,+sys_nice,+sys_ptrace",
  "--inh-caps=-all", "--ambient-caps=-all",
  "--no-new-privs",
};

void
fixture_service_set_environment (Fixture *self, const char *name, const char *value)
{
  self->service_environment = value != NULL
                                ? g_environ_setenv (self->service_environment, name, value, TRUE)
                                : g_environ_unsetenv (self->service_environment, name);
}

void
fixture_service_capture_notify (Fixture *self)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autofree char *path = fixture_path (self, "notify");

  g_assert_cmpuint (g_strlcpy (address.sun_path, path, sizeof address.sun_path), <,
                    sizeof address.sun_path);
  self->notify_socket = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  g_assert_no_errno (self->notify_socket);
  g_assert_no_errno (
    bind (self->notify_socket, (const struct sockaddr *) &address, sizeof address));
  fixture_service_set_environment (self, "NOTIFY_SOCKET", path);
}

static void
read_notified (Fixture *self)
{
  char message[4096];
  ssize_t length;

  while ((length = recv (self->notify_socket, message, sizeof message, 0)) > 0) {
    g_string_append_len (self->notified, message, length);
    g_string_append_c (self->notified, '\n');
  }
}

gboolean
fixture_service_has_notified (Fixture *self, const char *assignment)
{
  g_autofree char *line = g_strconcat ("\n", assignment, NULL);

  g_assert_cmpint (self->notify_socket, >=, 0);
  read_notified (self);
  return g_str_has_prefix (self->notified->str, assignment)
         || strstr (self->notified->str, line) != NULL;
}

void
fixture_service_forget_notified (Fixture *self)
{
  read_notified (self);
  g_string_truncate (self->notified, 0);
}

typedef struct {
  Fixture *fixture;
  const char *assignment;
} NotifyWait;

static gboolean
has_notified (gpointer data)
{
  const NotifyWait *wait = data;

  return fixture_service_has_notified (wait->fixture, wait->assignment);
}

void
fixture_service_wait_notify (Fixture *self, const char *assignment, guint seconds)
{
  if (!wait_until (has_notified, &(NotifyWait){ self, assignment }, seconds))
    g_error ("The service did not notify %s but:\n%s", assignment, self->notified->str);
}

static void
spawn_service (Fixture *self, va_list options)
{
  const char *program = g_getenv ("DH_SERVICE");
  g_autofree char *installed = NULL;
  g_autofree char *configuration = fixture_path (self, "no-configuration");
  g_autofree char *own_configuration = g_strconcat ("--config=", configuration, NULL);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GPtrArray) more = NULL;
  ChildOptions child = { .environment = (const char *const *) self->service_environment,
                         .log = self->service_log };

  g_assert_null (self->service);
  g_assert_nonnull (program);
  if (self->notify_socket >= 0)
    fixture_service_forget_notified (self);
  installed = fixture_install (self, program);
  for (guint i = 0; i < G_N_ELEMENTS (unit_privileges); i++)
    g_ptr_array_add (argv, (gpointer) unit_privileges[i]);
  g_ptr_array_add (argv, installed);
  g_ptr_array_add (argv, (gpointer) "--engine=bpf");
  /* Not the machine's; what a test passes comes later and holds. */
  g_ptr_array_add (argv, own_configuration);
  more = fixture_collect (va_arg (options, const char *), options);
  g_ptr_array_extend_and_steal (argv, g_steal_pointer (&more));
  self->service = child_spawn ((const char *const *) argv->pdata, &child);
}

void
fixture_service_spawn (Fixture *self, ...)
{
  va_list options;

  va_start (options, self);
  spawn_service (self, options);
  va_end (options);
}

void
fixture_service_start (Fixture *self, ...)
{
  va_list options;

  va_start (options, self);
  spawn_service (self, options);
  va_end (options);
  fixture_wait_for_name (self, SERVICE_NAME, self->service);
}

static void
on_properties_changed (GDBusConnection *connection, const char *sender, const char *path,
                       const char *interface, const char *name, GVariant *arguments, gpointer data)
{
  Fixture *self = data;
  g_autoptr (GVariant) changed = NULL;
  const char *state;

  /* Some tests play a service that talks nonsense. */
  if (!g_variant_is_of_type (arguments, G_VARIANT_TYPE ("(sa{sv}as)")))
    return;
  changed = g_variant_get_child_value (arguments, 1);
  if (g_variant_lookup (changed, "State", "&s", &state) && !g_str_equal (state, "starting")) {
    g_free (self->probed);
    self->probed = g_strdup (sender);
  }
}

void
fixture_service_watch (Fixture *self)
{
  self->subscription = g_dbus_connection_signal_subscribe (
    self->connection, SERVICE_NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged",
    SERVICE_PATH, SERVICE_INTERFACE, G_DBUS_SIGNAL_FLAGS_NONE, on_properties_changed, self, NULL);
  wait_for_bus (self->connection);
}

/* By what the service announced, not by what State is: that can be read before it is announced, and
 * then the next signal would be about what was before. */
static gboolean
is_probed (gpointer data)
{
  const Fixture *self = data;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
    self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
    "GetNameOwner", g_variant_new ("(s)", SERVICE_NAME), G_VARIANT_TYPE ("(s)"),
    G_DBUS_CALL_FLAGS_NONE, wait_milliseconds (START_SECONDS), NULL, NULL);
  const char *owner = NULL;

  if (child_has_exited (self->service))
    g_error ("The service ended before it had probed its engine");
  if (reply != NULL)
    g_variant_get (reply, "(&s)", &owner);
  return owner != NULL && g_strcmp0 (owner, self->probed) == 0;
}

void
fixture_service_wait_probed (Fixture *self)
{
  if (!wait_until (is_probed, self, START_SECONDS))
    g_error ("The service has not probed its engine after %d s", START_SECONDS);
}

static int
wait_status (Fixture *self, guint seconds)
{
  int status;

  if (!child_wait (self->service, seconds, &status))
    g_error ("The service still runs after %u s", seconds);
  g_clear_pointer (&self->service, child_free);
  return status;
}

int
fixture_service_wait_exit (Fixture *self, guint seconds)
{
  int status = wait_status (self, seconds);

  if (!WIFEXITED (status))
    g_error ("The service was ended by signal %d", WTERMSIG (status));
  return WEXITSTATUS (status);
}

void
fixture_service_stop_within (Fixture *self, guint seconds)
{
  child_signal (self->service, SIGTERM);
  g_assert_cmpint (fixture_service_wait_exit (self, seconds), ==, 0);
}

void
fixture_service_stop (Fixture *self)
{
  fixture_service_stop_within (self, STOP_SECONDS);
}

void
fixture_service_kill (Fixture *self)
{
  child_signal (self->service, SIGKILL);
  wait_status (self, STOP_SECONDS);
}

char *
fixture_service_read_log (Fixture *self)
{
  char *text;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (self->service_log, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

/* Whatever processes and callers are called, who reads the log sees their names, and no more. */
static gboolean
is_printable (const char *log)
{
  if (!g_utf8_validate (log, -1, NULL))
    return FALSE;
  for (const char *c = log; *c != '\0'; c = g_utf8_next_char (c)) {
    if (*c != '\n' && *c != '\t' && !g_unichar_isprint (g_utf8_get_char (c)))
      return FALSE;
  }
  return TRUE;
}

void
fixture_service_check_log (Fixture *self)
{
  static const char *const alarms[] = { "CRITICAL **", "ERROR **",
                                        "Sanitizer: ", "Sanitizer:DEADLYSIGNAL",
                                        "runtime error: " };
  g_autofree char *log = fixture_service_read_log (self);

  for (guint i = 0; i < G_N_ELEMENTS (alarms); i++) {
    if (strstr (log, alarms[i]) != NULL) {
      g_test_fail_printf ("The service's log has \"%s\"", alarms[i]);
      break;
    }
  }
  if (!is_printable (log))
    g_test_fail_printf ("The service's log has unprintable characters");
  if (g_test_failed ())
    g_printerr ("The service's log:\n%s", log);
}

/* Unlike fixture_service_stop() it goes on after a failure, so that what was started is ended. */
void
fixture_service_tear_down (Fixture *self)
{
  int status;

  if (self->service != NULL) {
    if (!child_has_exited (self->service))
      child_signal (self->service, SIGTERM);
    if (!child_wait (self->service, STOP_SECONDS, &status))
      g_test_fail_printf ("The service still runs %d s after SIGTERM", STOP_SECONDS);
    else if (status != 0)
      g_test_fail_printf ("The service ended with wait status 0x%x", (guint) status);
    g_clear_pointer (&self->service, child_free);
  }
  fixture_service_check_log (self);
  if (self->subscription != 0)
    g_dbus_connection_signal_unsubscribe (self->connection, self->subscription);
  g_free (self->probed);
  if (self->notify_socket >= 0)
    close (self->notify_socket);
}
