/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* What may be under way at a time: so many in all, and so many of each user's. Who comes later
 * waits for a turn, first come, first served, but for those whose user has all that he may. */
typedef struct _DhTurns DhTurns;

DhTurns *dh_turns_new (guint most, guint most_per_user);

/* After the last turn. */
void dh_turns_free (DhTurns *self);

typedef struct _DhTurn DhTurn;

/* @func: called once when it is its turn, perhaps at once, from within this function; it may end
 * other turns. Returns: (transfer full). */
DhTurn *dh_turns_wait (DhTurns *self, uid_t uid, void (*func) (gpointer user_data),
                       gpointer user_data);

/* It is over, or no longer wanted. May begin others'. @turn: (transfer full). */
void dh_turn_end (DhTurn *turn);
