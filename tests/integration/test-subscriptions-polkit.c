/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "ear.h"
#include "target-objects.h"
#include "targets.h"

#include <polkit/polkit.h>

/* A subscription and polkit: nobody is asked but that, and nobody waits for it but who has to. */

#define WAIT_SECONDS 10
#define FLOOR 250000

/* polkit is waited for that long, and a bit. */
#define ANSWER_SECONDS 15

static const char *own_program;

/* Served, with figures. Returns: (transfer full): its path. */
static char *
serve_one_of (Fixture *self, const char *user, const char *options)
{
  char *path = added_target (self->connection, fixture_process_of (self, user), options);

  assert_target_eventually (self->connection, path, "State", "'running'", WAIT_SECONDS);
  return path;
}

/* The dialogues that this program, as a client with an agent, was asked to show. */
static guint dialogues;

static void
on_agent_called (GDBusConnection *connection, const char *sender, const char *path,
                 const char *interface, const char *method, GVariant *arguments,
                 GDBusMethodInvocation *invocation, gpointer data)
{
  dialogues++;
  g_dbus_method_invocation_return_dbus_error (
    invocation, "org.freedesktop.PolicyKit1.Error.Cancelled", "The user closed the dialogue");
}

static void
become_agent (GDBusConnection *connection)
{
  static const char xml[] =
    "<node><interface name='org.freedesktop.PolicyKit1.AuthenticationAgent'>"
    "  <method name='BeginAuthentication'>"
    "    <arg type='s' direction='in'/><arg type='s' direction='in'/>"
    "    <arg type='s' direction='in'/><arg type='a{ss}' direction='in'/>"
    "    <arg type='s' direction='in'/><arg type='a(sa{sv})' direction='in'/>"
    "  </method>"
    "  <method name='CancelAuthentication'><arg type='s' direction='in'/></method>"
    "</interface></node>";
  static const GDBusInterfaceVTable vtable = { .method_call = on_agent_called };
  g_autoptr (PolkitSubject) subject = polkit_unix_process_new_for_owner (getpid (), 0, -1);
  g_autoptr (GError) error = NULL;
  g_autoptr (PolkitAuthority) polkit = polkit_authority_get_sync (NULL, &error);
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, NULL);

  g_assert_no_error (error);
  g_dbus_connection_register_object (connection, "/agent", node->interfaces[0], &vtable, NULL, NULL,
                                     &error);
  g_assert_no_error (error);
  polkit_authority_register_authentication_agent_sync (polkit, subject, "C", "/agent", NULL,
                                                       &error);
  g_assert_no_error (error);
}

/* This program as a client of alice's, who has an agent: polkit takes one from a user's own process
 * alone. Says how many dialogues there were, after each call. */
static int
run_client (void)
{
  static const char *const methods[] = { "SubscribeStatistics", "GetStatistics" };
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, &error);

  g_assert_no_error (error);
  become_agent (connection);
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++) {
    Call *call =
      call_begin (connection, SERVICE_INTERFACE, methods[i],
                  i == 0 ? g_variant_new ("(t)", (guint64) FLOOR) : NULL, CALL_INTERACTIVE);
    g_autoptr (GVariant) reply = call_finish (call, WAIT_SECONDS, NULL);

    g_print ("%s: %s, %u\n", methods[i], reply != NULL ? "good" : "refused", dialogues);
  }
  return 0;
}

/* Even where the message would allow it, as it does for a look at one target. */
static void
test_never_asks_a_person (Fixture *self, gconstpointer data)
{
  g_autofree char *program = g_canonicalize_filename (own_program, NULL);
  g_autofree char *path = serve_one_of (self, "bob", "{'primary': <true>}");
  g_autofree char *first = NULL, *second = NULL;
  Child *client = fixture_spawn_as (self, "alice", program, "--client", NULL);

  first = child_expect_line (client, "SubscribeStatistics", WAIT_SECONDS);
  g_assert_cmpstr (first, ==, "SubscribeStatistics: good, 0");
  second = child_expect_line (client, "GetStatistics", WAIT_SECONDS);
  g_assert_cmpstr (second, ==, "GetStatistics: refused, 1");
}

static Call *
subscribe_begin (GDBusConnection *connection)
{
  return call_begin (connection, SERVICE_INTERFACE, "SubscribeStatistics",
                     g_variant_new ("(t)", (guint64) FLOOR), CALL_PLAIN);
}

static void
assert_subscribed (Call *call)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call_finish (call, ANSWER_SECONDS, &error);

  g_assert_no_error (error);
  g_assert_true (g_variant_is_of_type (reply, G_VARIANT_TYPE ("(t)")));
}

/* Her own, then; and who need not ask does not wait. */
static void
test_polkit_hangs (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autofree char *hers = serve_one_of (self, "alice", NULL);
  g_autofree char *bobs = serve_one_of (self, "bob", NULL);
  g_autoptr (Ear) ear = ear_new (alice), roots = ear_new (self->connection);
  gint64 begin;
  Call *call;

  fixture_polkit_hang (self);
  call = subscribe_begin (alice);
  wait_for (200);
  begin = g_get_monotonic_time ();
  subscribe (self->connection, FLOOR);
  for (guint i = 0; i < 20; i++)
    assert_target (alice, hers, "State", "'running'");
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 2 * G_USEC_PER_SEC);
  g_assert_false (call_is_done (call));
  g_assert_true (ear_wait (roots, bobs, 2, WAIT_SECONDS));
  g_assert_cmpuint (ear->count, ==, 0);
  assert_subscribed (call);
  g_assert_true (ear_wait (ear, hers, 3, WAIT_SECONDS));
  g_assert_cmpuint (ear_count_of (ear, bobs), ==, 0);
  /* What polkit says when it is too late is nobody's. */
  fixture_polkit_continue (self);
  ear_clear (ear);
  g_assert_true (ear_wait (ear, hers, 3, WAIT_SECONDS));
  g_assert_cmpuint (ear_count_of (ear, bobs), ==, 0);
}

static void
test_no_polkit (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autofree char *hers = serve_one_of (self, "alice", NULL);
  g_autofree char *bobs = serve_one_of (self, "bob", NULL);
  g_autoptr (Ear) ear = ear_new (alice);

  fixture_polkit_stop (self);
  assert_subscribed (subscribe_begin (alice));
  g_assert_true (ear_wait (ear, hers, 3, WAIT_SECONDS));
  g_assert_cmpuint (ear_count_of (ear, bobs), ==, 0);
}

/* The ninth question of a client is none: it is answered at once, with what is its own. */
static void
test_many_questions (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  Call *calls[12];
  guint done = 0;

  fixture_polkit_hang (self);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    calls[i] = subscribe_begin (alice);
  wait_for (300);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    done += call_is_done (calls[i]) ? 1 : 0;
  g_assert_cmpuint (done, ==, G_N_ELEMENTS (calls) - 8);
  fixture_polkit_continue (self);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    assert_subscribed (calls[i]);
}

/* Who has left while polkit was thinking is no subscriber. */
static void
test_leaves_while_polkit_is_asked (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");

  fixture_service_stop (self);
  fixture_service_start (self, "--idle-exit=1", NULL);
  fixture_service_wait_probed (self);
  fixture_polkit_hang (self);
  call_forget (subscribe_begin (alice));
  wait_for (200);
  g_dbus_connection_close_sync (alice, NULL, NULL);
  g_assert_cmpint (fixture_service_wait_exit (self, WAIT_SECONDS), ==, 0);
  fixture_polkit_continue (self);
}

static void
add (const char *path, void (*function) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, fixture_set_up_own, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  own_program = argv[0];
  if (argc == 2 && g_str_equal (argv[1], "--client"))
    return run_client ();

  g_test_init (&argc, &argv, NULL);
  add ("/subscriptions/never-asks-a-person", test_never_asks_a_person);
  add ("/subscriptions/polkit-hangs", test_polkit_hangs);
  add ("/subscriptions/no-polkit", test_no_polkit);
  add ("/subscriptions/many-questions", test_many_questions);
  add ("/subscriptions/leaves-while-polkit-is-asked", test_leaves_while_polkit_is_asked);
  return g_test_run ();
}
