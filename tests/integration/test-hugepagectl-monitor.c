/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "command.h"
#include "targets.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define WAIT_SECONDS 20

/* As bob: who may do nothing may still watch. */
static Child *
start_monitor (Fixture *self, const char *option)
{
  g_autoptr (User) bob = user_lookup ("bob");
  g_autofree char *program = fixture_install (self, g_getenv ("DH_HUGEPAGECTL"));
  g_autofree char *log = fixture_path (self, "monitor.log");
  const char *argv[] = { program, "monitor", option, NULL };
  ChildOptions options = { .user = bob,
                           .environment = (const char *const *) self->environment,
                           .log = log,
                           .pipe_output = TRUE };

  return child_spawn (argv, &options);
}

/* Its next line, which must be @text after the time of day. */
static void
expect_line (Child *monitor, const char *text)
{
  g_autofree char *line = child_expect_line (monitor, "", WAIT_SECONDS);

  g_assert_true (g_regex_match_simple ("^[0-2][0-9]:[0-5][0-9]:[0-6][0-9] ", line, 0, 0));
  g_assert_cmpstr (line + strlen ("hh:mm:ss "), ==, text);
}

/* Some line to come, after the time of day. Returns: (transfer full). */
static char *
expect_beginning (Child *monitor, const char *beginning)
{
  g_autofree char *line = NULL;

  do {
    g_free (line);
    line = child_expect_line (monitor, "", WAIT_SECONDS);
  } while (!g_str_has_prefix (line + strlen ("hh:mm:ss "), beginning));
  return g_strdup (line + strlen ("hh:mm:ss "));
}

/* Its next line, of that event. Returns: (transfer full). */
static JsonNode *
expect_event (Child *monitor, const char *event)
{
  g_autofree char *line = child_expect_line (monitor, "", WAIT_SECONDS);
  g_autoptr (GError) error = NULL;
  JsonNode *node = json_from_string (line, &error);

  g_assert_no_error (error);
  g_assert_true (g_str_is_ascii (line));
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (node), "Event"), ==, event);
  return node;
}

static void
skip_event (Child *monitor, const char *event)
{
  g_autoptr (JsonNode) node = expect_event (monitor, event);

  g_assert_cmpuint (json_object_get_size (json_node_get_object (node)), ==, 1);
}

/* Returns: (transfer full): what it said on stderr. */
static char *
wait_exit (Fixture *self, Child *monitor, int exit_status)
{
  g_autofree char *log = fixture_path (self, "monitor.log");
  g_autoptr (GError) error = NULL;
  char *text;
  int status;

  g_assert_true (child_wait (monitor, WAIT_SECONDS, &status));
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, exit_status);
  g_file_get_contents (log, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static void
assert_ends_by (Fixture *self, Child *monitor, int number)
{
  g_autofree char *errors = NULL;

  child_signal (monitor, number);
  errors = wait_exit (self, monitor, 0);
  g_assert_cmpstr (errors, ==, "");
}

static void
change (Fixture *self, const char *words)
{
  g_autofree char *output = hugepagectl_done (self, "root", words);

  g_assert_cmpstr (output, ==, "");
}

static void
test_a_line_for_each_change (Fixture *self, gconstpointer data)
{
  g_autoptr (Child) monitor = start_monitor (self, NULL);

  expect_line (monitor, "The service runs");
  change (self, "set Ratio 50%");
  expect_line (monitor, "Ratio: 5000 (50 %)");
  /* What stays as it was is no change. */
  change (self, "set Ratio 50%");
  hugepagectl_fails (self, "bob", "set Ratio 60%", 3, "");
  change (self, "set MinAgeUSec 250ms");
  expect_line (monitor, "MinAgeUSec: 250000 (250 ms)");
  assert_ends_by (self, monitor, SIGINT);
}

static void
test_statistics_and_exit (Fixture *self, gconstpointer data)
{
  g_autoptr (Child) monitor = start_monitor (self, NULL);
  guint32 pid;
  Child *target = fixture_poser_as (self, "alice", &pid, NULL);
  g_autofree char *enabled = NULL;
  g_autofree char *statistics = NULL;
  g_autofree char *exited = NULL;
  g_autofree char *line = g_strdup_printf ("Process %u has exited", pid);

  expect_line (monitor, "The service runs");
  change (self, "set StatisticsIntervalUSec 250ms");
  fixture_serve (self, pid);
  enabled = expect_beginning (monitor, "Enabled: ");
  g_assert_cmpstr (enabled, ==, "Enabled: yes");
  statistics = expect_beginning (monitor, "Statistics: ");
  g_assert_nonnull (strstr (statistics, "anonymous "));
  child_signal (target, SIGKILL);
  exited = expect_beginning (monitor, "Process ");
  g_assert_cmpstr (exited, ==, line);
  assert_ends_by (self, monitor, SIGTERM);
}

static void
test_json (Fixture *self, gconstpointer data)
{
  g_autoptr (Child) monitor = start_monitor (self, "--json");
  g_autoptr (JsonNode) changed = NULL;
  JsonObject *properties;

  skip_event (monitor, "ServiceAppeared");
  change (self, "set Ratio 50% QuotaSize 1M");
  changed = expect_event (monitor, "PropertiesChanged");
  properties = json_object_get_object_member (json_node_get_object (changed), "Properties");
  g_assert_cmpuint (json_object_get_size (properties), ==, 2);
  g_assert_cmpint (json_object_get_int_member (properties, "Ratio"), ==, 5000);
  g_assert_cmpint (json_object_get_int_member (properties, "QuotaSize"), ==, 1 << 20);
  fixture_service_stop (self);
  skip_event (monitor, "ServiceVanished");
  assert_ends_by (self, monitor, SIGINT);
}

/* The next event of that name. */
static JsonNode *
await_event (Child *monitor, const char *event)
{
  for (;;) {
    g_autofree char *line = child_expect_line (monitor, "{", WAIT_SECONDS);
    g_autoptr (JsonNode) node = json_from_string (line, NULL);

    g_assert_nonnull (node);
    if (g_str_equal (json_object_get_string_member (json_node_get_object (node), "Event"), event))
      return g_steal_pointer (&node);
  }
}

static void
test_json_of_a_target (Fixture *self, gconstpointer data)
{
  g_autoptr (Child) monitor = start_monitor (self, "--json");
  guint32 pid;
  Child *target = fixture_poser_as (self, "alice", &pid, NULL);
  g_autoptr (JsonNode) statistics = NULL;
  g_autoptr (JsonNode) exited = NULL;
  JsonObject *figures;

  skip_event (monitor, "ServiceAppeared");
  change (self, "set StatisticsIntervalUSec 250ms");
  fixture_serve (self, pid);
  statistics = await_event (monitor, "StatisticsUpdated");
  figures = json_object_get_object_member (json_node_get_object (statistics), "Statistics");
  g_assert_cmpint (json_object_get_int_member (figures, "timestamp"), >, 0);
  /* Everybody receives it. */
  g_assert_false (json_object_has_member (figures, "hot-bytes"));
  child_signal (target, SIGKILL);
  exited = await_event (monitor, "TargetExited");
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (exited), "Pid"), ==, pid);
  assert_ends_by (self, monitor, SIGINT);
}

static void
test_service_goes_and_comes (Fixture *self, gconstpointer data)
{
  g_autoptr (Child) monitor = start_monitor (self, NULL);

  expect_line (monitor, "The service does not run");
  for (int i = 0; i < 2; i++) {
    g_autofree char *appeared = NULL;
    g_autofree char *changed = NULL;
    g_autofree char *vanished = NULL;

    fixture_service_start (self, NULL);
    appeared = expect_beginning (monitor, "The service");
    g_assert_cmpstr (appeared, ==, "The service runs");
    fixture_service_wait_probed (self);
    change (self, "set Feedback 70%");
    changed = expect_beginning (monitor, "Feedback: ");
    fixture_service_kill (self);
    vanished = expect_beginning (monitor, "The service");
    g_assert_cmpstr (vanished, ==, "The service does not run");
  }
  assert_ends_by (self, monitor, SIGINT);
}

static void
test_bus_ends (Fixture *self, gconstpointer data)
{
  g_autoptr (Child) monitor = start_monitor (self, NULL);
  g_autofree char *errors = NULL;

  expect_line (monitor, "The service does not run");
  child_signal (self->bus, SIGKILL);
  errors = wait_exit (self, monitor, 4);
  g_assert_cmpstr (errors, ==, "hugepagectl: The system bus has ended. Is dbus.service running?\n");
}

static void
send (Fixture *self, const char *interface, const char *signal, const char *parameters)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (NULL, parameters, NULL, NULL, &error);

  g_assert_no_error (error);
  g_dbus_connection_emit_signal (self->connection, NULL, SERVICE_PATH, interface, signal, value,
                                 &error);
  g_assert_no_error (error);
}

/* A later version may say what this one does not know, in types that it does not expect. */
static void
test_unknown_service (Fixture *self, gconstpointer data)
{
  g_autoptr (Child) monitor = start_monitor (self, NULL);
  g_autoptr (Child) json = start_monitor (self, "--json");
  g_autoptr (JsonNode) node = NULL;
  guint owner;

  expect_line (monitor, "The service does not run");
  skip_event (json, "ServiceVanished");
  owner = g_bus_own_name_on_connection (self->connection, SERVICE_NAME, 0, NULL, NULL, NULL, NULL);
  expect_line (monitor, "The service runs");
  skip_event (json, "ServiceAppeared");
  send (self, SERVICE_INTERFACE, "TargetExited", "('x',)");
  send (self, SERVICE_INTERFACE, "StatisticsUpdated", "(@u 1,)");
  send (self, SERVICE_INTERFACE, "Unheard", "(@u 1,)");
  send (self, "org.freedesktop.DBus.Properties", "PropertiesChanged", "(@u 1,)");
  send (self, SERVICE_INTERFACE, "StatisticsUpdated", "({'ratio': <'x'>, 'hot-bytes': <5.5>},)");
  send (self, "org.freedesktop.DBus.Properties", "PropertiesChanged",
        "('org.damon.Hugepage1', {'Ratio': <'\\u001b[2J\\n'>, 'New': <[(1, 'a')]>}, @as [])");

  expect_line (monitor, "Statistics: ");
  expect_line (monitor, "Ratio: \\x1b[2J\\x0a");
  expect_line (monitor, "New: [(1, 'a')]");
  node = expect_event (json, "StatisticsUpdated");
  g_clear_pointer (&node, json_node_unref);
  node = expect_event (json, "PropertiesChanged");
  g_bus_unown_name (owner);
  expect_line (monitor, "The service does not run");
  assert_ends_by (self, monitor, SIGINT);
  assert_ends_by (self, json, SIGINT);
}

#define ADD(path, set_up, test)                                                                    \
  g_test_add ("/hugepagectl-monitor/" path, Fixture, NULL, set_up, test, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("a-line-for-each-change", fixture_set_up_all, test_a_line_for_each_change);
  ADD ("statistics-and-exit", fixture_set_up_all, test_statistics_and_exit);
  ADD ("json", fixture_set_up_all, test_json);
  ADD ("json-of-a-target", fixture_set_up_all, test_json_of_a_target);
  ADD ("service-goes-and-comes", fixture_set_up_bus, test_service_goes_and_comes);
  ADD ("bus-ends", fixture_set_up_bus, test_bus_ends);
  ADD ("unknown-service", fixture_set_up_bus, test_unknown_service);
  return g_test_run ();
}
