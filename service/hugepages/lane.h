/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "advisor.h"
#include "budget.h"
#include "eye.h"
#include "process.h"
#include "statistics.h"

/* The lane of one target: a thread of its own in which everything happens that may wait for that
 * process, so that a process which blocks parks its own lane and nothing else. It observes in
 * epochs and makes the hot blocks huge, hottest first, within the budget that all lanes share and
 * the target's own goals. */
typedef struct _DhLane DhLane;

typedef struct {
  guint ratio;     /* wanted, basis points; 10000: no ratio goal */
  guint feedback;  /* 10000: met, 0: none */
  guint64 min_age; /* microseconds */
} DhLaneGoals;

typedef enum {
  DH_LANE_SERVING,       /* the first epoch has begun */
  DH_LANE_OWNER_CHANGED, /* exec or setuid into another owner: the lane has ended */
  DH_LANE_FAILED,        /* it cannot go on: the lane has ended */
  DH_LANE_HAMPERED,      /* nothing can be made huge for the time being */
  DH_LANE_RECOVERED,     /* it can again */
} DhLaneEvent;

/* Called in the main context in which the lane was started, never after dh_lane_stop(). @error:
 * (nullable). */
typedef void (*DhLaneFunc) (DhLane *lane, DhLaneEvent event, const GError *error,
                            gpointer user_data);

/* Starts serving @process, which belongs to @owner and must go on doing so. @eye: (transfer full).
 * @advisor must live as long as the program. Returns: (transfer full). */
DhLane *dh_lane_start (DhProcess *process, const DhOwner *owner, DhEye *eye,
                       const DhAdvisor *advisor, DhBudget *budget, const DhLaneGoals *goals,
                       DhLaneFunc func, gpointer user_data);

/* Asks the lane to end and lets go of it; does not wait: a call into the kernel that is under way
 * returns when it will, and does nothing more then.
 * @lane: (transfer full). */
void dh_lane_stop (DhLane *lane);

/* From the next decision on. */
void dh_lane_set_goals (DhLane *lane, const DhLaneGoals *goals);

/* The last figures; never causes a walk. */
void dh_lane_get_statistics (DhLane *lane, DhStatistics *ret_statistics);
