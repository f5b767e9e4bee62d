/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "process.h"

#include "fake-root.h"
#include "pidfd-case.h"
#include "second-thread.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* Since Linux 6.9. */
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

static void
test_takes_the_process (void)
{
  const int flags[] = { 0, O_NONBLOCK };
  g_autoptr (Child) child = child_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (flags); i++) {
    _cleanup_close_ int fd = open_pidfd (child->pid, flags[i]);

    g_assert_no_errno (fd);
    assert_taken ("/", fd, child->pid);
  }
}

static void
test_refuses_who_is_no_target (void)
{
  const pid_t pids[] = { 1, getpid () };

  for (gsize i = 0; i < G_N_ELEMENTS (pids); i++) {
    _cleanup_close_ int fd = open_pidfd (pids[i], 0);

    g_assert_no_errno (fd);
    assert_refused ("/", fd, DH_ERROR_PROCESS_NOT_PERMITTED);
  }
}

static void
test_refuses_a_kernel_thread (void)
{
  g_autofree char *name = NULL;
  _cleanup_close_ int fd = -1;

  if (!g_file_get_contents ("/proc/2/comm", &name, NULL, NULL)
      || !g_str_equal (name, "kthreadd\n")) {
    g_test_skip ("no kernel thread can be seen from here");
    return;
  }
  fd = open_pidfd (2, 0);
  g_assert_no_errno (fd);
  assert_refused ("/", fd, DH_ERROR_PROCESS_NOT_PERMITTED);
}

static void
test_refuses_a_thread (void)
{
  g_autoptr (Child) child = child_new (prepare_second_thread);
  _cleanup_close_ int fd = open_pidfd (child_find_second_thread (child), PIDFD_THREAD);

  if (fd < 0) {
    g_test_skip ("this kernel has no pidfds of threads");
    return;
  }
  assert_refused ("/", fd, DH_ERROR_PROCESS_NOT_PERMITTED);
  child_kill (child);
  assert_refused ("/", fd, DH_ERROR_PROCESS_EXITED);
}

static void
test_takes_a_leader_for_its_process (void)
{
  g_autoptr (Child) child = child_new (prepare_second_thread);
  _cleanup_close_ int fd = open_pidfd (child->pid, PIDFD_THREAD);

  if (fd < 0) {
    g_test_skip ("this kernel has no pidfds of threads");
    return;
  }
  assert_taken ("/", fd, child->pid);
  child_end_leader (child);
  assert_refused ("/", fd, DH_ERROR_PROCESS_EXITED);
}

static void
test_refuses_who_has_exited (void)
{
  g_autoptr (Child) child = child_new (NULL);
  _cleanup_close_ int fd = open_pidfd_of (child);

  child_kill (child);
  assert_refused ("/", fd, DH_ERROR_PROCESS_EXITED);
  /* Which nobody else has done meanwhile. */
  child_reap (child);
  assert_refused ("/", fd, DH_ERROR_PROCESS_EXITED);
}

/* The pidfd says nothing of an exit: there is one thread left. */
static void
test_refuses_what_its_leader_has_left (void)
{
  g_autoptr (Child) child = child_new (prepare_second_thread);
  _cleanup_close_ int fd = open_pidfd_of (child);

  child_end_leader (child);
  assert_refused ("/", fd, DH_ERROR_PROCESS_EXITED);
}

static pid_t
start_in_namespaces (int flags)
{
  const pid_t pid = (pid_t) syscall (SYS_clone, (long) (flags | SIGCHLD), NULL, NULL, NULL, 0L);

  g_assert_no_errno (pid);
  return pid;
}

static gboolean
skip_without_namespaces (void)
{
  if (geteuid () == 0)
    return FALSE;
  g_test_skip ("only root can make a namespace");
  return TRUE;
}

static void
test_takes_a_process_of_a_namespace_below (void)
{
  Child inside = { .socket = -1 };
  _cleanup_close_ int fd = -1;

  if (skip_without_namespaces ())
    return;
  inside.pid = start_in_namespaces (CLONE_NEWPID);
  if (inside.pid == 0) {
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    wait_for_ever (NULL);
  }
  fd = open_pidfd_of (&inside);
  assert_taken ("/", fd, inside.pid);
  child_reap (&inside);
}

/* The first process of a namespace that does not have @fd's, with its /proc at @root. */
static void
look_from_inside (const char *root, int fd)
{
  g_autofree char *proc = g_build_filename (root, "proc", NULL);
  g_autoptr (Child) child = NULL;
  _cleanup_close_ int child_fd = -1;

  g_assert_no_errno (mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
  g_assert_no_errno (mkdir (proc, 0755));
  g_assert_no_errno (mount ("proc", proc, "proc", 0, NULL));
  g_assert_cmpint (getpid (), ==, 1);
  assert_refused (root, fd, DH_ERROR_NO_SUCH_PROCESS);
  child = child_new (NULL);
  child_fd = open_pidfd_of (child);
  assert_taken (root, child_fd, child->pid);
}

static void
test_finds_nobody_of_another_namespace (FakeRoot *root, gconstpointer data)
{
  g_autoptr (Child) outside = NULL;
  _cleanup_close_ int fd = -1;
  pid_t inside;
  int status;

  if (skip_without_namespaces ())
    return;
  outside = child_new (NULL);
  fd = open_pidfd_of (outside);
  inside = start_in_namespaces (CLONE_NEWPID | CLONE_NEWNS);
  if (inside == 0) {
    look_from_inside (root->path, fd);
    _exit (0);
  }
  g_assert_cmpint (waitpid (inside, &status, 0), ==, inside);
  g_assert_cmpint (status, ==, 0);
  assert_taken ("/", fd, outside->pid);
}

#define ADD(name, function) g_test_add_func ("/process-pidfd/" name, function)
#define ADD_ROOT(name, function)                                                                   \
  g_test_add ("/process-pidfd/" name, FakeRoot, NULL, fake_root_set_up, function,                  \
              fake_root_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("takes-the-process", test_takes_the_process);
  ADD ("refuses-who-is-no-target", test_refuses_who_is_no_target);
  ADD ("refuses-a-kernel-thread", test_refuses_a_kernel_thread);
  ADD ("refuses-a-thread", test_refuses_a_thread);
  ADD ("takes-a-leader-for-its-process", test_takes_a_leader_for_its_process);
  ADD ("refuses-who-has-exited", test_refuses_who_has_exited);
  ADD ("refuses-what-its-leader-has-left", test_refuses_what_its_leader_has_left);
  ADD ("takes-a-process-of-a-namespace-below", test_takes_a_process_of_a_namespace_below);
  ADD_ROOT ("finds-nobody-of-another-namespace", test_finds_nobody_of_another_namespace);
  return g_test_run ();
}
