/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "seating.h"

/* The quota of the whole service, shared by the lanes of all targets: equally between the users
 * that have work, and within one user the hottest first. It outlives each lane, so that switching a
 * target off and on opens no new window and pays no debt. Thread-safe.
 *
 * share.h says how a window is divided, seating.h who counts as having work, purse.h what a debt
 * is; each with its reasons. */
typedef struct _DhBudget DhBudget;

DhBudget *dh_budget_new (const DhQuotaLimits *limits);
DhBudget *dh_budget_ref (DhBudget *budget);
void dh_budget_unref (DhBudget *budget);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhBudget, dh_budget_unref)

void dh_budget_set_limits (DhBudget *budget, const DhQuotaLimits *limits);

/* One lane's place at the budget. Used by that lane's thread only, but may be freed by another when
 * that one is done with it. */
typedef struct _DhSeat DhSeat;

/* Holds a reference of @budget. @uid: the user whose process the target is. @wake: (nullable): not
 * called any more once dh_seat_free() has returned. Returns: (transfer full). */
DhSeat *dh_seat_new (DhBudget *budget, uid_t uid, DhSeatFunc wake, gpointer user_data);

/* What the seat owes stays its user's, and what was granted and not charged stays spent.
 * @seat: (transfer full). */
void dh_seat_free (DhSeat *seat);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhSeat, dh_seat_free)

/* Asks for up to @run blocks. @wanted: all blocks of the target that are hot and could be tried
 * now, 0 if there are none or none may be: the share is left to others then, so a lane that goes to
 * rest says so. @score: heat of the hottest of them, touches per second. The answer holds until the
 * next question: a seat that does not come back counts as having no work after a while (seating.h).
 */
void dh_seat_ask (DhSeat *seat, guint wanted, guint run, float score, DhGrant *ret_grant);

/* The figures alone: asks for nothing and changes nothing of what was asked before; blocks is 0. */
void dh_seat_look (DhSeat *seat, DhGrant *ret_grant);

/* The call is over: @blocks tried, @bytes made huge (0 if it failed), @time microseconds spent in
 * it. All 0 if it was not made after all. */
void dh_seat_charge (DhSeat *seat, guint blocks, guint64 bytes, guint64 time);
