/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "measure.h"

#include <signal.h>

#include <glib/gstdio.h>
#include <unistd.h>

static void
test_numbers (void)
{
  static const struct {
    const char *line;
    guint32 value;
  } rows[] = {
    { "0", 0 },        { "10000", 10000 }, { "1000000", 1000000 }, { "100%", 10000 },
    { "92.5%", 9250 }, { "0%", 0 },        { " 42\t", 42 },        { "7\r", 7 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    guint32 value;

    g_assert_true (hctl_measure_parse (rows[i].line, &value, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (value, ==, rows[i].value);
  }
}

static void
test_nonsense (void)
{
  static const char *const lines[] = { "",           " ",       "abc",       "-1",     "1.5",
                                       "1e4",        "1000001", "10000.01%", "0.001%", "100 %",
                                       "5 6",        "0x10",    "1ms",       "1M",     "\xff",
                                       "4294967296", "nan%" };

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autoptr (GError) error = NULL;
    guint32 value;

    g_assert_false (hctl_measure_parse (lines[i], &value, &error));
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  }
}

/* Runs @script in a shell. */
static gboolean
run (const char *script, guint32 *ret_value, GError **error)
{
  const char *argv[] = { "/bin/sh", "-c", script, NULL };

  return hctl_measure_run (argv, NULL, ret_value, error);
}

static void
test_the_first_line_counts (void)
{
  static const struct {
    const char *script;
    guint32 value;
  } rows[] = {
    { "echo 9000", 9000 },
    { "printf 9000", 9000 },
    { "echo 92.5%", 9250 },
    { "echo 1; echo 2", 1 },
    { "echo 3; echo nonsense", 3 },
    { "printf 4; sleep 0.01; echo 5", 45 },
    /* More than a pipe holds. */
    { "echo 6; head -c 1000000 /dev/zero", 6 },
    /* There is nothing to read. */
    { "if read line; then echo 1; else echo 8; fi", 8 },
    /* Something that it leaves behind keeps its output open. */
    { "echo 7; tail --pid=$PPID -f /dev/null 2>&- &", 7 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    guint32 value;

    g_test_message ("%s", rows[i].script);
    g_assert_true (run (rows[i].script, &value, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (value, ==, rows[i].value);
  }
}

static void
test_failures (void)
{
  static const struct {
    const char *script;
    int code;
    const char *message;
  } rows[] = {
    { "echo 1; exit 3", G_IO_ERROR_FAILED, "/bin/sh failed with exit code 3" },
    { "echo 1; kill -KILL $$", G_IO_ERROR_FAILED, "/bin/sh was ended by signal 9" },
    { ":", G_IO_ERROR_INVALID_DATA, "/bin/sh printed nothing" },
    { "echo; echo 1", G_IO_ERROR_INVALID_DATA, "/bin/sh printed nothing" },
    { "echo abc", G_IO_ERROR_INVALID_DATA,
      "“abc” is no whole number from 0 to 1000000, and no percentage" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    guint32 value;

    g_assert_false (run (rows[i].script, &value, &error));
    g_assert_error (error, G_IO_ERROR, rows[i].code);
    g_assert_cmpstr (error->message, ==, rows[i].message);
  }
}

static void
test_a_line_without_end (void)
{
  g_autoptr (GError) error = NULL;
  guint32 value;

  g_assert_false (run ("head -c 10000000 /dev/zero | tr '\\0' 1", &value, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_cmpuint (strlen (error->message), <, 1000);
}

static void
test_a_command_that_is_not_there (void)
{
  static const char *const names[] = { "/nonexistent/command", "" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    const char *argv[] = { names[i], NULL };
    g_autoptr (GError) error = NULL;
    guint32 value;

    g_assert_false (hctl_measure_run (argv, NULL, &value, &error));
    g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  }
}

static void
test_a_command_has_no_signals_blocked (void)
{
  g_autoptr (GError) error = NULL;
  sigset_t set, before;
  guint32 value;

  sigemptyset (&set);
  sigaddset (&set, SIGINT);
  pthread_sigmask (SIG_BLOCK, &set, &before);
  g_assert_true (
    run ("echo $((0x$(awk '/^SigBlk:/ { print $2 }' /proc/self/status)))", &value, &error));
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  g_assert_no_error (error);
  g_assert_cmpuint (value, ==, 0);
}

typedef struct {
  const char *folder; /* there while the command waits */
  GCancellable *cancellable;
} Waiting;

static gboolean
cancel_when_it_waits (gpointer data)
{
  Waiting *waiting = data;

  if (!g_file_test (waiting->folder, G_FILE_TEST_EXISTS))
    return G_SOURCE_CONTINUE;
  g_cancellable_cancel (waiting->cancellable);
  return G_SOURCE_REMOVE;
}

static void
test_cancelled (void)
{
  g_autofree char *folder = g_dir_make_tmp ("measure-XXXXXX", NULL);
  g_autofree char *ready = g_build_filename (folder, "ready", NULL);
  const char *argv[] = { "/bin/sh", "-c",
                         "trap 'rmdir \"$0\"; exit' TERM; mkdir \"$0\";"
                         "tail --pid=$PPID -f /dev/null 2>&- & wait",
                         ready, NULL };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  guint32 value;

  g_timeout_add (10, cancel_when_it_waits, &(Waiting){ ready, cancellable });
  g_assert_false (hctl_measure_run (argv, cancellable, &value, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  while (g_file_test (ready, G_FILE_TEST_EXISTS))
    g_usleep (1000);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/measure/numbers", test_numbers);
  g_test_add_func ("/measure/nonsense", test_nonsense);
  g_test_add_func ("/measure/the-first-line-counts", test_the_first_line_counts);
  g_test_add_func ("/measure/a-command-that-fails", test_failures);
  g_test_add_func ("/measure/a-line-without-end", test_a_line_without_end);
  g_test_add_func ("/measure/a-command-that-is-not-there", test_a_command_that_is_not_there);
  g_test_add_func ("/measure/a-command-has-no-signals-blocked",
                   test_a_command_has_no_signals_blocked);
  g_test_add_func ("/measure/one-that-is-cancelled-is-told-to-end", test_cancelled);
  return g_test_run ();
}
