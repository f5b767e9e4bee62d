/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "target-directory.h"

#include "names.h"
#include "target-object.h"

struct _DhTargetDirectory {
  GDBusConnection *connection;
  const DhRequestContext *context;
  GHashTable *objects; /* DhTarget → DhTargetObject */
  guint registration;
};

static const GDBusArgInfo objects_argument = { -1, (char *) "objects", (char *) "a{oa{sa{sv}}}",
                                               NULL };
static const GDBusArgInfo *const objects_arguments[] = { &objects_argument, NULL };
static const GDBusMethodInfo get_managed_objects = { -1, (char *) "GetManagedObjects", NULL,
                                                     (GDBusArgInfo **) objects_arguments, NULL };
static const GDBusMethodInfo *const methods[] = { &get_managed_objects, NULL };

static const GDBusArgInfo path_argument = { -1, (char *) "object", (char *) "o", NULL };
static const GDBusArgInfo added_argument = { -1, (char *) "interfaces", (char *) "a{sa{sv}}",
                                             NULL };
static const GDBusArgInfo removed_argument = { -1, (char *) "interfaces", (char *) "as", NULL };
static const GDBusArgInfo *const added_arguments[] = { &path_argument, &added_argument, NULL };
static const GDBusArgInfo *const removed_arguments[] = { &path_argument, &removed_argument, NULL };
static const GDBusSignalInfo interfaces_added = { -1, (char *) "InterfacesAdded",
                                                  (GDBusArgInfo **) added_arguments, NULL };
static const GDBusSignalInfo interfaces_removed = { -1, (char *) "InterfacesRemoved",
                                                    (GDBusArgInfo **) removed_arguments, NULL };
static const GDBusSignalInfo *const signals[] = { &interfaces_added, &interfaces_removed, NULL };

/* As the D-Bus specification has it. */
static const GDBusInterfaceInfo object_manager = { -1,
                                                   (char *) DH_OBJECT_MANAGER_INTERFACE,
                                                   (GDBusMethodInfo **) methods,
                                                   (GDBusSignalInfo **) signals,
                                                   NULL,
                                                   NULL };

static void
emit (DhTargetDirectory *self, const char *name, GVariant *parameters)
{
  g_autoptr (GError) error = NULL;

  if (!g_dbus_connection_emit_signal (self->connection, NULL, DH_OBJECT_PATH,
                                      DH_OBJECT_MANAGER_INTERFACE, name, parameters, &error))
    g_warning ("Cannot emit %s: %s", name, error->message);
}

static void
on_added (DhManager *manager, DhTarget *target, gpointer user_data)
{
  DhTargetDirectory *self = user_data;
  DhTargetObject *object = dh_target_object_new (self->connection, self->context, target);

  if (!object)
    return;
  g_hash_table_insert (self->objects, target, object);
  emit (self, "InterfacesAdded",
        g_variant_new ("(o@a{sa{sv}})", dh_target_object_get_path (object),
                       dh_target_object_describe (object)));
}

static void
on_removed (DhManager *manager, DhTarget *target, gboolean exited, gpointer user_data)
{
  static const char *const interfaces[] = { DH_TARGET_INTERFACE, NULL };
  DhTargetDirectory *self = user_data;
  DhTargetObject *object = g_hash_table_lookup (self->objects, target);

  if (!object)
    return;
  if (exited) {
    dh_target_object_flush (object);
    dh_target_object_emit_exited (object);
  }
  emit (self, "InterfacesRemoved",
        g_variant_new ("(o^as)", dh_target_object_get_path (object), interfaces));
  g_hash_table_remove (self->objects, target);
}

static GVariant *
describe_all (DhTargetDirectory *self)
{
  const DhTargetList *targets = dh_manager_get_targets (self->context->manager);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{oa{sa{sv}}}"));
  for (guint i = 0; i < dh_target_list_get_size (targets); i++) {
    DhTargetObject *object = g_hash_table_lookup (self->objects, dh_target_list_get (targets, i));

    if (object)
      g_variant_builder_add (&builder, "{o@a{sa{sv}}}", dh_target_object_get_path (object),
                             dh_target_object_describe (object));
  }
  return g_variant_builder_end (&builder);
}

static void
on_method_call (GDBusConnection *connection, const char *sender, const char *path,
                const char *interface, const char *method, GVariant *parameters,
                GDBusMethodInvocation *invocation, gpointer user_data)
{
  DhTargetDirectory *self = user_data;

  dh_idle_touch (self->context->idle);
  /* What is read now is what the signals that come later go on from. */
  dh_target_directory_flush (self);
  g_dbus_method_invocation_return_value (invocation,
                                         g_variant_new ("(@a{oa{sa{sv}}})", describe_all (self)));
}

DhTargetDirectory *
dh_target_directory_new (GDBusConnection *connection, const DhRequestContext *context,
                         GError **error)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_method_call };
  DhTargetDirectory *self = g_new0 (DhTargetDirectory, 1);

  self->connection = g_object_ref (connection);
  self->context = context;
  self->objects = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) dh_target_object_free);
  self->registration = g_dbus_connection_register_object (
    connection, DH_OBJECT_PATH, (GDBusInterfaceInfo *) &object_manager, &vtable, self, NULL, error);
  if (self->registration == 0) {
    dh_target_directory_free (self);
    return NULL;
  }
  g_signal_connect (context->manager, "target-added", G_CALLBACK (on_added), self);
  g_signal_connect (context->manager, "target-removed", G_CALLBACK (on_removed), self);
  return self;
}

void
dh_target_directory_free (DhTargetDirectory *self)
{
  g_signal_handlers_disconnect_by_data (self->context->manager, self);
  if (self->registration != 0)
    g_dbus_connection_unregister_object (self->connection, self->registration);
  g_hash_table_unref (self->objects);
  g_object_unref (self->connection);
  g_free (self);
}

void
dh_target_directory_flush (DhTargetDirectory *self)
{
  GHashTableIter iter;
  gpointer object;

  g_hash_table_iter_init (&iter, self->objects);
  while (g_hash_table_iter_next (&iter, NULL, &object))
    dh_target_object_flush (object);
}

void
dh_target_directory_emit_statistics (DhTargetDirectory *self, DhTarget *target, const char *client,
                                     GVariant *statistics)
{
  DhTargetObject *object = g_hash_table_lookup (self->objects, target);

  if (object)
    dh_target_object_emit_statistics (object, client, statistics);
  else
    g_variant_unref (g_variant_ref_sink (statistics));
}
