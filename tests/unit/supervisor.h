/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "program.h"

#include <glib.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process that runs a command as HctlProgram does, and ends as that does. */
typedef struct {
  pid_t pid;
  FILE *output; /* what the command prints */
} Supervisor;

/* In the supervisor: what the command is to end with, and never returns. */
G_NORETURN static inline void
supervise (const char *const *argv)
{
  g_autoptr (GError) error = NULL;
  HctlProgram *program = hctl_program_hold ((char *const *) argv, &error);
  int status;

  g_assert_no_error (error);
  if (!hctl_program_run (program, &status, &error))
    _exit (g_error_matches (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT) ? 127 : 126);
  hctl_program_free (program);
  _exit (hctl_program_end_as (status));
}

/* Whoever runs the tests may ignore some, as nohup does, and that is inherited. */
static inline void
take_all_signals (void)
{
  for (int number = 1; number <= SIGRTMAX; number++)
    signal (number, SIG_DFL);
}

/* Starts one that has done @prepare (nullable) and then does @act. */
static inline Supervisor
supervisor_start (void (*prepare) (void), void (*act) (const char *const *),
                  const char *const *argv)
{
  Supervisor self;
  int fds[2];

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  self.pid = fork ();
  g_assert_cmpint (self.pid, >=, 0);
  if (self.pid == 0) {
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    dup2 (fds[1], STDOUT_FILENO);
    take_all_signals ();
    if (prepare != NULL)
      prepare ();
    act (argv);
    _exit (0);
  }
  close (fds[1]);
  self.output = fdopen (fds[0], "r");
  return self;
}

/* Runs @script in a shell. */
static inline Supervisor
supervisor_run (void (*prepare) (void), const char *script)
{
  return supervisor_start (prepare, supervise,
                           (const char *const[]){ "/bin/sh", "-c", script, NULL });
}

/* The next line that the command prints; empty at the end. Returns: (transfer full). */
static inline char *
supervisor_read_line (const Supervisor *self)
{
  char line[4096];

  if (fgets (line, sizeof line, self->output) == NULL)
    return g_strdup ("");
  return g_strdup (g_strchomp (line));
}

static inline void
supervisor_expect (const Supervisor *self, const char *expected)
{
  g_autofree char *line = supervisor_read_line (self);

  g_assert_cmpstr (line, ==, expected);
}

/* Everything that the command prints. Returns: (transfer full). */
static inline char *
supervisor_read_all (const Supervisor *self)
{
  GString *text = g_string_new (NULL);
  int c;

  while ((c = fgetc (self->output)) != EOF)
    g_string_append_c (text, (char) c);
  return g_string_free (text, FALSE);
}

static inline void
supervisor_signal (const Supervisor *self, int number)
{
  g_assert_cmpint (kill (self->pid, number), ==, 0);
}

/* Waits for its end. Returns: as waitpid() gives it. */
static inline int
supervisor_wait (const Supervisor *self)
{
  int status;

  g_assert_cmpint (waitpid (self->pid, &status, 0), ==, self->pid);
  fclose (self->output);
  return status;
}

static inline void
supervisor_expect_exit (const Supervisor *self, int code)
{
  int status = supervisor_wait (self);

  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, code);
}
