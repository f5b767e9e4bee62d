/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "user.h"

#include <glib.h>

/* A process that a test started. It dies with the test. */
typedef struct _Child Child;

typedef struct {
  const User *user;               /* NULL: the test's own */
  const char *const *environment; /* NULL: the test's own */
  const char *log;                /* file that stderr, and stdout unless piped, are appended to;
                                     NULL: the test's own stderr */
  gboolean pipe_output;           /* stdout is for child_expect_line() */
} ChildOptions;

/* Between fork and exec: becomes @user, a User (NULL: the test's own). It will die with the test,
 * and ignores no signal, whatever the test was started with. */
void child_prepare (gpointer user);

/* Ends the test if it cannot be started. @argv[0] is looked up in PATH. */
Child *child_spawn (const char *const *argv, const ChildOptions *options);

/* Kills it if it still runs. */
void child_free (Child *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Child, child_free)

GPid child_get_pid (Child *self);
const char *child_get_name (Child *self);
gboolean child_has_exited (Child *self);

/* Ends the test if it has exited. */
void child_signal (Child *self, int number);

/* Returns: whether it exited within @seconds; @ret_status, as waitpid() gives it, may be NULL. */
gboolean child_wait (Child *self, guint seconds, int *ret_status);

/* Skips its output up to a line that begins with @prefix; ends the test if none came.
 * Returns: (transfer full): that line. */
char *child_expect_line (Child *self, const char *prefix, guint seconds);

/* Kills all that still run and writes the file of @log_fd, if that is not -1, to stderr: when an
 * assertion aborts the test, nothing else gets the chance. Call once. */
void children_die_with_test (void);
void children_set_abort_log (int log_fd);
