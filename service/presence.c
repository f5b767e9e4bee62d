/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "presence.h"

#define BUS "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"

/* The bus answers from memory; a bus that does not is down. */
#define ANSWER_TIMEOUT_MSEC 5000

struct _DhPresence {
  GDBusConnection *connection;
  GHashTable *watches; /* client → GPtrArray of DhPresenceWatch */
  guint subscription;
};

struct _DhPresenceWatch {
  DhPresence *presence;
  char *client;
  void (*func) (gpointer user_data); /* NULL: was called */
  gpointer user_data;
};

DhPresence *
dh_presence_new (GDBusConnection *connection)
{
  DhPresence *self = g_rc_box_new0 (DhPresence);

  self->connection = g_object_ref (connection);
  self->watches =
    g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  return self;
}

DhPresence *
dh_presence_ref (DhPresence *self)
{
  return g_rc_box_acquire (self);
}

static void
clear_presence (gpointer data)
{
  DhPresence *self = data;

  g_hash_table_unref (self->watches);
  g_object_unref (self->connection);
}

void
dh_presence_unref (DhPresence *self)
{
  g_rc_box_release_full (self, clear_presence);
}

static DhPresenceWatch *
find_uncalled (DhPresence *self, const char *client)
{
  GPtrArray *watches = g_hash_table_lookup (self->watches, client);

  for (guint i = 0; watches && i < watches->len; i++) {
    DhPresenceWatch *watch = g_ptr_array_index (watches, i);

    if (watch->func)
      return watch;
  }
  return NULL;
}

/* A function may end any watch, its own too. */
static void
tell_left (DhPresence *self, const char *client)
{
  g_autoptr (DhPresence) held = dh_presence_ref (self);
  DhPresenceWatch *watch;

  while ((watch = find_uncalled (self, client))) {
    void (*func) (gpointer user_data) = watch->func;

    watch->func = NULL;
    func (watch->user_data);
  }
}

static void
on_owner_changed (GDBusConnection *connection, const char *sender, const char *path,
                  const char *interface, const char *signal, GVariant *parameters,
                  gpointer user_data)
{
  const char *name, *new_owner;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sss)")))
    return;
  g_variant_get (parameters, "(&s&s&s)", &name, NULL, &new_owner);
  if (new_owner[0] == '\0')
    tell_left (user_data, name);
}

typedef struct {
  DhPresence *presence;
  char *client;
} Inquiry;

/* An error of the bus's own says nothing: the signal is still to come. */
static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Inquiry *inquiry = user_data;
  g_autoptr (GVariant) reply =
    g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  gboolean is_there = TRUE;

  if (reply)
    g_variant_get (reply, "(b)", &is_there);
  if (!is_there)
    tell_left (inquiry->presence, inquiry->client);
  dh_presence_unref (inquiry->presence);
  g_free (inquiry->client);
  g_free (inquiry);
}

/* Behind the rule, so that no departure falls between them. */
static void
inquire (DhPresence *self, const char *client)
{
  Inquiry *inquiry = g_new (Inquiry, 1);

  *inquiry = (Inquiry){ dh_presence_ref (self), g_strdup (client) };
  g_dbus_connection_call (self->connection, BUS, BUS_PATH, BUS, "NameHasOwner",
                          g_variant_new ("(s)", client), G_VARIANT_TYPE ("(b)"),
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, ANSWER_TIMEOUT_MSEC, NULL, on_answered,
                          inquiry);
}

DhPresenceWatch *
dh_presence_watch (DhPresence *self, const char *client, void (*func) (gpointer user_data),
                   gpointer user_data)
{
  DhPresenceWatch *watch = g_new (DhPresenceWatch, 1);
  GPtrArray *watches = g_hash_table_lookup (self->watches, client);

  *watch = (DhPresenceWatch){ dh_presence_ref (self), g_strdup (client), func, user_data };
  if (self->subscription == 0)
    self->subscription = g_dbus_connection_signal_subscribe (
      self->connection, BUS, BUS, "NameOwnerChanged", BUS_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
      on_owner_changed, self, NULL);
  if (!watches) {
    watches = g_ptr_array_new ();
    g_hash_table_insert (self->watches, g_strdup (client), watches);
  }
  g_ptr_array_add (watches, watch);
  inquire (self, client);
  return watch;
}

void
dh_presence_unwatch (DhPresenceWatch *watch)
{
  DhPresence *self = watch->presence;
  GPtrArray *watches = g_hash_table_lookup (self->watches, watch->client);

  g_ptr_array_remove_fast (watches, watch);
  if (watches->len == 0)
    g_hash_table_remove (self->watches, watch->client);
  if (g_hash_table_size (self->watches) == 0) {
    g_dbus_connection_signal_unsubscribe (self->connection, self->subscription);
    self->subscription = 0;
  }
  g_free (watch->client);
  g_free (watch);
  dh_presence_unref (self);
}
