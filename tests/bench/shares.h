/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "fixture.h"
#include "statistics.h"

/* What share of the gain of making all memory of a process huge a set of its blocks has. */

typedef struct {
  GPid pid;
  GArray *set;                      /* block-set.h */
  guint64 (*count) (gpointer data); /* what the process has done so far */
  gpointer data;
  guint rounds;
  guint milliseconds; /* of each state in each round */
  gint64 deadline;    /* g_get_monotonic_time(): nothing is repeated that would not end before */
} Share;

/* Of the measurement that began at @start. What is counted is left to be said. */
Share share_new (GPid pid, GArray *set, gint64 start, gboolean smoke);

/* The three states in each round, in rotated order: 4 KiB pages, the set, all huge. Repeated, three
 * times at most, while the interval is wide. */
Estimate share_estimate (const Share *self);

/* Whether all is huge that is expected to become so. */
typedef gboolean (*ShareCompleteFunc) (gpointer data);

/* Waits until the service has collapsed nothing for @still seconds, and all or @seconds are over:
 * what two epochs did not confirm is looked at again only when these are paid for, up to a minute
 * later. */
void share_wait_collapsed (Fixture *fixture, guint still, guint seconds,
                           ShareCompleteFunc is_complete, gpointer data);

/* Has the service make huge what it will, and stops it. Returns: (transfer full): that set. */
GArray *share_read_set (Fixture *fixture, GPid pid, gboolean smoke, ShareCompleteFunc is_complete,
                        gpointer data);
