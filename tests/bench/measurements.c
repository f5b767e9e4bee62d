/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "measurement.h"
#include "measures.h"

/* In the order in which they run. */
const Measurement measurements[] = {
  { "map", measure_map },
  { "speed", measure_speed },
  { "redis", measure_redis },
  { "khugepaged", measure_khugepaged },
  { "walk-cost", measure_walk_cost },
  { "observer", measure_observer },
  { "time-to-hot", measure_time_to_hot },
  { "collapse", measure_collapse },
  { "target-throughput", measure_target_throughput },
  { "looking", measure_looking },
  { "sleeping", measure_sleeping },
  { "get-all", measure_get_all },
  { "set-root", measure_set_root },
  { "set-user", measure_set_user },
  { "flood-1", measure_flood_1 },
  { "flood-8", measure_flood_8 },
  { "flood-32", measure_flood_32 },
  { "flood-memory", measure_flood_memory },
  { "start", measure_start },
  { "idle", measure_idle },
  { "client", measure_client },
  { 0 },
};
