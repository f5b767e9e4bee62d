/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "agent.h"

#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define READY_TIMEOUT_MSEC 5000

GSubprocess *
hctl_agent_start (void)
{
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  g_autoptr (GSubprocess) agent = NULL;
  struct pollfd ready;
  int fds[2];

  if (geteuid () == 0 || !isatty (STDIN_FILENO) || !isatty (STDERR_FILENO)
      || !g_unix_open_pipe (fds, FD_CLOEXEC, NULL))
    return NULL;

  /* It closes its end of the pipe once it is registered, asks on the terminal itself, and leaves an
   * agent that the session already has in charge. */
  launcher =
    g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_INHERIT | G_SUBPROCESS_FLAGS_STDOUT_SILENCE
                               | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_subprocess_launcher_take_fd (launcher, fds[1], 3);
  agent =
    g_subprocess_launcher_spawn (launcher, NULL, "pkttyagent", "--notify-fd=3", "--fallback", NULL);
  g_subprocess_launcher_close (launcher);
  ready = (struct pollfd){ .fd = fds[0], .events = POLLIN };
  if (agent != NULL)
    poll (&ready, 1, READY_TIMEOUT_MSEC);
  close (fds[0]);
  return g_steal_pointer (&agent);
}

void
hctl_agent_stop (GSubprocess *agent)
{
  if (agent == NULL)
    return;

  g_subprocess_send_signal (agent, SIGTERM);
  g_subprocess_wait (agent, NULL, NULL);
}
