/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "statistics.h"

/* A measurement brings up what it needs, measures one or more figures and reports them. It runs as
 * a test case of a process of its own, as root in scripts/private-namespace; an assertion that
 * fails is a figure that was not measured. */

typedef struct {
  const char *name;
  void (*run) (gboolean smoke, gboolean is_long);
} Measurement;

typedef enum {
  BOUND_NONE, /* the figure is shown */
  BOUND_AT_MOST,
  BOUND_AT_LEAST,
} BoundKind;

typedef enum {
  RULE_VALUE,      /* the value itself meets the bound */
  RULE_BETTER_END, /* the interval's better end does */
  RULE_SHARE,  /* the better end does, the middle misses it by 0.1 at most, and the interval is no
                  wider than 0.3 */
  RULE_NARROW, /* the better end does, and the interval is no wider than 0.04 */
} Rule;

typedef struct {
  const char *name;
  const char *measurement;
  const char *unit;
  BoundKind kind;
  double bound;
  Rule rule;
} Figure;

/* All of them, in the order of the table; ended by one without a name. */
extern const Figure figures[];
extern const Measurement measurements[];

/* Returns: (nullable) */
const Figure *figure_find (const char *name);
gboolean figure_is_met (const Figure *figure, const Estimate *estimate);
/* Returns: (transfer full): like "≤ 1.15", for people; "" without a bound. */
char *figure_format_bound (const Figure *figure);

/* Writes the figure as one JSON object in one line to stdout. */
void report (const char *name, Estimate estimate);
void report_value (const char *name, double value);

/* Says what is under way and what was seen, on stderr. */
void tell (const char *format, ...) G_GNUC_PRINTF (1, 2);
