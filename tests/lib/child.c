/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "child.h"
#include "wait.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_CHILDREN 256

struct _Child {
  char *name;
  GPid pid;
  gboolean exited;
  int status;
  int output;      /* -1: not piped */
  GString *unread; /* of its output */
};

/* For the signal handler, which may look at nothing that is being changed. */
static volatile sig_atomic_t running[MAX_CHILDREN];
static volatile sig_atomic_t abort_log = -1;

static void
replace_running (GPid old, GPid new)
{
  for (guint i = 0; i < MAX_CHILDREN; i++) {
    if (running[i] == old) {
      running[i] = new;
      return;
    }
  }
  g_assert_not_reached ();
}

static void
write_log (int log_fd)
{
  char buffer[4096];
  ssize_t length;
  off_t position = 0;

  while ((length = pread (log_fd, buffer, sizeof buffer, position)) > 0) {
    position += length;
    if (write (STDERR_FILENO, buffer, (size_t) length) < 0)
      return;
  }
}

static void
on_death (int number)
{
  for (guint i = 0; i < MAX_CHILDREN; i++) {
    if (running[i] > 0)
      kill (running[i], SIGKILL);
  }
  if (abort_log >= 0)
    write_log (abort_log);
  signal (number, SIG_DFL);
  raise (number);
}

void
children_die_with_test (void)
{
  const int numbers[] = { SIGABRT, SIGTERM, SIGINT, SIGTRAP };
  struct sigaction action = { .sa_handler = on_death };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    sigaction (numbers[i], &action, NULL);
}

void
children_set_abort_log (int log_fd)
{
  abort_log = log_fd;
}

void
child_prepare (gpointer user)
{
  for (int number = 1; number < SIGRTMIN; number++)
    signal (number, SIG_DFL);
  if (user != NULL)
    user_become (user);
  /* After the change of user, which would clear it. */
  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

static int
open_log (const char *path)
{
  int fd;

  if (path == NULL)
    return -1;
  fd = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  g_assert_no_errno (fd);
  return fd;
}

Child *
child_spawn (const char *const *argv, const ChildOptions *options)
{
  Child *self = g_new0 (Child, 1);
  int log = open_log (options->log);
  int standard_output = log >= 0 ? log : STDERR_FILENO;
  int ends[2] = { -1, -1 };
  g_autoptr (GError) error = NULL;

  self->name = g_path_get_basename (argv[0]);
  self->unread = g_string_new (NULL);
  if (options->pipe_output) {
    g_assert_true (g_unix_open_pipe (ends, FD_CLOEXEC, NULL));
    g_assert_true (g_unix_set_fd_nonblocking (ends[0], TRUE, NULL));
    standard_output = ends[1];
  }
  self->output = ends[0];
  /* stdout of the test itself is for the runner alone. */
  g_spawn_async_with_pipes_and_fds (NULL, argv, options->environment,
                                    G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, child_prepare,
                                    (gpointer) options->user, -1, standard_output, log, NULL, NULL,
                                    0, &self->pid, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  replace_running (0, self->pid);
  if (log >= 0)
    close (log);
  if (ends[1] >= 0)
    close (ends[1]);
  return self;
}

GPid
child_get_pid (Child *self)
{
  return self->pid;
}

const char *
child_get_name (Child *self)
{
  return self->name;
}

gboolean
child_has_exited (Child *self)
{
  if (!self->exited && waitpid (self->pid, &self->status, WNOHANG) == self->pid) {
    self->exited = TRUE;
    replace_running (self->pid, 0);
  }
  return self->exited;
}

void
child_signal (Child *self, int number)
{
  g_assert_false (child_has_exited (self));
  g_assert_no_errno (kill (self->pid, number));
}

static gboolean
has_exited (gpointer self)
{
  return child_has_exited (self);
}

gboolean
child_wait (Child *self, guint seconds, int *ret_status)
{
  if (!wait_until (has_exited, self, seconds))
    return FALSE;
  if (ret_status != NULL)
    *ret_status = self->status;
  return TRUE;
}

void
child_free (Child *self)
{
  if (!child_has_exited (self)) {
    kill (self->pid, SIGKILL);
    if (!child_wait (self, 10, NULL))
      g_error ("%s, process %d, cannot be killed", self->name, self->pid);
  }
  if (self->output >= 0)
    close (self->output);
  g_string_free (self->unread, TRUE);
  g_free (self->name);
  g_free (self);
}

static void
read_output (Child *self)
{
  char buffer[4096];
  ssize_t length;

  while ((length = read (self->output, buffer, sizeof buffer)) > 0)
    g_string_append_len (self->unread, buffer, length);
}

/* Returns: (transfer full): the first unread line without its end, or NULL. */
static char *
take_line (Child *self)
{
  const char *end = memchr (self->unread->str, '\n', self->unread->len);
  gsize length;
  char *line;

  if (end == NULL)
    return NULL;
  length = (gsize) (end - self->unread->str);
  line = g_strndup (self->unread->str, length);
  g_string_erase (self->unread, 0, (gssize) length + 1);
  return line;
}

typedef struct {
  Child *child;
  const char *prefix;
  char *line;
} Expectation;

static gboolean
has_line (gpointer data)
{
  Expectation *expected = data;

  read_output (expected->child);
  while ((expected->line = take_line (expected->child)) != NULL) {
    if (g_str_has_prefix (expected->line, expected->prefix))
      return TRUE;
    g_clear_pointer (&expected->line, g_free);
  }
  return FALSE;
}

char *
child_expect_line (Child *self, const char *prefix, guint seconds)
{
  Expectation expected = { self, prefix, NULL };

  g_assert_cmpint (self->output, >=, 0);
  if (!wait_until (has_line, &expected, seconds))
    g_error ("%s%s, and did not print a line that begins with %s", self->name,
             child_has_exited (self) ? " exited" : " runs", prefix);
  return expected.line;
}
