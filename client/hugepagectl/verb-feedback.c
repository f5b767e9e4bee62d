/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "failure.h"
#include "measure.h"
#include "print.h"
#include "targets.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define MIN_WINDOW_USEC 100000
#define MAX_WINDOW_USEC (3600 * (guint64) G_USEC_PER_SEC)

/* So often it may fail in the beginning. */
#define MAX_FAILURES 3

typedef struct {
  HctlContext *context;
  const char *path;
  GCancellable *over;
  gboolean gone; /* the target is */
  GError *error; /* that it ended with, if any */
  gboolean has_value;
  guint n_failures; /* before there was a value */
} Loop;

static gboolean
on_signal (int fd, GIOCondition condition, gpointer user_data)
{
  const Loop *loop = user_data;
  struct signalfd_siginfo info;

  if (read (fd, &info, sizeof info) == sizeof info)
    g_cancellable_cancel (loop->over);
  return G_SOURCE_CONTINUE;
}

static void
end_with_target (Loop *loop)
{
  loop->gone = TRUE;
  g_cancellable_cancel (loop->over);
}

static void
on_removed (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
            const char *signal, GVariant *parameters, gpointer user_data)
{
  Loop *loop = user_data;
  const char *removed;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(oas)")))
    return;
  g_variant_get (parameters, "(&oas)", &removed, NULL);
  if (g_str_equal (removed, loop->path))
    end_with_target (loop);
}

static void
end_with_error (Loop *loop, GError *error)
{
  if (loop->error == NULL)
    loop->error = error;
  else
    g_error_free (error);
  g_cancellable_cancel (loop->over);
}

static void
end_with_service (Loop *loop)
{
  GError *error = NULL;

  hctl_failure_set (&error, HCTL_ERROR_NOT_AVAILABLE, "The service has ended");
  loop->gone = TRUE;
  end_with_error (loop, error);
}

static void
on_vanished (GDBusConnection *bus, const char *name, gpointer user_data)
{
  end_with_service (user_data);
}

/* The answer to a call may tell before the signal does that the service, which has answered before,
 * is no more. */
static gboolean
tells_of_the_end (const GError *error)
{
  static const char *const names[] = { "NoReply", "ServiceUnknown", "NameHasNoOwner" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *name = g_strconcat ("org.freedesktop.DBus.Error.", names[i], NULL);

    if (hctl_failure_is (error, name))
      return TRUE;
  }
  return FALSE;
}

static gboolean
set_feedback (Loop *loop, guint32 value, HctlAsk ask, GError **error)
{
  if (hctl_bus_set_property (loop->context, loop->path, HCTL_TARGET_INTERFACE, "Feedback",
                             g_variant_new_uint32 (value), ask, error))
    return TRUE;
  hctl_target_interpret_error (loop->path, error);
  return FALSE;
}

/* Tells the service of @value. What may be over in the next window does not end the loop. */
static void
tell (Loop *loop, guint32 value)
{
  g_autoptr (GError) error = NULL;

  loop->has_value = TRUE;
  if (set_feedback (loop, value, HCTL_ASK_NEVER, &error))
    return;
  if (tells_of_the_end (error)) {
    end_with_service (loop);
    return;
  }

  switch (hctl_failure_get_exit_code (error)) {
  case HCTL_EXIT_NO_PROCESS:
    end_with_target (loop);
    break;
  case HCTL_EXIT_FAILED:
    hctl_failure_warn (error, "The value was not taken");
    break;
  default:
    end_with_error (loop, g_steal_pointer (&error));
  }
}

/* Measures once. */
static void
steer (Loop *loop)
{
  g_autoptr (GError) error = NULL;
  guint32 value;
  gboolean measured = hctl_measure_run ((const char *const *) loop->context->options.command,
                                        loop->over, &value, &error);

  /* At a terminal Ctrl-C ends the command as well, which is no failure. */
  if (g_cancellable_is_cancelled (loop->over))
    return;
  if (measured)
    tell (loop, value);
  else if (loop->has_value)
    hctl_failure_warn (error, "The last value stands");
  else if (error->domain == G_SPAWN_ERROR || ++loop->n_failures == MAX_FAILURES)
    end_with_error (loop, g_steal_pointer (&error));
  else
    hctl_failure_warn (error, "There is no value yet");
}

/* The quota window now, microseconds; 0 with an error. */
static gint64
get_window (Loop *loop)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) window = hctl_bus_get_property (loop->context, NULL, HCTL_INTERFACE,
                                                       "QuotaResetIntervalUSec", "t", &error);

  if (window == NULL) {
    if (tells_of_the_end (error))
      end_with_service (loop);
    else
      end_with_error (loop, g_steal_pointer (&error));
    return 0;
  }
  return (gint64) CLAMP (g_variant_get_uint64 (window), MIN_WINDOW_USEC, MAX_WINDOW_USEC);
}

static gboolean
on_time (gpointer user_data)
{
  gboolean *reached = user_data;

  *reached = TRUE;
  return G_SOURCE_REMOVE;
}

static void
wait_until (const Loop *loop, gint64 time)
{
  gint64 rest = MAX (time - g_get_monotonic_time (), 0);
  gboolean reached = FALSE;
  guint source = g_timeout_add ((guint) (rest / 1000), on_time, &reached);

  while (!reached && !g_cancellable_is_cancelled (loop->over))
    g_main_context_iteration (NULL, TRUE);
  if (!reached)
    g_source_remove (source);
}

static gboolean
is_ignored (int number)
{
  struct sigaction action;

  return sigaction (number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/* What hugepagectl was started to ignore it goes on to ignore, as under nohup(1). By a descriptor:
 * that a command has ended is not seen before the signal that has ended it as well. */
static gboolean
watch_signals (Loop *loop, GError **error)
{
  static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
  sigset_t set;
  int fd;

  sigemptyset (&set);
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (!is_ignored (numbers[i]))
      sigaddset (&set, numbers[i]);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
  fd = signalfd (-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "No signals can be had: %s",
                 g_strerror (errno));
    return FALSE;
  }
  g_unix_fd_add (fd, G_IO_IN, on_signal, loop);
  return TRUE;
}

static void
watch_bus (Loop *loop)
{
  g_dbus_connection_signal_subscribe (
    loop->context->bus, HCTL_BUS_NAME, HCTL_OBJECT_MANAGER_INTERFACE, "InterfacesRemoved",
    HCTL_OBJECT_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_removed, loop, NULL);
  g_bus_watch_name_on_connection (loop->context->bus, HCTL_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                  NULL, on_vanished, loop, NULL);
}

/* Finds out whether it will be permitted, when somebody may still be asked for a password, by
 * setting it to what it is. */
static gboolean
try_to_set (Loop *loop, GError **error)
{
  g_autoptr (GVariant) value = hctl_bus_get_property (
    loop->context, loop->path, HCTL_TARGET_INTERFACE, "Feedback", "u", error);

  if (value == NULL) {
    hctl_target_interpret_error (loop->path, error);
    return FALSE;
  }
  return set_feedback (loop, g_variant_get_uint32 (value), HCTL_ASK_IF_REFUSED, error);
}

static void
work (Loop *loop)
{
  while (!g_cancellable_is_cancelled (loop->over)) {
    gint64 begin = g_get_monotonic_time ();

    steer (loop);
    if (!g_cancellable_is_cancelled (loop->over))
      wait_until (loop, begin + get_window (loop));
  }
}

/* Only where it was changed, and there is somebody to tell. */
static void
switch_off (Loop *loop)
{
  GError *error = NULL;

  if (!loop->has_value || loop->gone || set_feedback (loop, 0, HCTL_ASK_NEVER, &error))
    return;
  if (hctl_failure_get_exit_code (error) == HCTL_EXIT_NO_PROCESS) {
    loop->gone = TRUE;
    g_error_free (error);
  } else {
    end_with_error (loop, error);
  }
}

gboolean
hctl_feedback (HctlContext *context, char **arguments, GError **error)
{
  g_autofree char *path = hctl_targets_find (context, arguments[0], error);
  g_autoptr (GCancellable) over = g_cancellable_new ();
  Loop loop = { .context = context, .path = path, .over = over };

  if (path == NULL || !try_to_set (&loop, error) || !watch_signals (&loop, error))
    return FALSE;

  watch_bus (&loop);
  work (&loop);
  switch_off (&loop);
  if (loop.error != NULL) {
    g_propagate_error (error, loop.error);
    return FALSE;
  }
  if (loop.gone)
    hctl_print_line ("%s is no target any more", hctl_target_get_word (path));
  return TRUE;
}
