/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "process.h"

#include "child.h"
#include "descriptors.h"
#include "error.h"
#include "second-thread.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <systemd/sd-login.h>

static DhProcess *
open_child (const Child *child)
{
  g_autoptr (GError) error = NULL;
  DhProcess *process = dh_process_open ("/", child->pid, &error);

  g_assert_no_error (error);
  g_assert_nonnull (process);
  return process;
}

static void
assert_refused (guint64 pid, DhError code)
{
  g_autofree char *number = g_strdup_printf ("%" G_GUINT64_FORMAT, pid);
  g_autoptr (GError) error = NULL;

  g_assert_null (dh_process_open ("/", pid, &error));
  g_assert_error (error, DH_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, number));
}

static void
test_refuses_a_number_that_is_no_pid (void)
{
  const guint64 numbers[] = { 0,
                              G_GUINT64_CONSTANT (1) << 31,
                              G_MAXUINT32,
                              G_GUINT64_CONSTANT (1) << 32,
                              (G_GUINT64_CONSTANT (1) << 32) + 1,
                              G_MAXUINT64 };

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    assert_refused (numbers[i], DH_ERROR_INVALID_VALUE);
}

static void
test_refuses_the_first_process_and_itself (void)
{
  assert_refused (1, DH_ERROR_PROCESS_NOT_PERMITTED);
  assert_refused (getpid (), DH_ERROR_PROCESS_NOT_PERMITTED);
}

static void
test_refuses_a_kernel_thread (void)
{
  g_autofree char *name = NULL;

  if (!g_file_get_contents ("/proc/2/comm", &name, NULL, NULL)
      || !g_str_equal (name, "kthreadd\n")) {
    g_test_skip ("no kernel thread can be seen from here");
    return;
  }
  assert_refused (2, DH_ERROR_PROCESS_NOT_PERMITTED);
}

static void
test_finds_no_process_where_none_is (void)
{
  g_autoptr (Child) child = child_new (NULL);

  child_reap (child);
  assert_refused (child->pid, DH_ERROR_NO_SUCH_PROCESS);
  /* Above the highest number that the kernel gives out. */
  assert_refused (G_MAXINT32, DH_ERROR_NO_SUCH_PROCESS);
}

static void
test_refuses_a_zombie (void)
{
  g_autoptr (Child) child = child_new (NULL);

  child_kill (child);
  assert_refused (child->pid, DH_ERROR_NO_SUCH_PROCESS);
}

typedef struct {
  GMutex mutex;
  GCond changed;
  pid_t id;
  gboolean done;
} Thread;

static gpointer
run_thread (gpointer user_data)
{
  Thread *thread = user_data;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&thread->mutex);

  thread->id = syscall (SYS_gettid);
  g_cond_broadcast (&thread->changed);
  while (!thread->done)
    g_cond_wait (&thread->changed, &thread->mutex);
  return NULL;
}

static void
test_refuses_a_thread (void)
{
  Thread thread = { 0 };
  GThread *handle;

  g_mutex_init (&thread.mutex);
  g_cond_init (&thread.changed);
  handle = g_thread_new ("thread", run_thread, &thread);

  g_mutex_lock (&thread.mutex);
  while (thread.id == 0)
    g_cond_wait (&thread.changed, &thread.mutex);
  assert_refused (thread.id, DH_ERROR_PROCESS_NOT_PERMITTED);
  thread.done = TRUE;
  g_cond_broadcast (&thread.changed);
  g_mutex_unlock (&thread.mutex);

  g_thread_join (handle);
  g_mutex_clear (&thread.mutex);
  g_cond_clear (&thread.changed);
}

static void
test_refuses_what_its_leader_has_left (void)
{
  g_autoptr (Child) child = child_new (prepare_second_thread);

  child_end_leader (child);
  assert_refused (child->pid, DH_ERROR_NO_SUCH_PROCESS);
}

static void
test_holds_a_process (void)
{
  g_autoptr (Child) child = child_new (NULL);
  g_autoptr (DhProcess) process = open_child (child);
  g_autoptr (DhProcess) again = dh_process_ref (process);
  struct pollfd pollfd = { .fd = dh_process_get_pidfd (process), .events = POLLIN };

  g_assert_true (again == process);
  g_assert_cmpint (dh_process_get_pid (process), ==, child->pid);
  g_assert_cmpint (fcntl (pollfd.fd, F_GETFD) & FD_CLOEXEC, !=, 0);
  g_assert_true (dh_process_is_alive (process));
  g_assert_cmpint (poll (&pollfd, 1, 0), ==, 0);
  g_assert_true (dh_process_thp_enabled (process));
}

static void
assert_gone (const DhProcess *process)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *unit = dh_process_dup_unit (process);
  g_autofree char *user_unit = dh_process_dup_user_unit (process);
  DhOwner owner = { .capable = TRUE };
  struct pollfd pollfd = { .fd = dh_process_get_pidfd (process), .events = POLLIN };

  g_assert_false (dh_process_is_alive (process));
  g_assert_cmpint (poll (&pollfd, 1, 0), ==, 1);
  g_assert_false (dh_process_read_owner (process, &owner, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_PROCESS_EXITED);
  g_assert_true (owner.capable);
  g_assert_null (unit);
  g_assert_null (user_unit);
}

static void
test_notices_the_exit (void)
{
  g_autoptr (Child) child = child_new (NULL);
  g_autoptr (DhProcess) process = open_child (child);
  g_autofree char *name = NULL;

  child_kill (child);
  assert_gone (process);
  child_reap (child);
  assert_gone (process);
  name = dh_process_dup_name (process);
  g_assert_cmpstr (name, ==, "");
}

static void
test_does_not_leak_descriptors (void)
{
  const guint before = count_descriptors ();

  for (guint i = 0; i < 4; i++) {
    g_autoptr (Child) child = child_new (NULL);
    g_autoptr (DhProcess) process = open_child (child);
    g_autofree char *name = dh_process_dup_name (process);
    DhOwner owner;

    g_assert_true (dh_process_read_owner (process, &owner, NULL));
    g_assert_cmpstr (name, !=, "");
    child_kill (child);
    g_assert_null (dh_process_open ("/", child->pid, NULL));
  }
  g_assert_cmpuint (count_descriptors (), ==, before);
}

static void
take_name_with_escape (void)
{
  prctl (PR_SET_NAME, "\033[31mred");
}

static void
take_name_of_two_lines (void)
{
  prctl (PR_SET_NAME, "a\nUid:\t0\n");
}

static void
take_name_of_bytes (void)
{
  prctl (PR_SET_NAME, "\xff\xfe\\ \u202e");
}

static void
take_name_of_a_zombie (void)
{
  prctl (PR_SET_NAME, "x) Z 1 (");
}

static void
take_empty_name (void)
{
  prctl (PR_SET_NAME, "");
}

static void
test_takes_any_name_and_shows_it_printable (void)
{
  const struct {
    void (*prepare) (void);
    const char *name;
  } rows[] = {
    { take_name_with_escape, "\\x1b[31mred" },
    { take_name_of_two_lines, "a\\x0aUid:\\x090\\x0a" },
    { take_name_of_bytes, "\\xff\\xfe\\\\ \\xe2\\x80\\xae" },
    { take_name_of_a_zombie, "x) Z 1 (" },
    { take_empty_name, "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (Child) child = child_new (rows[i].prepare);
    g_autoptr (DhProcess) process = open_child (child);
    g_autofree char *name = dh_process_dup_name (process);
    DhOwner owner;

    g_assert_cmpstr (name, ==, rows[i].name);
    g_assert_true (dh_process_read_owner (process, &owner, NULL));
    g_assert_cmpuint (owner.uids[0], ==, getuid ());
  }
}

static void
test_start_time_tells_processes_apart (void)
{
  g_autoptr (Child) first = child_new (NULL);
  g_autoptr (DhProcess) first_process = open_child (first);
  g_autoptr (DhProcess) again = open_child (first);
  g_autoptr (Child) second = NULL;
  g_autoptr (DhProcess) second_process = NULL;

  /* Longer than a clock tick. */
  g_usleep (2 * G_USEC_PER_SEC / sysconf (_SC_CLK_TCK));
  second = child_new (NULL);
  second_process = open_child (second);

  g_assert_cmpuint (dh_process_get_start_time (first_process), >, 0);
  g_assert_cmpuint (dh_process_get_start_time (first_process), ==,
                    dh_process_get_start_time (again));
  g_assert_cmpuint (dh_process_get_start_time (first_process), <,
                    dh_process_get_start_time (second_process));
}

static void
disable_thp (void)
{
  if (prctl (PR_SET_THP_DISABLE, 1, 0, 0, 0) < 0)
    _exit (1);
}

static void
test_knows_who_wants_no_huge_pages (void)
{
  g_autoptr (Child) child = child_new (disable_thp);
  g_autoptr (DhProcess) process = open_child (child);

  g_assert_false (dh_process_thp_enabled (process));
}

static void
test_names_the_unit_that_systemd_knows (void)
{
  g_autoptr (Child) child = child_new (NULL);
  g_autoptr (DhProcess) process = open_child (child);
  g_autofree char *unit = dh_process_dup_unit (process);
  g_autofree char *user_unit = dh_process_dup_user_unit (process);
  char *expected = NULL;

  g_assert_cmpint (sd_pid_get_unit (child->pid, &expected) < 0, ==, unit == NULL);
  g_assert_cmpstr (unit, ==, expected);
  g_clear_pointer (&expected, free);
  g_assert_cmpint (sd_pid_get_user_unit (child->pid, &expected) < 0, ==, user_unit == NULL);
  g_assert_cmpstr (user_unit, ==, expected);
  free (expected);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/process/refuses-a-number-that-is-no-pid",
                   test_refuses_a_number_that_is_no_pid);
  g_test_add_func ("/process/refuses-the-first-process-and-itself",
                   test_refuses_the_first_process_and_itself);
  g_test_add_func ("/process/refuses-a-kernel-thread", test_refuses_a_kernel_thread);
  g_test_add_func ("/process/finds-no-process-where-none-is", test_finds_no_process_where_none_is);
  g_test_add_func ("/process/refuses-a-zombie", test_refuses_a_zombie);
  g_test_add_func ("/process/refuses-a-thread", test_refuses_a_thread);
  g_test_add_func ("/process/refuses-what-its-leader-has-left",
                   test_refuses_what_its_leader_has_left);
  g_test_add_func ("/process/holds-a-process", test_holds_a_process);
  g_test_add_func ("/process/notices-the-exit", test_notices_the_exit);
  g_test_add_func ("/process/does-not-leak-descriptors", test_does_not_leak_descriptors);
  g_test_add_func ("/process/takes-any-name-and-shows-it-printable",
                   test_takes_any_name_and_shows_it_printable);
  g_test_add_func ("/process/start-time-tells-processes-apart",
                   test_start_time_tells_processes_apart);
  g_test_add_func ("/process/knows-who-wants-no-huge-pages", test_knows_who_wants_no_huge_pages);
  g_test_add_func ("/process/names-the-unit-that-systemd-knows",
                   test_names_the_unit_that_systemd_knows);
  return g_test_run ();
}
