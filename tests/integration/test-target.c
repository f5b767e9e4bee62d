/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "targets.h"

#include <signal.h>

#define WAIT_SECONDS 5

/* What the service tells about its target, in the order in which it does. */
typedef struct {
  GDBusConnection *connection;
  GString *text;
  guint changes;
  guint exits;
} Story;

static void
on_properties_changed (GDBusConnection *connection, const char *sender, const char *path,
                       const char *interface, const char *name, GVariant *arguments, gpointer data)
{
  Story *story = data;
  g_autoptr (GVariant) changed = g_variant_get_child_value (arguments, 1);
  gboolean enabled;
  const char *state;

  if (g_variant_lookup (changed, "State", "&s", &state))
    g_string_append_printf (story->text, "%s ", state);
  if (g_variant_lookup (changed, "Enabled", "b", &enabled))
    g_string_append (story->text, enabled ? "on " : "off ");
}

static void
on_target_exited (GDBusConnection *connection, const char *sender, const char *path,
                  const char *interface, const char *name, GVariant *arguments, gpointer data)
{
  Story *story = data;
  guint32 pid;

  g_variant_get (arguments, "(u)", &pid);
  g_string_append_printf (story->text, "exit-of-%u ", pid);
}

static void
story_clear (Story *story)
{
  g_dbus_connection_signal_unsubscribe (story->connection, story->changes);
  g_dbus_connection_signal_unsubscribe (story->connection, story->exits);
  g_string_free (story->text, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Story, story_clear)

static void
story_init (Story *story, GDBusConnection *connection)
{
  story->connection = connection;
  story->text = g_string_new (NULL);
  story->changes = g_dbus_connection_signal_subscribe (
    connection, SERVICE_NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged", SERVICE_PATH,
    NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_properties_changed, story, NULL);
  story->exits = g_dbus_connection_signal_subscribe (
    connection, SERVICE_NAME, SERVICE_INTERFACE, "TargetExited", SERVICE_PATH, NULL,
    G_DBUS_SIGNAL_FLAGS_NONE, on_target_exited, story, NULL);
  wait_for_bus (connection);
}

typedef struct {
  Story *story;
  const char *regex;
} StoryWait;

static gboolean
story_matches (gpointer data)
{
  const StoryWait *wait = data;

  return g_regex_match_simple (wait->regex, wait->story->text->str, G_REGEX_ANCHORED, 0);
}

/* @format: of a regular expression for the whole of what was told since the last time. */
static void story_expect (Story *story, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
story_expect (Story *story, const char *format, ...)
{
  g_autofree char *regex = NULL, *whole = NULL;
  va_list arguments;

  va_start (arguments, format);
  regex = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  whole = g_strconcat (regex, "$", NULL);
  wait_until (story_matches, &(StoryWait){ story, whole }, WAIT_SECONDS);
  wait_for (50); /* for what should not come */
  if (!story_matches (&(StoryWait){ story, whole }))
    g_error ("Expected the story %s, was told: %s", regex, story->text->str);
  g_string_truncate (story->text, 0);
}

/* Quick work may be over before the first word about it. */
#define BEGINS "(starting on running |running on )"

static void
set (Fixture *self, const char *name, GVariant *value, const char *error_name)
{
  g_autoptr (GError) error = NULL;

  set_property (self->connection, name, value, CALL_PLAIN, &error);
  if (error_name != NULL)
    assert_error_name (error, error_name);
  g_assert_no_error (error);
}

static void
set_pid (Fixture *self, guint32 pid, const char *error_name)
{
  set (self, "Pid", g_variant_new_uint32 (pid), error_name);
}

static void
set_enabled (Fixture *self, gboolean enabled, const char *error_name)
{
  set (self, "Enabled", g_variant_new_boolean (enabled), error_name);
}

static void
assert_target (Fixture *self, const char *state, gboolean enabled, guint32 pid)
{
  assert_property (self->connection, "State", g_variant_new_string (state));
  assert_property (self->connection, "Enabled", g_variant_new_boolean (enabled));
  assert_property (self->connection, "ActiveTargets", g_variant_new_uint32 (enabled ? 1 : 0));
  assert_property (self->connection, "Pid", g_variant_new_uint32 (pid));
  assert_property (self->connection, "LastError", g_variant_new_string (""));
}

static void
end_process (Child *process)
{
  child_signal (process, SIGKILL);
  g_assert_true (child_wait (process, WAIT_SECONDS, NULL));
}

static void
test_on_and_off (Fixture *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (self, "alice");
  g_auto (Story) story = { NULL };

  story_init (&story, self->connection);
  set_pid (self, pid, NULL);
  assert_target (self, "disabled", FALSE, pid);
  for (guint i = 0; i < 3; i++) {
    set_enabled (self, TRUE, NULL);
    story_expect (&story, BEGINS);
    assert_target (self, "running", TRUE, pid);
    set_enabled (self, TRUE, NULL);
    story_expect (&story, "%s", "");
    set_enabled (self, FALSE, NULL);
    story_expect (&story, "disabled off ");
    assert_target (self, "disabled", FALSE, pid);
    set_enabled (self, FALSE, NULL);
    story_expect (&story, "%s", "");
  }
  set_pid (self, 0, NULL);
  assert_target (self, "disabled", FALSE, 0);
}

static void
test_exit_while_served (Fixture *self, gconstpointer data)
{
  guint32 pid;
  Child *process = fixture_poser_as (self, "alice", &pid, NULL);
  g_auto (Story) story = { NULL };

  fixture_serve (self, pid);
  story_init (&story, self->connection);
  end_process (process);
  story_expect (&story, "target-exited off exit-of-%u ", pid);
  assert_target (self, "target-exited", FALSE, pid);
  set_enabled (self, TRUE, SERVICE_ERROR "ProcessExited");
  set_pid (self, pid, SERVICE_ERROR "NoSuchProcess");
  set_enabled (self, FALSE, NULL);
  assert_target (self, "target-exited", FALSE, pid);
  set_pid (self, 0, NULL);
  assert_target (self, "disabled", FALSE, 0);
  story_expect (&story, "disabled ");
}

static void
test_exit_while_not_served (Fixture *self, gconstpointer data)
{
  guint32 pid, other = fixture_process_of (self, "bob");
  Child *process = fixture_poser_as (self, "alice", &pid, NULL);
  g_auto (Story) story = { NULL };

  set_pid (self, pid, NULL);
  story_init (&story, self->connection);
  end_process (process);
  story_expect (&story, "target-exited exit-of-%u ", pid);
  assert_target (self, "target-exited", FALSE, pid);
  set_pid (self, other, NULL);
  assert_target (self, "disabled", FALSE, other);
  story_expect (&story, "disabled ");
}

/* A zombie's memory is gone, whether its parent has looked after it or not. */
static void
test_exit_unnoticed_by_the_parent (Fixture *self, gconstpointer data)
{
  guint32 pid;
  Child *process = fixture_poser_as (self, "alice", &pid, NULL);
  g_auto (Story) story = { NULL };

  fixture_serve (self, pid);
  story_init (&story, self->connection);
  g_assert_no_errno (kill ((pid_t) pid, SIGKILL));
  story_expect (&story, "target-exited off exit-of-%u ", pid);
  g_assert_true (child_wait (process, WAIT_SECONDS, NULL));
}

static void
test_pid_0_ends_serving (Fixture *self, gconstpointer data)
{
  g_auto (Story) story = { NULL };

  fixture_serve (self, fixture_process_of (self, "alice"));
  story_init (&story, self->connection);
  set_pid (self, 0, NULL);
  story_expect (&story, "disabled off ");
  assert_target (self, "disabled", FALSE, 0);
  set_enabled (self, TRUE, SERVICE_ERROR "NoSuchProcess");
}

static void
test_switch_while_served (Fixture *self, gconstpointer data)
{
  const guint32 first = fixture_process_of (self, "alice");
  guint32 second;
  Child *process = fixture_poser_as (self, "alice", &second, NULL);
  g_auto (Story) story = { NULL };

  fixture_serve (self, first);
  story_init (&story, self->connection);
  set_pid (self, second, NULL);
  assert_property_eventually (self->connection, "State", g_variant_new_string ("running"),
                              WAIT_SECONDS);
  story_expect (&story, "(starting running )?");
  assert_target (self, "running", TRUE, second);
  set_pid (self, second, NULL);
  story_expect (&story, "%s", "");

  set_pid (self, 4194304, SERVICE_ERROR "NoSuchProcess");
  set_pid (self, 1, SERVICE_ERROR "ProcessNotPermitted");
  set_pid (self, 2, SERVICE_ERROR "ProcessNotPermitted");
  story_expect (&story, "%s", "");
  assert_target (self, "running", TRUE, second);
  end_process (process);
  story_expect (&story, "target-exited off exit-of-%u ", second);
}

/* The same process, whatever it executes: a server that upgrades itself. */
static void
test_exec_is_no_exit (Fixture *self, gconstpointer data)
{
  g_autofree char *program = fixture_install (self, g_getenv ("DH_POSER"));
  g_autofree char *become = g_strconcat ("--become=", program, NULL);
  guint32 pid;
  Child *process = fixture_poser_as (self, "alice", &pid, become, NULL);
  g_autofree char *ready = NULL;
  g_auto (Story) story = { NULL };

  fixture_serve (self, pid);
  story_init (&story, self->connection);
  child_signal (process, SIGUSR1);
  ready = child_expect_line (process, "ready ", WAIT_SECONDS);
  wait_for (2500);
  story_expect (&story, "%s", "");
  assert_target (self, "running", TRUE, pid);
}

/* Whoever was allowed to have it served was asked about the process as it was. */
static void
test_exec_into_another_owner (Fixture *self, gconstpointer data)
{
  g_autofree char *program = fixture_install_privileged (self, PRIVILEGE_SETUID);
  g_autofree char *become = g_strconcat ("--become=", program, NULL);
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  g_autoptr (GDBusConnection) bob = fixture_connection_as (self, "bob");
  g_autoptr (GError) error = NULL;
  guint32 pid;
  Child *process = fixture_poser_as (self, "alice", &pid, become, NULL);

  serve (alice, pid, &error);
  g_assert_no_error (error);
  assert_property_eventually (bob, "State", g_variant_new_string ("running"), WAIT_SECONDS);
  child_signal (process, SIGUSR1);
  assert_property_eventually (bob, "State", g_variant_new_string ("failed"), WAIT_SECONDS);
  assert_property (bob, "LastError", g_variant_new_string (SERVICE_ERROR "ProcessNotPermitted"));
  assert_property (bob, "Enabled", g_variant_new_boolean (FALSE));
  assert_property (bob, "ActiveTargets", g_variant_new_uint32 (0));
  /* Its figures do not become everybody's with that. */
  call_method (bob, "GetStatistics", NULL, CALL_PLAIN, &error);
  assert_error_name (error, SERVICE_ERROR "NoSuchProcess");
  serve (alice, (guint32) child_get_pid (fixture_poser_as (self, "alice", NULL, NULL)), &error);
  g_assert_no_error (error);
  assert_property_eventually (bob, "State", g_variant_new_string ("running"), WAIT_SECONDS);
  assert_property (bob, "LastError", g_variant_new_string (""));
}

/* Served by who may serve any process, it is no obstacle that it has changed before. */
static void
test_enabled_after_a_change_of_owner (Fixture *self, gconstpointer data)
{
  g_autofree char *program = fixture_install_privileged (self, PRIVILEGE_SETUID);
  g_autofree char *become = g_strconcat ("--become=", program, NULL);
  guint32 pid;
  Child *process = fixture_poser_as (self, "alice", &pid, become, NULL);
  g_autofree char *ready = NULL;

  set_pid (self, pid, NULL);
  set (self, "Feedback", g_variant_new_uint32 (5000), NULL);
  child_signal (process, SIGUSR1);
  ready = child_expect_line (process, "ready ", WAIT_SECONDS);
  set_enabled (self, TRUE, NULL);
  assert_property_eventually (self->connection, "State", g_variant_new_string ("running"),
                              WAIT_SECONDS);
  wait_for (2500);
  assert_target (self, "running", TRUE, pid);
  assert_property (self->connection, "Feedback", g_variant_new_uint32 (0));
}

/* Processes that go while they are being set: the service keeps up, and ends knowing the truth. */
static void
test_processes_that_do_not_stay (Fixture *self, gconstpointer data)
{
  g_autoptr (SignalWatch) exits = signal_watch_new (self->connection, NULL, "TargetExited");
  guint set_up = 0;

  for (guint i = 0; i < 40; i++) {
    guint32 pid;
    Child *process = fixture_poser_as (self, "alice", &pid, NULL);
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) reply = NULL;
    g_autofree char *name = NULL;
    Call *call = call_begin (
      self->connection, SERVICE_INTERFACE, "Configure",
      g_variant_new_parsed ("({'Pid': <%u>, 'Enabled': <true>}, @a{sv} {})", pid), CALL_PLAIN);

    if (i % 4 != 0)
      g_usleep ((i % 4) * 300);
    end_process (process);
    reply = call_finish (call, WAIT_SECONDS, &error);
    name = error != NULL ? g_dbus_error_get_remote_error (error) : NULL;
    if (reply != NULL)
      set_up++;
    else if (g_strcmp0 (name, SERVICE_ERROR "NoSuchProcess") != 0)
      assert_error_name (error, SERVICE_ERROR "ProcessExited");
    if (reply != NULL)
      assert_property_eventually (self->connection, "State", g_variant_new_string ("target-exited"),
                                  WAIT_SECONDS);
  }
  g_test_message ("%u of 40 were set", set_up);
  g_assert_true (signal_watch_wait (exits, set_up, WAIT_SECONDS));
  wait_for (100);
  g_assert_cmpuint (exits->count, ==, set_up);
}

static void
add (const char *path, void (*function) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, fixture_set_up_all, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/target/on-and-off", test_on_and_off);
  add ("/target/exit-while-served", test_exit_while_served);
  add ("/target/exit-while-not-served", test_exit_while_not_served);
  add ("/target/exit-unnoticed-by-the-parent", test_exit_unnoticed_by_the_parent);
  add ("/target/pid-0-ends-serving", test_pid_0_ends_serving);
  add ("/target/switch-while-served", test_switch_while_served);
  add ("/target/exec-is-no-exit", test_exec_is_no_exit);
  add ("/target/exec-into-another-owner", test_exec_into_another_owner);
  add ("/target/enabled-after-a-change-of-owner", test_enabled_after_a_change_of_owner);
  add ("/target/processes-that-do-not-stay", test_processes_that_do_not_stay);
  return g_test_run ();
}
