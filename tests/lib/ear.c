/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "ear.h"

#include "target-objects.h"
#include "wait.h"

static void
on_figures (GDBusConnection *connection, const char *sender, const char *path,
            const char *interface, const char *name, GVariant *arguments, gpointer data)
{
  Ear *self = data;
  const guint count = ear_count_of (self, path);

  self->count++;
  g_hash_table_insert (self->counts, g_strdup (path), GUINT_TO_POINTER (count + 1));
  g_clear_pointer (&self->figures, g_variant_unref);
  self->figures = g_variant_get_child_value (arguments, 0);
}

Ear *
ear_new (GDBusConnection *connection)
{
  Ear *self = g_new0 (Ear, 1);

  self->connection = g_object_ref (connection);
  self->counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->subscription = g_dbus_connection_signal_subscribe (
    connection, SERVICE_NAME, TARGET_INTERFACE, "StatisticsUpdated", NULL, NULL,
    G_DBUS_SIGNAL_FLAGS_NONE, on_figures, self, NULL);
  wait_for_bus (connection);
  return self;
}

void
ear_free (Ear *self)
{
  g_dbus_connection_signal_unsubscribe (self->connection, self->subscription);
  g_object_unref (self->connection);
  g_hash_table_unref (self->counts);
  g_clear_pointer (&self->figures, g_variant_unref);
  g_free (self);
}

void
ear_clear (Ear *self)
{
  wait_for (50);
  self->count = 0;
  g_hash_table_remove_all (self->counts);
  g_clear_pointer (&self->figures, g_variant_unref);
}

guint
ear_count_of (Ear *self, const char *path)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->counts, path));
}

typedef struct {
  Ear *ear;
  const char *path;
  guint count;
} EarWait;

static gboolean
has_heard (gpointer data)
{
  const EarWait *wait = data;

  return (wait->path != NULL ? ear_count_of (wait->ear, wait->path) : wait->ear->count)
         >= wait->count;
}

gboolean
ear_wait (Ear *self, const char *path, guint count, guint seconds)
{
  return wait_until (has_heard, &(EarWait){ self, path, count }, seconds);
}

guint64
subscribe (GDBusConnection *connection, guint64 interval)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call_method (connection, "SubscribeStatistics",
                                            g_variant_new ("(t)", interval), CALL_PLAIN, &error);
  guint64 effective;

  g_assert_no_error (error);
  g_variant_get (reply, "(t)", &effective);
  return effective;
}

void
unsubscribe (GDBusConnection *connection)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
    call_method (connection, "UnsubscribeStatistics", NULL, CALL_PLAIN, &error);

  g_assert_no_error (error);
}
