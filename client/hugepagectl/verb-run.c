/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "failure.h"
#include "program.h"
#include "targets.h"

#include "service/util-fd.h"

#define NOT_SERVED "The command runs on and is not served any more"

/* A command that runs, for the case that the service goes away and comes back. */
typedef struct {
  GDBusConnection *bus;
  guint32 pid;
  int pidfd;
  GVariant *options;
  char *path; /* that the service last knew it by */
} Served;

static void
on_added (GObject *bus, GAsyncResult *result, gpointer user_data)
{
  Served *served = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
    g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (bus), NULL, result, &error);

  if (reply != NULL) {
    g_free (served->path);
    g_variant_get (reply, "(o)", &served->path);
  } else if (!hctl_failure_is (error, HCTL_ERROR_ALREADY_TARGET)) {
    hctl_failure_warn (error, NOT_SERVED);
  }
}

static void
on_looked_for (GObject *bus, GAsyncResult *result, gpointer user_data)
{
  Served *served = user_data;
  g_autoptr (GVariant) reply =
    g_dbus_connection_call_finish (G_DBUS_CONNECTION (bus), result, NULL);
  g_autoptr (GUnixFDList) fds = NULL;
  HctlCall call;

  if (reply != NULL)
    return;

  /* Nobody sits there waiting to be asked for a password again. */
  call = hctl_target_describe_add (served->pid, served->pidfd, served->options);
  fds = call.fds;
  g_dbus_connection_call_with_unix_fd_list (
    served->bus, HCTL_BUS_NAME, HCTL_OBJECT_PATH, call.interface, call.method, call.parameters,
    G_VARIANT_TYPE (call.reply_type), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, fds, NULL, on_added,
    served);
}

/* Called for the service that added it, too. Paths are not used twice: another service does not
 * know it. */
static void
on_appeared (GDBusConnection *bus, const char *name, const char *owner, gpointer user_data)
{
  Served *served = user_data;

  g_dbus_connection_call (bus, owner, served->path, HCTL_PROPERTIES_INTERFACE, "Get",
                          g_variant_new ("(ss)", HCTL_TARGET_INTERFACE, "Pid"),
                          G_VARIANT_TYPE ("(v)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL,
                          on_looked_for, served);
}

static void
on_bus_closed (GDBusConnection *bus, gboolean remote, GError *cause, gpointer user_data)
{
  g_autoptr (GError) error = g_error_new_literal (HCTL_NO_BUS, 0, "The system bus has ended");

  hctl_failure_warn (error, NOT_SERVED);
}

/* Runs @program, which the service knows. */
static gboolean
run_served (HctlProgram *program, Served *served, int *ret_status, GError **error)
{
  guint watch = g_bus_watch_name_on_connection (
    served->bus, HCTL_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, on_appeared, NULL, served, NULL);
  gulong handler = g_signal_connect (served->bus, "closed", G_CALLBACK (on_bus_closed), served);
  gboolean done = hctl_program_run (program, ret_status, error);

  g_signal_handler_disconnect (served->bus, handler);
  g_bus_unwatch_name (watch);
  return done;
}

gboolean
hctl_run (HctlContext *context, char **arguments, GError **error)
{
  g_autoptr (GVariant) options = hctl_target_make_options (&context->options, TRUE, error);
  g_autoptr (HctlProgram) program =
    options != NULL ? hctl_program_hold (context->options.command, error) : NULL;
  _cleanup_close_ int pidfd = -1;
  Served served = { .options = options };
  gboolean done;

  if (program == NULL || !hctl_bus_open (context, error))
    return FALSE;

  served.bus = context->bus;
  served.pid = (guint32) hctl_program_get_pid (program);
  if (!hctl_target_open_pidfd (served.pid, &pidfd, error))
    return FALSE;
  served.pidfd = pidfd;
  served.path = hctl_target_add (context, served.pid, pidfd, options, error);
  done = served.path != NULL && run_served (program, &served, &context->status, error);
  g_free (served.path);
  return done;
}
