/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "root-object.h"

#include "damon-hugepage-interface.h"
#include "error-names.h"
#include "error.h"
#include "names.h"
#include "properties.h"

struct _DhRootObject {
  GObject parent_instance;

  GDBusConnection *connection;
  DhRequestContext context;
  guint registration;
  guint flush;           /* source: what has changed is told at the end of this turn of the loop */
  GHashTable *published; /* property → GVariant as clients know it */
};

G_DEFINE_FINAL_TYPE (DhRootObject, dh_root_object, G_TYPE_OBJECT)

static void
emit (DhRootObject *self, const char *interface, const char *name, GVariant *parameters)
{
  g_autoptr (GError) error = NULL;

  if (!g_dbus_connection_emit_signal (self->connection, NULL, DH_OBJECT_PATH, interface, name,
                                      parameters, &error))
    g_warning ("Cannot emit %s: %s", name, error->message);
}

/* Comparing all with what clients know is what makes every change seen, whatever caused it, and
 * none told twice. */
static gboolean
publish_changes (gpointer user_data)
{
  DhRootObject *self = user_data;
  gboolean differs = FALSE;
  GVariantBuilder builder;

  self->flush = 0;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (GDBusPropertyInfo **info = org_damon_hugepage1_interface.properties; *info; info++) {
    const char *name = (*info)->name;
    g_autoptr (GVariant) now = dh_property_read (self->context.manager, name);
    GVariant *known = g_hash_table_lookup (self->published, name);

    if (known && g_variant_equal (known, now))
      continue;
    differs = TRUE;
    g_variant_builder_add (&builder, "{sv}", name, now);
    g_hash_table_insert (self->published, (char *) name, g_steal_pointer (&now));
  }
  if (differs)
    emit (self, DH_PROPERTIES_INTERFACE, "PropertiesChanged",
          g_variant_new ("(s@a{sv}as)", DH_INTERFACE, g_variant_builder_end (&builder), NULL));
  else
    g_variant_builder_clear (&builder);
  return G_SOURCE_REMOVE;
}

static void
on_changed (DhManager *manager, gpointer user_data)
{
  DhRootObject *self = user_data;

  if (self->flush == 0)
    self->flush = g_idle_add_full (G_PRIORITY_HIGH_IDLE, publish_changes, self, NULL);
}

static void
on_statistics (DhManager *manager, gpointer user_data)
{
  DhRootObject *self = user_data;
  DhStatistics figures;

  if (dh_manager_get_statistics (manager, &figures))
    emit (self, DH_INTERFACE, "StatisticsUpdated",
          g_variant_new ("(@a{sv})", dh_statistics_to_variant (&figures, TRUE)));
}

static void
on_target_exited (DhManager *manager, guint pid, gpointer user_data)
{
  DhRootObject *self = user_data;

  /* State and Enabled first: who is told of the exit finds them as they are. */
  g_clear_handle_id (&self->flush, g_source_remove);
  publish_changes (self);
  emit (self, DH_INTERFACE, "TargetExited", g_variant_new ("(u)", pid));
}

static void
set_property (DhRootObject *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  g_autoptr (DhChange) change = dh_change_new ();
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;
  const char *name;

  g_variant_get (parameters, "(&s&sv)", NULL, &name, &value);
  if (dh_property_write (change, name, value, &error))
    dh_request_change (&self->context, invocation, g_steal_pointer (&change), FALSE);
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

static gboolean
parse_options (GVariant *options, gboolean *ret_dry_run, GError **error)
{
  GVariantIter iter;
  GVariant *value;
  const char *name;

  if (g_variant_n_children (options) > 1) {
    g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID_ARGS,
                         "Configure has one option, and it is given once");
    return FALSE;
  }
  *ret_dry_run = FALSE;
  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value)) {
    g_autoptr (GVariant) owned = value;

    if (!g_str_equal (name, "dry-run") || !g_variant_is_of_type (owned, G_VARIANT_TYPE_BOOLEAN)) {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID_ARGS,
                           "The only option of Configure is \"dry-run\", a boolean");
      return FALSE;
    }
    *ret_dry_run = g_variant_get_boolean (owned);
  }
  return TRUE;
}

static void
configure (DhRootObject *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  g_autoptr (DhChange) change = dh_change_new ();
  g_autoptr (GVariant) settings = NULL;
  g_autoptr (GVariant) options = NULL;
  g_autoptr (GError) error = NULL;
  gboolean dry_run;

  g_variant_get (parameters, "(@a{sv}@a{sv})", &settings, &options);
  if (parse_settings (settings, change, &error) && parse_options (options, &dry_run, &error))
    dh_request_change (&self->context, invocation, g_steal_pointer (&change), dry_run);
  else
    dh_return_error (invocation, error);
}

static void
reset (DhRootObject *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  DhChange *change = dh_change_new ();

  change->resets = TRUE;
  dh_request_change (&self->context, invocation, change, FALSE);
}

static void
get_statistics (DhRootObject *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  dh_request_statistics (&self->context, invocation);
}

static const struct {
  const char *name;
  void (*handle) (DhRootObject *self, GVariant *parameters, GDBusMethodInvocation *invocation);
} methods[] = {
  { "Set", set_property },
  { "Configure", configure },
  { "Reset", reset },
  { "GetStatistics", get_statistics },
};

/* Properties.Set arrives here as well, because the table below has no setter: GDBus would call one
 * without asking who calls. */
static void
on_method_call (GDBusConnection *connection, const char *sender, const char *path,
                const char *interface, const char *method, GVariant *parameters,
                GDBusMethodInvocation *invocation, gpointer user_data)
{
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++) {
    if (g_str_equal (methods[i].name, method)) {
      methods[i].handle (user_data, parameters, invocation);
      return;
    }
  }
  g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD,
                                         "No such method");
}

static GVariant *
on_get_property (GDBusConnection *connection, const char *sender, const char *path,
                 const char *interface, const char *name, GError **error, gpointer user_data)
{
  DhRootObject *self = user_data;

  dh_idle_touch (self->context.idle);
  return dh_property_read (self->context.manager, name);
}

static void
dh_root_object_finalize (GObject *object)
{
  DhRootObject *self = DH_ROOT_OBJECT (object);

  g_clear_handle_id (&self->flush, g_source_remove);
  g_clear_object (&self->context.manager);
  g_clear_object (&self->context.authority);
  g_clear_object (&self->connection);
  g_hash_table_unref (self->published);
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
  self->published =
    g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_variant_unref);
}

static void
dh_root_object_class_init (DhRootObjectClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dh_root_object_dispose;
  G_OBJECT_CLASS (klass)->finalize = dh_root_object_finalize;
}

static void
remember_published (DhRootObject *self)
{
  for (GDBusPropertyInfo **info = org_damon_hugepage1_interface.properties; *info; info++)
    g_hash_table_insert (self->published, (*info)->name,
                         dh_property_read (self->context.manager, (*info)->name));
}

DhRootObject *
dh_root_object_new (GDBusConnection *connection, DhManager *manager, DhAuthority *authority,
                    DhIdle *idle, GError **error)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_method_call,
                                               .get_property = on_get_property };
  g_autoptr (DhRootObject) self = g_object_new (DH_TYPE_ROOT_OBJECT, NULL);

  self->connection = g_object_ref (connection);
  self->context.manager = g_object_ref (manager);
  self->context.authority = g_object_ref (authority);
  self->context.idle = idle;
  remember_published (self);
  self->registration = g_dbus_connection_register_object (
    connection, DH_OBJECT_PATH, (GDBusInterfaceInfo *) &org_damon_hugepage1_interface, &vtable,
    self, NULL, error);
  if (self->registration == 0)
    return NULL;
  g_signal_connect_object (manager, "changed", G_CALLBACK (on_changed), self, 0);
  g_signal_connect_object (manager, "statistics", G_CALLBACK (on_statistics), self, 0);
  g_signal_connect_object (manager, "target-exited", G_CALLBACK (on_target_exited), self, 0);
  return g_steal_pointer (&self);
}
