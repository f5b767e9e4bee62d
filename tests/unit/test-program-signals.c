/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "supervisor.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>

/* Waits, though not for a trap, as long as there is a supervisor. */
#define WAIT                                                                                       \
  "tail --pid=$PPID -f /dev/null >/dev/null 2>&1 & while kill -0 $!; do wait $!; done 2>/dev/null"

static void
test_passed_on (void)
{
  const int signals[] = { SIGHUP,   SIGINT,  SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE,  SIGALRM,
                          SIGTERM,  SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG,   SIGXCPU,
                          SIGWINCH, SIGIO,   SIGPWR,  SIGABRT, SIGSEGV, SIGRTMIN, SIGRTMAX };

  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++) {
    g_autofree char *script =
      g_strdup_printf ("trap 'echo got; exit 3' %d; echo ready; " WAIT, signals[i]);
    Supervisor supervisor = supervisor_run (NULL, script);

    g_test_message ("signal %d", signals[i]);
    supervisor_expect (&supervisor, "ready");
    supervisor_signal (&supervisor, signals[i]);
    supervisor_expect (&supervisor, "got");
    supervisor_expect_exit (&supervisor, 3);
  }
}

/* A program that tells of the signal that it gets. */
static int
tell_of_signal (void)
{
  sigset_t set;
  siginfo_t info;

  sigemptyset (&set);
  sigaddset (&set, SIGUSR1);
  sigprocmask (SIG_BLOCK, &set, NULL);
  puts ("ready");
  fflush (stdout);
  if (sigwaitinfo (&set, &info) != SIGUSR1)
    return 1;
  printf ("%s %d\n", info.si_code == SI_QUEUE ? "queued" : "sent", info.si_value.sival_int);
  return 0;
}

static void
test_a_value_comes_along (void)
{
  const char *const argv[] = { "/proc/self/exe", "--tell-of-signal", NULL };
  const union sigval value = { .sival_int = 4711 };
  Supervisor queued = supervisor_start (NULL, supervise, argv);
  Supervisor sent = supervisor_start (NULL, supervise, argv);

  supervisor_expect (&queued, "ready");
  supervisor_expect (&sent, "ready");
  g_assert_cmpint (sigqueue (queued.pid, SIGUSR1, value), ==, 0);
  supervisor_signal (&sent, SIGUSR1);
  supervisor_expect (&queued, "queued 4711");
  supervisor_expect (&sent, "sent 0");
  supervisor_expect_exit (&queued, 0);
  supervisor_expect_exit (&sent, 0);
}

/* By default it ends both, one after the other. */
static void
test_ended_by_one (void)
{
  Supervisor supervisor = supervisor_run (NULL, "echo ready; " WAIT);
  int status;

  supervisor_expect (&supervisor, "ready");
  supervisor_signal (&supervisor, SIGTERM);
  status = supervisor_wait (&supervisor);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGTERM);
}

/* What is ignored stays ignored, and what was blocked in the supervisor is the command's to have.
 */
static void
ignore_hangups (void)
{
  signal (SIGHUP, SIG_IGN);
}

static void
test_ignored (void)
{
  Supervisor supervisor =
    supervisor_run (ignore_hangups, "trap 'echo got; exit 3' TERM; echo ready; " WAIT);

  supervisor_expect (&supervisor, "ready");
  supervisor_signal (&supervisor, SIGHUP);
  supervisor_signal (&supervisor, SIGTERM);
  supervisor_expect (&supervisor, "got");
  supervisor_expect_exit (&supervisor, 3);
}

/* SIGWINCH has the higher number: where both wait, SIGTERM is dealt with first. */
static void
test_its_own_are_not_returned (void)
{
  Supervisor supervisor =
    supervisor_run (NULL, "trap 'echo returned' TERM; trap 'echo end; exit 4' WINCH;"
                          "kill -TERM $PPID; echo ready; " WAIT);

  supervisor_expect (&supervisor, "ready");
  supervisor_signal (&supervisor, SIGWINCH);
  supervisor_expect (&supervisor, "end");
  supervisor_expect_exit (&supervisor, 4);
}

/* A terminal: what is written to it is typed. Never closed, that it hangs up is another matter. */
static int terminal;

static void
open_terminal (void)
{
  terminal = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (terminal, >=, 0);
  g_assert_cmpint (grantpt (terminal), ==, 0);
  g_assert_cmpint (unlockpt (terminal), ==, 0);
}

static void
type (char c)
{
  g_assert_cmpint (write (terminal, &c, 1), ==, 1);
}

/* Makes the terminal that of a new session, whose foreground group this is. */
static void
sit_down_at_terminal (void)
{
  int fd;

  g_assert_cmpint (setsid (), ==, getpid ());
  fd = open (ptsname (terminal), O_RDWR | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (ioctl (fd, TIOCSCTTY, 0), ==, 0);
}

/* Both get it from the terminal. When the command says so the supervisor has it as well, and deals
 * with it before SIGTERM, which has the higher number. */
static void
test_the_terminals_are_not_sent_twice (void)
{
  Supervisor supervisor;

  open_terminal ();
  supervisor = supervisor_run (sit_down_at_terminal,
                               "trap 'echo interrupted' INT; trap 'echo end; exit 5' TERM;"
                               "echo ready; " WAIT);
  supervisor_expect (&supervisor, "ready");
  type ('\003');
  supervisor_expect (&supervisor, "interrupted");
  supervisor_signal (&supervisor, SIGTERM);
  supervisor_expect (&supervisor, "end");
  supervisor_expect_exit (&supervisor, 5);
  close (terminal);
}

static void
test_the_terminals_reach_who_left_the_group (void)
{
  Supervisor supervisor;

  open_terminal ();
  supervisor = supervisor_run (sit_down_at_terminal,
                               "exec setsid sh -c 'trap \"echo interrupted; exit 6\" INT;"
                               "echo ready; " WAIT "'");
  supervisor_expect (&supervisor, "ready");
  type ('\003');
  supervisor_expect (&supervisor, "interrupted");
  supervisor_expect_exit (&supervisor, 6);
  close (terminal);
}

/* A job of a shell, which is the test. */
static void
become_a_job (void)
{
  g_assert_cmpint (setpgid (0, 0), ==, 0);
}

static void
test_stops_and_goes_on (gconstpointer data)
{
  const char *signal_name = data;
  g_autofree char *script =
    g_strdup_printf ("echo ready; kill -%s $$; echo on; exit 7", signal_name);
  Supervisor supervisor = supervisor_run (become_a_job, script);
  int status;

  supervisor_expect (&supervisor, "ready");
  g_assert_cmpint (waitpid (supervisor.pid, &status, WUNTRACED), ==, supervisor.pid);
  g_assert_true (WIFSTOPPED (status));
  supervisor_signal (&supervisor, SIGCONT);
  supervisor_expect (&supervisor, "on");
  supervisor_expect_exit (&supervisor, 7);
}

/* A service's main process, which no shell would ever let go on. */
static void
become_a_service (void)
{
  g_assert_cmpint (setsid (), ==, getpid ());
}

/* Returns: (transfer full): what /proc says of @pid under @key. */
static char *
get_status (pid_t pid, const char *key)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", pid);
  g_autofree char *text = NULL;
  const char *value;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  value = strstr (text, key);
  g_assert_nonnull (value);
  return g_strndup (value + strlen (key), strcspn (value + strlen (key), "\n"));
}

static gboolean
is_stopped (pid_t pid)
{
  g_autofree char *state = get_status (pid, "\nState:\t");

  return *state == 'T';
}

/* Sends it to the supervisor, and waits until that has passed it on to @pid, which is stopped. */
static void
signal_stopped (const Supervisor *supervisor, pid_t pid, int number)
{
  guint64 pending;

  supervisor_signal (supervisor, number);
  do {
    g_autofree char *set = get_status (pid, "\nShdPnd:\t");

    pending = g_ascii_strtoull (set, NULL, 16);
    g_usleep (1000);
  } while ((pending & (1ull << (number - 1))) == 0);
}

/* What the supervisor passes on second it passes on after it has seen the stop. */
static void
test_does_not_stop_for_ever (void)
{
  Supervisor supervisor = supervisor_run (
    become_a_service, "trap : USR1; trap : USR2; echo $$; kill -STOP $$; echo on; exit 8");
  g_autofree char *line = supervisor_read_line (&supervisor);
  pid_t pid = atoi (line);

  while (!is_stopped (pid))
    g_usleep (1000);
  signal_stopped (&supervisor, pid, SIGUSR1);
  signal_stopped (&supervisor, pid, SIGUSR2);
  g_assert_cmpint (kill (pid, SIGCONT), ==, 0);
  supervisor_expect (&supervisor, "on");
  supervisor_expect_exit (&supervisor, 8);
}

int
main (int argc, char **argv)
{
  if (g_strcmp0 (argv[1], "--tell-of-signal") == 0)
    return tell_of_signal ();

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/program-signals/what-is-sent-is-passed-on", test_passed_on);
  g_test_add_func ("/program-signals/a-value-comes-along", test_a_value_comes_along);
  g_test_add_func ("/program-signals/one-signal-ends-both", test_ended_by_one);
  g_test_add_func ("/program-signals/what-is-ignored-stays-so", test_ignored);
  g_test_add_func ("/program-signals/its-own-are-not-returned", test_its_own_are_not_returned);
  g_test_add_func ("/program-signals/the-terminals-are-not-sent-twice",
                   test_the_terminals_are_not_sent_twice);
  g_test_add_func ("/program-signals/the-terminals-reach-who-left-the-group",
                   test_the_terminals_reach_who_left_the_group);
  g_test_add_data_func ("/program-signals/stops-and-goes-on", "STOP", test_stops_and_goes_on);
  g_test_add_data_func ("/program-signals/stops-and-goes-on-as-by-the-terminal", "TSTP",
                        test_stops_and_goes_on);
  g_test_add_func ("/program-signals/does-not-stop-for-ever", test_does_not_stop_for_ever);
  return g_test_run ();
}
