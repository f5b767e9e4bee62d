/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "polkit-watch.h"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define BUS_NAME "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"
#define ALLOW_USER_INTERACTION 1
#define WAIT_SECONDS 15

struct _PolkitWatch {
  Fixture *fixture;
  GDBusConnection *monitor;
  char *polkit; /* its unique name */
  GMutex lock;  /* of: */
  guint questions;
  guint interactive;
  guint answers;
};

static GVariant *
call_bus (GDBusConnection *connection, const char *interface, const char *method,
          GVariant *arguments)
{
  g_autoptr (GError) error = NULL;
  GVariant *reply = g_dbus_connection_call_sync (connection, BUS_NAME, BUS_PATH, interface, method,
                                                 arguments, NULL, G_DBUS_CALL_FLAGS_NONE,
                                                 wait_milliseconds (WAIT_SECONDS), NULL, &error);

  g_assert_no_error (error);
  return reply;
}

static void
note (PolkitWatch *self, GDBusMessage *message)
{
  const GDBusMessageType type = g_dbus_message_get_message_type (message);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  guint32 flags;

  if (type == G_DBUS_MESSAGE_TYPE_METHOD_CALL
      && g_strcmp0 (g_dbus_message_get_member (message), "CheckAuthorization") == 0) {
    g_variant_get (g_dbus_message_get_body (message), "((sa{sv})sa{ss}us)", NULL, NULL, NULL, NULL,
                   &flags, NULL);
    self->questions++;
    self->interactive += flags & ALLOW_USER_INTERACTION ? 1 : 0;
  } else if (type == G_DBUS_MESSAGE_TYPE_METHOD_RETURN
             && g_strcmp0 (g_dbus_message_get_sender (message), self->polkit) == 0
             && g_strcmp0 (g_dbus_message_get_signature (message), "(bba{ss})") == 0) {
    self->answers++;
  }
}

static GDBusMessage *
filter (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer data)
{
  if (!incoming)
    return message;
  note (data, message);
  if (g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;
  /* It is not addressed to us: we must not answer. */
  g_object_unref (message);
  return NULL;
}

PolkitWatch *
polkit_watch_new (Fixture *fixture)
{
  PolkitWatch *self = g_new0 (PolkitWatch, 1);
  g_autoptr (GVariant) owner = NULL, reply = NULL;

  self->fixture = fixture;
  g_mutex_init (&self->lock);
  owner =
    call_bus (fixture->connection, BUS_NAME, "GetNameOwner", g_variant_new ("(s)", POLKIT_NAME));
  g_variant_get (owner, "(s)", &self->polkit);
  self->monitor = fixture_connection_as (fixture, "root");
  g_dbus_connection_add_filter (self->monitor, filter, self, NULL);
  reply = call_bus (self->monitor, BUS_NAME ".Monitoring", "BecomeMonitor",
                    g_variant_new ("(asu)", NULL, 0));
  return self;
}

void
polkit_watch_free (PolkitWatch *self)
{
  /* The filter is not called any more then. */
  g_dbus_connection_close_sync (self->monitor, NULL, NULL);
  g_object_unref (self->monitor);
  g_mutex_clear (&self->lock);
  g_free (self->polkit);
  g_free (self);
}

static guint
read_count (PolkitWatch *self, const guint *count)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return *count;
}

guint
polkit_watch_count (PolkitWatch *self)
{
  return read_count (self, &self->questions);
}

guint
polkit_watch_count_interactive (PolkitWatch *self)
{
  return read_count (self, &self->interactive);
}

typedef struct {
  PolkitWatch *watch;
  const guint *count;
  guint wanted;
} CountWait;

static gboolean
has_count (gpointer data)
{
  const CountWait *wait = data;

  return read_count (wait->watch, wait->count) >= wait->wanted;
}

static void
wait_for_count (PolkitWatch *self, const guint *count, guint wanted)
{
  if (!wait_until (has_count, &(CountWait){ self, count, wanted }, WAIT_SECONDS))
    g_error ("polkit was asked %u times and answered %u times, not %u", self->questions,
             self->answers, wanted);
}

void
polkit_watch_wait_asked (PolkitWatch *self, guint n_questions)
{
  wait_for_count (self, &self->questions, n_questions);
}

void
polkit_watch_wait_answered (PolkitWatch *self, guint n_questions)
{
  g_autoptr (GVariant) properties = NULL;
  g_autoptr (GError) error = NULL;

  wait_for_count (self, &self->answers, n_questions);
  /* It reads one after the other. */
  properties = get_all_properties (self->fixture->connection, &error);
  g_assert_no_error (error);
}
