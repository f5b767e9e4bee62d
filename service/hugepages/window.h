/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "purse.h"

/* The open window as a whole, and how high one user stands in it. Pure. */

typedef struct {
  DhAmounts capacity;
  DhAmounts left;     /* of it, by what all users have spent */
  DhAmounts openings; /* of all users */
} DhWindow;

/* Microseconds and bytes, as prices are: not rounded. */
typedef struct {
  double of[DH_N_RESOURCES];
} DhCost;

DhWindow dh_window_new (const DhQuota *quota, const GPtrArray *purses);

gboolean dh_window_fits (const DhWindow *window, const DhCost *cost);

/* What a block of the user is expected to cost. */
DhCost dh_purse_get_cost (const DhPurse *purse);

/* What it counts as in @window: one that never fits takes all that the window has but for other
 * users' openings. */
DhCost dh_window_get_cost (const DhWindow *window, const DhPurse *purse);

/* The part of @window that the user has spent after @blocks more that count @cost each: of that
 * resource of which it is most. */
double dh_window_get_level (const DhWindow *window, const DhPurse *purse, const DhCost *cost,
                            double blocks);

/* @part of what a window allows; at least 1 of each. */
DhAmounts dh_window_get_part (const DhWindow *window, double part);

/* Rounded down, and up, and never more than G_MAXUINT64. @value: not negative. */
guint64 dh_round_down (double value);
guint64 dh_round_up (double value);
