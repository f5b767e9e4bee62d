/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "publisher.h"

#include "names.h"

struct _DhPublisher {
  GDBusConnection *connection;
  char *path;
  const GDBusInterfaceInfo *interface;
  DhPropertyFunc read;
  gpointer object;
  GHashTable *known; /* property → GVariant as clients know it */
  GVariant *all;     /* as last asked for: NULL once something may differ */
};

static void
note (DhPublisher *publisher, const char *name, GVariant *value)
{
  g_hash_table_insert (publisher->known, (char *) name, value);
}

DhPublisher *
dh_publisher_new (GDBusConnection *connection, const char *path,
                  const GDBusInterfaceInfo *interface, DhPropertyFunc read, gpointer object)
{
  DhPublisher *publisher = g_new0 (DhPublisher, 1);

  publisher->connection = g_object_ref (connection);
  publisher->path = g_strdup (path);
  publisher->interface = interface;
  publisher->read = read;
  publisher->object = object;
  publisher->known =
    g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_variant_unref);
  for (GDBusPropertyInfo **info = interface->properties; *info; info++)
    note (publisher, (*info)->name, read (object, (*info)->name));
  return publisher;
}

void
dh_publisher_free (DhPublisher *publisher)
{
  dh_publisher_invalidate (publisher);
  g_hash_table_unref (publisher->known);
  g_object_unref (publisher->connection);
  g_free (publisher->path);
  g_free (publisher);
}

void
dh_publisher_emit (DhPublisher *publisher, const char *destination, const char *interface,
                   const char *name, GVariant *parameters)
{
  g_autoptr (GError) error = NULL;

  if (!g_dbus_connection_emit_signal (publisher->connection, destination, publisher->path,
                                      interface, name, parameters, &error))
    g_warning ("Cannot emit %s: %s", name, error->message);
}

void
dh_publisher_invalidate (DhPublisher *publisher)
{
  g_clear_pointer (&publisher->all, g_variant_unref);
}

void
dh_publisher_flush (DhPublisher *publisher)
{
  gboolean differs = FALSE;
  GVariantBuilder builder;

  dh_publisher_invalidate (publisher);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (GDBusPropertyInfo **info = publisher->interface->properties; *info; info++) {
    const char *name = (*info)->name;
    g_autoptr (GVariant) now = publisher->read (publisher->object, name);
    GVariant *known = g_hash_table_lookup (publisher->known, name);

    if (g_variant_equal (known, now))
      continue;
    differs = TRUE;
    g_variant_builder_add (&builder, "{sv}", name, now);
    note (publisher, name, g_steal_pointer (&now));
  }
  if (differs)
    dh_publisher_emit (publisher, NULL, DH_PROPERTIES_INTERFACE, "PropertiesChanged",
                       g_variant_new ("(s@a{sv}as)", publisher->interface->name,
                                      g_variant_builder_end (&builder), NULL));
  else
    g_variant_builder_clear (&builder);
}

/* Read anew rather than taken from what is known: comparing has serialized that, and a value that
 * is still a tree goes into a message without being taken apart first. */
static GVariant *
read_all (DhPublisher *publisher)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (GDBusPropertyInfo **info = publisher->interface->properties; *info; info++) {
    g_autoptr (GVariant) value = publisher->read (publisher->object, (*info)->name);

    g_variant_builder_add (&builder, "{sv}", (*info)->name, value);
  }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

GVariant *
dh_publisher_get_all (DhPublisher *publisher)
{
  if (!publisher->all)
    publisher->all = read_all (publisher);
  return publisher->all;
}
