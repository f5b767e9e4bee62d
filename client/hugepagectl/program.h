/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

#include <sys/types.h>

/* A program that runs in the place of this command: a child that waits until it is let go, gets the
 * signals that this command is sent, and as which this command stops, goes on and ends. Speaks to
 * nobody but the kernel. On the main thread. */
typedef struct _HctlProgram HctlProgram;

/* Forks a child that waits before it executes @argv, looked up in PATH. It inherits what this
 * process has: call it before anything is opened, blocked, ignored or caught, and before there are
 * threads. Should this process end meanwhile, it ends as well and has executed nothing.
 * @argv is borrowed, NULL-terminated, not empty. Errors: G_SPAWN_ERROR. */
HctlProgram *hctl_program_hold (char *const *argv, GError **error);

/* Nobody else's before hctl_program_run() has returned. */
pid_t hctl_program_get_pid (const HctlProgram *self);

/* Lets it go and runs the default main context until it has exited. From now on all signals are
 * blocked in the calling thread, for good: what comes too late for the program is to have no
 * effect. Other threads must have them blocked. Passed on is every signal that was sent to this
 * process, but not what the terminal sent to the program as well, nor what the program itself sent.
 * @ret_status: as waitpid() gives it. Errors: G_SPAWN_ERROR if it could not be executed. */
gboolean hctl_program_run (HctlProgram *self, int *ret_status, GError **error);

/* Kills it if it still runs. */
void hctl_program_free (HctlProgram *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HctlProgram, hctl_program_free)

/* Ends this process by the signal in @status, as waitpid() gives it, without a core dump.
 * Returns: the exit code in @status if there is no signal. */
int hctl_program_end_as (int status);
