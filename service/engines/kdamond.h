/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* One that runs, as far as can be told where the kernel does not give its number. */
#define DH_KDAMOND_UNKNOWN 0

/* Whether @pid is a kdamond, DAMON's kernel thread, by its name: a number that the kernel reports
 * stays after its thread's end. @root: where /proc is found. FALSE for -1; TRUE for
 * DH_KDAMOND_UNKNOWN. */
gboolean dh_kdamond_lives (const char *root, gint pid);
