/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "budget.h"

struct _DhBudget {
  GMutex lock;
  DhQuota quota;
  guint64 window;
};

DhBudget *
dh_budget_new (const DhQuotaLimits *limits)
{
  DhBudget *budget = g_atomic_rc_box_new0 (DhBudget);

  g_mutex_init (&budget->lock);
  dh_quota_init (&budget->quota, limits, (guint64) g_get_monotonic_time ());
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
  g_mutex_clear (&((DhBudget *) data)->lock);
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

  dh_quota_set_limits (&budget->quota, limits);
}

void
dh_budget_ask (DhBudget *budget, gboolean has_work, DhGrant *ret_grant)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&budget->lock);

  budget->window += dh_quota_advance (&budget->quota, (guint64) g_get_monotonic_time ());
  ret_grant->blocks = has_work ? dh_quota_allowance (&budget->quota) : 0;
  ret_grant->window = budget->window;
  ret_grant->next_window = dh_quota_next_window (&budget->quota);
  ret_grant->effective_size = dh_quota_effective_size (&budget->quota);
  ret_grant->exceeds = budget->quota.exceeds;
}

void
dh_budget_charge (DhBudget *budget, guint blocks, guint64 bytes, guint64 time)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&budget->lock);

  dh_quota_charge (&budget->quota, blocks, bytes, time);
}
