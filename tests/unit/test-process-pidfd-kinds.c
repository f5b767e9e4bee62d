/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "process.h"

#include "fake-root.h"
#include "pidfd-case.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

/* Descriptors of every kind, and what the kernel can show of them. */

static int
open_socket (void)
{
  return socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int
open_memfd (void)
{
  return memfd_create ("memfd", MFD_CLOEXEC);
}

static int
open_pipe (void)
{
  int ends[2];

  g_assert_no_errno (pipe2 (ends, O_CLOEXEC));
  close (ends[1]);
  return ends[0];
}

static int
open_epoll (void)
{
  return epoll_create1 (EPOLL_CLOEXEC);
}

static int
open_eventfd (void)
{
  return eventfd (0, EFD_CLOEXEC);
}

static int
open_file (void)
{
  return open ("/proc/self/status", O_RDONLY | O_CLOEXEC);
}

static int
open_path (void)
{
  return open ("/", O_PATH | O_CLOEXEC);
}

static int
open_folder (void)
{
  return open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Before there was pidfd_open(2) this was one, and pidfd_send_signal(2) still takes it. */
static int
open_process_folder (void)
{
  return open ("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int
open_nothing (void)
{
  const int fd = open_path ();

  close (fd);
  return fd;
}

static int
return_minus_one (void)
{
  return -1;
}

/* Which means the caller to some system calls. */
static int
return_self (void)
{
  return -10001;
}

static int
return_highest (void)
{
  return G_MAXINT;
}

static void
test_refuses_what_is_no_pidfd (void)
{
  static const struct {
    const char *kind;
    int (*open) (void);
  } rows[] = {
    { "file", open_file },
    { "socket", open_socket },
    { "memfd", open_memfd },
    { "pipe", open_pipe },
    { "epoll", open_epoll },
    { "eventfd", open_eventfd },
    { "directory", open_folder },
    { "directory of a process", open_process_folder },
    { "O_PATH", open_path },
    { "closed", open_nothing },
    { "-1", return_minus_one },
    { "PIDFD_SELF_THREAD_GROUP", return_self },
    { "highest number", return_highest },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    const int fd = rows[i].open ();

    g_test_message ("%s", rows[i].kind);
    assert_refused ("/", fd, DH_ERROR_INVALID_ARGS);
    close (fd);
  }
}

static void
test_refuses_the_path_of_a_pidfd (void)
{
  g_autoptr (Child) child = child_new (NULL);
  _cleanup_close_ int pidfd = open_pidfd_of (child);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", pidfd);
  _cleanup_close_ int fd = open (path, O_PATH | O_CLOEXEC);

  g_assert_no_errno (fd);
  assert_refused ("/", fd, DH_ERROR_INVALID_ARGS);
}

/* What the kernel shows of @fd, in a root of our own. */
static void
add_fdinfo (FakeRoot *root, int fd, const char *number)
{
  g_autofree char *name = g_strdup_printf ("proc/self/fdinfo/%d", fd);
  g_autofree char *text =
    g_strdup_printf ("pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t9\nPid:\t%s\n", number);

  fake_root_add_file (root, name, text);
}

static void
test_a_number_used_again_is_not_the_process (FakeRoot *root, gconstpointer data)
{
  g_autoptr (Child) gone = child_new (NULL), other = child_new (NULL);
  g_autofree char *number = g_strdup_printf ("%d", other->pid);
  _cleanup_close_ int fd = open_pidfd_of (gone);

  add_fdinfo (root, fd, number);
  fake_root_add_process (root, other->pid);
  assert_taken (root->path, fd, other->pid);
  child_kill (gone);
  assert_refused (root->path, fd, DH_ERROR_PROCESS_EXITED);
}

/* Nor is it that process's kind that matters then. */
static void
test_a_number_used_again_by_no_target_is_not_the_process (FakeRoot *root, gconstpointer data)
{
  g_autoptr (Child) gone = child_new (NULL);
  _cleanup_close_ int fd = open_pidfd_of (gone);

  add_fdinfo (root, fd, "1");
  assert_refused (root->path, fd, DH_ERROR_PROCESS_NOT_PERMITTED);
  child_kill (gone);
  assert_refused (root->path, fd, DH_ERROR_PROCESS_EXITED);
}

static void
test_text_makes_no_pidfd (FakeRoot *root, gconstpointer data)
{
  g_autoptr (Child) child = child_new (NULL);
  g_autofree char *number = g_strdup_printf ("%d", child->pid);
  _cleanup_close_ int fd = open_memfd ();

  add_fdinfo (root, fd, number);
  fake_root_add_process (root, child->pid);
  assert_refused (root->path, fd, DH_ERROR_INVALID_ARGS);
}

static void
test_needs_what_the_kernel_shows (FakeRoot *root, gconstpointer data)
{
  g_autoptr (Child) child = child_new (NULL);
  _cleanup_close_ int fd = open_pidfd_of (child);

  assert_refused (root->path, fd, DH_ERROR_NOT_AVAILABLE);
  add_fdinfo (root, fd, "0");
  assert_refused (root->path, fd, DH_ERROR_NO_SUCH_PROCESS);
  add_fdinfo (root, fd, "-1");
  assert_refused (root->path, fd, DH_ERROR_PROCESS_EXITED);
}

#define ADD(name, function) g_test_add_func ("/process-pidfd-kinds/" name, function)
#define ADD_ROOT(name, function)                                                                   \
  g_test_add ("/process-pidfd-kinds/" name, FakeRoot, NULL, fake_root_set_up, function,            \
              fake_root_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("refuses-what-is-no-pidfd", test_refuses_what_is_no_pidfd);
  ADD ("refuses-the-path-of-a-pidfd", test_refuses_the_path_of_a_pidfd);
  ADD_ROOT ("text-makes-no-pidfd", test_text_makes_no_pidfd);
  ADD_ROOT ("needs-what-the-kernel-shows", test_needs_what_the_kernel_shows);
  ADD_ROOT ("a-number-used-again-is-not-the-process", test_a_number_used_again_is_not_the_process);
  ADD_ROOT ("a-number-used-again-by-no-target-is-not-the-process",
            test_a_number_used_again_by_no_target_is_not_the_process);
  return g_test_run ();
}
