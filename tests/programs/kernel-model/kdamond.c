/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "kdamond.h"

#include "model.h"

#include <errno.h>
#include <time.h>

/* Linux, damon_hugepage_mon_attrs. */
#define UPDATE_MILLISECONDS 60000

/* Applications made up for at once; what was due before them is lost. */
#define MOST_CAUGHT_UP 1000

void
kdamond_init (Kdamond *self)
{
  self->regions = g_array_new (FALSE, FALSE, sizeof (Region));
  self->thread = DAMON_THREAD_NONE;
  self->orders.update = UPDATE_MILLISECONDS;
  self->orders.huge_ratio = -1;
}

guint
kdamond_get_serial (const Kdamond *self)
{
  return self->target != NULL ? self->target_serial : 0;
}

/* Microseconds: a sampling interval of 0 is one of 1. */
static guint64
get_sample_interval (const Kdamond *self)
{
  return MAX (self->in_force[INPUT_SAMPLE_INTERVAL], 1);
}

static void
plan_aggregation (Kdamond *self)
{
  self->schedule.aggregation =
    self->schedule.samples + self->in_force[INPUT_AGGR_INTERVAL] / get_sample_interval (self);
}

static void
plan_application (Kdamond *self)
{
  self->schedule.application =
    self->schedule.samples + self->in_force[INPUT_AGGR_INTERVAL] / get_sample_interval (self);
}

static void
plan_update (Kdamond *self)
{
  self->schedule.update =
    self->schedule.samples + self->orders.update * 1000 / get_sample_interval (self);
}

static void
update_regions (Kdamond *self)
{
  g_array_unref (self->regions);
  self->regions = target_get_regions (self->target, self->in_force[INPUT_MIN_NR_REGIONS],
                                      self->schedule.n_aggregations);
  self->stale = FALSE;
  plan_update (self);
}

static gboolean
is_power_of_two (guint64 value)
{
  return value != 0 && (value & (value - 1)) == 0;
}

/* Bytes; 0 is where the kernel divides by zero: the factor is rounded up to an even one. */
static guint64
get_least_region (guint64 addr_unit)
{
  const guint64 even = addr_unit + (addr_unit & 1);

  return even == 0 ? 0 : MAX (4096 / even, 1);
}

static gboolean
are_valid (const guint64 *inputs)
{
  return inputs[INPUT_AGGR_INTERVAL] > 0
         && inputs[INPUT_SAMPLE_INTERVAL] <= inputs[INPUT_AGGR_INTERVAL]
         && inputs[INPUT_MIN_NR_REGIONS] >= 3
         && inputs[INPUT_MIN_NR_REGIONS] <= inputs[INPUT_MAX_NR_REGIONS]
         && inputs[INPUT_QUOTA_PERCENTAGE_HUGEPAGE] > 0
         && is_power_of_two (get_least_region (inputs[INPUT_ADDR_UNIT]));
}

/* Returns: whether the kernel survives looking at them. */
static gboolean
survives (Model *model, const guint64 *inputs)
{
  if (get_least_region (inputs[INPUT_ADDR_UNIT]) == 0) {
    model_crash (model, "divided by zero for the greatest addr_unit");
    return FALSE;
  }
  if (inputs[INPUT_QUOTA_PERCENTAGE_HUGEPAGE] > 0)
    return TRUE;
  if (model->kdamond.orders.old_core) {
    model_crash (model, "divided by a ratio of zero");
    return FALSE;
  }
  model_hurt (model, "ratio: 0 was to come into force");
  return TRUE;
}

static SchemeSettings
make_scheme_settings (const guint64 *inputs)
{
  return (SchemeSettings){
    .quota_ms = inputs[INPUT_QUOTA_MS],
    .quota_size = inputs[INPUT_QUOTA_SZ],
    .window_ms = inputs[INPUT_QUOTA_RESET_INTERVAL_MS],
    .ratio = inputs[INPUT_QUOTA_PERCENTAGE_HUGEPAGE],
    .feedback = inputs[INPUT_QUOTA_AUTOTUNE_FEEDBACK],
    .least_region = get_least_region (inputs[INPUT_ADDR_UNIT]),
    .min_age = (guint32) (inputs[INPUT_MIN_AGE] / inputs[INPUT_AGGR_INTERVAL]),
    .aggregation = inputs[INPUT_AGGR_INTERVAL],
  };
}

static gboolean
have_intervals_changed (const Kdamond *self, const guint64 *inputs)
{
  return self->in_force[INPUT_SAMPLE_INTERVAL] != inputs[INPUT_SAMPLE_INTERVAL]
         || self->in_force[INPUT_AGGR_INTERVAL] != inputs[INPUT_AGGR_INTERVAL]
         || self->in_force[INPUT_MIN_NR_REGIONS] != inputs[INPUT_MIN_NR_REGIONS]
         || self->in_force[INPUT_MAX_NR_REGIONS] != inputs[INPUT_MAX_NR_REGIONS];
}

/* Another target's regions stay what is worked on until the next update. */
static void
take_target (Model *model, Target *target)
{
  Kdamond *self = &model->kdamond;

  if (self->running && !target_equal (self->target, target)) {
    model_hurt (model, "switched: process %d was committed in place of %d, which runs on",
                target_get_id (target), target_get_id (self->target));
    self->stale = TRUE;
  }
  if (self->target == NULL)
    self->target_serial = ++self->last_serial;
  g_clear_pointer (&self->target, target_unref);
  self->target = target_ref (target);
}

int
kdamond_commit (Model *model, pid_t who)
{
  Kdamond *self = &model->kdamond;
  const guint64 *inputs = module_get_inputs (&model->module);
  g_autoptr (Target) target = NULL;
  SchemeSettings settings;
  gboolean new_intervals;
  const gint64 now = self->running ? self->schedule.clock : g_get_monotonic_time ();

  if (!survives (model, inputs))
    return -EIO;
  target = target_new (inputs[INPUT_MONITORED_PID], who);
  if (target == NULL || !are_valid (inputs))
    return -EINVAL;
  take_target (model, target);
  new_intervals = have_intervals_changed (self, inputs);
  for (guint i = 0; i < N_INPUTS; i++)
    self->in_force[i] = inputs[i];
  settings = make_scheme_settings (inputs);
  scheme_set (&self->scheme, &settings, now);
  if (new_intervals) {
    plan_aggregation (self);
    plan_application (self);
    plan_update (self);
  }
  return 0;
}

static guint64
get_huge_ratio (gpointer data)
{
  Model *model = data;
  Kdamond *self = &model->kdamond;
  g_autoptr (Target) target = target_ref (self->target);
  guint64 ratio;

  if (self->orders.huge_ratio >= 0)
    return (guint64) self->orders.huge_ratio;
  g_mutex_unlock (&model->mutex);
  ratio = target_get_huge_ratio (target);
  g_mutex_lock (&model->mutex);
  return ratio;
}

static gboolean
collapse (gpointer data, guint64 start, guint64 length)
{
  Model *model = data;
  g_autoptr (Target) target = target_ref (model->kdamond.target);
  gboolean done;

  g_mutex_unlock (&model->mutex);
  done = target_collapse (target, start, length);
  g_mutex_lock (&model->mutex);
  return done;
}

/* damon_hugepage_damon_call_fn(): once a sample. A commit is refused without a word. */
static void
call_back (Model *model)
{
  Kdamond *self = &model->kdamond;

  module_set_statistics (&model->module, self->scheme.statistics);
  if (!module_get_commit_inputs (&model->module)
      || self->schedule.clock < self->commit_requested + (gint64) self->orders.commit_delay * 1000)
    return;
  if (!self->orders.refuse_commit)
    kdamond_commit (model, 0);
  self->orders.refuse_commit = FALSE;
  if (!model->crashed)
    module_clear_commit_inputs (&model->module);
  g_cond_broadcast (&model->changed);
}

/* Returns: whether it was due. */
static gboolean
apply (Model *model)
{
  Kdamond *self = &model->kdamond;
  const SchemeWorker worker = { get_huge_ratio, collapse, model };

  if (self->schedule.samples < self->schedule.application)
    return FALSE;
  scheme_apply (&self->scheme, self->target_serial, self->regions, self->schedule.n_aggregations,
                self->schedule.clock, &worker);
  plan_application (self);
  return TRUE;
}

/* What ends it at once. */
static gboolean
is_cut_off (Model *model)
{
  const Kdamond *self = &model->kdamond;

  return self->orders.die || model->crashed || !target_exists (self->target);
}

static gboolean
needs_stop (Model *model)
{
  return model->kdamond.stop_requested != 0 || is_cut_off (model);
}

/* A stop ends the wait, and no other. Less than a millisecond is no sleep worth having. */
static void
wait_sample (Model *model)
{
  const guint64 interval = CLAMP (get_sample_interval (&model->kdamond), 1000, G_TIME_SPAN_DAY);
  const gint64 end = model->kdamond.schedule.clock + (gint64) interval;

  while (model->kdamond.stop_requested == 0 && !model->kdamond.orders.die && !model->crashed
         && g_get_monotonic_time () < end)
    g_cond_wait_until (&model->changed, &model->mutex, end);
}

/* At the schedule's clock. Returns: whether there was an application. */
static gboolean
sample (Model *model)
{
  Kdamond *self = &model->kdamond;
  /* Those of a commit in this turn count from the next. */
  const guint64 aggregation = self->schedule.aggregation;
  const guint64 update = self->schedule.update;
  gboolean applied;

  self->schedule.samples++;
  if (self->schedule.samples >= aggregation)
    self->schedule.n_aggregations++;
  call_back (model);
  applied = apply (model);
  if (self->schedule.samples >= aggregation)
    plan_aggregation (self);
  if (self->schedule.samples >= update)
    update_regions (self);
  return applied;
}

static gboolean
is_due (const Kdamond *self, gint64 now)
{
  return now > self->schedule.clock
         && (guint64) (now - self->schedule.clock) >= get_sample_interval (self);
}

/* Microseconds that this thread has worked. */
static gint64
get_processor_time (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

/* All samples that were due until @now, each at its time: how seldom a busy machine lets the thread
 * run does not matter. Its own work puts off what comes next, as in the kernel, so that it cannot
 * fall behind by it. Returns: whether there was one. */
static gboolean
catch_up (Model *model, gint64 now)
{
  Kdamond *self = &model->kdamond;
  const gint64 begin = get_processor_time ();
  gboolean any = FALSE;
  guint n_applications = 0;

  while (is_due (self, now) && !is_cut_off (model)) {
    if (n_applications == MOST_CAUGHT_UP) {
      self->schedule.clock = now;
      break;
    }
    self->schedule.clock += (gint64) get_sample_interval (self);
    n_applications += sample (model);
    any = TRUE;
  }
  self->schedule.clock += get_processor_time () - begin;
  return any;
}

static void
work (Model *model)
{
  Kdamond *self = &model->kdamond;
  gint64 now;

  wait_sample (model);
  now = self->stop_requested != 0 ? self->stop_requested : g_get_monotonic_time ();
  if (catch_up (model, now))
    return;
  /* Woken early. */
  self->schedule.clock = MAX (self->schedule.clock, now);
  sample (model);
}

static gpointer
run (gpointer data)
{
  Model *model = data;
  Kdamond *self = &model->kdamond;

  g_mutex_lock (&model->mutex);
  while (!needs_stop (model))
    work (model);
  if (self->stop_requested != 0) {
    catch_up (model, self->stop_requested);
    model_sleep (model, self->orders.stop_delay);
  }
  damon_end (model, &self->thread);
  g_clear_pointer (&self->target, target_unref);
  self->stale = FALSE;
  self->orders.die = FALSE;
  self->running = FALSE;
  g_cond_broadcast (&model->changed);
  g_mutex_unlock (&model->mutex);
  return NULL;
}

int
kdamond_start (Model *model)
{
  Kdamond *self = &model->kdamond;
  int result;

  model_sleep (model, self->orders.start_delay);
  result = damon_start (model, TRUE, &self->thread);
  if (result < 0)
    return result;
  self->running = TRUE;
  self->stop_requested = 0;
  self->orders.die = FALSE;
  self->schedule = (Schedule){ .clock = g_get_monotonic_time () };
  plan_aggregation (self);
  plan_application (self);
  update_regions (self);
  g_thread_unref (g_thread_new ("kdamond", run, model));
  return 0;
}

void
kdamond_stop (Model *model)
{
  Kdamond *self = &model->kdamond;

  self->stop_requested = g_get_monotonic_time ();
  g_cond_broadcast (&model->changed);
  while (self->running)
    g_cond_wait (&model->changed, &model->mutex);
}
