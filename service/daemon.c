/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "daemon.h"

#include "bus/names.h"
#include "bus/root-object.h"
#include "engines/bpf-engine.h"
#include "engines/module-engine.h"

#include <glib-unix.h>
#include <malloc.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

typedef struct {
  GMainLoop *loop;
  DhManager *manager;
  DhIdle *idle;
  const char *root;
  gboolean holds_target;
  gboolean trimmed; /* what probing took has been given back */
  int exit_code;
} DhDaemon;

static void
quit (DhDaemon *daemon, int exit_code)
{
  daemon->exit_code = exit_code;
  g_main_loop_quit (daemon->loop);
}

static gboolean
on_signal (gpointer user_data)
{
  quit (user_data, EXIT_SUCCESS);
  return G_SOURCE_CONTINUE;
}

static void
on_idle (gpointer user_data)
{
  g_message ("Nothing to do: leaving; the bus starts the service again when it is needed");
  quit (user_data, EXIT_SUCCESS);
}

static void
on_name_acquired (GDBusConnection *connection, const char *name, gpointer user_data)
{
  sd_notify (0, "READY=1");
}

static void
on_name_lost (GDBusConnection *connection, const char *name, gpointer user_data)
{
  g_warning ("The name %s cannot be had on the system bus", name);
  quit (user_data, EXIT_FAILURE);
}

static void
on_closed (GDBusConnection *connection, gboolean by_remote, GError *error, gpointer user_data)
{
  g_warning ("The system bus has gone");
  quit (user_data, EXIT_FAILURE);
}

/* It lies idle most of the time, and is to cost little then: one heap for all threads, and none of
 * them waits for more to do, which it would wake up from. */
static void
be_frugal (void)
{
  mallopt (M_ARENA_MAX, 1);
  g_thread_pool_set_max_unused_threads (0);
}

/* Loading programs into the kernel takes memory once, which the heap would keep. */
static void
trim_after_probing (DhDaemon *daemon)
{
  if (daemon->trimmed || dh_manager_is_probing (daemon->manager))
    return;
  daemon->trimmed = TRUE;
  malloc_trim (0);
}

/* A living target needs the service, enabled or not; one that has exited does not. */
static void
on_changed (DhManager *manager, gpointer user_data)
{
  DhDaemon *daemon = user_data;
  gboolean has_target = dh_manager_has_target (manager);
  DhEngine *engine = dh_manager_get_engine (manager);

  if (has_target && !daemon->holds_target)
    dh_idle_hold (daemon->idle);
  else if (!has_target && daemon->holds_target)
    dh_idle_release (daemon->idle);
  daemon->holds_target = has_target;
  trim_after_probing (daemon);
  sd_notifyf (0, "STATUS=%s, engine %s, process %u, %u served",
              dh_state_to_string (dh_manager_get_state (manager)),
              engine ? dh_engine_get_name (engine) : "none", dh_manager_get_pid (manager),
              dh_manager_get_active_targets (manager));
}

/* From the main loop, so that a loop that hangs is noticed. */
static gboolean
feed_watchdog (gpointer user_data)
{
  sd_notify (0, "WATCHDOG=1");
  return G_SOURCE_CONTINUE;
}

static guint
start_watchdog (void)
{
  guint64 usec;

  if (sd_watchdog_enabled (0, &usec) <= 0)
    return 0;
  feed_watchdog (NULL);
  return g_timeout_add (MAX (usec / 2000, 1), feed_watchdog, NULL);
}

/* The engines in the order in which `auto` prefers them. */
static GPtrArray *
make_engines (const DhDaemonOptions *options, const DhConfiguration *configuration)
{
  GPtrArray *engines = g_ptr_array_new_with_free_func (g_object_unref);

  g_ptr_array_add (engines, dh_module_engine_new (options->root, options->state_directory,
                                                  configuration->time_ceiling));
  g_ptr_array_add (
    engines, dh_bpf_engine_new (options->root, options->advisor, configuration->time_ceiling));
  return engines;
}

static DhManager *
make_manager (const DhDaemonOptions *options)
{
  DhConfiguration *configuration = dh_configuration_load (options->configuration);
  g_autoptr (DhStore) store = dh_store_new (options->state_directory, options->root);

  if (options->engine) {
    g_free (configuration->engine);
    configuration->engine = g_strdup (options->engine);
  }
  return dh_manager_new (configuration, store, make_engines (options, configuration),
                         options->root);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!dh_manager_stop_finish (DH_MANAGER (source), result, &error))
    g_warning ("Left as it is: %s", error->message);
  g_main_loop_quit (user_data);
}

/* Whoever sees that the name is owned may end the service: by then a signal does so in order. */
static void
run (DhDaemon *daemon, GDBusConnection *connection)
{
  guint sources[] = {
    g_unix_signal_add (SIGTERM, on_signal, daemon),
    g_unix_signal_add (SIGINT, on_signal, daemon),
    start_watchdog (),
  };
  guint name =
    g_bus_own_name_on_connection (connection, DH_BUS_NAME, G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE,
                                  on_name_acquired, on_name_lost, daemon, NULL);

  dh_manager_start (daemon->manager);
  g_main_loop_run (daemon->loop);
  sd_notify (0, "STOPPING=1");
  dh_manager_stop_async (daemon->manager, on_stopped, daemon->loop);
  g_main_loop_run (daemon->loop);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    if (sources[i] != 0)
      g_source_remove (sources[i]);
  g_bus_unown_name (name);
  g_dbus_connection_flush_sync (connection, NULL, NULL);
}

static void
serve (DhDaemon *daemon, GDBusConnection *connection)
{
  g_autoptr (DhPresence) presence = dh_presence_new (connection);
  g_autoptr (DhAuthority) authority = dh_authority_new (connection, presence);
  g_autoptr (DhProcessList) processes = dh_process_list_new (daemon->root);
  const DhRequestContext context = {
    .manager = daemon->manager,
    .authority = authority,
    .presence = presence,
    .processes = processes,
    .idle = daemon->idle,
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRootObject) object = dh_root_object_new (connection, &context, &error);

  if (!object) {
    g_warning ("Cannot register %s: %s", DH_OBJECT_PATH, error->message);
    daemon->exit_code = EXIT_FAILURE;
    return;
  }
  run (daemon, connection);
}

int
dh_daemon_run (const DhDaemonOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection = NULL;
  DhDaemon daemon = { .root = options->root, .exit_code = EXIT_SUCCESS };

  be_frugal ();
  connection = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, &error);
  if (!connection) {
    g_warning ("No system bus: %s", error->message);
    return EXIT_FAILURE;
  }
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  daemon.loop = g_main_loop_new (NULL, FALSE);
  daemon.idle = dh_idle_new (options->idle_exit, on_idle, &daemon);
  daemon.manager = make_manager (options);
  g_signal_connect (connection, "closed", G_CALLBACK (on_closed), &daemon);
  g_signal_connect (daemon.manager, "changed", G_CALLBACK (on_changed), &daemon);
  serve (&daemon, connection);
  g_signal_handlers_disconnect_by_data (connection, &daemon);
  /* A thread that is blocked in the kernel keeps the process, and with it an open socket. */
  g_dbus_connection_close_sync (connection, NULL, NULL);
  g_signal_handlers_disconnect_by_data (daemon.manager, &daemon);
  g_object_unref (daemon.manager);
  dh_idle_free (daemon.idle);
  g_main_loop_unref (daemon.loop);
  return daemon.exit_code;
}
