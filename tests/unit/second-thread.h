/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "child.h"

#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* A child of two threads: child_new (prepare_second_thread). */

static inline void *
wait_for_ever (void *data)
{
  while (pause () < 0)
    continue;
  return data;
}

static inline void
exit_this_thread (int number)
{
  syscall (SYS_exit, 0);
}

/* On SIGUSR1, which only the leader takes, the leader ends and its other thread does not. */
static inline void
prepare_second_thread (void)
{
  pthread_t thread;
  sigset_t usr1;

  sigemptyset (&usr1);
  sigaddset (&usr1, SIGUSR1);
  if (prctl (PR_SET_PDEATHSIG, SIGKILL) < 0 || signal (SIGUSR1, exit_this_thread) == SIG_ERR
      || pthread_sigmask (SIG_BLOCK, &usr1, NULL) != 0
      || pthread_create (&thread, NULL, wait_for_ever, NULL) != 0
      || pthread_sigmask (SIG_UNBLOCK, &usr1, NULL) != 0)
    _exit (1);
}

/* The ID of the thread that is not the leader. */
static inline pid_t
child_find_second_thread (const Child *child)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task", child->pid);
  g_autoptr (GDir) tasks = g_dir_open (path, 0, NULL);
  const char *name;

  g_assert_nonnull (tasks);
  while ((name = g_dir_read_name (tasks)) != NULL) {
    const pid_t id = (pid_t) g_ascii_strtoll (name, NULL, 10);

    if (id != child->pid)
      return id;
  }
  g_assert_not_reached ();
}

static inline gboolean
is_zombie (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", pid);
  g_autofree char *status = NULL;

  g_assert_true (g_file_get_contents (path, &status, NULL, NULL));
  return strstr (status, "\nState:\tZ") != NULL;
}

static inline void
child_end_leader (const Child *child)
{
  const gint64 start = g_get_monotonic_time ();

  g_assert_cmpint (kill (child->pid, SIGUSR1), ==, 0);
  while (!is_zombie (child->pid)) {
    g_assert_cmpint (g_get_monotonic_time () - start, <, 20 * G_TIME_SPAN_SECOND);
    g_usleep (1000);
  }
}
