/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "statistics.h"

static const DhStatisticInfo infos[] = {
  [DH_STATISTIC_TIMESTAMP] = { "timestamp", 't', FALSE },
  [DH_STATISTIC_TRIED_REGIONS] = { "tried-regions", 't', FALSE },
  [DH_STATISTIC_TRIED_BYTES] = { "tried-bytes", 't', FALSE },
  [DH_STATISTIC_COLLAPSED_REGIONS] = { "collapsed-regions", 't', FALSE },
  [DH_STATISTIC_COLLAPSED_BYTES] = { "collapsed-bytes", 't', FALSE },
  [DH_STATISTIC_QUOTA_EXCEEDS] = { "quota-exceeds", 't', FALSE },
  [DH_STATISTIC_ANONYMOUS_BYTES] = { "anonymous-bytes", 't', FALSE },
  [DH_STATISTIC_HUGEPAGE_BYTES] = { "hugepage-bytes", 't', FALSE },
  [DH_STATISTIC_RATIO] = { "ratio", 'u', FALSE },
  [DH_STATISTIC_GOAL] = { "goal", 'u', FALSE },
  [DH_STATISTIC_HOT_BYTES] = { "hot-bytes", 't', TRUE },
  [DH_STATISTIC_SKIPPED_BYTES] = { "skipped-bytes", 't', TRUE },
  [DH_STATISTIC_ENGINE_CPU] = { "engine-cpu-usec", 't', FALSE },
  [DH_STATISTIC_EFFECTIVE_QUOTA] = { "effective-quota", 't', FALSE },
  [DH_STATISTIC_ADDED_BYTES] = { "added-bytes", 't', FALSE },
};

G_STATIC_ASSERT (G_N_ELEMENTS (infos) == DH_N_STATISTICS);

const DhStatisticInfo *
dh_statistic_info (DhStatistic statistic)
{
  return &infos[statistic];
}

void
dh_statistics_set (DhStatistics *statistics, DhStatistic statistic, guint64 value)
{
  statistics->values[statistic] = value;
  statistics->known[statistic] = TRUE;
}

void
dh_statistics_add (DhStatistics *statistics, DhStatistic statistic, guint64 value)
{
  dh_statistics_set (statistics, statistic, statistics->values[statistic] + value);
}

void
dh_statistics_count_failure (DhStatistics *statistics, int number)
{
  for (guint i = 0; i < DH_N_FAILURES; i++) {
    DhFailure *failure = &statistics->failures[i];

    if (failure->number != 0 && failure->number != number)
      continue;
    failure->number = number;
    failure->count++;
    return;
  }
}
