/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "stall-watch.h"

#define WINDOWS 3
#define USEC_PER_MSEC 1000

/* Regions are merged and split for so many aggregations before some have kept their access pattern
 * for as long as is asked. */
#define AGGREGATIONS 10

/* Of any module, however fast its settings are: others need the processor too. */
#define LEAST_USEC ((guint64) 3000000)

void
dh_stall_watch_begin (DhStallWatch *watch, guint doubt, const DhParameterValues *base, guint64 now)
{
  watch->doubt = doubt;
  watch->exceeds = base->values[DH_PARAMETER_QUOTA_EXCEEDS];
  dh_stall_watch_defer (watch, now);
}

void
dh_stall_watch_defer (DhStallWatch *watch, guint64 now)
{
  watch->watched = 0;
  watch->looked = now;
}

/* How long a module that works may take before its counters move. */
static guint64
get_patience (const DhParameterValues *values)
{
  const guint64 *value = values->values;
  const guint64 aggregations = AGGREGATIONS * value[DH_PARAMETER_AGGR_INTERVAL];

  return 2 * value[DH_PARAMETER_MIN_AGE] + aggregations
         + WINDOWS
             * MAX (value[DH_PARAMETER_QUOTA_RESET_INTERVAL] * USEC_PER_MSEC,
                    value[DH_PARAMETER_AGGR_INTERVAL]);
}

gboolean
dh_stall_watch_look (DhStallWatch *watch, const DhParameterValues *base,
                     const DhParameterValues *values, guint64 now)
{
  const guint64 exceeds = values->values[DH_PARAMETER_QUOTA_EXCEEDS];
  const guint64 gap = now - watch->looked;

  /* Without the counters nothing can be told. */
  if (!values->known[DH_PARAMETER_TRIED_REGIONS] || !values->known[DH_PARAMETER_QUOTA_EXCEEDS]
      || base->values[DH_PARAMETER_TRIED_REGIONS] != values->values[DH_PARAMETER_TRIED_REGIONS])
    watch->doubt = 0;
  if (exceeds != watch->exceeds)
    watch->watched = 0;
  else if (gap <= DH_STALL_GAP_USEC)
    watch->watched += gap;
  watch->looked = now;
  watch->exceeds = exceeds;
  return watch->doubt > 0
         && watch->watched >= MAX (watch->doubt * get_patience (values), LEAST_USEC);
}
