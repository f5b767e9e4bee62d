/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "terminal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A terminal of 100 columns and its other end. */
typedef struct {
  int master;
  int slave;
} Terminal;

static void
set_columns (Terminal *self, unsigned short columns)
{
  const struct winsize size = { .ws_col = columns };

  g_assert_cmpint (ioctl (self->master, TIOCSWINSZ, &size), ==, 0);
}

static void
set_up (Terminal *self, gconstpointer data)
{
  self->master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (self->master, >=, 0);
  g_assert_cmpint (grantpt (self->master), ==, 0);
  g_assert_cmpint (unlockpt (self->master), ==, 0);
  self->slave = open (ptsname (self->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (self->slave, >=, 0);
  set_columns (self, 100);
  g_unsetenv ("COLUMNS");
  g_unsetenv ("NO_COLOR");
  g_setenv ("TERM", "xterm", TRUE);
}

static void
tear_down (Terminal *self, gconstpointer data)
{
  close (self->slave);
  close (self->master);
}

static void
test_width_of_a_terminal (Terminal *self, gconstpointer data)
{
  g_setenv ("COLUMNS", "40", TRUE);
  g_assert_cmpuint (hctl_terminal_get_width (self->slave), ==, 100);
  set_columns (self, 1);
  g_assert_cmpuint (hctl_terminal_get_width (self->slave), ==, 1);
  set_columns (self, G_MAXUINT16);
  g_assert_cmpuint (hctl_terminal_get_width (self->slave), ==, 1000);
  /* A serial line does not know. */
  set_columns (self, 0);
  g_assert_cmpuint (hctl_terminal_get_width (self->slave), ==, 40);
}

static void
test_width_of_a_file (void)
{
  static const struct {
    const char *columns;
    guint width;
  } rows[] = { { "40", 40 }, { "1", 1 },  { "1000", 1000 }, { "0", 80 },  { "-5", 80 },
               { "", 80 },   { "x", 80 }, { "1001", 80 },   { "40x", 80 } };
  int fd = open ("/dev/null", O_WRONLY | O_CLOEXEC);

  g_unsetenv ("COLUMNS");
  g_assert_cmpuint (hctl_terminal_get_width (fd), ==, 80);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_setenv ("COLUMNS", rows[i].columns, TRUE);
    g_assert_cmpuint (hctl_terminal_get_width (fd), ==, rows[i].width);
  }
  close (fd);
}

static void
test_colour (Terminal *self, gconstpointer data)
{
  int fd = open ("/dev/null", O_WRONLY | O_CLOEXEC);

  g_assert_false (hctl_terminal_has_colour (fd));
  close (fd);
  g_assert_true (hctl_terminal_has_colour (self->slave));
  g_setenv ("NO_COLOR", "", TRUE);
  g_assert_true (hctl_terminal_has_colour (self->slave));
  g_setenv ("NO_COLOR", "1", TRUE);
  g_assert_false (hctl_terminal_has_colour (self->slave));
  g_unsetenv ("NO_COLOR");
  g_setenv ("TERM", "dumb", TRUE);
  g_assert_false (hctl_terminal_has_colour (self->slave));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/terminal/width-of-a-terminal", Terminal, NULL, set_up, test_width_of_a_terminal,
              tear_down);
  g_test_add_func ("/terminal/width-of-a-file", test_width_of_a_file);
  g_test_add ("/terminal/colour-unless-somebody-objects", Terminal, NULL, set_up, test_colour,
              tear_down);
  return g_test_run ();
}
