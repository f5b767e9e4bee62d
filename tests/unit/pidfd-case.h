/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "process.h"

#include "child.h"
#include "descriptors.h"
#include "error.h"
#include "util-fd.h"

#include <fcntl.h>
#include <sys/syscall.h>

/* A pidfd handed over, and what becomes of it. */

static inline int
open_pidfd (pid_t pid, int flags)
{
  return (int) syscall (SYS_pidfd_open, pid, flags);
}

static inline int
open_pidfd_of (const Child *child)
{
  const int fd = open_pidfd (child->pid, 0);

  g_assert_no_errno (fd);
  return fd;
}

/* Whatever becomes of the process, the descriptor is the caller's and stays open. */
static inline DhProcess *
take (const char *root, int fd, GError **error)
{
  const gboolean open_before = fcntl (fd, F_GETFD) >= 0;
  const guint before = count_descriptors ();
  DhProcess *process = dh_process_open_pidfd (root, fd, error);

  g_assert_cmpint (fcntl (fd, F_GETFD) >= 0, ==, open_before);
  g_assert_cmpuint (count_descriptors (), ==, process != NULL ? before + 2 : before);
  return process;
}

static inline void
assert_refused (const char *root, int fd, DhError code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (take (root, fd, &error));
  g_assert_error (error, DH_ERROR, (int) code);
}

static inline void
assert_taken (const char *root, int fd, pid_t pid)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhProcess) process = take (root, fd, &error);

  g_assert_no_error (error);
  g_assert_cmpint (dh_process_get_pid (process), ==, pid);
  g_assert_cmpint (dh_process_get_pidfd (process), !=, fd);
  g_assert_true (dh_process_is_alive (process));
}
