/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "terminal.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct _Terminal {
  char *name;
  int keyboard; /* and screen: the other side of the terminal */
  GPid pid;
  gboolean ended;
  int status;
  GString *text;
  gsize expected; /* so much of it */
};

typedef struct {
  User *user;
  const char *path; /* of the terminal */
} Seat;

/* Between fork and exec. */
static void
sit_down (gpointer data)
{
  const Seat *seat = data;
  int fd;

  if (setsid () < 0 || (fd = open (seat->path, O_RDWR)) < 0 || ioctl (fd, TIOCSCTTY, 0) < 0)
    _exit (126);
  for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
    dup2 (fd, i);
  if (fd > STDERR_FILENO)
    close (fd);
  child_prepare (seat->user);
}

Terminal *
terminal_open (Fixture *fixture, const char *user, guint columns, const char *const *argv)
{
  const struct winsize size = { .ws_row = 24, .ws_col = (unsigned short) columns };
  g_autoptr (User) entry = user_lookup (user);
  g_autoptr (GError) error = NULL;
  Terminal *self = g_new0 (Terminal, 1);
  Seat seat = { .user = entry };

  self->name = g_path_get_basename (argv[0]);
  self->text = g_string_new (NULL);
  self->keyboard = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_no_errno (self->keyboard);
  g_assert_no_errno (grantpt (self->keyboard));
  g_assert_no_errno (unlockpt (self->keyboard));
  g_assert_no_errno (ioctl (self->keyboard, TIOCSWINSZ, &size));
  g_assert_true (g_unix_set_fd_nonblocking (self->keyboard, TRUE, NULL));
  seat.path = ptsname (self->keyboard);
  g_spawn_async (NULL, (char **) argv, fixture->environment,
                 G_SPAWN_SEARCH_PATH_FROM_ENVP | G_SPAWN_DO_NOT_REAP_CHILD, sit_down, &seat,
                 &self->pid, &error);
  g_assert_no_error (error);
  return self;
}

/* Where the last one who had it open is gone, reading fails. */
static void
read_text (Terminal *self)
{
  char buffer[4096];
  ssize_t length;

  while ((length = read (self->keyboard, buffer, sizeof buffer)) > 0)
    g_string_append_len (self->text, buffer, length);
}

static gboolean
has_ended (gpointer data)
{
  Terminal *self = data;

  read_text (self);
  if (!self->ended && waitpid (self->pid, &self->status, WNOHANG) == self->pid) {
    self->ended = TRUE;
    read_text (self);
  }
  return self->ended;
}

int
terminal_wait (Terminal *self, guint seconds)
{
  if (!wait_until (has_ended, self, seconds))
    g_error ("%s does not end: %s", self->name, self->text->str);
  return self->status;
}

void
terminal_close (Terminal *self)
{
  if (!has_ended (self)) {
    kill (self->pid, SIGKILL);
    terminal_wait (self, 10);
  }
  close (self->keyboard);
  g_string_free (self->text, TRUE);
  g_free (self->name);
  g_free (self);
}

void
terminal_type (Terminal *self, const char *keys)
{
  g_assert_cmpint (write (self->keyboard, keys, strlen (keys)), ==, strlen (keys));
}

void
terminal_signal (Terminal *self, int number)
{
  g_assert_false (has_ended (self));
  g_assert_no_errno (kill (self->pid, number));
}

typedef struct {
  Terminal *terminal;
  const char *text;
} TextWait;

static gboolean
has_text (gpointer data)
{
  const TextWait *wait = data;
  Terminal *self = wait->terminal;
  const char *found;

  read_text (self);
  found = strstr (self->text->str + self->expected, wait->text);
  if (found != NULL)
    self->expected = (gsize) (found - self->text->str) + strlen (wait->text);
  return found != NULL;
}

void
terminal_expect (Terminal *self, const char *text, guint seconds)
{
  if (!wait_until (has_text, &(TextWait){ self, text }, seconds))
    g_error ("%s has not shown “%s” but: %s", self->name, text, self->text->str);
}

const char *
terminal_get_text (const Terminal *self)
{
  return self->text->str;
}
