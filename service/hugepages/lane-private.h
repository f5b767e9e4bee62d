/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "lane.h"
#include "ledger.h"
#include "observer.h"
#include "tuner.h"

/* What the files of the lane share: lane.c takes orders and has the thread, lane-epochs.c serves,
 * lane-collapse.c decides what is made huge next, lane-state.c is what they stand on. */

struct _DhLane {
  /* Shared, under lock, which is never held while anything else is locked or waited for. */
  GMutex lock;
  GCond wake;
  gboolean stopping;
  gboolean wanted; /* serving is */
  guint service;   /* grows with every order to serve */
  DhOwner owner;   /* as it was ordered */
  DhLaneGoals goals;
  GQueue undos;   /* GTask */
  gboolean woken; /* the budget has something for it */
  DhStatistics statistics;
  gboolean has_statistics;
  DhHeatMap *heat_map; /* (nullable) */

  /* The main thread's. */
  GMainContext *context;
  DhLaneFunc func;
  gpointer user_data;
  gboolean abandoned;

  /* Both only read it. */
  DhProcess *process;
  DhLaneShares shares;

  /* The lane's own thread's. */
  DhEye *eye;
  DhLedger *ledger;
  DhObserver *observer; /* (nullable): until it first serves */

  /* The same, of the service under way. */
  guint serving; /* its number */
  DhOwner served_owner;
  DhSeat *seat;
  DhTuner tuner;
  guint64 window;     /* of the budget, the last that the tuner has seen */
  GArray *candidates; /* guint64: addresses, hottest first (nullable) */
  guint next_candidate;
  guint64 not_before;    /* the whole target rests after a failure that will not pass soon */
  guint target_failures; /* in a row */
  guint64 clock;         /* of the process, before the last epoch: processor time, nanoseconds */
  guint64 cpu;           /* of the thread, when it began */
  gboolean told;         /* that it serves */
  gboolean hampered;
  gboolean switched_off; /* huge pages, by the process for itself */
};

/* In lane-state.c. */
void dh_lane_unref (DhLane *lane);
guint64 dh_lane_now (void);

/* Whether the service under way is still wanted, and nothing else is waiting. */
gboolean dh_lane_goes_on (DhLane *lane);

/* Waits until @deadline, monotonic microseconds; @for_budget: or until the budget has something.
 * Returns: as dh_lane_goes_on(). */
gboolean dh_lane_wait (DhLane *lane, guint64 deadline, gboolean for_budget);

DhLaneGoals dh_lane_get_goals (DhLane *lane);
void dh_lane_notify (DhLane *lane, DhLaneEvent event, const GError *error);

/* @error: (nullable): nothing hampers it. */
void dh_lane_set_hampered (DhLane *lane, const GError *error);

/* A process with PR_SET_THP_DISABLE is left alone for as long as it has it. Returns: whether it
 * has not. */
gboolean dh_lane_check_switched_on (DhLane *lane);

/* Puts what was observed and what is spent into the figures. */
void dh_lane_publish (DhLane *lane);

/* In lane-epochs.c: until it is no longer wanted, or cannot go on. */
void dh_lane_run_service (DhLane *lane);

/* In lane-collapse.c. */
void dh_lane_forget_candidates (DhLane *lane);

/* Collapses what is hot until @deadline. Returns: FALSE with @error if the lane cannot go on,
 * without if it is to end. */
gboolean dh_lane_work_until (DhLane *lane, guint64 deadline, GError **error);
