/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "lane.h"

#include "collapser.h"
#include "error.h"
#include "observer.h"
#include "saturating.h"
#include "thread-clock.h"
#include "tuner.h"

#include <errno.h>
#include <string.h>

/* How long a block or the whole target is left alone after a failure; doubled with each in a row,
 * at most this often. */
#define RETRY_USEC ((guint64) 2 * G_USEC_PER_SEC)
#define NO_MEMORY_USEC ((guint64) 10 * G_USEC_PER_SEC)
#define REFUSED_USEC ((guint64) 300 * G_USEC_PER_SEC)
#define MAX_DOUBLINGS 5

/* Hot blocks next to the hottest are taken along in its call if they are at least this hot,
 * compared with it. */
#define COMPANION_SHARE 0.5f

/* Between two calls the process runs undisturbed for as long as the call took, and at least this.
 */
#define MIN_PAUSE_USEC 1000

/* While nothing is to be done, how often it is looked whether the process is still the same. */
#define CHECK_USEC G_USEC_PER_SEC

#define OWNER_READS 3
#define OWNER_PAUSE_USEC 5000

struct _DhLane {
  /* Shared, under lock. */
  GMutex lock;
  GCond wake;
  gboolean stopping;
  DhLaneGoals goals;
  DhStatistics statistics;

  /* The main thread's. */
  GMainContext *context;
  DhLaneFunc func;
  gpointer user_data;
  gboolean abandoned;

  /* The lane's own thread's. */
  DhProcess *process;
  DhOwner owner;
  DhEye *eye;
  const DhAdvisor *advisor;
  DhBudget *budget;
  DhObserver *observer;
  DhTuner tuner;
  guint64 window;     /* of the budget, the last that the tuner has seen */
  GArray *candidates; /* guint64: addresses, hottest first (nullable) */
  guint next_candidate;
  guint64 not_before;    /* the whole target rests after a failure that will not pass soon */
  guint target_failures; /* in a row */
  gboolean serving;
  gboolean hampered;
  gboolean switched_off; /* huge pages, by the process for itself */
};

static void
clear_lane (gpointer data)
{
  DhLane *lane = data;

  g_clear_pointer (&lane->observer, dh_observer_free);
  g_clear_pointer (&lane->candidates, g_array_unref);
  g_clear_object (&lane->eye);
  dh_budget_unref (lane->budget);
  dh_process_unref (lane->process);
  g_main_context_unref (lane->context);
  g_mutex_clear (&lane->lock);
  g_cond_clear (&lane->wake);
}

static void
unref_lane (gpointer lane)
{
  g_atomic_rc_box_release_full (lane, clear_lane);
}

typedef struct {
  DhLane *lane;
  DhLaneEvent event;
  GError *error;
} Notice;

static gboolean
deliver_notice (gpointer data)
{
  Notice *notice = data;

  if (!notice->lane->abandoned)
    notice->lane->func (notice->lane, notice->event, notice->error, notice->lane->user_data);
  return G_SOURCE_REMOVE;
}

static void
free_notice (gpointer data)
{
  Notice *notice = data;

  unref_lane (notice->lane);
  g_clear_error (&notice->error);
  g_free (notice);
}

static void
notify (DhLane *lane, DhLaneEvent event, const GError *error)
{
  Notice *notice = g_new0 (Notice, 1);
  g_autoptr (GSource) source = g_idle_source_new ();

  notice->lane = g_atomic_rc_box_acquire (lane);
  notice->event = event;
  notice->error = error ? g_error_copy (error) : NULL;
  /* Behind the answer to whoever started the lane, however soon there is something to tell. */
  g_source_set_priority (source, G_PRIORITY_DEFAULT + 1);
  g_source_set_callback (source, deliver_notice, notice, free_notice);
  g_source_attach (source, lane->context);
}

static guint64
now_usec (void)
{
  return (guint64) g_get_monotonic_time ();
}

/* Returns: whether the lane is to go on. */
static gboolean
wait_until (DhLane *lane, guint64 deadline)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);

  while (!lane->stopping && g_cond_wait_until (&lane->wake, &lane->lock, (gint64) deadline))
    ;
  return !lane->stopping;
}

static gboolean
goes_on (DhLane *lane)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);

  return !lane->stopping;
}

static DhLaneGoals
get_goals (DhLane *lane)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);

  return lane->goals;
}

static void
set_hampered (DhLane *lane, const GError *error)
{
  if (!error && !lane->hampered)
    return;
  lane->hampered = error != NULL;
  notify (lane, error ? DH_LANE_HAMPERED : DH_LANE_RECOVERED, error);
}

/* What was observed and what is spent, into the figures. */
static void
publish (DhLane *lane)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);
  DhStatistics *figures = &lane->statistics;
  DhObservation seen;
  DhGrant grant;

  dh_observer_get_observation (lane->observer, &seen);
  dh_budget_ask (lane->budget, FALSE, &grant);
  dh_statistics_set (figures, DH_STATISTIC_TIMESTAMP, now_usec ());
  dh_statistics_set (figures, DH_STATISTIC_ANONYMOUS_BYTES, seen.anonymous_bytes);
  dh_statistics_set (figures, DH_STATISTIC_HUGEPAGE_BYTES, seen.hugepage_bytes);
  dh_statistics_set (figures, DH_STATISTIC_RATIO,
                     dh_measured_ratio (seen.hugepage_bytes, seen.anonymous_bytes));
  dh_statistics_set (figures, DH_STATISTIC_GOAL, lane->goals.ratio);
  dh_statistics_set (figures, DH_STATISTIC_HOT_BYTES, seen.heat.hot);
  dh_statistics_set (figures, DH_STATISTIC_SKIPPED_BYTES, seen.heat.skipped);
  dh_statistics_set (figures, DH_STATISTIC_QUOTA_EXCEEDS, grant.exceeds);
  dh_statistics_set (figures, DH_STATISTIC_EFFECTIVE_QUOTA, grant.effective_size);
  dh_statistics_set (figures, DH_STATISTIC_ENGINE_CPU, dh_thread_cpu_usec ());
}

static void
count_result (DhLane *lane, const DhCollapseResult *result)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);
  DhStatistics *figures = &lane->statistics;

  dh_statistics_add (figures, DH_STATISTIC_TRIED_REGIONS, 1);
  dh_statistics_add (figures, DH_STATISTIC_TRIED_BYTES, result->tried * DH_BLOCK_SIZE);
  if (result->collapsed > 0)
    dh_statistics_add (figures, DH_STATISTIC_COLLAPSED_REGIONS, 1);
  dh_statistics_add (figures, DH_STATISTIC_COLLAPSED_BYTES, result->collapsed * DH_BLOCK_SIZE);
  dh_statistics_add (figures, DH_STATISTIC_ADDED_BYTES, result->added_bytes);
  if (result->collapsed < result->tried)
    dh_statistics_count_failure (figures, result->error != 0 ? result->error : EAGAIN);
}

static guint64
doubled (guint64 base, guint failures)
{
  return base << MIN (failures, MAX_DOUBLINGS);
}

/* No huge page to be had, or the memory limit of its control group reached: nothing will go better
 * for the next block. */
static void
rest (DhLane *lane, int number)
{
  g_autoptr (GError) error = NULL;

  g_set_error (&error, DH_ERROR, DH_ERROR_KERNEL_REJECTED,
               "Process %d: no memory for huge pages (%s)", dh_process_get_pid (lane->process),
               number == EBUSY ? "the limit of its control group" : g_strerror (number));
  lane->not_before = now_usec () + doubled (NO_MEMORY_USEC, lane->target_failures++);
  set_hampered (lane, error);
}

/* A process with PR_SET_THP_DISABLE is left alone for as long as it has it. */
static gboolean
check_switched_on (DhLane *lane)
{
  g_autoptr (GError) error = NULL;
  gboolean was_off = lane->switched_off;

  lane->switched_off = !dh_process_thp_enabled (lane->process);
  if (lane->switched_off) {
    g_set_error (&error, DH_ERROR, DH_ERROR_PROCESS_NOT_PERMITTED,
                 "Process %d has switched huge pages off for itself (PR_SET_THP_DISABLE)",
                 dh_process_get_pid (lane->process));
    lane->not_before = G_MAXUINT64;
    if (!was_off)
      set_hampered (lane, error);
  } else if (was_off) {
    lane->not_before = 0;
    set_hampered (lane, NULL);
  }
  return !lane->switched_off;
}

static void
note_block (DhBlock *block, const DhCollapseResult *result, guint index)
{
  guint64 now = now_usec ();

  if (index >= result->tried) {
    block->verdict = (guint8) result->verdicts[index];
    /* A child may end at once; everything else that makes a block unfit lasts longer. */
    block->retry_after = now + (block->verdict == DH_SKIP_SHARED ? RETRY_USEC : REFUSED_USEC / 10);
  } else if (result->huge[index]) {
    block->verdict = DH_SKIP_HUGE;
    block->collapsed = TRUE;
    block->failures = 0;
  } else {
    block->verdict = DH_ELIGIBLE;
    block->retry_after =
      now + (result->error == EINVAL ? REFUSED_USEC : doubled (RETRY_USEC, block->failures));
    block->failures = (guint8) MIN (block->failures + 1, G_MAXUINT8);
  }
}

/* Returns: how many of the candidates behind @address, next to one another, go along with it. */
static guint
find_run (DhLane *lane, const DhBlock *hottest, guint allowance)
{
  DhHeat *heat = dh_observer_get_heat (lane->observer);
  guint blocks = 1;

  while (blocks < MIN (allowance, DH_RUN_BLOCKS)) {
    const DhBlock *next = dh_heat_find (heat, hottest->address + blocks * DH_BLOCK_SIZE);

    if (!next || !dh_block_may_be_tried (next, now_usec ()) || next->hot_epochs < DH_HOT_EPOCHS
        || next->score < hottest->score * COMPANION_SHARE)
      break;
    blocks++;
  }
  return blocks;
}

/* Returns: FALSE when the lane cannot go on. */
static gboolean
collapse (DhLane *lane, DhBlock *hottest, guint blocks, guint64 *ret_elapsed, GError **error)
{
  DhHeat *heat = dh_observer_get_heat (lane->observer);
  DhCollapser collapser = {
    .eye = lane->eye,
    .advisor = lane->advisor,
    .pidfd = dh_process_get_pidfd (lane->process),
    .mappings = dh_observer_get_mappings (lane->observer),
    .generation = dh_observer_get_generation (lane->observer),
  };
  DhCollapseResult result;
  gboolean refused;

  if (!dh_collapser_run (&collapser, hottest->address, blocks, &result, error))
    return FALSE;
  *ret_elapsed = result.elapsed;
  if (result.moved) {
    /* The next epoch sees who it is now. */
    g_clear_pointer (&lane->candidates, g_array_unref);
    return TRUE;
  }
  /* Then it is no fault of the blocks'. */
  refused = result.error == EINVAL && !check_switched_on (lane);
  for (guint i = 0; i < blocks; i++) {
    DhBlock *block = dh_heat_find (heat, hottest->address + i * DH_BLOCK_SIZE);

    if (refused && !result.huge[i])
      continue;
    /* Behind the first block that was left out nothing was decided. */
    if (block && (i <= result.tried || result.verdicts[i] != DH_ELIGIBLE))
      note_block (block, &result, i);
    if (result.huge[i])
      dh_observer_note_collapsed (lane->observer, hottest->address + i * DH_BLOCK_SIZE);
  }
  if (result.tried == 0)
    return TRUE;
  dh_budget_charge (lane->budget, result.tried, result.collapsed * DH_BLOCK_SIZE, result.elapsed);
  dh_tuner_charge (&lane->tuner, result.collapsed * DH_BLOCK_SIZE);
  count_result (lane, &result);
  if (result.error == EBUSY || result.error == ENOMEM) {
    rest (lane, result.error);
  } else if (result.collapsed > 0) {
    lane->target_failures = 0;
    set_hampered (lane, NULL);
  }
  publish (lane);
  return TRUE;
}

static DhBlock *
next_block (DhLane *lane)
{
  DhHeat *heat = dh_observer_get_heat (lane->observer);

  while (lane->candidates && lane->next_candidate < lane->candidates->len) {
    guint64 address = g_array_index (lane->candidates, guint64, lane->next_candidate);
    DhBlock *block = dh_heat_find (heat, address);

    if (block && dh_block_may_be_tried (block, now_usec ()))
      return block;
    lane->next_candidate++;
  }
  return NULL;
}

/* Blocks that quota and goals let through now; if none, when to ask again. */
static guint
get_allowance (DhLane *lane, guint64 *ret_next)
{
  DhLaneGoals goals = get_goals (lane);
  DhObservation seen;
  DhTunerInput input;
  DhGrant grant;
  guint allowance;

  dh_observer_get_observation (lane->observer, &seen);
  input = (DhTunerInput){
    .ratio = goals.ratio,
    .feedback = goals.feedback,
    .anonymous_bytes = seen.anonymous_bytes,
    .hugepage_bytes = seen.hugepage_bytes,
  };
  dh_budget_ask (lane->budget, TRUE, &grant);
  if (grant.window != lane->window)
    dh_tuner_advance (&lane->tuner, &input, grant.effective_size);
  lane->window = grant.window;
  allowance = MIN (grant.blocks, dh_tuner_allowance (&lane->tuner, &input));
  *ret_next = grant.next_window;
  return allowance;
}

/* Collapses what is hot until @deadline. Returns: FALSE with @error if the lane cannot go on,
 * without if it is to stop. */
static gboolean
work_until (DhLane *lane, guint64 deadline, GError **error)
{
  while (goes_on (lane)) {
    guint64 now = now_usec (), next = deadline, elapsed = 0;
    DhBlock *block = now < deadline ? next_block (lane) : NULL;
    guint allowance = 0;

    if (now >= deadline)
      return TRUE;
    if (block && now < lane->not_before)
      next = lane->not_before;
    else if (block)
      allowance = get_allowance (lane, &next);
    if (allowance > 0) {
      if (!collapse (lane, block, find_run (lane, block, allowance), &elapsed, error))
        return FALSE;
      next = now_usec () + MAX (elapsed, MIN_PAUSE_USEC);
    }
    if (!wait_until (lane, MIN (next, deadline)))
      return FALSE;
  }
  return FALSE;
}

/* In the middle of exec a process looks undumpable for a moment: what differs is read again. */
static gboolean
read_owner (DhLane *lane, DhOwner *ret_owner, GError **error)
{
  for (guint i = 0; i < OWNER_READS; i++) {
    if (i > 0)
      g_usleep (OWNER_PAUSE_USEC);
    if (!dh_process_read_owner (lane->process, ret_owner, error))
      return FALSE;
    if (dh_owner_equal (ret_owner, &lane->owner))
      return TRUE;
  }
  return TRUE;
}

static gboolean
check_process (DhLane *lane, GError **error)
{
  DhOwner owner;

  if (!read_owner (lane, &owner, error))
    return FALSE;
  if (!dh_owner_equal (&owner, &lane->owner)) {
    g_set_error (error, DH_ERROR, DH_ERROR_PROCESS_NOT_PERMITTED,
                 "Process %d has become somebody else's", dh_process_get_pid (lane->process));
    return FALSE;
  }
  check_switched_on (lane);
  return TRUE;
}

/* Until the epoch is due, or the process has got another address space. */
static gboolean
work_until_next_epoch (DhLane *lane, GError **error)
{
  guint64 next = dh_observer_get_next_epoch (lane->observer);
  gboolean moved = FALSE;

  while (!moved && now_usec () < next)
    if (!work_until (lane, MIN (next, now_usec () + CHECK_USEC), error)
        || !check_process (lane, error) || !dh_observer_check_moved (lane->observer, &moved, error))
      return FALSE;
  return TRUE;
}

static gboolean
run_epoch (DhLane *lane, GError **error)
{
  gboolean moved;

  if (!check_process (lane, error) || !dh_observer_begin (lane->observer, &moved, error))
    return FALSE;
  if (moved)
    g_clear_pointer (&lane->candidates, g_array_unref);
  publish (lane);
  if (!lane->serving)
    notify (lane, DH_LANE_SERVING, NULL);
  lane->serving = TRUE;
  for (guint i = 0; i < DH_OBSERVER_N_READS; i++)
    if (!work_until (lane, dh_observer_get_read_time (lane->observer, i), error)
        || !dh_observer_read (lane->observer, error))
      return FALSE;
  g_clear_pointer (&lane->candidates, g_array_unref);
  lane->candidates = dh_observer_end (lane->observer, get_goals (lane).min_age);
  lane->next_candidate = 0;
  publish (lane);
  return work_until_next_epoch (lane, error);
}

static gpointer
run_lane (gpointer data)
{
  DhLane *lane = data;
  g_autoptr (GError) error = NULL;

  while (run_epoch (lane, &error))
    ;
  if (error && g_error_matches (error, DH_ERROR, DH_ERROR_PROCESS_NOT_PERMITTED))
    notify (lane, DH_LANE_OWNER_CHANGED, error);
  else if (error && !g_error_matches (error, DH_ERROR, DH_ERROR_PROCESS_EXITED))
    notify (lane, DH_LANE_FAILED, error);
  unref_lane (lane);
  return NULL;
}

DhLane *
dh_lane_start (DhProcess *process, const DhOwner *owner, DhEye *eye, const DhAdvisor *advisor,
               DhBudget *budget, const DhLaneGoals *goals, DhLaneFunc func, gpointer user_data)
{
  DhLane *lane = g_atomic_rc_box_new0 (DhLane);

  g_mutex_init (&lane->lock);
  g_cond_init (&lane->wake);
  lane->goals = *goals;
  lane->context = g_main_context_ref_thread_default ();
  lane->func = func;
  lane->user_data = user_data;
  lane->process = dh_process_ref (process);
  lane->owner = *owner;
  lane->eye = eye;
  lane->advisor = advisor;
  lane->budget = dh_budget_ref (budget);
  lane->observer = dh_observer_new (eye, advisor, dh_process_get_pidfd (process));
  dh_tuner_init (&lane->tuner);
  lane->window = G_MAXUINT64;
  for (DhStatistic i = DH_STATISTIC_TRIED_REGIONS; i <= DH_STATISTIC_COLLAPSED_BYTES; i++)
    dh_statistics_set (&lane->statistics, i, 0);
  dh_statistics_set (&lane->statistics, DH_STATISTIC_ADDED_BYTES, 0);
  lane->statistics.counts_failures = TRUE;
  g_thread_unref (g_thread_new ("lane", run_lane, g_atomic_rc_box_acquire (lane)));
  return lane;
}

void
dh_lane_stop (DhLane *lane)
{
  lane->abandoned = TRUE;
  g_mutex_lock (&lane->lock);
  lane->stopping = TRUE;
  g_cond_signal (&lane->wake);
  g_mutex_unlock (&lane->lock);
  unref_lane (lane);
}

void
dh_lane_set_goals (DhLane *lane, const DhLaneGoals *goals)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);

  lane->goals = *goals;
}

void
dh_lane_get_statistics (DhLane *lane, DhStatistics *ret_statistics)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);

  *ret_statistics = lane->statistics;
}
