/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct _HctlProgram {
  pid_t pid;
  char *name;
  int socket; /* a byte lets it go; the other end writes errno, or is closed by what it executes */
  int signals;
  gboolean ended; /* and reaped */
  int status;
};

/* The child. Does only what is safe after a fork. */
G_NORETURN static void
wait_and_execute (int sock, char *const *argv, const struct sigaction *action)
{
  const char *slash = strrchr (argv[0], '/');
  char byte;
  ssize_t n;
  int error;

  /* So that whoever looks before it executes finds the name that it will have. */
  prctl (PR_SET_NAME, slash != NULL ? slash + 1 : argv[0]);
  do
    n = read (sock, &byte, 1);
  while (n < 0 && errno == EINTR);
  if (n != 1)
    _exit (1);

  sigaction (SIGCHLD, action, NULL);
  execvp (argv[0], argv);
  error = errno;
  while (write (sock, &error, sizeof error) < 0 && errno == EINTR)
    ;
  _exit (127);
}

static gboolean
set_spawn_error (GError **error, const char *name, int number)
{
  g_set_error (error, G_SPAWN_ERROR, number == ENOENT ? G_SPAWN_ERROR_NOENT : G_SPAWN_ERROR_FAILED,
               "%s cannot be executed: %s", name, g_strerror (number));
  return FALSE;
}

HctlProgram *
hctl_program_hold (char *const *argv, GError **error)
{
  /* Who ignores it does not hear how a child ended. */
  const struct sigaction by_default = { .sa_handler = SIG_DFL };
  struct sigaction action;
  HctlProgram *self;
  int sockets[2];
  pid_t pid;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) {
    set_spawn_error (error, argv[0], errno);
    return NULL;
  }

  sigaction (SIGCHLD, &by_default, &action);
  pid = fork ();
  if (pid == 0) {
    close (sockets[0]);
    wait_and_execute (sockets[1], argv, &action);
  }
  close (sockets[1]);
  if (pid < 0) {
    set_spawn_error (error, argv[0], errno);
    close (sockets[0]);
    return NULL;
  }

  self = g_new0 (HctlProgram, 1);
  self->pid = pid;
  self->name = g_strdup (argv[0]);
  self->socket = sockets[0];
  self->signals = -1;
  return self;
}

pid_t
hctl_program_get_pid (const HctlProgram *self)
{
  return self->pid;
}

/* Stops this process as the terminal would. Not by SIGSTOP: where no shell waits that could let it
 * go on, the kernel does nothing. */
static void
stop (void)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGTSTP);
  raise (SIGTSTP);
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
  /* Here it stops. */
  pthread_sigmask (SIG_BLOCK, &set, NULL);
}

/* One SIGCHLD may stand for several changes. */
static void
look_at_it (HctlProgram *self)
{
  pid_t pid;
  int status;

  while (!self->ended) {
    pid = waitpid (self->pid, &status, WNOHANG | WUNTRACED);
    if (pid < 0 && errno == EINTR)
      continue;
    if (pid <= 0)
      return;
    if (WIFSTOPPED (status)) {
      stop ();
    } else {
      self->ended = TRUE;
      self->status = status;
    }
  }
}

static gboolean
is_for_it (const HctlProgram *self, const struct signalfd_siginfo *info)
{
  if (info->ssi_signo == SIGCHLD)
    return FALSE;
  /* The terminal's go to all of a process group. */
  if (info->ssi_code == SI_KERNEL)
    return getpgid (self->pid) != getpgrp ();
  /* A SIGPIPE of this process's own is so told from others. */
  return info->ssi_pid != (guint32) self->pid && info->ssi_pid != (guint32) getpid ();
}

static void
pass_on (const HctlProgram *self, const struct signalfd_siginfo *info)
{
  const union sigval value = { .sival_ptr = GSIZE_TO_POINTER (info->ssi_ptr) };

  if (info->ssi_code == SI_QUEUE)
    sigqueue (self->pid, (int) info->ssi_signo, value);
  else
    kill (self->pid, (int) info->ssi_signo);
}

static gboolean
on_signals (int fd, GIOCondition condition, gpointer user_data)
{
  HctlProgram *self = user_data;
  struct signalfd_siginfo info;

  while (read (fd, &info, sizeof info) == sizeof info)
    if (is_for_it (self, &info))
      pass_on (self, &info);
  look_at_it (self);
  return G_SOURCE_CONTINUE;
}

/* Errors: G_SPAWN_ERROR. */
static gboolean
watch_signals (HctlProgram *self, GError **error)
{
  sigset_t all;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, NULL);
  self->signals = signalfd (-1, &all, SFD_NONBLOCK | SFD_CLOEXEC);
  return self->signals >= 0 || set_spawn_error (error, self->name, errno);
}

gboolean
hctl_program_run (HctlProgram *self, int *ret_status, GError **error)
{
  guint source;
  int number;

  if (!watch_signals (self, error))
    return FALSE;

  source = g_unix_fd_add (self->signals, G_IO_IN, on_signals, self);
  /* It may have ended already: its SIGCHLD came before anybody listened. */
  look_at_it (self);
  send (self->socket, "", 1, MSG_NOSIGNAL);
  while (!self->ended)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);

  if (recv (self->socket, &number, sizeof number, MSG_DONTWAIT) == sizeof number)
    return set_spawn_error (error, self->name, number);
  *ret_status = self->status;
  return TRUE;
}

void
hctl_program_free (HctlProgram *self)
{
  if (!self->ended) {
    kill (self->pid, SIGKILL);
    while (waitpid (self->pid, NULL, 0) < 0 && errno == EINTR)
      ;
  }
  close (self->socket);
  if (self->signals >= 0)
    close (self->signals);
  g_free (self->name);
  g_free (self);
}

int
hctl_program_end_as (int status)
{
  sigset_t set;

  if (!WIFSIGNALED (status))
    return WEXITSTATUS (status);

  prctl (PR_SET_DUMPABLE, 0);
  signal (WTERMSIG (status), SIG_DFL);
  sigemptyset (&set);
  sigaddset (&set, WTERMSIG (status));
  raise (WTERMSIG (status));
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
  /* The init of a container is not ended by its own signal. */
  return 128 + WTERMSIG (status);
}
