/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* Waiting in tests: the default main context runs meanwhile, and every wait has an end. Seconds are
 * those of a quick build on a machine at rest; TEST_TIMEOUT_FACTOR in the environment multiplies
 * them. */

typedef gboolean (*WaitCondition) (gpointer data);

/* When a wait of @seconds that begins now is over, in g_get_monotonic_time()'s microseconds. */
gint64 wait_deadline (guint seconds);

/* For calls that take a timeout themselves. */
int wait_milliseconds (guint seconds);

/* Returns: TRUE as soon as @condition, asked every 10 ms and after every event, is true; FALSE if
 * it still is not after @seconds. */
gboolean wait_until (WaitCondition condition, gpointer data, guint seconds);

/* Lets that time pass, not multiplied. */
void wait_for (guint milliseconds);
