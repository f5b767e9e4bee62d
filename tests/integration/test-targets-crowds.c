/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "footprint.h"
#include "polkit-watch.h"
#include "target-objects.h"
#include "targets.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Clients who come in crowds: what they leave behind, and what they keep from others. One machine
 * for all. */

#define WAIT_SECONDS 15
#define MORE_MEMORY (8 << 20)

static Fixture machine;
static guint32 hers; /* a process of alice's */

#define NAMES 1000
#define NAMES_AT_A_TIME 40 /* a user may have only so many connections */

typedef struct {
  GDBusConnection *connection;
  Call *call;
} Passer;

static Passer
come (const char *user)
{
  Passer passer = { .connection = fixture_connection_as (&machine, user) };

  passer.call = call_begin (passer.connection, SERVICE_INTERFACE, "SubscribeStatistics",
                            g_variant_new ("(t)", (guint64) 1), CALL_PLAIN);
  g_dbus_connection_flush_sync (passer.connection, NULL, NULL);
  return passer;
}

static void
leave (Passer *passer, gboolean answered)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;

  if (answered)
    reply = call_finish (passer->call, WAIT_SECONDS, &error);
  else
    call_forget (passer->call);
  g_assert_no_error (error);
  g_dbus_connection_close_sync (passer->connection, NULL, NULL);
  g_object_unref (passer->connection);
}

/* They leave after the answer, or before it. */
static void
subscribe_in_bunches (guint n_names)
{
  for (guint i = 0; i < n_names; i += NAMES_AT_A_TIME) {
    Passer passers[NAMES_AT_A_TIME];

    for (guint j = 0; j < NAMES_AT_A_TIME; j++) {
      passers[j] = come (j % 2 ? "alice" : "bob");
      if (j % 4 == 0)
        leave (&passers[j], FALSE);
    }
    for (guint j = 0; j < NAMES_AT_A_TIME; j++)
      if (j % 4 != 0)
        leave (&passers[j], TRUE);
  }
}

static void
test_crowd (void)
{
  g_autofree char *path = added_target (machine.connection, hers, NULL);
  g_autoptr (Standstill) standstill = NULL;
  g_autoptr (GError) error = NULL;
  Footprint before;

  assert_target_eventually (machine.connection, path, "State", "'running'", WAIT_SECONDS);
  subscribe_in_bunches (2 * NAMES_AT_A_TIME);
  wait_for (500);
  before = footprint_read (&machine);
  standstill = standstill_new (&machine);
  subscribe_in_bunches (NAMES);
  assert_footprint (&machine, &before, MORE_MEMORY);
  assert_standstill (standstill);
  remove_target (machine.connection, path, &error);
  g_assert_no_error (error);
}

#define FLOOD 8000
#define FLOODERS 8
#define FEW_DESCRIPTORS 96

/* Returns: what it was. */
static rlim_t
limit_descriptors (rlim_t limit)
{
  const GPid service = child_get_pid (machine.service);
  struct rlimit limits;
  rlim_t before;

  g_assert_no_errno (prlimit (service, RLIMIT_NOFILE, NULL, &limits));
  before = limits.rlim_cur;
  limits.rlim_cur = limit;
  g_assert_no_errno (prlimit (service, RLIMIT_NOFILE, &limits, NULL));
  return before;
}

static void
send_descriptor (GDBusConnection *connection, GUnixFDList *descriptors)
{
  g_autoptr (GDBusMessage) message =
    g_dbus_message_new_method_call (SERVICE_NAME, SERVICE_PATH, SERVICE_INTERFACE, "AddTarget");
  g_autoptr (GError) error = NULL;

  g_dbus_message_set_body (message, g_variant_new_parsed ("(@h 0, @a{sv} {})"));
  g_dbus_message_set_unix_fd_list (message, descriptors);
  g_dbus_message_set_flags (message, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  g_dbus_connection_send_message (connection, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
                                  &error);
  g_assert_no_error (error);
}

/* Who wants no answer may send as much as he likes: more than the service can hold at a time. */
static void
send_flood (guint n_messages)
{
  const int pidfd = (int) syscall (SYS_pidfd_open, hers, 0);
  g_autoptr (GUnixFDList) descriptors = g_unix_fd_list_new_from_array (&pidfd, 1);
  GDBusConnection *flooders[FLOODERS];

  g_assert_no_errno (pidfd);
  for (guint i = 0; i < FLOODERS; i++)
    flooders[i] = fixture_connection_as (&machine, "bob");
  for (guint i = 0; i < n_messages; i++)
    send_descriptor (flooders[i % FLOODERS], descriptors);
  for (guint i = 0; i < FLOODERS; i++) {
    g_dbus_connection_flush_sync (flooders[i], NULL, NULL);
    g_object_unref (flooders[i]);
  }
}

/* As long as the service has not taken what was sent to it, the bus takes nothing more for it. */
static gboolean
is_within_reach (gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) version = get_property (machine.connection, "Version", &error);

  if (version == NULL)
    assert_error_name (error, BUS_ERROR "LimitsExceeded");
  return version != NULL;
}

static void
test_flood_of_descriptors (void)
{
  g_autofree char *path = added_target (machine.connection, hers, NULL);
  g_autoptr (GDBusConnection) alice = fixture_connection_as (&machine, "alice");
  Footprint before;
  rlim_t usual;

  assert_target_eventually (machine.connection, path, "State", "'running'", WAIT_SECONDS);
  send_flood (FLOODERS);
  wait_for (500);
  before = footprint_read (&machine);
  usual = limit_descriptors (FEW_DESCRIPTORS);
  send_flood (FLOOD);
  assert_footprint (&machine, &before, MORE_MEMORY);
  limit_descriptors (usual);
  g_assert_true (wait_until (is_within_reach, NULL, WAIT_SECONDS));
  assert_target (machine.connection, path, "State", "'running'");
  g_free (added_target (alice, fixture_process_of (&machine, "alice"), NULL));
  g_assert_cmpuint (count_targets (alice), ==, 2);
}

#define STAYING 200 /* of each user */

/* However many do, the service still notices that somebody has left. */
static void
test_crowd_that_stays (void)
{
  static const char *const users[] = { "alice", "bob", "root" };
  g_autoptr (GDBusConnection) alice = fixture_connection_as (&machine, "alice");
  g_autoptr (GPtrArray) staying = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *path = NULL;

  for (guint i = 0; i < STAYING * G_N_ELEMENTS (users); i++) {
    Passer passer = come (users[i % G_N_ELEMENTS (users)]);
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) reply = call_finish (passer.call, WAIT_SECONDS, &error);

    g_assert_no_error (error);
    g_ptr_array_add (staying, passer.connection);
  }
  path = added_target (alice, fixture_process_of (&machine, "alice"), "{'bind': <true>}");
  g_dbus_connection_close_sync (alice, NULL, NULL);
  assert_target_gone (machine.connection, path, WAIT_SECONDS);
}

#define ASKING 20
#define QUESTIONS 8 /* that a caller may have open, and polkit be asked about a user at a time */

/* Whoever lets polkit wait for an answer of his, with as many names as he likes, keeps nobody else
 * from being asked about, and least of all root, about whom nobody is asked. */
static void
test_crowd_that_asks (void)
{
  g_autoptr (GDBusConnection) bob = fixture_connection_as (&machine, "bob");
  const guint32 pid = fixture_process_of (&machine, "bob");
  g_autoptr (PolkitWatch) watch = polkit_watch_new (&machine);
  GDBusConnection *connections[ASKING];
  g_autoptr (GError) error = NULL;
  Call *of_bob;

  fixture_polkit_hang (&machine);
  for (guint i = 0; i < ASKING; i++) {
    connections[i] = fixture_connection_as (&machine, "alice");
    for (guint j = 0; j < QUESTIONS; j++)
      call_forget (
        set_property_begin (connections[i], "Pid", g_variant_new_uint32 (hers), CALL_INTERACTIVE));
  }
  wait_for (300);
  set_property (machine.connection, "QuotaSize", g_variant_new_uint64 (0), CALL_PLAIN, &error);
  g_assert_no_error (error);
  of_bob = call_begin (bob, SERVICE_INTERFACE, "AddTargetByPid",
                       g_variant_new_parsed ("(%u, @a{sv} {})", pid), CALL_PLAIN);
  polkit_watch_wait_asked (watch, QUESTIONS + 1);
  wait_for (200);
  g_assert_cmpuint (polkit_watch_count (watch), ==, QUESTIONS + 1);
  fixture_polkit_continue (&machine);
  assert_answer (of_bob, NULL);
  /* The others have only waited. */
  polkit_watch_wait_asked (watch, ASKING * QUESTIONS + 1);
  for (guint i = 0; i < ASKING; i++)
    g_object_unref (connections[i]);
}

static void
test_end (void)
{
  fixture_tear_down (&machine, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_set_up_own (&machine, NULL);
  hers = fixture_process_of (&machine, "alice");
  g_test_add_func ("/targets-crowds/that-subscribes-and-leaves", test_crowd);
  g_test_add_func ("/targets-crowds/that-floods-with-descriptors", test_flood_of_descriptors);
  g_test_add_func ("/targets-crowds/that-stays", test_crowd_that_stays);
  g_test_add_func ("/targets-crowds/that-asks", test_crowd_that_asks);
  g_test_add_func ("/targets-crowds/service-ends-in-order", test_end);
  return g_test_run ();
}
