/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* What measurements.c lists, by the file that they are in. */

/* measure-memory.c: what becomes huge, and what it is worth */
void measure_map (gboolean smoke, gboolean is_long);
void measure_khugepaged (gboolean smoke, gboolean is_long);

/* measure-speed.c */
void measure_speed (gboolean smoke, gboolean is_long);

/* measure-redis.c */
void measure_redis (gboolean smoke, gboolean is_long);

/* measure-observer.c: what it costs when there is nothing left to do */
void measure_observer (gboolean smoke, gboolean is_long);

/* measure-looking.c: what it costs to look */
void measure_walk_cost (gboolean smoke, gboolean is_long);
void measure_looking (gboolean smoke, gboolean is_long);
void measure_sleeping (gboolean smoke, gboolean is_long);

/* measure-collapse.c: what it costs to make memory huge */
void measure_collapse (gboolean smoke, gboolean is_long);
void measure_target_throughput (gboolean smoke, gboolean is_long);
void measure_time_to_hot (gboolean smoke, gboolean is_long);

/* measure-calls.c: calls on the bus */
void measure_get_all (gboolean smoke, gboolean is_long);
void measure_set_root (gboolean smoke, gboolean is_long);
void measure_set_user (gboolean smoke, gboolean is_long);

/* measure-floods.c: calls beside others' calls */
void measure_flood_1 (gboolean smoke, gboolean is_long);
void measure_flood_8 (gboolean smoke, gboolean is_long);
void measure_flood_32 (gboolean smoke, gboolean is_long);
void measure_flood_memory (gboolean smoke, gboolean is_long);

/* measure-process.c: the service and the client as processes */
void measure_start (gboolean smoke, gboolean is_long);
void measure_idle (gboolean smoke, gboolean is_long);
void measure_client (gboolean smoke, gboolean is_long);
