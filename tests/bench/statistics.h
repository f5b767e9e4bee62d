/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* What repeated measurements are worth. */

typedef struct {
  double value;
  double low; /* the interval's ends; equal to the value where there is none */
  double high;
} Estimate;

/* Returns: the @percent-th percentile of @values (element-type double), which is sorted. */
double percentile (GArray *values, double percent);
double median (GArray *values);

/* The median of @values, with the second smallest and the second largest as its ends: for seven
 * values they hold the median with a probability of 0.875 (binomial). */
Estimate estimate_median (GArray *values);

/* One round of a paired measurement; what the numbers are is the measurement's. */
#define ROUND_STATES 3
typedef struct {
  double state[ROUND_STATES];
} Round;

/* A figure of the sums of the rounds. */
typedef double (*PoolFunc) (const double *sums);

/* @func of all @rounds (element-type Round) together, with the 90 % interval that drawing as many
 * rounds with replacement gives: percentile bootstrap, 2000 draws, a fixed seed. */
Estimate estimate_pooled (GArray *rounds, PoolFunc func);
