/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* What stdout can show. */

/* Columns: of the terminal @fd, else what COLUMNS in the environment says, else 80. Never 0. */
guint hctl_terminal_get_width (int fd);

/* Whether @fd is a terminal that takes colours, and nobody objects by NO_COLOR in the environment.
 */
gboolean hctl_terminal_has_colour (int fd);

/* Whether the locale's character set is UTF-8. */
gboolean hctl_terminal_has_utf8 (void);
