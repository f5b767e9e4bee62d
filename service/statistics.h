/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* What is reported of a target. A figure that an engine does not know is absent. */
typedef enum {
  DH_STATISTIC_TIMESTAMP, /* microseconds, CLOCK_MONOTONIC */
  DH_STATISTIC_TRIED_REGIONS,
  DH_STATISTIC_TRIED_BYTES,
  DH_STATISTIC_COLLAPSED_REGIONS,
  DH_STATISTIC_COLLAPSED_BYTES, /* measured in the page tables */
  DH_STATISTIC_QUOTA_EXCEEDS,
  DH_STATISTIC_ANONYMOUS_BYTES,
  DH_STATISTIC_HUGEPAGE_BYTES,
  DH_STATISTIC_RATIO, /* measured, basis points */
  DH_STATISTIC_GOAL,  /* wanted, basis points */
  DH_STATISTIC_HOT_BYTES,
  DH_STATISTIC_SKIPPED_BYTES,
  DH_STATISTIC_ENGINE_CPU, /* microseconds */
  DH_STATISTIC_EFFECTIVE_QUOTA,
  DH_STATISTIC_ADDED_BYTES, /* filled with zeros by collapsing */
} DhStatistic;

#define DH_N_STATISTICS (DH_STATISTIC_ADDED_BYTES + 1)

/* Different errno values that are counted apart; the kernel's calls here know fewer. */
#define DH_N_FAILURES 8

typedef struct {
  int number; /* errno; 0: unused */
  guint64 count;
} DhFailure;

typedef struct {
  guint64 values[DH_N_STATISTICS];
  gboolean known[DH_N_STATISTICS];
  gboolean counts_failures;
  DhFailure failures[DH_N_FAILURES];
} DhStatistics;

typedef struct {
  const char *name; /* the key on the bus */
  char type;        /* 'u' or 't' */
  gboolean private; /* not in the broadcast */
} DhStatisticInfo;

const DhStatisticInfo *dh_statistic_info (DhStatistic statistic);

void dh_statistics_set (DhStatistics *statistics, DhStatistic statistic, guint64 value);
void dh_statistics_add (DhStatistics *statistics, DhStatistic statistic, guint64 value);
void dh_statistics_count_failure (DhStatistics *statistics, int number);
