/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* Processor time that the process has used so far, all its threads together, those that have ended
 * too: in seconds, to the nanosecond, where /proc counts in clock ticks. */
double cpu_time_get (GPid pid);

/* The same of the calling thread. */
double cpu_time_get_own (void);

/* Has the process, all of whose work is done by its first thread, run on @processor alone. */
void cpu_pin (GPid pid, guint processor);
