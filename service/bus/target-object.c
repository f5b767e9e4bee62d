/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "target-object.h"

#include "change-request.h"
#include "damon-hugepage-interface.h"
#include "error-names.h"
#include "inspection.h"
#include "methods.h"
#include "names.h"
#include "options.h"
#include "properties.h"
#include "publisher.h"
#include "target-path.h"

/* Between two different answers about heat. */
#define HEAT_MAP_USEC G_USEC_PER_SEC

struct _DhTargetObject {
  GDBusConnection *connection;
  const DhRequestContext *context;
  DhTarget *target;
  char *path;
  DhPublisher *publisher;
  guint registration;
  DhPresenceWatch *client_watch; /* of whom it is bound to (nullable) */

  GVariant *heat_map; /* as last told (nullable), … */
  gint64 heat_map_at; /* … at this monotonic time */
};

static GVariant *
read_property (gpointer object, const char *name)
{
  const DhTargetObject *self = object;

  return dh_target_property_read (self->context->manager, self->target, name);
}

static void
set_property (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  DhTargetObject *self = object;
  g_autoptr (DhChange) change = dh_change_new (DH_CHANGE_GOALS);
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;
  const char *name;

  change->target = self->target->id;
  g_variant_get (parameters, "(&s&sv)", NULL, &name, &value);
  if (dh_property_write (change, name, value, &error))
    dh_request_change (self->context, invocation, g_steal_pointer (&change), FALSE);
  else
    dh_return_error (invocation, error);
}

static void
get_details (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  DhTargetObject *self = object;

  dh_request_inspection (self->context, invocation, TRUE, self->target->id, dh_inspect_details,
                         NULL);
}

static void
get_statistics (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  DhTargetObject *self = object;

  dh_request_inspection (self->context, invocation, TRUE, self->target->id, dh_inspect_statistics,
                         NULL);
}

static GVariant *
heat_map_to_variant (const DhHeatMap *map)
{
  const GArray *runs = dh_heat_map_get_runs (map);
  const guint8 *bytes = dh_heat_map_get_bytes (map);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(tay)"));
  for (guint i = 0; i < runs->len; i++) {
    const DhHeatRun *run = &g_array_index (runs, DhHeatRun, i);

    g_variant_builder_add (
      &builder, "(t@ay)", run->skipped,
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes + run->start, run->length, 1));
  }
  return g_variant_new ("(ta(tay))", dh_heat_map_get_block_size (map), &builder);
}

static GVariant *
inspect_heat_map (const DhRequestContext *context, DhTarget *target, gpointer user_data,
                  GError **error)
{
  DhTargetObject *self = user_data;
  const gint64 now = g_get_monotonic_time ();
  g_autoptr (DhHeatMap) map = NULL;

  if (self->heat_map && now - self->heat_map_at < HEAT_MAP_USEC)
    return self->heat_map;
  map = dh_manager_dup_heat_map (context->manager, target, error);
  if (!map)
    return NULL;
  g_clear_pointer (&self->heat_map, g_variant_unref);
  self->heat_map = g_variant_ref_sink (heat_map_to_variant (map));
  self->heat_map_at = now;
  return self->heat_map;
}

static void
get_heat_map (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  DhTargetObject *self = object;
  g_autoptr (GVariant) options = g_variant_get_child_value (parameters, 0);
  g_autoptr (GError) error = NULL;

  if (dh_options_parse (options, NULL, 0, &error))
    dh_request_inspection (self->context, invocation, TRUE, self->target->id, inspect_heat_map,
                           self);
  else
    dh_return_error (invocation, error);
}

static void
change_target (DhTargetObject *self, DhChangeKind kind, GDBusMethodInvocation *invocation)
{
  DhChange *change = dh_change_new (kind);

  change->target = self->target->id;
  dh_request_change (self->context, invocation, change, FALSE);
}

static void
undo (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  change_target (object, DH_CHANGE_UNDO, invocation);
}

static void
remove_target (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  change_target (object, DH_CHANGE_REMOVE, invocation);
}

static const DhMethod methods[] = {
  { "Set", set_property },
  { "GetDetails", get_details },
  { "GetStatistics", get_statistics },
  { "GetHeatMap", get_heat_map },
  { "Undo", undo },
  { "Remove", remove_target },
};

static void
on_method_call (GDBusConnection *connection, const char *sender, const char *path,
                const char *interface, const char *method, GVariant *parameters,
                GDBusMethodInvocation *invocation, gpointer user_data)
{
  dh_methods_call (methods, G_N_ELEMENTS (methods), method, user_data, parameters, invocation);
}

static GVariant *
on_get_property (GDBusConnection *connection, const char *sender, const char *path,
                 const char *interface, const char *name, GError **error, gpointer user_data)
{
  DhTargetObject *self = user_data;

  dh_idle_touch (self->context->idle);
  return read_property (self, name);
}

static void
on_client_left (gpointer user_data)
{
  const DhTargetObject *self = user_data;

  /* It may be bound no longer. */
  if (self->target->client)
    dh_manager_note_client_left (self->context->manager, self->target->client);
}

DhTargetObject *
dh_target_object_new (GDBusConnection *connection, const DhRequestContext *context,
                      DhTarget *target)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_method_call,
                                               .get_property = on_get_property };
  GDBusInterfaceInfo *interface = (GDBusInterfaceInfo *) &org_damon_hugepage1_target_interface;
  DhTargetObject *self = g_new0 (DhTargetObject, 1);
  g_autoptr (GError) error = NULL;

  self->connection = g_object_ref (connection);
  self->context = context;
  self->target = dh_target_ref (target);
  self->path = dh_target_path_new (target->id);
  self->publisher = dh_publisher_new (connection, self->path, interface, read_property, self);
  self->registration = g_dbus_connection_register_object (connection, self->path, interface,
                                                          &vtable, self, NULL, &error);
  if (self->registration == 0) {
    g_warning ("Cannot register %s: %s", self->path, error->message);
    dh_target_object_free (self);
    return NULL;
  }
  /* Tells of one that has left already as well. */
  if (target->client)
    self->client_watch =
      dh_presence_watch (context->presence, target->client, on_client_left, self);
  return self;
}

void
dh_target_object_free (DhTargetObject *self)
{
  g_clear_pointer (&self->client_watch, dh_presence_unwatch);
  if (self->registration != 0)
    g_dbus_connection_unregister_object (self->connection, self->registration);
  g_clear_pointer (&self->heat_map, g_variant_unref);
  dh_publisher_free (self->publisher);
  g_free (self->path);
  dh_target_unref (self->target);
  g_object_unref (self->connection);
  g_free (self);
}

const char *
dh_target_object_get_path (const DhTargetObject *self)
{
  return self->path;
}

GVariant *
dh_target_object_describe (DhTargetObject *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{sa{sv}}"));
  g_variant_builder_add (&builder, "{s@a{sv}}", DH_TARGET_INTERFACE,
                         dh_publisher_get_all (self->publisher));
  return g_variant_builder_end (&builder);
}

void
dh_target_object_flush (DhTargetObject *self)
{
  dh_publisher_flush (self->publisher);
}

void
dh_target_object_emit_exited (DhTargetObject *self)
{
  dh_publisher_emit (self->publisher, NULL, DH_TARGET_INTERFACE, "Exited", NULL);
}

void
dh_target_object_emit_statistics (DhTargetObject *self, const char *client, GVariant *statistics)
{
  dh_publisher_emit (self->publisher, client, DH_TARGET_INTERFACE, "StatisticsUpdated",
                     g_variant_new ("(@a{sv})", statistics));
}
