/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "fixture.h"
#include "statistics.h"

/* What share of the gain of making all memory of a process huge a set of its blocks has. */

typedef enum {
  SHARE_SMALL, /* 4 KiB pages */
  SHARE_SET,
  SHARE_ALL,
} ShareState;

/* In each round, for each state. */
#define SHARE_ROUNDS 9
#define SHARE_MILLISECONDS 10000

/* After a change of state, for caches to be as they will be. */
#define SHARE_SETTLE_MILLISECONDS 300

/* Puts the process into @state, and sees to it that it is. @set: block-set.h. */
void share_put (GPid pid, GArray *set, ShareState state);

/* Measures one round, @number from 0 on: the speeds in the three states. */
typedef Round (*ShareRoundFunc) (guint number, gpointer data);

/* Of so many rounds, and of more while the interval is wide and nothing lasts longer than the bench
 * lets a measurement that began at @start, g_get_monotonic_time(). */
Estimate share_estimate (ShareRoundFunc run, gpointer data, guint rounds, gint64 start);

/* Whether all is huge that is expected to become so. */
typedef gboolean (*ShareCompleteFunc) (gpointer data);

/* Waits until the service has collapsed nothing for @still seconds, and all or @seconds are over:
 * what two epochs did not confirm is looked at again only when these are paid for, up to a minute
 * later. */
void share_wait_collapsed (Fixture *fixture, guint still, guint seconds,
                           ShareCompleteFunc is_complete, gpointer data);

/* Has the service make huge what it will, as its primary target. Returns: (transfer full): that
 * set. */
GArray *share_read_set (Fixture *fixture, GPid pid, gboolean smoke, ShareCompleteFunc is_complete,
                        gpointer data);
