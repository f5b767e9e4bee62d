/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_WIDTH 80
#define MAX_WIDTH 1000

guint
hctl_terminal_get_width (int fd)
{
  const char *columns = g_getenv ("COLUMNS");
  struct winsize size;
  guint64 number;

  if (ioctl (fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return MIN (size.ws_col, MAX_WIDTH);
  if (columns != NULL && g_ascii_string_to_unsigned (columns, 10, 1, MAX_WIDTH, &number, NULL))
    return (guint) number;
  return DEFAULT_WIDTH;
}

gboolean
hctl_terminal_has_colour (int fd)
{
  const char *objection = g_getenv ("NO_COLOR");

  return isatty (fd) == 1 && (objection == NULL || *objection == '\0')
         && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

gboolean
hctl_terminal_has_utf8 (void)
{
  return g_get_charset (NULL);
}
