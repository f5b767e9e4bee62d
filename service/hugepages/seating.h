/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "share.h"

/* The budget's seats, without its clock and lock: what each lane has asked for and is at, and from
 * that what each user waits for. Times are monotonic microseconds. Not thread-safe.
 *
 * A seat has work from a question with blocks wanted until as many were tried, the next question
 * says otherwise, or its lane does not come back in time:
 *
 *   in a call     granted + max (DH_SEAT_PATIENCE_USEC, 20 × the time reserved for it)
 *   after a call  end + the time that it took, for which the lane pauses, + DH_SEAT_PATIENCE_USEC
 *   refused       when it is to ask again + DH_SEAT_PATIENCE_USEC
 *
 * From then on its user waits for so many blocks fewer, which others may take at once, until it
 * asks again. What was reserved for its call stays reserved.
 *
 * Within one user a seat leaves what the hotter ones that have work and are not in a call wait for,
 * and takes of the rest. While the user's price is unknown, one block is in a call at a time. */
#define DH_SEAT_PATIENCE_USEC 100000
#define DH_SEAT_STUCK_TIMES 20

/* A refused seat asks again at least this often, or in a long window nobody would notice that its
 * lane is held up elsewhere. */
#define DH_SEAT_ASK_USEC 1000000

/* Something became available for a seat that was refused: it should ask again now. Called once for
 * a refusal, from any thread, under the budget's lock: may do nothing but wake the lane and must
 * not call back. So no lock that it takes may be held while a function of budget.h is called. */
typedef void (*DhSeatFunc) (gpointer user_data);

/* One seat. */
typedef struct {
  DhPurse *purse;
  DhSeatFunc wake; /* (nullable) */
  gpointer user_data;
  guint wanted; /* blocks, those in the call included */
  float score;
  guint granted; /* blocks; not 0: in a call */
  DhAmounts reserved;
  guint64 window;      /* of the grant */
  guint64 until;       /* the work counts before this */
  gboolean is_waiting; /* was refused and not woken since */
} DhPlace;

typedef struct {
  guint blocks;   /* that may be collapsed now; if not 0, dh_seat_charge() must follow */
  guint64 window; /* a number that grows with every window */
  guint64 next;   /* when to ask again if blocks is 0 and nobody wakes before: the next window, or
                     earlier the moment from which a lane that others are refused for no longer
                     counts, and at most a second ahead; monotonic microseconds */
  guint64 effective_size; /* bytes per window that the user's present share comes to at his present
                             price of a block; at most one block while that is unknown, never 0 */
  guint64 exceeds;        /* windows in which work of this user was refused */
} DhGrant;

typedef struct {
  DhShare share;
  GPtrArray *places; /* DhPlace, owned */
} DhSeating;

void dh_seating_init (DhSeating *seating, const DhQuotaLimits *limits, guint64 now);
void dh_seating_clear (DhSeating *seating);

/* These are the functions of budget.h of the same names, at the time @now. */
void dh_seating_set_limits (DhSeating *seating, const DhQuotaLimits *limits, guint64 now);
DhPlace *dh_seating_join (DhSeating *seating, uid_t uid, DhSeatFunc wake, gpointer user_data);
void dh_seating_leave (DhSeating *seating, DhPlace *place, guint64 now);
void dh_seating_ask (DhSeating *seating, DhPlace *place, guint wanted, guint run, float score,
                     guint64 now, DhGrant *ret_grant);
void dh_seating_look (DhSeating *seating, DhPlace *place, guint64 now, DhGrant *ret_grant);
void dh_seating_charge (DhSeating *seating, DhPlace *place, guint blocks, guint64 bytes,
                        guint64 time, guint64 now);
