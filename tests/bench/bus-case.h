/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "fixture.h"
#include "plain.h"
#include "statistics.h"

/* The service and what it is compared with, side by side on one bus, for whoever measures calls. */

/* The two, as they are indexed. */
typedef enum { SIDE_REAL, SIDE_PLAIN, N_SIDES } Side;

const char *bus_case_get_name (Side side);

/* A bus that also has room for the plain service and power-profiles-daemon; nothing on it. */
void bus_case_set_up_bus (Fixture *self);
/* And polkitd, with ALLOW_OWN for its rules, and the service, its engine probed. What it announces
 * goes to nobody. */
void bus_case_set_up (Fixture *self);

/* The plain service with these options, up to NULL; its GetAll answers as the real one's does now.
 * Returns: (transfer full) */
Child *bus_case_start_plain (Fixture *self, ...) G_GNUC_NULL_TERMINATED;

/* A caller's output of one service, in microseconds. Returns: (transfer full) (element-type double)
 */
GArray *bus_case_expect_latencies (Child *caller, guint seconds);

/* Measures both sides, @first before the other one or in turns. */
typedef void (*PairFunc) (Side first, double *ret_sides, gpointer data);

/* Of so many pairs, of which every other begins with the plain side. Returns: the quotient, real ÷
 * plain. */
Estimate bus_case_compare (guint pairs, PairFunc measure, gpointer data);
