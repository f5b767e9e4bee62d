/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "damon.h"
#include "scheme.h"
#include "target.h"

/* damon_hugepage's context and the thread that works on it. The context is as old as the system:
 * what the last commit made of it stays when the thread ends, but for the target. */

/* In the order of the files. */
typedef enum {
  INPUT_MONITORED_PID,
  INPUT_MIN_AGE,
  INPUT_QUOTA_MS,
  INPUT_QUOTA_SZ,
  INPUT_QUOTA_RESET_INTERVAL_MS,
  INPUT_QUOTA_PERCENTAGE_HUGEPAGE,
  INPUT_QUOTA_AUTOTUNE_FEEDBACK,
  INPUT_SAMPLE_INTERVAL,
  INPUT_AGGR_INTERVAL,
  INPUT_MIN_NR_REGIONS,
  INPUT_MAX_NR_REGIONS,
  INPUT_ADDR_UNIT,
} Input;

#define N_INPUTS (INPUT_ADDR_UNIT + 1)

/* The samples so far, and at which the next thing is due. */
typedef struct {
  gint64 clock; /* when the last sample was due, microseconds */
  guint64 samples;
  guint64 aggregation;
  guint64 application;
  guint64 update;
  guint64 n_aggregations;
} Schedule;

/* What a test wants of it; milliseconds. */
typedef struct {
  guint64 commit_delay; /* before inputs are taken */
  guint64 start_delay;
  guint64 stop_delay;     /* as long as the collapse that a stop has to wait for */
  guint64 update;         /* between looks at the address space */
  gboolean refuse_commit; /* the next one */
  gboolean die;
  gboolean old_core; /* divides by a ratio of 0 */
  gint64 huge_ratio; /* of the system, basis points; -1: the target's is the system's */
} KdamondOrders;

typedef struct {
  guint64 in_force[N_INPUTS]; /* as committed last */
  Target *target;             /* NULL: none, as after every end */
  guint target_serial;        /* of the kernel's object, which a commit does not replace */
  guint last_serial;
  GArray *regions; /* of Region */
  gboolean stale;  /* the regions are another target's */
  Schedule schedule;
  Scheme scheme;
  gboolean running;
  gint64 stop_requested;   /* when, in microseconds; 0: not */
  gint64 commit_requested; /* when, in microseconds */
  DamonThread thread;
  KdamondOrders orders;
} Kdamond;

void kdamond_init (Kdamond *self);

/* With the model's mutex held, all of them. */

/* Makes the module's inputs the context's. @who: the task whose process IDs they are, 0 for the
 * thread itself. Returns: 0, or -EINVAL, and then nothing is changed; -EIO
 * if the kernel does not survive it. */
int kdamond_commit (Model *model, pid_t who);

/* Returns: 0, -EBUSY or -ENOMEM. */
int kdamond_start (Model *model);

/* Waits until it has ended; it must be running. */
void kdamond_stop (Model *model);

/* The serial of the target, 0 if there is none. */
guint kdamond_get_serial (const Kdamond *self);
