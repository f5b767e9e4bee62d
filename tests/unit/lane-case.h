/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "fake-eye.h"

#include "child.h"
#include "hugepages/lane.h"

/* A lane over a fake map, for a real process that sleeps. Hot blocks that are fewer than
 * LANE_N_HOT are within the reach of a TLB and left alone. */

#define LANE_N_HOT 16

typedef struct {
  FakeEye *eye;
  void (*prepare) (void); /* what the process does first (nullable) */
  DhQuotaLimits limits;   /* these three may be changed before the start */
  DhLaneGoals goals;
  gboolean stranger; /* the process was authorized as somebody else's */
  Child *child;
  DhOwner owner; /* as it was authorized */
  DhBudget *budget;
  DhPace *pace;
  DhLane *lane;   /* NULL once it was stopped */
  GArray *events; /* DhLaneEvent */
  GError *error;  /* of the last event */
} LaneCase;

void lane_case_set_up (LaneCase *self, gconstpointer data);
void lane_case_tear_down (LaneCase *self, gconstpointer data);

/* It serves from then on; and does so anew. */
void lane_case_start (LaneCase *self);
void lane_case_serve (LaneCase *self);
void lane_case_stop (LaneCase *self);

/* Each ends the test if it does not come true within so many seconds. */
void lane_case_wait_huge (LaneCase *self, guint n_blocks, guint seconds);
void lane_case_wait_tried (LaneCase *self, guint n_calls, guint seconds);
void lane_case_wait_event (LaneCase *self, DhLaneEvent event, guint seconds);
void lane_case_wait_held (LaneCase *self, guint seconds);
/* Until the lane's thread holds nothing any more. */
void lane_case_wait_ended (LaneCase *self, guint seconds);

guint lane_case_count_events (LaneCase *self, DhLaneEvent event);
/* Blocks that a collapse was asked of, and how often of @block. */
guint lane_case_count_all_tried (LaneCase *self);
guint lane_case_count_tried (LaneCase *self, guint block);
guint64 lane_case_get (LaneCase *self, DhStatistic statistic);
guint64 lane_case_get_failures (LaneCase *self, int number);
