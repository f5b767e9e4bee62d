/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "quota.h"

/* The quota of the whole service, shared by the lanes of all targets: it outlives each of them, so
 * that switching a target off and on opens no new window. Thread-safe. */
typedef struct _DhBudget DhBudget;

DhBudget *dh_budget_new (const DhQuotaLimits *limits);
DhBudget *dh_budget_ref (DhBudget *budget);
void dh_budget_unref (DhBudget *budget);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhBudget, dh_budget_unref)

void dh_budget_set_limits (DhBudget *budget, const DhQuotaLimits *limits);

typedef struct {
  guint blocks;        /* that may be collapsed now */
  guint64 window;      /* a number that grows with every window */
  guint64 next_window; /* when to ask again if blocks is 0: monotonic microseconds */
  guint64
    effective_size; /* bytes per window that the limits come to at the present price of a block */
  guint64 exceeds;  /* windows in which work was refused */
} DhGrant;

/* @has_work: whether a refusal counts as exceeding the quota. */
void dh_budget_ask (DhBudget *budget, gboolean has_work, DhGrant *ret_grant);

/* See dh_quota_charge(). */
void dh_budget_charge (DhBudget *budget, guint blocks, guint64 bytes, guint64 time);
