/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "stall-watch.h"

#define WINDOWS 3
#define USEC_PER_MSEC 1000

/* Regions are merged and split for so many aggregations before some have kept their access pattern
 * for as long as is asked. */
#define AGGREGATIONS 10

/* So many looks have to agree. Where the whole machine was stopped, as virtual ones are, the clock
 * has gone on, and whoever runs first thereafter sees that nothing has moved. */
#define LOOKS 3
#define LOOK_DISTANCE (G_USEC_PER_SEC / 2)

static void
begin_anew (DhStallWatch *watch, guint64 now)
{
  watch->since = watch->looked = now;
  watch->n_looks = 0;
}

void
dh_stall_watch_begin (DhStallWatch *watch, guint doubt, const DhParameterValues *base, guint64 now)
{
  watch->doubt = doubt;
  watch->exceeds = base->values[DH_PARAMETER_QUOTA_EXCEEDS];
  begin_anew (watch, now);
}

void
dh_stall_watch_defer (DhStallWatch *watch, guint64 now)
{
  begin_anew (watch, now);
}

static void
count_look (DhStallWatch *watch, guint64 now)
{
  if (now - watch->looked < LOOK_DISTANCE)
    return;
  watch->looked = now;
  watch->n_looks++;
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

  /* Without the counters nothing can be told. */
  if (!values->known[DH_PARAMETER_TRIED_REGIONS] || !values->known[DH_PARAMETER_QUOTA_EXCEEDS]
      || base->values[DH_PARAMETER_TRIED_REGIONS] != values->values[DH_PARAMETER_TRIED_REGIONS])
    watch->doubt = 0;
  if (exceeds != watch->exceeds)
    begin_anew (watch, now);
  else
    count_look (watch, now);
  watch->exceeds = exceeds;
  return watch->doubt > 0 && watch->n_looks >= LOOKS
         && now - watch->since >= watch->doubt * get_patience (values);
}
