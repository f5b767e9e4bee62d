/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "budget.h"

#include "seating.h"

struct _DhBudget {
  GMutex lock;
  DhSeating seating;
};

struct _DhSeat {
  DhBudget *budget;
  DhPlace *place;
};

static guint64
now_usec (void)
{
  return (guint64) g_get_monotonic_time ();
}

DhBudget *
dh_budget_new (const DhQuotaLimits *limits)
{
  DhBudget *budget = g_atomic_rc_box_new0 (DhBudget);

  g_mutex_init (&budget->lock);
  dh_seating_init (&budget->seating, limits, now_usec ());
  return budget;
}

DhBudget *
dh_budget_ref (DhBudget *budget)
{
  return g_atomic_rc_box_acquire (budget);
}

static void
clear_budget (gpointer data)
{
  DhBudget *budget = data;

  dh_seating_clear (&budget->seating);
  g_mutex_clear (&budget->lock);
}

void
dh_budget_unref (DhBudget *budget)
{
  g_atomic_rc_box_release_full (budget, clear_budget);
}

void
dh_budget_set_limits (DhBudget *budget, const DhQuotaLimits *limits)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&budget->lock);

  dh_seating_set_limits (&budget->seating, limits, now_usec ());
}

DhSeat *
dh_seat_new (DhBudget *budget, uid_t uid, DhSeatFunc wake, gpointer user_data)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&budget->lock);
  DhSeat *seat = g_new0 (DhSeat, 1);

  seat->budget = dh_budget_ref (budget);
  seat->place = dh_seating_join (&budget->seating, uid, wake, user_data);
  return seat;
}

void
dh_seat_free (DhSeat *seat)
{
  g_mutex_lock (&seat->budget->lock);
  dh_seating_leave (&seat->budget->seating, seat->place, now_usec ());
  g_mutex_unlock (&seat->budget->lock);
  dh_budget_unref (seat->budget);
  g_free (seat);
}

void
dh_seat_ask (DhSeat *seat, guint wanted, guint run, float score, DhGrant *ret_grant)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&seat->budget->lock);

  dh_seating_ask (&seat->budget->seating, seat->place, wanted, run, score, now_usec (), ret_grant);
}

void
dh_seat_look (DhSeat *seat, DhGrant *ret_grant)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&seat->budget->lock);

  dh_seating_look (&seat->budget->seating, seat->place, now_usec (), ret_grant);
}

void
dh_seat_charge (DhSeat *seat, guint blocks, guint64 bytes, guint64 time)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&seat->budget->lock);

  dh_seating_charge (&seat->budget->seating, seat->place, blocks, bytes, time, now_usec ());
}
