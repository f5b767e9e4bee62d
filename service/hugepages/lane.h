/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "advisor.h"
#include "budget.h"
#include "eye.h"
#include "heat-map.h"
#include "pace.h"
#include "process.h"
#include "slumber.h"
#include "statistics.h"
#include "undo.h"

#include <gio/gio.h>

/* The lane of one target: a thread of its own in which everything happens that may wait for that
 * process, so that a process which blocks parks its own lane and nothing else. While it serves, it
 * observes in epochs and makes the hot blocks huge, hottest first, within the budget that all lanes
 * share and the target's own goals; in between it rests, without a wakeup, and remembers what it
 * made huge. Called from the main thread; nothing here waits. */
typedef struct _DhLane DhLane;

typedef struct {
  guint ratio;     /* wanted, basis points; 10000: no ratio goal */
  guint feedback;  /* 10000: met, 0: none */
  guint64 min_age; /* microseconds */
} DhLaneGoals;

typedef enum {
  DH_LANE_SERVING,       /* the first epoch has begun */
  DH_LANE_OWNER_CHANGED, /* exec or setuid into another owner: the lane rests */
  DH_LANE_FAILED,        /* it cannot go on: the lane rests */
  DH_LANE_HAMPERED,      /* nothing can be made huge for the time being */
  DH_LANE_RECOVERED,     /* it can again */
} DhLaneEvent;

/* Called in the main context in which the lane was made, of the service that was asked for last
 * only, and never after dh_lane_stop(). @error: (nullable). */
typedef void (*DhLaneFunc) (DhLane *lane, DhLaneEvent event, const GError *error,
                            gpointer user_data);

/* What all lanes share. */
typedef struct {
  const DhAdvisor *advisor; /* lives as long as the program */
  DhBudget *budget;
  DhPace *pace;
  DhSlumber *slumber; /* (nullable): then those that sleep are looked at like all others */
} DhLaneShares;

/* A lane that rests. @eye: (transfer full): of @process. Returns: (transfer full). */
DhLane *dh_lane_new (DhProcess *process, DhEye *eye, const DhLaneShares *shares, DhLaneFunc func,
                     gpointer user_data);

/* Ends what it does and lets go of it: a call into the kernel that is under way returns when it
 * will, and nothing more is done then. @lane: (transfer full). */
void dh_lane_stop (DhLane *lane);

/* Begins to serve the process, which belongs to @owner and must go on doing so; where it serves
 * already, begins anew. */
void dh_lane_serve (DhLane *lane, const DhOwner *owner, const DhLaneGoals *goals);

/* From the next decision on. */
void dh_lane_set_goals (DhLane *lane, const DhLaneGoals *goals);

void dh_lane_rest (DhLane *lane);

/* Takes back what was made huge, once what is under way is over; while the lane rests. Answered
 * also where the lane is stopped meanwhile, with what was done by then. */
void dh_lane_undo_async (DhLane *lane, GAsyncReadyCallback callback, gpointer user_data);

/* Errors: the eye's. */
gboolean dh_lane_undo_finish (GAsyncResult *result, DhUndoResult *ret_result, GError **error);

/* The last figures since it began to serve; never causes a walk. Returns: FALSE before the first.
 */
gboolean dh_lane_get_statistics (DhLane *lane, DhStatistics *ret_statistics);

/* What the last epoch saw. Returns: (transfer full) (nullable): NULL before the first has ended. */
DhHeatMap *dh_lane_dup_heat_map (DhLane *lane);
