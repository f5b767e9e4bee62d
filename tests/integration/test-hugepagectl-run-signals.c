/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "command-case.h"
#include "terminal.h"

#include <signal.h>
#include <string.h>

/* Signals to "hugepagectl run", and from it. */

static void
test_its_death_is_passed_on (Fixture *self, gconstpointer data)
{
  static const int signals[] = { SIGTERM, SIGKILL, SIGINT, SIGSEGV, SIGUSR1 };

  for (guint i = 0; i < 20; i++) {
    const int number = signals[i % G_N_ELEMENTS (signals)];
    g_autofree char *words =
      g_strdup_printf ("run -- sh -c 'ulimit -c 0; kill -%d $$; exit 5'", number);

    expect_death (hugepagectl_begin (self, "alice", words), number);
  }
  assert_nothing_served (self);
}

/* Each of them once. */
static void
test_signals_are_passed_on (Fixture *self, gconstpointer data)
{
  static const struct {
    int number;
    const char *name;
  } rows[] = { { SIGHUP, "HUP" },   { SIGINT, "INT" },   { SIGQUIT, "QUIT" },
               { SIGUSR1, "USR1" }, { SIGUSR2, "USR2" }, { SIGWINCH, "WINCH" },
               { SIGCONT, "CONT" }, { SIGTSTP, "TSTP" }, { SIGALRM, "ALRM" } };
  Child *child = hugepagectl_begin (
    self, "alice",
    "run -- sh -c 'for name in HUP INT QUIT USR1 USR2 WINCH CONT TSTP ALRM;"
    " do trap \"echo $name\" $name; done; trap \"echo end; exit 9\" TERM; echo ready; " WAIT "'");

  expect_line (child, "ready");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    child_signal (child, rows[i].number);
    expect_line (child, rows[i].name);
  }
  child_signal (child, SIGTERM);
  expect_line (child, "end");
  expect_exit (child, 9);
  assert_nothing_served (self);
}

static void
test_ended_by_a_signal_for_both (Fixture *self, gconstpointer data)
{
  Child *child = hugepagectl_begin (self, "alice", "run -- sh -c 'echo ready; " WAIT "'");

  expect_line (child, "ready");
  child_signal (child, SIGTERM);
  expect_death (child, SIGTERM);
  assert_nothing_served (self);
}

/* Returns: how often @word is in @text. */
static guint
count_words (const char *text, const char *word)
{
  guint n = 0;

  for (const char *p = strstr (text, word); p != NULL; p = strstr (p + 1, word))
    n++;
  return n;
}

/* The command gets it from the terminal itself, hugepagectl only when that is over, as it is
 * stopped meanwhile; and it deals with it before SIGTERM, which has the higher number. */
static void
test_the_terminals_signals_come_once (Fixture *self, gconstpointer data)
{
  g_autofree char *program = fixture_install (self, g_getenv ("DH_HUGEPAGECTL"));
  const char *argv[] = { program,
                         "run",
                         "sh",
                         "-c",
                         "trap 'echo interrupted' INT; trap 'echo the end; exit 5' TERM;"
                         "echo ready; " WAIT,
                         NULL };
  g_autoptr (Terminal) terminal = terminal_open (self, "alice", 80, argv);
  int status;

  terminal_expect (terminal, "ready", WAIT_SECONDS);
  terminal_signal (terminal, SIGSTOP);
  terminal_type (terminal, "\003");
  terminal_expect (terminal, "interrupted", WAIT_SECONDS);
  terminal_signal (terminal, SIGCONT);
  terminal_signal (terminal, SIGTERM);
  terminal_expect (terminal, "the end", WAIT_SECONDS);
  status = terminal_wait (terminal, WAIT_SECONDS);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 5);
  g_assert_cmpuint (count_words (terminal_get_text (terminal), "interrupted"), ==, 1);
}

/* As a job of an interactive shell. What the shell shows of a line is not what the line prints. */
static void
test_stops_and_goes_on (Fixture *self, gconstpointer data)
{
  const char *argv[] = { "bash", "--norc", "--noprofile", "--noediting", "-i", NULL };
  g_autoptr (Terminal) terminal = NULL;

  fixture_install_hugepagectl (self);
  terminal = terminal_open (self, "alice", 200, argv);
  terminal_expect (terminal, "$", WAIT_SECONDS);
  terminal_type (terminal, "hugepagectl run sh -c 'trap \"echo int\"errupted\"; exit 6\" INT;"
                           " trap \"echo goes\"\" on\" CONT; echo re\"\"ady; " WAIT "'\r");
  terminal_expect (terminal, "ready", WAIT_SECONDS);
  terminal_type (terminal, "\032");
  terminal_expect (terminal, "Stopped", WAIT_SECONDS);
  terminal_type (terminal, "hugepagectl targets\r");
  terminal_expect (terminal, "bound", WAIT_SECONDS);
  terminal_type (terminal, "fg\r");
  terminal_expect (terminal, "goes on", WAIT_SECONDS);
  terminal_type (terminal, "\003");
  terminal_expect (terminal, "interrupted", WAIT_SECONDS);
  terminal_type (terminal, "echo code=$?\r");
  terminal_expect (terminal, "code=6", WAIT_SECONDS);
  assert_nothing_served (self);
}

static void
add (const char *name, void (*function) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/hugepagectl-run-signals/", name, NULL);

  g_test_add (path, Fixture, NULL, fixture_set_up_all, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* As for whoever is started in the background: a shell could not trap them. */
  signal (SIGHUP, SIG_IGN);
  signal (SIGQUIT, SIG_IGN);
  add ("its-death-is-passed-on", test_its_death_is_passed_on);
  add ("signals-are-passed-on", test_signals_are_passed_on);
  add ("ended-by-a-signal-for-both", test_ended_by_a_signal_for_both);
  add ("the-terminal-s-signals-come-once", test_the_terminals_signals_come_once);
  add ("stops-and-goes-on", test_stops_and_goes_on);
  return g_test_run ();
}
