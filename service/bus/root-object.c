/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "root-object.h"

#include "change-request.h"
#include "damon-hugepage-interface.h"
#include "error-names.h"
#include "error.h"
#include "inspection.h"
#include "methods.h"
#include "names.h"
#include "options.h"
#include "process-listing.h"
#include "properties.h"
#include "publisher.h"
#include "subscriptions.h"
#include "target-directory.h"
#include "target-options.h"
#include "target-path.h"

/* Changes that follow each other this closely are told together: whoever listens wants to know how
 * things stand, not each step. */
#define FLUSH_MSEC 5

struct _DhRootObject {
  GObject parent_instance;

  GDBusConnection *connection;
  const DhRequestContext *context;
  DhPublisher *publisher;
  DhTargetDirectory *directory;
  DhSubscriptions *subscriptions;
  guint registration;
  guint flush;      /* source: what has changed is going to be told */
  gint kdamond_pid; /* when everything was last read: it changes unannounced */
};

G_DEFINE_FINAL_TYPE (DhRootObject, dh_root_object, G_TYPE_OBJECT)

static GVariant *
read_property (gpointer object, const char *name)
{
  return dh_property_read (DH_ROOT_OBJECT (object)->context->manager, name);
}

static void
flush_changes (DhRootObject *self)
{
  g_clear_handle_id (&self->flush, g_source_remove);
  dh_target_directory_flush (self->directory);
  dh_publisher_flush (self->publisher);
}

static gboolean
on_flush (gpointer user_data)
{
  DhRootObject *self = user_data;

  self->flush = 0;
  flush_changes (self);
  return G_SOURCE_REMOVE;
}

static void
on_changed (DhManager *manager, gpointer user_data)
{
  DhRootObject *self = user_data;

  dh_publisher_invalidate (self->publisher);
  if (self->flush == 0)
    self->flush = g_timeout_add (FLUSH_MSEC, on_flush, self);
  dh_subscriptions_update (self->subscriptions);
}

static void
on_statistics (DhManager *manager, gpointer user_data)
{
  DhRootObject *self = user_data;
  DhStatistics figures;

  if (dh_manager_get_statistics (manager, dh_manager_get_primary (manager), &figures))
    dh_publisher_emit (self->publisher, NULL, DH_INTERFACE, "StatisticsUpdated",
                       g_variant_new ("(@a{sv})", dh_statistics_to_variant (&figures, TRUE)));
}

static void
on_target_exited (DhManager *manager, guint pid, gpointer user_data)
{
  DhRootObject *self = user_data;

  /* State and Enabled first: who is told of the exit finds them as they are. */
  flush_changes (self);
  dh_publisher_emit (self->publisher, NULL, DH_INTERFACE, "TargetExited",
                     g_variant_new ("(u)", pid));
}

static void
send_statistics (DhTarget *target, const char *client, GVariant *statistics, gpointer user_data)
{
  DhRootObject *self = user_data;

  dh_target_directory_emit_statistics (self->directory, target, client, statistics);
}

static void
set_property (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  DhRootObject *self = object;
  g_autoptr (DhChange) change = dh_change_new (DH_CHANGE_SERVICE);
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;
  const char *name;

  g_variant_get (parameters, "(&s&sv)", NULL, &name, &value);
  if (dh_property_write (change, name, value, &error))
    dh_request_change (self->context, invocation, g_steal_pointer (&change), FALSE);
  else
    dh_return_error (invocation, error);
}

static gboolean
parse_settings (GVariant *settings, DhChange *change, GError **error)
{
  GVariantIter iter;
  GVariant *value;
  const char *name;

  g_variant_iter_init (&iter, settings);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value)) {
    g_autoptr (GVariant) owned = value;

    if (!dh_property_write (change, name, owned, error))
      return FALSE;
  }
  return TRUE;
}

static void
configure (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  DhRootObject *self = object;
  g_autoptr (DhChange) change = dh_change_new (DH_CHANGE_SERVICE);
  DhOption dry_run = { "dry-run", "b", NULL };
  g_autoptr (GVariant) settings = NULL;
  g_autoptr (GVariant) options = NULL;
  g_autoptr (GError) error = NULL;

  g_variant_get (parameters, "(@a{sv}@a{sv})", &settings, &options);
  if (parse_settings (settings, change, &error) && dh_options_parse (options, &dry_run, 1, &error))
    dh_request_change (self->context, invocation, g_steal_pointer (&change),
                       dh_option_is_true (&dry_run));
  else
    dh_return_error (invocation, error);
  dh_options_clear (&dry_run, 1);
}

static void
reset (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  DhRootObject *self = object;
  DhChange *change = dh_change_new (DH_CHANGE_SERVICE);

  change->resets = TRUE;
  dh_request_change (self->context, invocation, change, FALSE);
}

/* @options: of the method; @change: (transfer full): a new one with the process. */
static void
add_target (DhRootObject *self, DhChange *change, GVariant *options,
            GDBusMethodInvocation *invocation)
{
  g_autoptr (DhChange) owned = change;
  g_autoptr (GError) error = NULL;

  if (dh_target_options_parse (options, g_dbus_method_invocation_get_sender (invocation), change,
                               &error))
    dh_request_change (self->context, invocation, g_steal_pointer (&owned), FALSE);
  else
    dh_return_error (invocation, error);
}

static void
add_target_by_pidfd (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  DhRootObject *self = object;
  g_autoptr (DhChange) change = dh_change_new (DH_CHANGE_ADD);
  g_autoptr (GVariant) options = NULL;
  g_autoptr (GError) error = NULL;
  gint32 handle;
  int pidfd;

  g_variant_get (parameters, "(h@a{sv})", &handle, &options);
  pidfd = dh_target_options_get_descriptor (invocation, handle, &error);
  if (pidfd >= 0 && dh_manager_take_pidfd (self->context->manager, change, pidfd, &error))
    add_target (self, g_steal_pointer (&change), options, invocation);
  else
    dh_return_error (invocation, error);
}

static void
add_target_by_pid (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  DhRootObject *self = object;
  DhChange *change = dh_change_new (DH_CHANGE_ADD);
  g_autoptr (GVariant) options = NULL;

  g_variant_get (parameters, "(u@a{sv})", &change->pid, &options);
  add_target (self, change, options, invocation);
}

static void
remove_target (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  DhRootObject *self = object;
  DhChange *change = dh_change_new (DH_CHANGE_REMOVE);
  const char *path;

  g_variant_get (parameters, "(&o)", &path);
  /* No target has the number 0: the request finds that out. */
  if (!dh_target_path_parse (path, &change->target))
    change->target = 0;
  dh_request_change (self->context, invocation, change, FALSE);
}

static void
get_statistics (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  DhRootObject *self = object;

  dh_request_inspection (self->context, invocation, FALSE, 0, dh_inspect_statistics, NULL);
}

static void
subscribe_statistics (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  DhRootObject *self = object;
  guint64 interval;

  g_variant_get (parameters, "(t)", &interval);
  dh_subscriptions_add (self->subscriptions, invocation, interval);
}

static void
unsubscribe_statistics (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  DhRootObject *self = object;

  dh_subscriptions_remove (self->subscriptions, g_dbus_method_invocation_get_sender (invocation));
  dh_idle_touch (self->context->idle);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
list_processes (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  DhRootObject *self = object;
  g_autoptr (GVariant) options = g_variant_get_child_value (parameters, 0);
  DhOption all = { "all", "b", NULL };
  g_autoptr (GError) error = NULL;

  if (dh_options_parse (options, &all, 1, &error))
    dh_request_process_list (self->context, invocation, dh_option_is_true (&all));
  else
    dh_return_error (invocation, error);
  dh_options_clear (&all, 1);
}

/* Nobody reads what is not announced yet. */
static void
prepare_reading (DhRootObject *self)
{
  dh_idle_touch (self->context->idle);
  if (self->flush != 0)
    flush_changes (self);
}

static void
get_property (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const GDBusPropertyInfo *info = g_dbus_method_invocation_get_property_info (invocation);
  g_autoptr (GVariant) value = NULL;

  prepare_reading (object);
  value = read_property (object, info->name);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(v)", value));
}

/* What no "changed" tells of, or not yet. */
static gboolean
may_differ_untold (DhRootObject *self)
{
  DhManager *manager = self->context->manager;
  DhEngine *engine = dh_manager_get_engine (manager);
  const gint kdamond_pid = engine ? dh_engine_get_kdamond_pid (engine) : -1;
  const gboolean differs = kdamond_pid != self->kdamond_pid;

  self->kdamond_pid = kdamond_pid;
  return differs || dh_manager_is_probing (manager);
}

static void
get_all_properties (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  DhRootObject *self = object;

  prepare_reading (self);
  if (may_differ_untold (self))
    dh_publisher_invalidate (self->publisher);
  g_dbus_method_invocation_return_value (
    invocation, g_variant_new ("(@a{sv})", dh_publisher_get_all (self->publisher)));
}

static const DhMethod methods[] = {
  { "GetAll", get_all_properties },
  { "Get", get_property },
  { "Set", set_property },
  { "Configure", configure },
  { "Reset", reset },
  { "AddTarget", add_target_by_pidfd },
  { "AddTargetByPid", add_target_by_pid },
  { "RemoveTarget", remove_target },
  { "GetStatistics", get_statistics },
  { "SubscribeStatistics", subscribe_statistics },
  { "UnsubscribeStatistics", unsubscribe_statistics },
  { "ListProcesses", list_processes },
};

static void
on_method_call (GDBusConnection *connection, const char *sender, const char *path,
                const char *interface, const char *method, GVariant *parameters,
                GDBusMethodInvocation *invocation, gpointer user_data)
{
  dh_methods_call (methods, G_N_ELEMENTS (methods), method, user_data, parameters, invocation);
}

static void
dh_root_object_finalize (GObject *object)
{
  DhRootObject *self = DH_ROOT_OBJECT (object);

  g_clear_handle_id (&self->flush, g_source_remove);
  g_clear_pointer (&self->subscriptions, dh_subscriptions_free);
  g_clear_pointer (&self->directory, dh_target_directory_free);
  g_clear_pointer (&self->publisher, dh_publisher_free);
  g_clear_object (&self->connection);
  G_OBJECT_CLASS (dh_root_object_parent_class)->finalize (object);
}

static void
dh_root_object_dispose (GObject *object)
{
  DhRootObject *self = DH_ROOT_OBJECT (object);

  if (self->registration != 0)
    g_dbus_connection_unregister_object (self->connection, self->registration);
  self->registration = 0;
  G_OBJECT_CLASS (dh_root_object_parent_class)->dispose (object);
}

static void
dh_root_object_init (DhRootObject *self)
{
}

static void
dh_root_object_class_init (DhRootObjectClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dh_root_object_dispose;
  G_OBJECT_CLASS (klass)->finalize = dh_root_object_finalize;
}

DhRootObject *
dh_root_object_new (GDBusConnection *connection, const DhRequestContext *context, GError **error)
{
  /* Without functions for properties, calls for those are methods too. */
  static const GDBusInterfaceVTable vtable = { .method_call = on_method_call };
  GDBusInterfaceInfo *interface = (GDBusInterfaceInfo *) &org_damon_hugepage1_interface;
  g_autoptr (DhRootObject) self = g_object_new (DH_TYPE_ROOT_OBJECT, NULL);

  self->connection = g_object_ref (connection);
  self->context = context;
  self->publisher = dh_publisher_new (connection, DH_OBJECT_PATH, interface, read_property, self);
  self->subscriptions = dh_subscriptions_new (self->context, send_statistics, self);
  self->directory = dh_target_directory_new (connection, self->context, error);
  if (!self->directory)
    return NULL;
  self->registration = g_dbus_connection_register_object (connection, DH_OBJECT_PATH, interface,
                                                          &vtable, self, NULL, error);
  if (self->registration == 0)
    return NULL;
  g_signal_connect_object (context->manager, "changed", G_CALLBACK (on_changed), self, 0);
  g_signal_connect_object (context->manager, "statistics", G_CALLBACK (on_statistics), self, 0);
  g_signal_connect_object (context->manager, "target-exited", G_CALLBACK (on_target_exited), self,
                           0);
  return g_steal_pointer (&self);
}
