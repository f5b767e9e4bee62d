/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "command-case.h"
#include "targets.h"

#include <signal.h>
#include <string.h>

/* Commands that are served from their start, by "hugepagectl run". */

/* The path of a file that a command can make. Returns: (transfer full). */
static char *
get_mark (Fixture *self)
{
  return fixture_path (self, "shared/mark");
}

/* What the command sees in its first moment is a list in which it is, maybe not yet looked at; that
 * comes. */
static void
test_is_a_target_from_its_start (Fixture *self, gconstpointer data)
{
  static const char *const states[] = { "starting", "running", NULL };
  g_autofree char *output = NULL;
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;
  JsonObject *target, *details;
  char *list;
  gint64 pid;

  fixture_install_hugepagectl (self);
  output = hugepagectl_done (self, "alice",
                             "run --ratio=40% --feedback=90% --reason='nightly batch'"
                             " --application-id=org.example.App --"
                             " sh -c 'echo $$; hugepagectl targets --json;"
                             " until hugepagectl targets | grep -q running; do sleep 0.1; done'");
  pid = g_ascii_strtoll (output, &list, 10);
  node = json_from_string (list, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (json_array_get_length (json_node_get_array (node)), ==, 1);
  target = json_array_get_object_element (json_node_get_array (node), 0);
  g_assert_cmpint (json_object_get_int_member (target, "Pid"), ==, pid);
  g_assert_true (g_strv_contains (states, json_object_get_string_member (target, "State")));
  g_assert_true (json_object_get_boolean_member (target, "Bound"));
  g_assert_false (json_object_get_boolean_member (target, "Primary"));
  g_assert_cmpint (json_object_get_int_member (target, "Ratio"), ==, 4000);
  g_assert_cmpint (json_object_get_int_member (target, "Feedback"), ==, 9000);
  g_assert_cmpint (json_object_get_int_member (target, "OwnerUid"), ==, ALICE_UID);
  details = json_object_get_object_member (target, "Details");
  g_assert_cmpstr (json_object_get_string_member (details, "reason"), ==, "nightly batch");
  g_assert_cmpstr (json_object_get_string_member (details, "application-id"), ==,
                   "org.example.App");
  assert_nothing_served (self);
}

static void
test_its_exit_code_is_passed_on (Fixture *self, gconstpointer data)
{
  static const int codes[] = { 0, 1, 3, 7, 126, 127, 255 };

  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++) {
    g_autofree char *words = g_strdup_printf ("run -- sh -c 'echo output; exit %d'", codes[i]);
    g_autoptr (Outcome) outcome = hugepagectl (self, "alice", words);

    g_assert_cmpint (outcome->status, ==, codes[i]);
    g_assert_cmpstr (outcome->output, ==, "output\n");
    g_assert_cmpstr (outcome->errors, ==, "");
  }
  assert_nothing_served (self);
}

static void
test_what_cannot_be_executed (Fixture *self, gconstpointer data)
{
  static const struct {
    const char *words;
    int status;
    const char *word;
  } rows[] = {
    { "run -- no-such-command-anywhere", 127, "no-such-command-anywhere" },
    { "run -- /nonexistent/command", 127, "No such file" },
    { "run -- ''", 127, "No such file" },
    { "run -- '\x1b[2J'", 127, "\\x1b[2J" },
    { "run -- /etc/passwd", 126, "Permission denied" },
    { "run -- /", 126, "Permission denied" },
  };

  /* Where there is a folder in PATH that one may not enter, it could be in there. */
  fixture_install_hugepagectl (self);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    hugepagectl_fails (self, "alice", rows[i].words, rows[i].status, rows[i].word);
  assert_nothing_served (self);
}

static void
test_inherits_what_hugepagectl_was_given (Fixture *self, gconstpointer data)
{
  static const char report[] = "env | sort; pwd; umask; ulimit -a; nice; echo /proc/self/fd/*;"
                               "grep -E \"^(Sig(Blk|Ign|Cgt)|Uid|Gid|Groups|Cap)\" "
                               "/proc/self/status; cat <&5";
  g_autofree char *script =
    g_strdup_printf ("umask 027; trap '' HUP USR1; exec 5</etc/passwd 9>/dev/null; export ODD='a "
                     "b'; ulimit -n 100; exec \"$@\" sh -c '%s'",
                     report);
  const char *direct[] = { "sh", "-c", script, "sh", "env", NULL };
  const char *served[] = { "sh", "-c", script, "sh", "hugepagectl", "run", NULL };
  g_autoptr (Outcome) expected = NULL, outcome = NULL;

  fixture_install_hugepagectl (self);
  expected = fixture_run_as (self, "alice", direct);
  outcome = fixture_run_as (self, "alice", served);
  g_assert_cmpstr (outcome->errors, ==, "");
  g_assert_cmpstr (outcome->output, ==, expected->output);
  g_assert_nonnull (strstr (outcome->output, "ODD=a b\n"));
  g_assert_nonnull (strstr (outcome->output, "/proc/self/fd/9"));
  g_assert_nonnull (strstr (outcome->output, "alice:x:"));
}

static void
test_its_arguments_are_its_own (Fixture *self, gconstpointer data)
{
  static const char *const beginnings[] = { "run --", "run", "--no-ask-password run --ratio 50%",
                                            "run --reason -- --" };

  for (gsize i = 0; i < G_N_ELEMENTS (beginnings); i++) {
    g_autofree char *words =
      g_strconcat (beginnings[i],
                   " /usr/bin/printf '[%s]' --json --help -- --ratio=1 -x '' 'a b' '\xff\n'", NULL);
    g_autofree char *output = hugepagectl_done (self, "alice", words);

    g_assert_cmpstr (output, ==, "[--json][--help][--][--ratio=1][-x][][a b][\xff\n]");
  }
}

static void
assert_not_run (Fixture *self, const char *user, const char *options, int status, const char *word)
{
  g_autofree char *mark = get_mark (self);
  g_autofree char *words = g_strdup_printf ("run %s -- touch %s", options, mark);

  hugepagectl_fails (self, user, words, status, word);
  wait_for (100);
  g_assert_false (g_file_test (mark, G_FILE_TEST_EXISTS));
}

static void
test_what_may_not_be_served_is_not_run (Fixture *self, gconstpointer data)
{
  g_autofree char *mark = get_mark (self);
  g_autofree char *words = g_strdup_printf ("run -- touch %s", mark);
  g_autofree char *output = NULL;

  assert_not_run (self, "bob", "", 3, "org.damon.Hugepage.target-own");
  assert_not_run (self, "bob", "--no-ask-password", 3, "target-own");
  assert_not_run (self, "alice", "--ratio=0", 1, "1 to 10000");
  assert_not_run (self, "alice", "--ratio=half", 2, "percentage");
  assert_not_run (self, "alice", "--reason='\n'", 1, "reason");
  fixture_polkit_stop (self);
  assert_not_run (self, "alice", "", 3, "polkit");
  assert_nothing_served (self);
  /* It would have been seen. */
  output = hugepagectl_done (self, "root", words);
  g_assert_true (g_file_test (mark, G_FILE_TEST_EXISTS));
}

static void
test_not_run_without_a_service (Fixture *self, gconstpointer data)
{
  assert_not_run (self, "root", "", 4, "damon-hugepaged");
  self->environment = g_environ_setenv (self->environment, "DBUS_SYSTEM_BUS_ADDRESS",
                                        "unix:path=/nonexistent/bus", TRUE);
  assert_not_run (self, "alice", "", 4, "dbus.service");
}

static gboolean
has_children (gpointer data)
{
  const GPid pid = child_get_pid (data);
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children", pid, pid);
  g_autofree char *pids = NULL;

  return g_file_get_contents (path, &pids, NULL, NULL) && *pids != '\0';
}

static void
test_interrupted_before_it_is_permitted (Fixture *self, gconstpointer data)
{
  g_autofree char *mark = get_mark (self);
  g_autofree char *words = g_strdup_printf ("run -- touch %s", mark);
  Child *child;

  fixture_polkit_hang (self);
  child = hugepagectl_begin (self, "alice", words);
  g_assert_true (wait_until (has_children, child, WAIT_SECONDS));
  wait_for (200);
  child_signal (child, SIGINT);
  expect_death (child, SIGINT);
  fixture_polkit_continue (self);
  wait_for (200);
  g_assert_false (g_file_test (mark, G_FILE_TEST_EXISTS));
  assert_nothing_served (self);
}

/* A command that ends with 7 when it is told to. @ret_pid: its own. */
static Child *
begin_waiting (Fixture *self, guint32 *ret_pid)
{
  Child *child = hugepagectl_begin (
    self, "alice", "run --ratio=40% -- sh -c 'trap \"exit 7\" TERM; echo $$; " WAIT "'");

  *ret_pid = expect_pid (child);
  return child;
}

static void
end_waiting (Child *child)
{
  child_signal (child, SIGTERM);
  expect_exit (child, 7);
}

/* Bound to a client it is forgotten by the service, but not by hugepagectl. */
static void
test_served_again_by_the_next_service (Fixture *self, gconstpointer data)
{
  guint32 pid;
  Child *child = begin_waiting (self, &pid);
  g_autofree char *first = expect_target (self, pid);
  g_autofree char *second = NULL, *third = NULL, *errors = NULL;

  wait_for_files ();
  fixture_service_kill (self);
  fixture_service_start (self, NULL);
  second = expect_target (self, pid);
  assert_target (self->connection, second, "Ratio", "4000");
  g_assert_cmpstr (second, !=, first);

  fixture_service_stop (self);
  fixture_service_start (self, NULL);
  third = expect_target (self, pid);
  assert_target (self->connection, third, "Ratio", "4000");
  end_waiting (child);
  assert_nothing_served (self);
  errors = hugepagectl_read_errors (self);
  g_assert_cmpstr (errors, ==, "");
}

/* It runs on, and hugepagectl says so. */
static void
test_not_permitted_by_the_next_service (Fixture *self, gconstpointer data)
{
  guint32 pid;
  Child *child = begin_waiting (self, &pid);
  g_autofree char *path = expect_target (self, pid);

  fixture_polkit_rules (self, NULL);
  fixture_service_stop (self);
  fixture_service_start (self, NULL);
  hugepagectl_expect_error (self, "runs on and is not served any more", WAIT_SECONDS);
  g_assert_cmpuint (count_targets (self->connection), ==, 0);
  end_waiting (child);
}

static void
test_bus_ends (Fixture *self, gconstpointer data)
{
  guint32 pid;
  Child *child = begin_waiting (self, &pid);
  g_autofree char *path = expect_target (self, pid);

  child_signal (self->bus, SIGKILL);
  hugepagectl_expect_error (self, "runs on and is not served any more", WAIT_SECONDS);
  end_waiting (child);
  fixture_service_wait_exit (self, WAIT_SECONDS);
}

/* It is for the command alone to decide when it ends. */
static void
test_removed_meanwhile (Fixture *self, gconstpointer data)
{
  guint32 pid;
  Child *child = begin_waiting (self, &pid);
  g_autofree char *path = expect_target (self, pid);
  g_autofree char *words = g_strdup_printf ("remove %u", pid);
  g_autofree char *output = hugepagectl_done (self, "root", words);

  assert_nothing_served (self);
  end_waiting (child);
}

/* The command is no longer served, and runs on. */
static void
test_hugepagectl_is_killed (Fixture *self, gconstpointer data)
{
  Child *child =
    hugepagectl_begin (self, "alice", "run -- sh -c 'echo $$; exec sleep 60 >/dev/null'");
  const guint32 pid = expect_pid (child);
  g_autofree char *path = expect_target (self, pid);

  child_signal (child, SIGKILL);
  assert_target_gone (self->connection, path, WAIT_SECONDS);
  wait_for (100);
  g_assert_no_errno (kill ((pid_t) pid, SIGKILL));
}

#define ADD(path, set_up, test)                                                                    \
  g_test_add ("/hugepagectl-run/" path, Fixture, NULL, set_up, test, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("is-a-target-from-its-start", fixture_set_up_all, test_is_a_target_from_its_start);
  ADD ("its-exit-code-is-passed-on", fixture_set_up_all, test_its_exit_code_is_passed_on);
  ADD ("what-cannot-be-executed", fixture_set_up_all, test_what_cannot_be_executed);
  ADD ("inherits-what-hugepagectl-was-given", fixture_set_up_all,
       test_inherits_what_hugepagectl_was_given);
  ADD ("its-arguments-are-its-own", fixture_set_up_all, test_its_arguments_are_its_own);
  ADD ("what-may-not-be-served-is-not-run", fixture_set_up_all,
       test_what_may_not_be_served_is_not_run);
  ADD ("not-run-without-a-service", fixture_set_up_bus, test_not_run_without_a_service);
  ADD ("interrupted-before-it-is-permitted", fixture_set_up_all,
       test_interrupted_before_it_is_permitted);
  ADD ("served-again-by-the-next-service", fixture_set_up_all,
       test_served_again_by_the_next_service);
  ADD ("not-permitted-by-the-next-service", fixture_set_up_all,
       test_not_permitted_by_the_next_service);
  ADD ("bus-ends", fixture_set_up_all, test_bus_ends);
  ADD ("removed-meanwhile", fixture_set_up_all, test_removed_meanwhile);
  ADD ("hugepagectl-is-killed", fixture_set_up_all, test_hugepagectl_is_killed);
  return g_test_run ();
}
