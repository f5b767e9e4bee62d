/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "target.h"

/* What DAMON does to regions under a quota that tunes itself: damos_adjust_quota() and
 * kdamond_apply_schemes(). All of it lives on when a kdamond ends, the mark above all. */

typedef struct {
  guint64 quota_ms;   /* 0: no limit */
  guint64 quota_size; /* bytes; 0: no limit */
  guint64 window_ms;
  guint64 ratio;        /* basis points */
  guint64 feedback;     /* 10000: on target; 0: none */
  guint64 least_region; /* bytes */
  guint64 min_age;      /* aggregations */
  guint64 aggregation;  /* microseconds */
} SchemeSettings;

/* In the order of the files. */
typedef enum {
  STATISTIC_TRIED_REGIONS,
  STATISTIC_TRIED_BYTES,
  STATISTIC_COLLAPSED_REGIONS,
  STATISTIC_COLLAPSED_BYTES,
  STATISTIC_QUOTA_EXCEEDS,
} Statistic;

#define N_STATISTICS (STATISTIC_QUOTA_EXCEEDS + 1)

typedef struct {
  SchemeSettings settings;
  guint64 height; /* what tuning has come to: bytes a window, times 10000 */
  guint64 quota;  /* bytes of this window */
  guint64 charged;
  gboolean begun;
  gint64 window_begin; /* microseconds */
  guint64 n_windows;
  guint64 total_charged;
  guint64 total_nanoseconds;
  guint mark_target; /* where to go on, if not 0: at mark_address of the target of this serial */
  guint64 mark_address;
  gint64 drain_begin; /* microseconds: since when no region has been let through; 0: they are */
  guint64 statistics[N_STATISTICS];
} Scheme;

/* Who does the work; both may give up the model's mutex. */
typedef struct {
  guint64 (*get_huge_ratio) (gpointer data); /* of the whole system, basis points */
  gboolean (*collapse) (gpointer data, guint64 start, guint64 length);
  gpointer data;
} SchemeWorker;

/* What a commit does. @now: microseconds. */
void scheme_set (Scheme *self, const SchemeSettings *settings, gint64 now);

/* One application, as at the end of each aggregation. @target: its serial. @regions: of Region.
 * @aggregation: its number. @now: microseconds. */
void scheme_apply (Scheme *self, guint target, GArray *regions, guint64 aggregation, gint64 now,
                   const SchemeWorker *worker);

/* Whether the mark points at a target that is not this one; @target 0: there is none. */
gboolean scheme_is_trapped (const Scheme *self, guint target);

/* Shuts the trap, with a quota that is high enough for both counters to stand still in it. */
void scheme_trap (Scheme *self);
