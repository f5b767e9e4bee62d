/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "authority.h"

#include "error.h"

#include "fixture.h"

#include <polkit/polkit.h>
#include <string.h>
#include <unistd.h>

#define WAIT_SECONDS 20

/* tune has no rule: what holds is the policy's auth_admin_keep. */
static const char rules[] =
  "polkit.addRule(function(action, subject) {\n"
  "  if (action.id == 'org.damon.Hugepage.target-own')\n"
  "    return subject.user == 'alice' ? polkit.Result.YES : polkit.Result.NO;\n"
  "  if (action.id == 'org.damon.Hugepage.target-any')\n"
  "    return action.lookup('pid') == '4242' && action.lookup('uid') == '0' &&\n"
  "           action.lookup('user') == 'root' && action.lookup('unit') == 'redis.service' &&\n"
  "           action.lookup('user-unit') == 'app.scope' ?\n"
  "           polkit.Result.YES : polkit.Result.NO;\n"
  "  if (action.id == 'org.damon.Hugepage.inspect')\n"
  "    return action.lookup('pid') || action.lookup('uid') || action.lookup('user') ||\n"
  "           action.lookup('unit') || action.lookup('user-unit') ?\n"
  "           polkit.Result.NO : polkit.Result.YES;\n"
  "});\n";

/* An authentication agent whose user dismisses every dialogue. */
#define AGENT_OPTION "--agent"
#define AGENT_READY "ready "
#define AGENT_PATH "/agent"

static const char agent_xml[] =
  "<node><interface name='org.freedesktop.PolicyKit1.AuthenticationAgent'>"
  "  <method name='BeginAuthentication'>"
  "    <arg type='s' direction='in'/><arg type='s' direction='in'/>"
  "    <arg type='s' direction='in'/><arg type='a{ss}' direction='in'/>"
  "    <arg type='s' direction='in'/><arg type='a(sa{sv})' direction='in'/>"
  "  </method>"
  "  <method name='CancelAuthentication'><arg type='s' direction='in'/></method>"
  "</interface></node>";

/* One bus for all tests: libpolkit has one connection to it for the whole process. */
static Fixture machine;
static const char *own_program;
static GDBusConnection *service;

typedef struct {
  DhPresence *presence;
  DhAuthority *authority;
  GDBusConnection *alice;
  GDBusConnection *bob;
} AuthorityTest;

/* What became of one question. */
typedef struct {
  gboolean done;
  gboolean allowed;
  guint32 uid;
  GError *error;
} Answer;

static void
answer_clear (Answer *answer)
{
  g_clear_error (&answer->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

static gboolean
is_done (gpointer data)
{
  const Answer *answer = data;

  return answer->done;
}

static void
await (Answer *answer)
{
  g_assert_true (wait_until (is_done, answer, WAIT_SECONDS));
}

/* libpolkit warns where the polkitd that a question is taken back from has forgotten it, or is no
 * more: here that is so on purpose. */
static gboolean
is_expected (const char *message)
{
  return g_str_has_prefix (message, "Error cancelling authorization check");
}

static gboolean
is_fatal (const char *domain G_GNUC_UNUSED, GLogLevelFlags level G_GNUC_UNUSED, const char *message,
          gpointer data G_GNUC_UNUSED)
{
  return !is_expected (message);
}

static void
log_warning (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  if (is_expected (message))
    g_test_message ("%s", message);
  else
    g_log_default_handler (domain, level, message, data);
}

static guint32
uid_of (AuthorityTest *test, GDBusConnection *caller)
{
  g_autoptr (User) user = user_lookup (caller == test->bob ? "bob" : "alice");

  return (guint32) user->uid;
}

static void
set_up_without_polkitd (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  g_test_log_set_fatal_handler (is_fatal, NULL);
  test->alice = fixture_connection_as (&machine, "alice");
  test->bob = fixture_connection_as (&machine, "bob");
  test->presence = dh_presence_new (service);
  test->authority = dh_authority_new (service, test->presence);
}

static void
set_up (AuthorityTest *test, gconstpointer data)
{
  set_up_without_polkitd (test, data);
  fixture_polkit_start (&machine);
}

static void
leave (GDBusConnection **connection)
{
  g_assert_true (g_dbus_connection_close_sync (*connection, NULL, NULL));
  g_clear_object (connection);
}

static gboolean
is_gone (gpointer data)
{
  const AuthorityTest *test = data;

  return test->authority == NULL;
}

/* Whatever has been asked, nothing holds the authority once all is answered. */
static void
drop_authority (AuthorityTest *test)
{
  g_object_add_weak_pointer (G_OBJECT (test->authority), (gpointer *) &test->authority);
  g_object_unref (test->authority);
}

static void
tear_down (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  if (machine.polkit != NULL)
    fixture_polkit_stop (&machine);
  g_clear_object (&test->alice);
  g_clear_object (&test->bob);

  if (test->authority != NULL) {
    g_assert_cmpuint (dh_authority_get_pending (test->authority), ==, 0);
    drop_authority (test);
  }
  g_assert_true (wait_until (is_gone, test, WAIT_SECONDS));
  dh_presence_unref (test->presence);
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;

  g_assert_false (answer->done);
  answer->allowed = dh_authority_check_finish (DH_AUTHORITY (source), result, &answer->error);
  g_assert_true (answer->allowed == (answer->error == NULL));
  answer->done = TRUE;
}

static void
ask (AuthorityTest *test, GDBusConnection *caller, DhAction action, Answer *answer)
{
  dh_authority_check_async (test->authority, g_dbus_connection_get_unique_name (caller),
                            uid_of (test, caller), action, NULL, FALSE, NULL, on_checked, answer);
}

static void
ask_interactively (AuthorityTest *test, GDBusConnection *caller, DhAction action, Answer *answer)
{
  dh_authority_check_async (test->authority, g_dbus_connection_get_unique_name (caller),
                            uid_of (test, caller), action, NULL, TRUE, NULL, on_checked, answer);
}

static void
assert_allowed (Answer *answer)
{
  await (answer);
  g_assert_no_error (answer->error);
  g_assert_true (answer->allowed);
}

/* @word: of the message, which names the action too. */
static void
assert_refused (Answer *answer, DhError code, DhAction action, const char *word)
{
  await (answer);
  g_assert_error (answer->error, DH_ERROR, (int) code);
  g_test_message ("%s", answer->error->message);
  g_assert_nonnull (strstr (answer->error->message, dh_action_get_name (action)));
  g_assert_nonnull (strstr (answer->error->message, word));
}

static void
test_allowed_by_rule (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (Answer) answer = { 0 };

  ask (test, test->alice, DH_ACTION_TARGET_OWN, &answer);
  g_assert_cmpuint (dh_authority_get_pending (test->authority), ==, 1);
  assert_allowed (&answer);
  g_assert_cmpuint (dh_authority_get_pending (test->authority), ==, 0);
}

static void
test_denied_by_rule (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (Answer) answer = { 0 };

  ask (test, test->bob, DH_ACTION_TARGET_OWN, &answer);
  assert_refused (&answer, DH_ERROR_ACCESS_DENIED, DH_ACTION_TARGET_OWN, "rule");
}

static void
ask_about (AuthorityTest *test, const DhActionDetails *details, Answer *answer)
{
  dh_authority_check_async (test->authority, g_dbus_connection_get_unique_name (test->alice),
                            uid_of (test, test->alice), DH_ACTION_TARGET_ANY, details, FALSE, NULL,
                            on_checked, answer);
}

static void
test_details_reach_the_rule (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  /* uid 0 is a user like others here: only without a PID it is left out. */
  const DhActionDetails details = {
    .pid = 4242, .uid = 0, .user = "root", .unit = "redis.service", .user_unit = "app.scope"
  };
  DhActionDetails other = details;
  g_auto (Answer) allowed = { 0 };
  g_auto (Answer) denied = { 0 };

  ask_about (test, &details, &allowed);
  other.unit = "sshd.service";
  ask_about (test, &other, &denied);
  assert_allowed (&allowed);
  assert_refused (&denied, DH_ERROR_ACCESS_DENIED, DH_ACTION_TARGET_ANY, "rule");
}

static void
test_empty_details_are_left_out (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  const DhActionDetails details = { .pid = 0, .uid = 1, .user = "", .unit = NULL, .user_unit = "" };
  g_auto (Answer) answer = { 0 };

  dh_authority_check_async (test->authority, g_dbus_connection_get_unique_name (test->bob),
                            uid_of (test, test->bob), DH_ACTION_INSPECT, &details, FALSE, NULL,
                            on_checked, &answer);
  assert_allowed (&answer);
}

static void
test_challenge_without_interaction (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (Answer) answer = { 0 };

  ask (test, test->alice, DH_ACTION_TUNE, &answer);
  assert_refused (&answer, DH_ERROR_INTERACTION_REQUIRED, DH_ACTION_TUNE, "interactive");
}

static void
test_challenge_without_agent (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (Answer) answer = { 0 };

  ask_interactively (test, test->alice, DH_ACTION_TUNE, &answer);
  assert_refused (&answer, DH_ERROR_ACCESS_DENIED, DH_ACTION_TUNE, "agent");
}

static void
test_denied_without_polkitd (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (Answer) answer = { 0 };
  g_auto (Answer) interactive = { 0 };

  ask (test, test->alice, DH_ACTION_TARGET_OWN, &answer);
  ask_interactively (test, test->alice, DH_ACTION_TARGET_OWN, &interactive);
  assert_refused (&answer, DH_ERROR_ACCESS_DENIED, DH_ACTION_TARGET_OWN, "could not be asked");
  assert_refused (&interactive, DH_ERROR_ACCESS_DENIED, DH_ACTION_TARGET_OWN, "could not be asked");
}

static void
test_allowed_once_polkitd_comes (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (Answer) before = { 0 };
  g_auto (Answer) after = { 0 };

  ask (test, test->alice, DH_ACTION_TARGET_OWN, &before);
  assert_refused (&before, DH_ERROR_ACCESS_DENIED, DH_ACTION_TARGET_OWN, "could not be asked");
  fixture_polkit_start (&machine);
  ask (test, test->alice, DH_ACTION_TARGET_OWN, &after);
  assert_allowed (&after);
}

static void
test_allowed_after_polkitd_restarts (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (Answer) before = { 0 };
  g_auto (Answer) without = { 0 };
  g_auto (Answer) after = { 0 };

  ask (test, test->alice, DH_ACTION_TARGET_OWN, &before);
  assert_allowed (&before);
  fixture_polkit_stop (&machine);
  ask (test, test->alice, DH_ACTION_TARGET_OWN, &without);
  assert_refused (&without, DH_ERROR_ACCESS_DENIED, DH_ACTION_TARGET_OWN, "could not be asked");
  fixture_polkit_start (&machine);
  ask (test, test->alice, DH_ACTION_TARGET_OWN, &after);
  assert_allowed (&after);
}

static void
test_denied_when_polkitd_dies (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (Answer) before = { 0 };
  g_auto (Answer) during = { 0 };

  ask (test, test->alice, DH_ACTION_TARGET_OWN, &before);
  assert_allowed (&before);
  fixture_polkit_hang (&machine);
  ask (test, test->alice, DH_ACTION_TARGET_OWN, &during);
  fixture_polkit_stop (&machine);
  assert_refused (&during, DH_ERROR_ACCESS_DENIED, DH_ACTION_TARGET_OWN, "could not be asked");
}

/* The same must hold whether polkitd hangs before or after libpolkit has found it. */
static void
check_limit_and_deadline (AuthorityTest *test)
{
  Answer answers[DH_AUTHORITY_MAX_PENDING] = { 0 };
  g_auto (Answer) ninth = { 0 };
  g_auto (Answer) other = { 0 };
  g_auto (Answer) interactive = { 0 };
  const gint64 start = g_get_monotonic_time ();

  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    ask (test, test->alice, DH_ACTION_TARGET_OWN, &answers[i]);
  ask (test, test->alice, DH_ACTION_TARGET_OWN, &ninth);
  ask (test, test->bob, DH_ACTION_TARGET_OWN, &other);
  ask_interactively (test, test->bob, DH_ACTION_TUNE, &interactive);

  assert_refused (&ninth, DH_ERROR_LIMIT_EXCEEDED, DH_ACTION_TARGET_OWN, "too many");
  g_assert_cmpint (g_get_monotonic_time () - start, <, G_USEC_PER_SEC);
  g_assert_false (answers[0].done);
  g_assert_false (other.done);
  g_assert_cmpuint (dh_authority_get_pending (test->authority), ==, DH_AUTHORITY_MAX_PENDING + 2);

  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++) {
    assert_refused (&answers[i], DH_ERROR_ACCESS_DENIED, DH_ACTION_TARGET_OWN, "does not answer");
    answer_clear (&answers[i]);
  }
  assert_refused (&other, DH_ERROR_ACCESS_DENIED, DH_ACTION_TARGET_OWN, "does not answer");
  g_assert_cmpint (g_get_monotonic_time () - start, >=,
                   (DH_AUTHORITY_TIMEOUT_SEC - 1) * G_USEC_PER_SEC);

  /* A dialogue lasts as long as the caller stays. */
  g_assert_false (interactive.done);
  leave (&test->bob);
  assert_refused (&interactive, DH_ERROR_ACCESS_DENIED, DH_ACTION_TUNE, "left");
}

static void
test_hung_before_it_was_reached (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  fixture_polkit_hang (&machine);
  check_limit_and_deadline (test);
}

static void
test_hung_after_it_was_reached (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (Answer) before = { 0 };
  g_auto (Answer) after = { 0 };

  ask (test, test->alice, DH_ACTION_TARGET_OWN, &before);
  assert_allowed (&before);
  fixture_polkit_hang (&machine);
  check_limit_and_deadline (test);

  fixture_polkit_continue (&machine);
  ask (test, test->alice, DH_ACTION_TARGET_OWN, &after);
  assert_allowed (&after);
}

static void
test_caller_leaves (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (Answer) unreached = { 0 };
  g_auto (Answer) reached = { 0 };
  g_auto (Answer) before = { 0 };

  fixture_polkit_hang (&machine);
  ask (test, test->bob, DH_ACTION_TARGET_OWN, &unreached);
  leave (&test->bob);
  assert_refused (&unreached, DH_ERROR_ACCESS_DENIED, DH_ACTION_TARGET_OWN, "left");
  g_assert_cmpuint (dh_authority_get_pending (test->authority), ==, 0);

  fixture_polkit_continue (&machine);
  ask (test, test->alice, DH_ACTION_TARGET_OWN, &before);
  assert_allowed (&before);
  fixture_polkit_hang (&machine);
  ask (test, test->alice, DH_ACTION_TARGET_OWN, &reached);
  leave (&test->alice);
  assert_refused (&reached, DH_ERROR_ACCESS_DENIED, DH_ACTION_TARGET_OWN, "left");
  g_assert_cmpuint (dh_authority_get_pending (test->authority), ==, 0);
}

static void
test_caller_has_left_before (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GDBusConnection) alice = g_object_ref (test->alice);
  g_auto (Answer) answer = { 0 };

  leave (&test->alice);
  fixture_polkit_hang (&machine);
  ask (test, alice, DH_ACTION_TARGET_OWN, &answer);
  assert_refused (&answer, DH_ERROR_ACCESS_DENIED, DH_ACTION_TARGET_OWN, "left");
}

static void
ask_cancellably (AuthorityTest *test, GCancellable *cancellable, Answer *answer)
{
  dh_authority_check_async (test->authority, g_dbus_connection_get_unique_name (test->alice),
                            uid_of (test, test->alice), DH_ACTION_TARGET_OWN, NULL, FALSE,
                            cancellable, on_checked, answer);
}

static void
test_cancelled (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Answer) during = { 0 };
  g_auto (Answer) before = { 0 };

  fixture_polkit_hang (&machine);
  ask_cancellably (test, cancellable, &during);
  g_assert_cmpuint (dh_authority_get_pending (test->authority), ==, 1);
  g_cancellable_cancel (cancellable);
  await (&during);
  g_assert_error (during.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (dh_authority_get_pending (test->authority), ==, 0);

  ask_cancellably (test, cancellable, &before);
  g_assert_cmpuint (dh_authority_get_pending (test->authority), ==, 0);
  await (&before);
  g_assert_error (before.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_dropped_with_a_question_open (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (Answer) answer = { 0 };

  fixture_polkit_hang (&machine);
  ask (test, test->alice, DH_ACTION_TARGET_OWN, &answer);
  drop_authority (test);
  fixture_polkit_continue (&machine);
  assert_allowed (&answer);
  g_assert_true (wait_until (is_gone, test, WAIT_SECONDS));
}

static void
on_uid (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;

  answer->allowed =
    dh_authority_get_uid_finish (DH_AUTHORITY (source), result, &answer->uid, &answer->error);
  answer->done = TRUE;
}

static void
test_uid_of_alice (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (User) alice = user_lookup ("alice");
  g_auto (Answer) answer = { .uid = G_MAXUINT32 };

  dh_authority_get_uid_async (test->authority, g_dbus_connection_get_unique_name (test->alice),
                              on_uid, &answer);
  assert_allowed (&answer);
  g_assert_cmpuint (answer.uid, ==, alice->uid);

  /* It is remembered, and hers alone. */
  answer = (Answer){ .uid = G_MAXUINT32 };
  dh_authority_get_uid_async (test->authority, g_dbus_connection_get_unique_name (test->alice),
                              on_uid, &answer);
  assert_allowed (&answer);
  g_assert_cmpuint (answer.uid, ==, alice->uid);
  answer = (Answer){ .uid = G_MAXUINT32 };
  dh_authority_get_uid_async (test->authority, g_dbus_connection_get_unique_name (service), on_uid,
                              &answer);
  assert_allowed (&answer);
  g_assert_cmpuint (answer.uid, ==, 0);
}

static void
test_uid_of_root (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (Answer) answer = { .uid = G_MAXUINT32 };

  dh_authority_get_uid_async (test->authority, g_dbus_connection_get_unique_name (service), on_uid,
                              &answer);
  assert_allowed (&answer);
  g_assert_cmpuint (answer.uid, ==, 0);
}

static void
assert_nobody (Answer *answer)
{
  await (answer);
  g_assert_false (answer->allowed);
  g_assert_error (answer->error, DH_ERROR, DH_ERROR_ACCESS_DENIED);
  g_assert_cmpuint (answer->uid, ==, G_MAXUINT32);
}

static void
test_uid_of_nobody (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GDBusConnection) alice = g_object_ref (test->alice);
  g_auto (Answer) vanished = { .uid = G_MAXUINT32 };

  leave (&test->alice);
  dh_authority_get_uid_async (test->authority, g_dbus_connection_get_unique_name (alice), on_uid,
                              &vanished);
  assert_nobody (&vanished);
}

typedef struct {
  GString *order;
  char name;
} Turn;

static void
on_uid_in_turn (GObject *source, GAsyncResult *result, gpointer user_data)
{
  const Turn *turn = user_data;
  g_autoptr (GError) error = NULL;
  guint32 uid;

  dh_authority_get_uid_finish (DH_AUTHORITY (source), result, &uid, &error);
  g_assert_no_error (error);
  g_string_append_c (turn->order, turn->name);
}

static gboolean
has_three (gpointer data)
{
  return ((GString *) data)->len == 3;
}

/* Who asks while the bus is being asked gets the answer after the first. */
static void
test_uid_in_turn (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GString) order = g_string_new (NULL);
  Turn turns[] = { { order, 'a' }, { order, 'b' }, { order, 'c' } };

  for (guint i = 0; i < G_N_ELEMENTS (turns); i++)
    dh_authority_get_uid_async (test->authority, g_dbus_connection_get_unique_name (test->alice),
                                on_uid_in_turn, &turns[i]);
  g_assert_true (wait_until (has_three, order, WAIT_SECONDS));
  g_assert_cmpstr (order->str, ==, "abc");
}

static void
on_agent_called (GDBusConnection *connection G_GNUC_UNUSED, const char *sender G_GNUC_UNUSED,
                 const char *path G_GNUC_UNUSED, const char *interface G_GNUC_UNUSED,
                 const char *method G_GNUC_UNUSED, GVariant *arguments G_GNUC_UNUSED,
                 GDBusMethodInvocation *invocation, gpointer data G_GNUC_UNUSED)
{
  g_dbus_method_invocation_return_dbus_error (
    invocation, "org.freedesktop.PolicyKit1.Error.Cancelled", "The user closed the dialogue");
}

static void
export_agent (GDBusConnection *connection)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_agent_called };
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (agent_xml, &error);

  g_assert_no_error (error);
  g_dbus_connection_register_object (connection, AGENT_PATH, node->interfaces[0], &vtable, NULL,
                                     NULL, &error);
  g_assert_no_error (error);
}

/* What this program is in a second process: polkit takes an agent from a user's process alone. */
static int
run_agent (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (PolkitSubject) subject = polkit_unix_process_new_for_owner (getpid (), 0, -1);
  g_autoptr (GError) error = NULL;
  g_autoptr (PolkitAuthority) polkit = polkit_authority_get_sync (NULL, &error);
  g_autoptr (GDBusConnection) connection = NULL;

  g_assert_no_error (error);
  connection = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, &error);
  g_assert_no_error (error);
  export_agent (connection);
  polkit_authority_register_authentication_agent_sync (polkit, subject, "C", AGENT_PATH, NULL,
                                                       &error);
  g_assert_no_error (error);
  g_print (AGENT_READY "%s\n", g_dbus_connection_get_unique_name (connection));
  g_main_loop_run (loop);
  return 0;
}

static void
test_dismissed (AuthorityTest *test, gconstpointer data G_GNUC_UNUSED)
{
  g_autofree char *program = g_canonicalize_filename (own_program, NULL);
  Child *agent = fixture_spawn_as (&machine, "alice", program, AGENT_OPTION, NULL);
  g_autofree char *ready = child_expect_line (agent, AGENT_READY, WAIT_SECONDS);
  g_auto (Answer) answer = { 0 };

  dh_authority_check_async (test->authority, ready + strlen (AGENT_READY),
                            uid_of (test, test->alice), DH_ACTION_TUNE, NULL, TRUE, NULL,
                            on_checked, &answer);
  assert_refused (&answer, DH_ERROR_ACCESS_DENIED, DH_ACTION_TUNE, "dismissed");
}

static void
add (const char *path, void (*function) (AuthorityTest *, gconstpointer))
{
  g_test_add (path, AuthorityTest, NULL, set_up, function, tear_down);
}

static void
add_without_polkitd (const char *path, void (*function) (AuthorityTest *, gconstpointer))
{
  g_test_add (path, AuthorityTest, NULL, set_up_without_polkitd, function, tear_down);
}

static void
set_up_machine (void)
{
  g_autoptr (GError) error = NULL;

  fixture_set_up_bus (&machine, NULL);
  fixture_polkit_rules (&machine, rules);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", machine.bus_address, TRUE);
  service = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, &error);
  g_assert_no_error (error);
  g_dbus_connection_set_exit_on_close (service, FALSE);
}

int
main (int argc, char **argv)
{
  int status;

  own_program = argv[0];
  if (argc == 2 && g_str_equal (argv[1], AGENT_OPTION))
    return run_agent ();

  g_test_init (&argc, &argv, NULL);
  g_log_set_handler (NULL, G_LOG_LEVEL_WARNING | G_LOG_FLAG_FATAL, log_warning, NULL);
  set_up_machine ();

  add ("/authority/allowed-by-rule", test_allowed_by_rule);
  add ("/authority/denied-by-rule", test_denied_by_rule);
  add ("/authority/details-reach-the-rule", test_details_reach_the_rule);
  add ("/authority/empty-details-are-left-out", test_empty_details_are_left_out);
  add ("/authority/challenge-without-interaction", test_challenge_without_interaction);
  add ("/authority/challenge-without-agent", test_challenge_without_agent);
  add ("/authority/dismissed", test_dismissed);
  add_without_polkitd ("/authority/denied-without-polkitd", test_denied_without_polkitd);
  add_without_polkitd ("/authority/allowed-once-polkitd-comes", test_allowed_once_polkitd_comes);
  add ("/authority/allowed-after-polkitd-restarts", test_allowed_after_polkitd_restarts);
  add ("/authority/denied-when-polkitd-dies", test_denied_when_polkitd_dies);
  add ("/authority/hung-before-it-was-reached", test_hung_before_it_was_reached);
  add ("/authority/hung-after-it-was-reached", test_hung_after_it_was_reached);
  add ("/authority/caller-leaves", test_caller_leaves);
  add ("/authority/caller-has-left-before", test_caller_has_left_before);
  add ("/authority/cancelled", test_cancelled);
  add ("/authority/dropped-with-a-question-open", test_dropped_with_a_question_open);
  add_without_polkitd ("/authority/uid-of-alice", test_uid_of_alice);
  add_without_polkitd ("/authority/uid-of-root", test_uid_of_root);
  add_without_polkitd ("/authority/uid-of-nobody", test_uid_of_nobody);
  add_without_polkitd ("/authority/uids-in-turn", test_uid_in_turn);

  status = g_test_run ();
  g_clear_object (&service);
  fixture_tear_down (&machine, NULL);
  return status;
}
