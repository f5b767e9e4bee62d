/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "ear.h"
#include "target-objects.h"
#include "targets.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Many who listen or read, some who leave without a word, and one who never reads what he is sent.
 */

#define WAIT_SECONDS 10
#define FLOOR 250000
#define IDLE "--idle-exit=1"
#define LONGER_THAN_IDLE 2500 /* milliseconds */

static void
begin_idle (Fixture *self, gconstpointer data)
{
  fixture_set_up_bus (self, data);
  fixture_polkit_rules (self, ALLOW_OWN);
  fixture_polkit_start (self);
  fixture_service_start (self, IDLE, NULL);
  fixture_service_wait_probed (self);
}

static void
assert_stays (Fixture *self)
{
  wait_for (LONGER_THAN_IDLE);
  g_assert_false (child_has_exited (self->service));
}

static void
assert_leaves (Fixture *self)
{
  g_assert_cmpint (fixture_service_wait_exit (self, 4), ==, 0);
}

static void
leave (GDBusConnection *connection)
{
  g_dbus_connection_close_sync (connection, NULL, NULL);
  g_object_unref (connection);
}

/* Whoever listens needs the service, though nothing is served yet. */
static void
test_stays_while_somebody_listens (Fixture *self, gconstpointer data)
{
  GDBusConnection *alice = fixture_connection_as (self, "alice");

  subscribe (alice, FLOOR);
  subscribe (alice, 2 * FLOOR);
  assert_stays (self);
  unsubscribe (alice);
  assert_leaves (self);
  leave (alice);
}

static void
test_leaves_when_the_listener_has_left (Fixture *self, gconstpointer data)
{
  GDBusConnection *alice = fixture_connection_as (self, "alice"),
                  *bob = fixture_connection_as (self, "bob");

  subscribe (alice, FLOOR);
  subscribe (bob, FLOOR);
  leave (alice);
  assert_stays (self);
  leave (bob);
  assert_leaves (self);
}

/* Some of them before they are answered. */
static void
test_a_thousand_who_vanish (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 1000; i++) {
    GDBusConnection *alice = fixture_connection_as (self, "alice");

    if (i % 2) {
      subscribe (alice, FLOOR);
    } else {
      call_forget (call_begin (alice, SERVICE_INTERFACE, "SubscribeStatistics",
                               g_variant_new ("(t)", (guint64) FLOOR), CALL_PLAIN));
      g_dbus_connection_flush_sync (alice, NULL, NULL);
    }
    leave (alice);
  }
  assert_leaves (self);
}

#define N_TARGETS 20
#define N_LISTENERS 40

/* Of the two threads that send, which is no work on a target: nanoseconds. */
static guint64
get_cpu (Fixture *self)
{
  const GPid pid = child_get_pid (self->service);
  g_autofree char *folder = g_strdup_printf ("/proc/%d/task", pid);
  g_autoptr (GDir) threads = g_dir_open (folder, 0, NULL);
  const char *thread;
  guint64 sum = 0;

  g_assert_nonnull (threads);
  while ((thread = g_dir_read_name (threads)) != NULL) {
    g_autofree char *name_path = g_strdup_printf ("%s/%s/comm", folder, thread);
    g_autofree char *path = g_strdup_printf ("%s/%s/schedstat", folder, thread);
    g_autofree char *name = NULL, *text = NULL;

    if (!g_file_get_contents (name_path, &name, NULL, NULL)
        || !g_file_get_contents (path, &text, NULL, NULL))
      continue;
    if (g_str_equal (name, "gdbus\n") || g_ascii_strtoll (thread, NULL, 10) == pid)
      sum += g_ascii_strtoull (text, NULL, 10);
  }
  g_assert_cmpuint (sum, >, 0);
  return sum;
}

/* bob, who has one listener and one target, does not wait for alice's many. */
static void
assert_prompt (Fixture *self, guint64 of_alice)
{
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");
  g_autofree char *path = added_target (self->connection, fixture_process_of (self, "bob"), NULL);
  g_autoptr (Ear) ear = ear_new (bob);
  const guint64 of_bob = subscribe (bob, FLOOR);
  g_autoptr (GError) error = NULL;

  g_test_message ("%" G_GUINT64_FORMAT " for another user", of_bob);
  g_assert_cmpuint (of_bob, <, of_alice / 10);
  g_assert_true (ear_wait (ear, path, 3, WAIT_SECONDS));
  remove_target (self->connection, path, &error);
  g_assert_no_error (error);
}

/* All wait longer, so that observing stays below a hundredth of a core; here five of them, since
 * what is measured has grains. */
static void
test_many_listeners_wait_longer (Fixture *self, gconstpointer data)
{
  GDBusConnection *listeners[N_LISTENERS];
  char *paths[N_TARGETS];
  guint64 first = 0, last = 0, begin, cpu;

  for (guint i = 0; i < N_TARGETS; i++)
    paths[i] = added_target (self->connection, fixture_process_of (self, "alice"), NULL);
  for (guint i = 0; i < N_LISTENERS; i++) {
    listeners[i] = fixture_connection_as (self, "alice");
    last = subscribe (listeners[i], FLOOR);
    if (i == 0)
      first = last;
  }
  g_test_message ("%" G_GUINT64_FORMAT " for the first, %" G_GUINT64_FORMAT " for the last", first,
                  last);
  g_assert_cmpuint (last, >, FLOOR);
  g_assert_cmpuint (last, >, first);
  /* It is her share that she has used up. */
  assert_prompt (self, last);
  cpu = get_cpu (self);
  begin = (guint64) g_get_monotonic_time ();
  wait_for (4000);
  cpu = get_cpu (self) - cpu;
  begin = (guint64) g_get_monotonic_time () - begin;
  g_test_message ("%" G_GUINT64_FORMAT " µs in %" G_GUINT64_FORMAT, cpu / 1000, begin);
  g_assert_cmpuint (cpu / 1000, <, begin / 20);

  for (guint i = 0; i < N_LISTENERS; i++)
    leave (listeners[i]);
  for (guint i = 1; i < N_TARGETS; i++) {
    g_autoptr (GError) error = NULL;

    remove_target (self->connection, paths[i], &error);
    g_assert_no_error (error);
  }
  g_assert_cmpuint (subscribe (self->connection, FLOOR), <, last);
  for (guint i = 0; i < N_TARGETS; i++)
    g_free (paths[i]);
}

/* A method call without an answer, as bytes. */
static void
append_call (GByteArray *bytes, guint32 serial, const char *name, const char *path,
             const char *interface, const char *method, GVariant *arguments)
{
  g_autoptr (GDBusMessage) message = g_dbus_message_new_method_call (name, path, interface, method);
  g_autoptr (GError) error = NULL;
  g_autofree guchar *blob = NULL;
  gsize size;

  g_dbus_message_set_serial (message, serial);
  if (arguments != NULL)
    g_dbus_message_set_body (message, arguments);
  blob = g_dbus_message_to_blob (message, &size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  g_byte_array_append (bytes, blob, (guint) size);
}

/* A client of root's that subscribes, and then reads nothing, ever. Returns: its socket. */
static int
connect_without_reading (Fixture *self)
{
  static const char authentication[] = "\0AUTH EXTERNAL 30\r\nBEGIN\r\n"; /* uid 0 */
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autofree char *path = fixture_path (self, "bus");
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_no_errno (fd);
  g_assert_cmpuint (g_strlcpy (address.sun_path, path, sizeof address.sun_path), <,
                    sizeof address.sun_path);
  g_assert_no_errno (connect (fd, (const struct sockaddr *) &address, sizeof address));
  g_byte_array_append (bytes, (const guint8 *) authentication, sizeof authentication - 1);
  append_call (bytes, 1, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
               "Hello", NULL);
  append_call (bytes, 2, SERVICE_NAME, SERVICE_PATH, SERVICE_INTERFACE, "SubscribeStatistics",
               g_variant_new ("(t)", (guint64) FLOOR));
  g_assert_cmpint (write (fd, bytes->data, bytes->len), ==, bytes->len);
  return fd;
}

/* Bytes that wait for the one who does not read. */
static guint
count_unread (int fd)
{
  guint8 buffer[65536];
  gssize length = recv (fd, buffer, sizeof buffer, MSG_PEEK | MSG_DONTWAIT);

  return length > 0 ? (guint) length : 0;
}

static void
test_one_who_does_not_read (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (Ear) ear = ear_new (alice);
  g_autofree char *path = added_target (self->connection, fixture_process_of (self, "alice"), NULL);
  guint64 begin;
  guint unread;
  int fds[2];

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = connect_without_reading (self);
  subscribe (alice, FLOOR);
  g_assert_true (ear_wait (ear, path, 2, WAIT_SECONDS));
  unread = count_unread (fds[0]);
  ear_clear (ear);
  g_assert_true (ear_wait (ear, path, 4, WAIT_SECONDS));
  /* He is one, and is sent as much. */
  g_assert_cmpuint (count_unread (fds[0]), >, unread);
  begin = (guint64) g_get_monotonic_time ();
  for (guint i = 0; i < 50; i++)
    assert_property (self->connection, "State", g_variant_new_string ("disabled"));
  g_assert_cmpuint ((guint64) g_get_monotonic_time () - begin, <, 2 * G_USEC_PER_SEC);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

#define N_READERS 50

typedef struct {
  const char *path;
  GHashTable *timestamps; /* of guint64 */
  guint answers;
  guint pending;
  gboolean over;
} Readers;

static void ask (Readers *self, GDBusConnection *connection, gboolean for_heat);

static void
on_figures (GObject *connection, GAsyncResult *result, gpointer data)
{
  Readers *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
    g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, &error);
  g_autoptr (GVariant) figures = NULL;
  guint64 timestamp;

  g_assert_no_error (error);
  self->pending--;
  self->answers++;
  if (g_variant_is_of_type (reply, G_VARIANT_TYPE ("(a{sv})"))) {
    figures = g_variant_get_child_value (reply, 0);
    g_assert_true (g_variant_lookup (figures, "timestamp", "t", &timestamp));
    g_hash_table_add (self->timestamps, g_memdup2 (&timestamp, sizeof timestamp));
  }
  if (!self->over)
    ask (self, G_DBUS_CONNECTION (connection), figures != NULL);
}

static void
ask (Readers *self, GDBusConnection *connection, gboolean for_heat)
{
  self->pending++;
  g_dbus_connection_call (connection, SERVICE_NAME, self->path, TARGET_INTERFACE,
                          for_heat ? "GetHeatMap" : "GetStatistics",
                          for_heat ? g_variant_new ("(a{sv})", NULL) : NULL, NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, wait_milliseconds (WAIT_SECONDS), NULL,
                          on_figures, self);
}

static gboolean
is_over (gpointer data)
{
  return ((Readers *) data)->pending == 0;
}

/* Figures are as old as they say: who reads them as fast as he can sees the same ones. */
static void
test_readers_cause_no_walk (Fixture *self, gconstpointer data)
{
  GDBusConnection *connections[N_READERS];
  g_autofree char *path = added_target (self->connection, fixture_process_of (self, "alice"), NULL);
  Readers readers = { .path = path,
                      .timestamps =
                        g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL) };
  guint64 before;

  /* Nothing is to be gained: by then the looks are seconds apart. */
  wait_for (5000);
  before = get_target_statistic (self->connection, path, "engine-cpu-usec");
  for (guint i = 0; i < N_READERS; i++) {
    connections[i] = fixture_connection_as (self, "alice");
    ask (&readers, connections[i], i % 2);
  }
  wait_for (2000);
  readers.over = TRUE;
  g_assert_true (wait_until (is_over, &readers, WAIT_SECONDS));
  g_test_message ("%u answers with %u timestamps", readers.answers,
                  g_hash_table_size (readers.timestamps));
  g_assert_cmpuint (readers.answers, >, 4 * N_READERS);
  g_assert_cmpuint (g_hash_table_size (readers.timestamps), <=, 10);
  g_assert_cmpuint (get_target_statistic (self->connection, path, "engine-cpu-usec") - before, <,
                    50000);
  for (guint i = 0; i < N_READERS; i++)
    leave (connections[i]);
  g_hash_table_unref (readers.timestamps);
}

static void
add (const char *path, void (*set_up) (Fixture *, gconstpointer),
     void (*function) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/subscriptions/stays-while-somebody-listens", begin_idle,
       test_stays_while_somebody_listens);
  add ("/subscriptions/leaves-when-the-listener-has-left", begin_idle,
       test_leaves_when_the_listener_has_left);
  add ("/subscriptions/a-thousand-who-vanish", begin_idle, test_a_thousand_who_vanish);
  add ("/subscriptions/many-listeners-wait-longer", fixture_set_up_own,
       test_many_listeners_wait_longer);
  add ("/subscriptions/one-who-does-not-read", fixture_set_up_own, test_one_who_does_not_read);
  add ("/subscriptions/readers-cause-no-walk", fixture_set_up_own, test_readers_cause_no_walk);
  return g_test_run ();
}
