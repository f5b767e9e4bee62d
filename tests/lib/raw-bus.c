/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "raw-bus.h"
#include "wait.h"

#include <string.h>
#include <unistd.h>

#define START_SECONDS 10
#define HEADER_BYTES 16

struct _RawBus {
  GSocketConnection *connection;
  guint32 serial; /* of what was sent last */
};

static GInputStream *
get_input (RawBus *self)
{
  return g_io_stream_get_input_stream (G_IO_STREAM (self->connection));
}

static void
write_all (RawBus *self, const void *bytes, gsize length)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (self->connection)), bytes,
                             length, NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
expect_line (RawBus *self, const char *prefix)
{
  g_autoptr (GString) line = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  char c;

  while (g_input_stream_read (get_input (self), &c, 1, NULL, &error) == 1 && c != '\n')
    g_string_append_c (line, c);
  g_assert_no_error (error);
  if (!g_str_has_prefix (line->str, prefix))
    g_error ("The bus says \"%s\", not %s", line->str, prefix);
}

/* By SASL's mechanism EXTERNAL: the uid's digits, in hexadecimal. */
static void
authenticate (RawBus *self)
{
  g_autofree char *uid = g_strdup_printf ("%u", geteuid ());
  g_autoptr (GString) line = g_string_new ("AUTH EXTERNAL ");

  for (const char *c = uid; *c != '\0'; c++)
    g_string_append_printf (line, "%02x", (guint) *c);
  g_string_append (line, "\r\n");
  write_all (self, "", 1);
  write_all (self, line->str, line->len);
  expect_line (self, "OK ");
  write_all (self, "BEGIN\r\n", strlen ("BEGIN\r\n"));
}

static void
say_hello (RawBus *self)
{
  g_autoptr (GDBusMessage) hello = g_dbus_message_new_method_call (
    "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello");
  g_autoptr (GDBusMessage) answer = NULL;

  g_assert_true (raw_bus_send (self, raw_bus_serialize (self, hello)));
  answer = raw_bus_receive (self, START_SECONDS);
  g_assert_nonnull (answer);
  g_assert_cmpint (g_dbus_message_get_message_type (answer), ==, G_DBUS_MESSAGE_TYPE_METHOD_RETURN);
}

RawBus *
raw_bus_new (const char *address)
{
  RawBus *self = g_new0 (RawBus, 1);
  g_autoptr (GError) error = NULL;

  self->connection =
    G_SOCKET_CONNECTION (g_dbus_address_get_stream_sync (address, NULL, NULL, &error));
  g_assert_no_error (error);
  g_socket_set_timeout (g_socket_connection_get_socket (self->connection), START_SECONDS);
  authenticate (self);
  say_hello (self);
  return self;
}

void
raw_bus_free (RawBus *self)
{
  g_object_unref (self->connection);
  g_free (self);
}

GByteArray *
raw_bus_serialize (RawBus *self, GDBusMessage *message)
{
  g_autoptr (GError) error = NULL;
  gsize length;
  guchar *blob;

  g_dbus_message_set_serial (message, ++self->serial);
  blob = g_dbus_message_to_blob (message, &length, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  return g_byte_array_new_take (blob, length);
}

void
raw_bus_patch (GByteArray *bytes, const char *marker, const void *replacement, gsize length)
{
  guint8 *place = memmem (bytes->data, bytes->len, marker, strlen (marker));

  g_assert_nonnull (place);
  g_assert_cmpuint (length, ==, strlen (marker));
  g_assert_null (
    memmem (place + 1, bytes->len - (gsize) (place + 1 - bytes->data), marker, strlen (marker)));
  memcpy (place, replacement, length);
}

gboolean
raw_bus_send (RawBus *self, GByteArray *bytes)
{
  g_autoptr (GByteArray) owned = bytes;

  return g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (self->connection)),
                                    bytes->data, bytes->len, NULL, NULL, NULL);
}

/* Returns: FALSE at the end; @bytes is so much longer otherwise. */
static gboolean
read_more (RawBus *self, GByteArray *bytes, gsize length)
{
  const guint before = bytes->len;
  g_autoptr (GError) error = NULL;
  gsize n_read;

  g_byte_array_set_size (bytes, before + (guint) length);
  g_input_stream_read_all (get_input (self), bytes->data + before, length, &n_read, NULL, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    g_error ("The bus neither answers nor closes the connection");
  return n_read == length;
}

static GDBusMessage *
read_message (RawBus *self)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  GDBusMessage *message;
  gssize needed;

  if (!read_more (self, bytes, HEADER_BYTES))
    return NULL;
  needed = g_dbus_message_bytes_needed (bytes->data, bytes->len, &error);
  g_assert_no_error (error);
  if (!read_more (self, bytes, (gsize) needed - bytes->len))
    return NULL;
  message =
    g_dbus_message_new_from_blob (bytes->data, bytes->len, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  return message;
}

GDBusMessage *
raw_bus_receive (RawBus *self, guint seconds)
{
  GDBusMessage *message;

  g_socket_set_timeout (g_socket_connection_get_socket (self->connection),
                        MAX ((guint) wait_milliseconds (seconds) / 1000, 1));
  while ((message = read_message (self)) != NULL) {
    if (g_dbus_message_get_reply_serial (message) == self->serial)
      return message;
    g_object_unref (message);
  }
  return NULL;
}
