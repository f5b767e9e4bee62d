/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A real process of our own, which lives until it is freed. */
typedef struct {
  pid_t pid;
  int socket; /* closed at the other end when the child is gone */
  gboolean reaped;
} Child;

/* Ends it, leaving a zombie. */
static inline void
child_kill (Child *child)
{
  siginfo_t info;

  g_assert_cmpint (kill (child->pid, SIGKILL), ==, 0);
  g_assert_cmpint (waitid (P_PID, child->pid, &info, WEXITED | WNOWAIT), ==, 0);
}

static inline void
child_reap (Child *child)
{
  if (child->reaped)
    return;
  kill (child->pid, SIGKILL);
  g_assert_cmpint (waitpid (child->pid, NULL, 0), ==, child->pid);
  child->reaped = TRUE;
}

static inline void
child_free (Child *child)
{
  child_reap (child);
  close (child->socket);
  g_free (child);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Child, child_free)

/* Starts a child that has done @prepare (nullable), which calls _exit() if it cannot, and then
 * waits. */
static inline Child *
child_new (void (*prepare) (void))
{
  Child *child = g_new0 (Child, 1);
  int sockets[2];
  char byte = 0;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), ==, 0);
  child->pid = fork ();
  g_assert_cmpint (child->pid, >=, 0);
  if (child->pid == 0) {
    close (sockets[0]);
    if (prepare != NULL)
      prepare ();
    if (write (sockets[1], &byte, 1) != 1)
      _exit (1);
    /* Ends with the parent, too. */
    _exit (read (sockets[1], &byte, 1) == 0 ? 0 : 1);
  }
  close (sockets[1]);
  child->socket = sockets[0];
  g_assert_cmpint (read (child->socket, &byte, 1), ==, 1);
  return child;
}
