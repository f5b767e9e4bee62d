/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "damon.h"

#include "model.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* After a fork among threads: nothing but system calls. */
static _Noreturn void
be_thread (const char *name, int life, int named)
{
  char byte = 0;

  prctl (PR_SET_NAME, name, 0, 0, 0);
  if (write (named, &byte, 1) != 1)
    _exit (1);
  /* Neither the mount nor another thread's life may depend on this process. */
  dup2 (life, 0);
  close_range (1, G_MAXUINT, 0);
  while (read (0, &byte, 1) < 0 && errno == EINTR)
    continue;
  _exit (0);
}

static void
await_name (int named)
{
  char byte;

  while (read (named, &byte, 1) < 0 && errno == EINTR)
    continue;
}

/* Returns: the process, or -1. */
static pid_t
fork_thread (const char *name, int *ret_life)
{
  int life[2], named[2];
  pid_t pid;

  if (pipe2 (life, O_CLOEXEC) < 0)
    return -1;
  if (pipe2 (named, O_CLOEXEC) < 0) {
    close (life[0]);
    close (life[1]);
    return -1;
  }
  pid = fork ();
  if (pid == 0)
    be_thread (name, life[0], named[1]);
  close (life[0]);
  close (named[1]);
  if (pid > 0)
    await_name (named[0]);
  else
    close (life[1]);
  close (named[0]);
  *ret_life = life[1];
  return pid;
}

int
damon_start (Model *model, gboolean exclusive, DamonThread *ret_thread)
{
  char name[16];

  if (model->exclusive || (exclusive && model->n_running > 0))
    return -EBUSY;
  snprintf (name, sizeof name, "kdamond.%u", model->n_running);
  ret_thread->pid = fork_thread (name, &ret_thread->life);
  if (ret_thread->pid < 0)
    return -ENOMEM;
  ret_thread->exclusive = exclusive;
  model->n_running++;
  model->exclusive = exclusive;
  return 0;
}

void
damon_end (Model *model, DamonThread *thread)
{
  close (thread->life);
  kill (thread->pid, SIGKILL);
  while (waitpid (thread->pid, NULL, 0) < 0 && errno == EINTR)
    continue;
  *thread = DAMON_THREAD_NONE;
  model->n_running--;
  model->exclusive = FALSE;
}
