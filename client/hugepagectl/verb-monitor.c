/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bus.h"
#include "failure.h"
#include "print.h"
#include "values.h"

#include <glib-unix.h>

typedef struct {
  GMainLoop *loop;
  gboolean json;
  GError *error; /* why it ended, if not by the user */
} Monitor;

/* Prints one event: @text, or in JSON @event and, where there is one, @value under @key. */
static void
report (Monitor *monitor, const char *text, const char *event, const char *key, GVariant *value)
{
  if (!monitor->json) {
    g_autoptr (GDateTime) now = g_date_time_new_now_local ();
    g_autofree char *clock = g_date_time_format (now, "%H:%M:%S");

    hctl_print_line ("%s %s", clock, text);
  } else {
    g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
    g_autoptr (GVariant) object = NULL;

    g_variant_builder_add_parsed (&builder, "{'Event', <%s>}", event);
    if (value != NULL)
      g_variant_builder_add (&builder, "{sv}", key, value);
    object = g_variant_ref_sink (g_variant_builder_end (&builder));
    hctl_print_json (object, FALSE);
  }
  if (monitor->error == NULL && !hctl_print_finish (&monitor->error))
    g_main_loop_quit (monitor->loop);
}

static void
on_properties_changed (GDBusConnection *bus, const char *sender, const char *path,
                       const char *interface, const char *signal, GVariant *parameters,
                       gpointer user_data)
{
  Monitor *monitor = user_data;
  g_autoptr (GVariant) changed = NULL;
  const char *name;
  GVariantIter iter;
  GVariant *value;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sa{sv}as)")))
    return;
  changed = g_variant_get_child_value (parameters, 1);
  if (monitor->json) {
    report (monitor, NULL, "PropertiesChanged", "Properties", changed);
    return;
  }

  g_variant_iter_init (&iter, changed);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value)) {
    g_autoptr (GVariant) taken = value;
    g_autofree char *text = hctl_value_to_text (name, value);
    g_autofree char *line = g_strdup_printf ("%s: %s", name, text);

    report (monitor, line, NULL, NULL, NULL);
  }
}

static void
on_signal (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
           const char *signal, GVariant *parameters, gpointer user_data)
{
  Monitor *monitor = user_data;
  g_autoptr (GVariant) value = NULL;
  g_autofree char *essence = NULL, *line = NULL;

  if (g_str_equal (signal, "StatisticsUpdated")
      && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(a{sv})"))) {
    value = g_variant_get_child_value (parameters, 0);
    essence = hctl_statistics_to_text (value);
    line = g_strdup_printf ("Statistics: %s", essence);
    report (monitor, line, signal, "Statistics", value);
  } else if (g_str_equal (signal, "TargetExited")
             && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(u)"))) {
    value = g_variant_get_child_value (parameters, 0);
    line = g_strdup_printf ("Process %u has exited", g_variant_get_uint32 (value));
    report (monitor, line, signal, "Pid", value);
  }
}

static void
on_appeared (GDBusConnection *bus, const char *name, const char *owner, gpointer user_data)
{
  report (user_data, "The service runs", "ServiceAppeared", NULL, NULL);
}

static void
on_vanished (GDBusConnection *bus, const char *name, gpointer user_data)
{
  report (user_data, "The service does not run", "ServiceVanished", NULL, NULL);
}

static void
on_bus_closed (GDBusConnection *bus, gboolean remote, GError *error, gpointer user_data)
{
  Monitor *monitor = user_data;

  if (monitor->error == NULL)
    g_set_error_literal (&monitor->error, HCTL_NO_BUS, 0, "The system bus has ended");
  g_main_loop_quit (monitor->loop);
}

static gboolean
on_interrupted (gpointer user_data)
{
  Monitor *monitor = user_data;

  g_main_loop_quit (monitor->loop);
  return G_SOURCE_CONTINUE;
}

gboolean
hctl_monitor (HctlContext *context, char **arguments, GError **error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Monitor monitor = { .loop = loop, .json = context->options.json };

  g_dbus_connection_signal_subscribe (context->bus, HCTL_BUS_NAME,
                                      "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                      HCTL_OBJECT_PATH, HCTL_INTERFACE, G_DBUS_SIGNAL_FLAGS_NONE,
                                      on_properties_changed, &monitor, NULL);
  g_dbus_connection_signal_subscribe (context->bus, HCTL_BUS_NAME, HCTL_INTERFACE, NULL,
                                      HCTL_OBJECT_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_signal,
                                      &monitor, NULL);
  /* Watching does not start the service: one that has nothing to do may end. */
  g_bus_watch_name_on_connection (context->bus, HCTL_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                  on_appeared, on_vanished, &monitor, NULL);
  g_signal_connect (context->bus, "closed", G_CALLBACK (on_bus_closed), &monitor);
  g_unix_signal_add (SIGINT, on_interrupted, &monitor);
  g_unix_signal_add (SIGTERM, on_interrupted, &monitor);

  g_main_loop_run (loop);

  if (monitor.error != NULL)
    g_propagate_error (error, monitor.error);
  return monitor.error == NULL;
}
