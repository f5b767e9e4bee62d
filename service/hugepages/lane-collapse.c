/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "lane-private.h"

#include "collapser.h"
#include "error.h"

#include <errno.h>

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

void
dh_lane_forget_candidates (DhLane *lane)
{
  g_clear_pointer (&lane->candidates, g_array_unref);
  lane->next_candidate = 0;
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
  lane->not_before = dh_lane_now () + doubled (NO_MEMORY_USEC, lane->target_failures++);
  dh_lane_set_hampered (lane, error);
}

static void
note_block (DhBlock *block, const DhCollapseResult *result, guint index)
{
  guint64 now = dh_lane_now ();

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

static void
note_blocks (DhLane *lane, guint64 address, guint blocks, const DhCollapseResult *result)
{
  DhHeat *heat = dh_observer_get_heat (lane->observer);
  /* Then it is no fault of the blocks'. */
  gboolean refused = result->error == EINVAL && !dh_lane_check_switched_on (lane);

  for (guint i = 0; i < blocks; i++) {
    const guint64 at = address + i * DH_BLOCK_SIZE;
    DhBlock *block = dh_heat_find (heat, at);

    if (refused && !result->huge[i])
      continue;
    /* Behind the first block that was left out nothing was decided. */
    if (block && (i <= result->tried || result->verdicts[i] != DH_ELIGIBLE))
      note_block (block, result, i);
    if (!result->huge[i])
      continue;
    dh_observer_note_collapsed (lane->observer, at);
    dh_ledger_note (lane->ledger, dh_observer_get_generation (lane->observer), at);
  }
}

/* Returns: how many of the candidates from @hottest on, next to one another, go in one call. */
static guint
find_run (DhLane *lane, const DhBlock *hottest, guint most)
{
  DhHeat *heat = dh_observer_get_heat (lane->observer);
  guint blocks = 1;

  while (blocks < MIN (most, DH_RUN_BLOCKS)) {
    const DhBlock *next = dh_heat_find (heat, hottest->address + blocks * DH_BLOCK_SIZE);

    if (!next || !dh_block_may_be_tried (next, dh_lane_now ()) || next->hot_epochs < DH_HOT_EPOCHS
        || next->score < hottest->score * COMPANION_SHARE)
      break;
    blocks++;
  }
  return blocks;
}

/* Returns: FALSE when the lane cannot go on. */
static gboolean
collapse (DhLane *lane, guint64 address, guint blocks, DhCollapseResult *result, GError **error)
{
  const DhCollapser collapser = {
    .eye = lane->eye,
    .advisor = lane->shares.advisor,
    .pidfd = dh_process_get_pidfd (lane->process),
    .mappings = dh_observer_get_mappings (lane->observer),
    .generation = dh_observer_get_generation (lane->observer),
  };
  gboolean done = dh_collapser_run (&collapser, address, blocks, result, error);

  dh_seat_charge (lane->seat, result->tried, result->collapsed * DH_BLOCK_SIZE, result->elapsed);
  if (!done)
    return FALSE;
  if (result->moved) {
    /* The next epoch sees who it is now. */
    dh_lane_forget_candidates (lane);
    return TRUE;
  }
  note_blocks (lane, address, blocks, result);
  if (result->tried == 0)
    return TRUE;
  dh_tuner_charge (&lane->tuner, result->collapsed * DH_BLOCK_SIZE);
  count_result (lane, result);
  if (result->error == EBUSY || result->error == ENOMEM) {
    rest (lane, result->error);
  } else if (result->collapsed > 0) {
    lane->target_failures = 0;
    dh_lane_set_hampered (lane, NULL);
  }
  dh_lane_publish (lane);
  return TRUE;
}

static DhBlock *
next_block (DhLane *lane)
{
  DhHeat *heat = dh_observer_get_heat (lane->observer);

  while (lane->candidates && lane->next_candidate < lane->candidates->len) {
    guint64 address = g_array_index (lane->candidates, guint64, lane->next_candidate);
    DhBlock *block = dh_heat_find (heat, address);

    if (block && dh_block_may_be_tried (block, dh_lane_now ()))
      return block;
    lane->next_candidate++;
  }
  return NULL;
}

/* Blocks that the target's own goals let through now. */
static guint
ask_tuner (DhLane *lane, DhGrant *ret_grant)
{
  const DhLaneGoals goals = dh_lane_get_goals (lane);
  DhObservation seen;
  DhTunerInput input;

  dh_observer_get_observation (lane->observer, &seen);
  input = (DhTunerInput){
    .ratio = goals.ratio,
    .feedback = goals.feedback,
    .anonymous_bytes = seen.anonymous_bytes,
    .hugepage_bytes = seen.hugepage_bytes,
  };
  dh_seat_look (lane->seat, ret_grant);
  if (ret_grant->window != lane->window)
    dh_tuner_advance (&lane->tuner, &input, ret_grant->effective_size);
  lane->window = ret_grant->window;
  return dh_tuner_allowance (&lane->tuner, &input);
}

/* Blocks from @hottest on that goals and quota let through now; if none, when to ask again. */
static guint
ask (DhLane *lane, const DhBlock *hottest, guint64 *ret_next)
{
  DhGrant grant;
  guint allowance = ask_tuner (lane, &grant);
  guint waiting = lane->candidates->len - lane->next_candidate;
  guint run = find_run (lane, hottest, allowance);

  /* Without an allowance this leaves the share to others. */
  dh_seat_ask (lane->seat, MIN (waiting, allowance), MIN (run, allowance), hottest->score, &grant);
  *ret_next = grant.next;
  return grant.blocks;
}

static void
leave_to_others (DhLane *lane)
{
  DhGrant grant;

  dh_seat_ask (lane->seat, 0, 0, 0, &grant);
}

gboolean
dh_lane_work_until (DhLane *lane, guint64 deadline, GError **error)
{
  while (dh_lane_goes_on (lane)) {
    guint64 now = dh_lane_now (), next = deadline;
    DhBlock *block = now < deadline ? next_block (lane) : NULL;
    DhCollapseResult result = { .elapsed = 0 };
    guint blocks = 0;

    if (now >= deadline)
      return TRUE;
    if (block && now >= lane->not_before)
      blocks = ask (lane, block, &next);
    else
      leave_to_others (lane);
    if (block && now < lane->not_before)
      next = lane->not_before;
    if (blocks > 0) {
      if (!collapse (lane, block->address, blocks, &result, error))
        return FALSE;
      next = dh_lane_now () + MAX (result.elapsed, MIN_PAUSE_USEC);
    }
    if (!dh_lane_wait (lane, MIN (next, deadline), blocks == 0))
      return FALSE;
  }
  return FALSE;
}
