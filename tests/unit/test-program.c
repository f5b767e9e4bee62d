/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "supervisor.h"

#include <fcntl.h>
#include <sys/resource.h>

static void
test_exit_codes (void)
{
  static const int codes[] = { 0, 1, 7, 126, 127, 255 };

  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++) {
    g_autofree char *script = g_strdup_printf ("exit %d", codes[i]);
    Supervisor supervisor = supervisor_run (NULL, script);

    supervisor_expect_exit (&supervisor, codes[i]);
  }
}

static void
allow_core_dumps (void)
{
  const struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

  setrlimit (RLIMIT_CORE, &limit);
}

static void
test_death_by_a_signal (void)
{
  const int signals[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGABRT, SIGKILL,
                          SIGSEGV, SIGPIPE, SIGTERM, SIGUSR1, SIGRTMIN };

  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++) {
    /* The command's own core is not what this is about. */
    g_autofree char *script = g_strdup_printf ("ulimit -c 0; kill -%d $$", signals[i]);
    Supervisor supervisor = supervisor_run (allow_core_dumps, script);
    int status = supervisor_wait (&supervisor);

    g_assert_true (WIFSIGNALED (status));
    g_assert_cmpint (WTERMSIG (status), ==, signals[i]);
    g_assert_false (WCOREDUMP (status));
  }
}

static void
test_what_cannot_be_executed (void)
{
  static const struct {
    const char *name;
    int code;
  } rows[] = { { "/nonexistent/command", 127 },
               { "no-such-command-anywhere", 127 },
               { "", 127 },
               { "/etc/passwd", 126 },
               { "/", 126 } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    Supervisor supervisor =
      supervisor_start (NULL, supervise, (const char *const[]){ rows[i].name, NULL });

    supervisor_expect_exit (&supervisor, rows[i].code);
  }
}

static void
test_found_in_path (void)
{
  Supervisor supervisor =
    supervisor_start (NULL, supervise, (const char *const[]){ "echo", "--json", "a b", NULL });

  supervisor_expect (&supervisor, "--json a b");
  supervisor_expect_exit (&supervisor, 0);
}

/* The command would print something. */
static void
hold_and_change_ones_mind (const char *const *argv)
{
  g_autoptr (HctlProgram) program = hctl_program_hold ((char *const *) argv, NULL);

  g_assert_cmpint (kill (hctl_program_get_pid (program), 0), ==, 0);
}

static void
hold_and_die (const char *const *argv)
{
  hctl_program_hold ((char *const *) argv, NULL);
  raise (SIGKILL);
}

static void
assert_does_nothing (void (*act) (const char *const *))
{
  Supervisor supervisor =
    supervisor_start (NULL, act, (const char *const[]){ "/bin/echo", "I run", NULL });
  g_autofree char *text = supervisor_read_all (&supervisor);

  g_assert_cmpstr (text, ==, "");
  supervisor_wait (&supervisor);
}

static void
test_not_let_go (void)
{
  assert_does_nothing (hold_and_change_ones_mind);
}

static void
test_nobody_to_let_it_go (void)
{
  assert_does_nothing (hold_and_die);
}

static void
hold_and_look (const char *const *argv)
{
  g_autoptr (HctlProgram) program = hctl_program_hold ((char *const *) argv, NULL);
  g_autofree char *own = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *link = g_strdup_printf ("/proc/%d/exe", hctl_program_get_pid (program));
  g_autofree char *path = g_strdup_printf ("/proc/%d/comm", hctl_program_get_pid (program));
  g_autofree char *executable = g_file_read_link (link, NULL);
  g_autofree char *name = NULL;

  g_assert_cmpstr (executable, ==, own);
  do {
    g_free (name);
    g_assert_true (g_file_get_contents (path, &name, NULL, NULL));
  } while (!g_str_equal (name, "echo\n"));
}

static void
test_waits_under_its_name (void)
{
  Supervisor supervisor =
    supervisor_start (NULL, hold_and_look, (const char *const[]){ "/bin/echo", "I run", NULL });

  supervisor_expect_exit (&supervisor, 0);
}

/* As a shell script that has its own ways would start it. */
static void
have_ones_own_ways (void)
{
  sigset_t blocked;

  signal (SIGHUP, SIG_IGN);
  signal (SIGPIPE, SIG_IGN);
  signal (SIGCHLD, SIG_IGN);
  sigemptyset (&blocked);
  sigaddset (&blocked, SIGUSR1);
  sigaddset (&blocked, SIGRTMIN);
  sigprocmask (SIG_SETMASK, &blocked, NULL);
  g_assert_cmpint (fcntl (STDIN_FILENO, F_DUPFD, 9), ==, 9);
}

static void
execute (const char *const *argv)
{
  execv (argv[0], (char *const *) argv);
}

/* What a command has is what it would have without anybody between. */
static void
assert_same_output (void (*prepare) (void), const char *const *argv)
{
  Supervisor supervised = supervisor_start (prepare, supervise, argv);
  Supervisor direct = supervisor_start (prepare, execute, argv);
  g_autofree char *had = supervisor_read_all (&supervised);
  g_autofree char *wanted = supervisor_read_all (&direct);

  g_assert_cmpstr (wanted, !=, "");
  g_assert_cmpstr (had, ==, wanted);
  supervisor_expect_exit (&supervised, 0);
  supervisor_expect_exit (&direct, 0);
}

static void
assert_inherits (void (*prepare) (void))
{
  const char *const signals[] = { "/bin/grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status",
                                  NULL };
  const char *const descriptors[] = { "/bin/ls", "/proc/self/fd", NULL };

  assert_same_output (prepare, signals);
  assert_same_output (prepare, descriptors);
}

static void
test_inherits_nothing_of_ours (void)
{
  assert_inherits (NULL);
}

static void
test_inherits_what_we_found (void)
{
  assert_inherits (have_ones_own_ways);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/program/its-exit-code-is-passed-on", test_exit_codes);
  g_test_add_func ("/program/its-death-by-a-signal-is-passed-on", test_death_by_a_signal);
  g_test_add_func ("/program/what-cannot-be-executed", test_what_cannot_be_executed);
  g_test_add_func ("/program/found-in-path", test_found_in_path);
  g_test_add_func ("/program/does-nothing-unless-let-go", test_not_let_go);
  g_test_add_func ("/program/does-nothing-if-who-holds-it-dies", test_nobody_to_let_it_go);
  g_test_add_func ("/program/waits-under-its-name", test_waits_under_its_name);
  g_test_add_func ("/program/inherits-nothing-of-ours", test_inherits_nothing_of_ours);
  g_test_add_func ("/program/inherits-what-we-found", test_inherits_what_we_found);
  return g_test_run ();
}
