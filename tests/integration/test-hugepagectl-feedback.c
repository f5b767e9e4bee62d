/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "command-case.h"
#include "targets.h"
#include "terminal.h"

#include <signal.h>
#include <string.h>

/* Targets that are steered by what a command prints, by "hugepagectl feedback". */

/* In a script: as long as its hugepagectl is there. */
#define HANG "exec tail --pid=$PPID -f /dev/null"

typedef struct {
  Fixture fixture;
  guint32 pid; /* of a process of alice's */
  char *path;  /* of the target that it is */
  char *file;  /* where the script finds what to print */
  char *begin; /* of a command line that alice steers it with, up to the script */
} FeedbackCase;

static void
set_up (FeedbackCase *self, gconstpointer data)
{
  fixture_set_up_all (&self->fixture, data);
  g_free (hugepagectl_done (&self->fixture, "root", "set QuotaResetIntervalUSec 100ms"));
  self->pid = fixture_process_of (&self->fixture, "alice");
  self->path = added_target (self->fixture.connection, self->pid, NULL);
  self->file = fixture_path (&self->fixture, "shared/file");
  self->begin = g_strdup_printf ("feedback %u -- sh -c", self->pid);
}

static void
tear_down (FeedbackCase *self, gconstpointer data)
{
  g_free (self->path);
  g_free (self->file);
  g_free (self->begin);
  fixture_tear_down (&self->fixture, data);
}

/* @script finds its file in $0. */
static Child *
begin (FeedbackCase *self, const char *script)
{
  g_autofree char *words = g_strdup_printf ("%s '%s' %s", self->begin, script, self->file);

  return hugepagectl_begin (&self->fixture, "alice", words);
}

/* At once, so that a script finds the one or the other. */
static void
write_file (FeedbackCase *self, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (self->file, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, &error);
  g_assert_no_error (error);
}

static void
expect_feedback (FeedbackCase *self, const char *value)
{
  assert_target_eventually (self->fixture.connection, self->path, "Feedback", value, WAIT_SECONDS);
}

static void
assert_no_errors (FeedbackCase *self)
{
  g_autofree char *errors = hugepagectl_read_errors (&self->fixture);

  g_assert_cmpstr (errors, ==, "");
}

static void
test_follows_what_is_printed (FeedbackCase *self, gconstpointer data)
{
  static const struct {
    const char *printed;
    const char *value;
  } rows[] = {
    { "5000\n", "5000" },
    { "110%\n", "11000" },
    { " 9000 \nand more\n", "9000" },
    { "0\n", "0" },
    { "0.01%", "1" },
    { "1000000\n", "1000000" },
    { "10000\n20000", "10000" },
  };
  const guint32 other = fixture_process_of (&self->fixture, "alice");
  g_autofree char *primary =
    added_target (self->fixture.connection, other, "{'feedback': <@u 77>, 'primary': <true>}");
  Child *child;

  write_file (self, rows[0].printed);
  child = begin (self, "cat \"$0\"");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    write_file (self, rows[i].printed);
    expect_feedback (self, rows[i].value);
  }
  child_signal (child, SIGINT);
  expect_exit (child, 0);
  assert_target (self->fixture.connection, primary, "Feedback", "77");
  assert_no_errors (self);
}

/* While there is nothing better. */
static void
test_the_last_value_stands (FeedbackCase *self, gconstpointer data)
{
  static const struct {
    const char *printed;
    const char *word;
  } rows[] = {
    { "fast\n", "“fast”" },         { "-1\n", "“-1”" },
    { "1000001\n", "“1000001”" },   { "1.5\n", "“1.5”" },
    { "\n5\n", "printed nothing" }, { "\x1b[2J\xff\n", "“\\x1b[2J\\xff”" },
  };
  Child *child;

  write_file (self, "5000\n");
  child = begin (self, "cat \"$0\"");
  expect_feedback (self, "5000");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    write_file (self, rows[i].printed);
    hugepagectl_expect_error (&self->fixture, rows[i].word, WAIT_SECONDS);
  }
  hugepagectl_expect_error (&self->fixture, "The last value stands", 1);
  assert_target (self->fixture.connection, self->path, "Feedback", "5000");
  write_file (self, "6000\n");
  expect_feedback (self, "6000");
  child_signal (child, SIGTERM);
  expect_exit (child, 0);
}

/* Returns: how often @word is in the file. */
static guint
count_words (FeedbackCase *self, const char *word)
{
  g_autofree char *text = NULL;
  guint n = 0;

  g_file_get_contents (self->file, &text, NULL, NULL);
  for (const char *p = text; p != NULL && (p = strstr (p, word)) != NULL; p++)
    n++;
  return n;
}

static gboolean
has_run_three_times (gpointer self)
{
  return count_words (self, "end") >= 3;
}

static void
test_never_two_at_a_time (FeedbackCase *self, gconstpointer data)
{
  Child *child = begin (self, "mkdir \"$0.busy\" || echo overlap >>\"$0\"; sleep 0.3;"
                              "rmdir \"$0.busy\"; echo end >>\"$0\"; echo 5000");

  g_assert_true (wait_until (has_run_three_times, self, WAIT_SECONDS));
  g_assert_cmpuint (count_words (self, "overlap"), ==, 0);
  expect_feedback (self, "5000");
  child_signal (child, SIGINT);
  expect_exit (child, 0);
  assert_no_errors (self);
}

/* So often at most, however quick it is. */
static void
test_once_a_window (FeedbackCase *self, gconstpointer data)
{
  const gint64 begun = g_get_monotonic_time ();
  Child *child;
  guint n;

  g_free (hugepagectl_done (&self->fixture, "root", "set QuotaResetIntervalUSec 1s"));
  child = begin (self, "echo end >>\"$0\"; echo 5000");
  g_assert_true (wait_until (has_run_three_times, self, WAIT_SECONDS));
  n = count_words (self, "end");
  g_assert_cmpuint (n, <=, (g_get_monotonic_time () - begun) / G_USEC_PER_SEC + 1);
  child_signal (child, SIGINT);
  expect_exit (child, 0);
}

static void
test_fails_from_the_beginning (FeedbackCase *self, gconstpointer data)
{
  static const struct {
    const char *script;
    const char *word;
  } rows[] = {
    { "'echo run >>\"$0\"; exit 3'", "failed with exit code 3" },
    { "'echo run >>\"$0\"; echo fast'", "“fast”" },
    { "'echo run >>\"$0\"'", "printed nothing" },
    { "'echo run >>\"$0\"; kill -KILL $$'", "ended by signal 9" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *words = g_strdup_printf ("%s %s %s", self->begin, rows[i].script, self->file);
    g_autoptr (Outcome) outcome = hugepagectl (&self->fixture, "alice", words);

    g_assert_cmpint (outcome->status, ==, 1);
    g_assert_cmpstr (outcome->output, ==, "");
    g_assert_nonnull (strstr (outcome->errors, rows[i].word));
    g_assert_cmpuint (count_words (self, "run"), ==, 3 * (i + 1));
  }
  assert_target (self->fixture.connection, self->path, "Feedback", "0");
}

static void
test_what_cannot_be_executed (FeedbackCase *self, gconstpointer data)
{
  static const struct {
    const char *command;
    int status;
  } rows[] = { { "no-such-command-anywhere", 127 }, { "''", 127 }, { "/etc/passwd", 126 } };

  fixture_install_hugepagectl (&self->fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *words = g_strdup_printf ("feedback %u -- %s", self->pid, rows[i].command);

    hugepagectl_fails (&self->fixture, "alice", words, rows[i].status, "");
  }
}

static void
test_switched_off_at_the_end (FeedbackCase *self, gconstpointer data)
{
  static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++) {
    Child *child = begin (self, "echo 5000");

    expect_feedback (self, "5000");
    child_signal (child, signals[i]);
    expect_exit (child, 0);
    assert_target (self->fixture.connection, self->path, "Feedback", "0");
  }
  assert_no_errors (self);
}

/* Whose end is not waited for. */
static void
test_interrupted_while_the_command_runs (FeedbackCase *self, gconstpointer data)
{
  Child *child = begin (self, "if mkdir \"$0\" 2>/dev/null; then echo 5000; else " HANG "; fi");

  expect_feedback (self, "5000");
  wait_for (300);
  child_signal (child, SIGINT);
  expect_exit (child, 0);
  assert_target (self->fixture.connection, self->path, "Feedback", "0");
  assert_no_errors (self);
}

/* The terminal interrupts the command as well: that this failed is of no interest. */
static void
test_interrupted_at_the_terminal (FeedbackCase *self, gconstpointer data)
{
  g_autofree char *program = fixture_install (&self->fixture, g_getenv ("DH_HUGEPAGECTL"));
  g_autofree char *word = g_strdup_printf ("%u", self->pid);
  const char *argv[] = { program, "feedback", word, "--", "sh", "-c", "echo 5000; exec sleep 0.2",
                         NULL };

  for (guint i = 0; i < 10; i++) {
    g_autoptr (Terminal) terminal = terminal_open (&self->fixture, "alice", 80, argv);
    int status;

    expect_feedback (self, "5000");
    wait_for (i * 20);
    terminal_type (terminal, "\003");
    status = terminal_wait (terminal, WAIT_SECONDS);
    g_assert_true (WIFEXITED (status));
    g_assert_cmpint (WEXITSTATUS (status), ==, 0);
    g_assert_cmpstr (terminal_get_text (terminal), ==, "^C");
    assert_target (self->fixture.connection, self->path, "Feedback", "0");
  }
}

/* What hugepagectl was started to ignore does not end it. */
static void
test_ignored_signals (FeedbackCase *self, gconstpointer data)
{
  g_autofree char *program = fixture_install (&self->fixture, g_getenv ("DH_HUGEPAGECTL"));
  g_autofree char *script = g_strdup_printf ("trap '' HUP; exec %s feedback %u -- sh -c 'cat %s'",
                                             program, self->pid, self->file);
  Child *child;

  write_file (self, "5000");
  child = fixture_spawn_as (&self->fixture, "alice", "/bin/sh", "-c", script, NULL);
  expect_feedback (self, "5000");
  child_signal (child, SIGHUP);
  write_file (self, "6000");
  expect_feedback (self, "6000");
  child_signal (child, SIGTERM);
  expect_exit (child, 0);
}

static void
expect_end_of_target (FeedbackCase *self, Child *child)
{
  g_autofree char *line = child_expect_line (child, "", WAIT_SECONDS);

  g_assert_true (g_str_has_prefix (line, strrchr (self->path, '/') + 1));
  g_assert_true (g_str_has_suffix (line, " is no target any more"));
  expect_exit (child, 0);
  assert_no_errors (self);
}

/* Whoever notices first: the service, which says so, or hugepagectl, which has a value for it. */
static void
test_ends_with_the_target (FeedbackCase *self, gconstpointer data)
{
  g_autofree char *script =
    g_strdup_printf ("mkdir \"$0\" 2>/dev/null || kill -KILL %u; echo 5000", self->pid);
  Child *child = begin (self, script);

  expect_end_of_target (self, child);
}

static void
test_ends_when_the_target_is_removed (FeedbackCase *self, gconstpointer data)
{
  Child *child = begin (self, "if mkdir \"$0\" 2>/dev/null; then echo 5000; else " HANG "; fi");
  g_autofree char *words = g_strdup_printf ("remove %u", self->pid);

  expect_feedback (self, "5000");
  g_free (hugepagectl_done (&self->fixture, "root", words));
  expect_end_of_target (self, child);
}

/* Which forgets its targets when it is told to end, but not when it crashes. */
static void
test_ends_with_the_service (FeedbackCase *self, gconstpointer data)
{
  Child *child = begin (self, "echo 5000");

  expect_feedback (self, "5000");
  fixture_service_stop (&self->fixture);
  expect_end_of_target (self, child);

  fixture_service_start (&self->fixture, NULL);
  fixture_service_wait_probed (&self->fixture);
  g_free (self->path);
  self->path = added_target (self->fixture.connection, self->pid, NULL);
  child = begin (self, "echo 5000");
  expect_feedback (self, "5000");
  fixture_service_kill (&self->fixture);
  expect_exit (child, 4);
  hugepagectl_expect_error (&self->fixture, "The service has ended", 1);
  fixture_service_start (&self->fixture, NULL);
}

/* Who may not steer it does not run the command. */
static void
test_denied (FeedbackCase *self, gconstpointer data)
{
  g_autofree char *words =
    g_strdup_printf ("%s 'touch \"$0\"; echo 5000' %s", self->begin, self->file);

  hugepagectl_fails (&self->fixture, "bob", words, 3, "org.damon.Hugepage.target-any");
  wait_for (200);
  g_assert_false (g_file_test (self->file, G_FILE_TEST_EXISTS));
  assert_target (self->fixture.connection, self->path, "Feedback", "0");
}

static void
add (const char *name, void (*function) (FeedbackCase *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/hugepagectl-feedback/", name, NULL);

  g_test_add (path, FeedbackCase, NULL, set_up, function, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("follows-what-is-printed", test_follows_what_is_printed);
  add ("the-last-value-stands", test_the_last_value_stands);
  add ("never-two-at-a-time", test_never_two_at_a_time);
  add ("once-a-window", test_once_a_window);
  add ("fails-from-the-beginning", test_fails_from_the_beginning);
  add ("what-cannot-be-executed", test_what_cannot_be_executed);
  add ("switched-off-at-the-end", test_switched_off_at_the_end);
  add ("interrupted-while-the-command-runs", test_interrupted_while_the_command_runs);
  add ("interrupted-at-the-terminal", test_interrupted_at_the_terminal);
  add ("ignored-signals", test_ignored_signals);
  add ("ends-with-the-target", test_ends_with_the_target);
  add ("ends-when-the-target-is-removed", test_ends_when_the_target_is_removed);
  add ("ends-with-the-service", test_ends_with_the_service);
  add ("denied", test_denied);
  return g_test_run ();
}
