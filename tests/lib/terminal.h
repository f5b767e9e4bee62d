/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "fixture.h"

/* A command on a terminal of its own, which controls it: the leader of a session, in the
 * foreground. */
typedef struct _Terminal Terminal;

/* As @user, with the fixture's bus as the system's. @argv[0] is looked up in PATH. */
Terminal *terminal_open (Fixture *self, const char *user, guint columns, const char *const *argv);

/* Kills the command if it still runs. */
void terminal_close (Terminal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Terminal, terminal_close)

/* What the keyboard sends: "\003" is Ctrl-C, "\032" Ctrl-Z, "\r" the return key. */
void terminal_type (Terminal *self, const char *keys);

/* To the command alone. */
void terminal_signal (Terminal *self, int number);

/* Waits for @text in what it has shown since the last such text; ends the test if none came. */
void terminal_expect (Terminal *self, const char *text, guint seconds);

/* Waits for the command's end; ends the test if that does not come. Returns: as waitpid() has it.
 */
int terminal_wait (Terminal *self, guint seconds);

/* All that it has shown so far; a line ends with "\r\n". Returns: (transfer none). */
const char *terminal_get_text (const Terminal *self);
