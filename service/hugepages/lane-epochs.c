/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "lane-private.h"

#include "error.h"
#include "saturating.h"
#include "thread-clock.h"

#include <string.h>

/* While nothing is to be done, how often it is looked whether the process is still the same: so
 * many times between two epochs, within these bounds, so that many idle targets cost little. */
#define CHECKS 8
#define MIN_CHECK_USEC ((guint64) G_USEC_PER_SEC)
#define MAX_CHECK_USEC ((guint64) 4 * G_USEC_PER_SEC)

/* What a look is taken to cost until one has told. */
#define FIRST_LOOK_USEC 1000

/* How soon it looks again after descriptors were short, and how often in a row. */
#define SHORTAGE_PAUSE_USEC ((guint64) G_USEC_PER_SEC / 5)
#define SHORTAGE_LOOKS 10

/* After so long a process that sleeps is looked at all the same: others may have changed what is
 * huge of it. */
#define SLUMBER_USEC ((guint64) 600 * G_USEC_PER_SEC)

#define OWNER_READS 3
#define OWNER_PAUSE_USEC 5000

/* In the middle of exec a process looks undumpable for a moment: what differs is read again. */
static gboolean
read_owner (DhLane *lane, DhOwner *ret_owner, GError **error)
{
  for (guint i = 0; i < OWNER_READS; i++) {
    if (i > 0)
      g_usleep (OWNER_PAUSE_USEC);
    if (!dh_process_read_owner (lane->process, ret_owner, error))
      return FALSE;
    if (dh_owner_equal (ret_owner, &lane->served_owner))
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
  if (!dh_owner_equal (&owner, &lane->served_owner)) {
    g_set_error (error, DH_ERROR, DH_ERROR_PROCESS_NOT_PERMITTED,
                 "Process %d has become somebody else's", dh_process_get_pid (lane->process));
    return FALSE;
  }
  dh_lane_check_switched_on (lane);
  return TRUE;
}

/* Works until @deadline, or until the process has got another address space. */
static gboolean
work_and_watch (DhLane *lane, guint64 deadline, gboolean *ret_moved, GError **error)
{
  const guint64 begin = dh_lane_now ();
  const guint64 interval =
    CLAMP (dh_subtract (deadline, begin) / CHECKS, MIN_CHECK_USEC, MAX_CHECK_USEC);

  *ret_moved = FALSE;
  while (!*ret_moved && dh_lane_now () < deadline)
    if (!dh_lane_work_until (lane, MIN (deadline, dh_lane_now () + interval), error)
        || !check_process (lane, error)
        || !dh_observer_check_moved (lane->observer, ret_moved, error))
      return FALSE;
  return TRUE;
}

static void
publish_heat_map (DhLane *lane)
{
  g_autoptr (DhHeatMap) map = dh_observer_dup_heat_map (lane->observer);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);
  DhHeatMap *last = lane->heat_map;

  lane->heat_map = g_steal_pointer (&map);
  map = last;
}

static gboolean
begin_epoch (DhLane *lane, GError **error)
{
  gboolean moved;

  if (!check_process (lane, error) || !dh_observer_begin (lane->observer, &moved, error))
    return FALSE;
  dh_ledger_move (lane->ledger, dh_observer_get_generation (lane->observer));
  if (moved)
    dh_lane_forget_candidates (lane);
  dh_lane_publish (lane);
  if (!lane->told)
    dh_lane_notify (lane, DH_LANE_SERVING, NULL);
  lane->told = TRUE;
  return TRUE;
}

static gboolean
read_epoch (DhLane *lane, GError **error)
{
  for (guint i = 0; i < DH_OBSERVER_N_READS; i++)
    if (!dh_lane_work_until (lane, dh_observer_get_read_time (lane->observer, i), error)
        || !dh_observer_read (lane->observer, error))
      return FALSE;
  dh_lane_forget_candidates (lane);
  lane->candidates = dh_observer_end (lane->observer, dh_lane_get_goals (lane).min_age);
  dh_lane_publish (lane);
  publish_heat_map (lane);
  return TRUE;
}

static void
wake_lane (gpointer user_data)
{
  DhLane *lane = user_data;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lane->lock);

  lane->woken = TRUE;
  g_cond_signal (&lane->wake);
}

/* It has done nothing since before the epoch, which so saw all that there is, and there is nothing
 * left to do for it either. */
static gboolean
is_asleep (DhLane *lane)
{
  return lane->shares.slumber && lane->clock != 0 && !lane->hampered
         && (!lane->candidates || lane->candidates->len == 0)
         && dh_slumber_read_clock (dh_process_get_pid (lane->process)) == lane->clock;
}

static void
sleep_along (DhLane *lane)
{
  DhSleeper *sleeper = dh_slumber_join (lane->shares.slumber, dh_process_get_pid (lane->process),
                                        lane->clock, wake_lane, lane);

  dh_lane_wait (lane, dh_lane_now () + SLUMBER_USEC, TRUE);
  dh_slumber_leave (sleeper);
}

/* An epoch, and the time until the next: what looking has cost decides how long that is. */
static gboolean
run_epoch (DhLane *lane, GError **error)
{
  const uid_t uid = lane->served_owner.uids[1];
  const guint64 expected = MAX (dh_observer_get_cost (lane->observer), FIRST_LOOK_USEC);
  guint64 start = dh_pace_book (lane->shares.pace, uid, dh_lane_now (), expected);
  gboolean moved, begun, done;

  begun = work_and_watch (lane, start, &moved, error);
  lane->clock = dh_slumber_read_clock (dh_process_get_pid (lane->process));
  done = begun && begin_epoch (lane, error) && read_epoch (lane, error);
  dh_pace_settle (lane->shares.pace, uid, expected,
                  begun ? dh_observer_get_cost (lane->observer) : 0);
  if (done && is_asleep (lane))
    sleep_along (lane);
  return done && work_and_watch (lane, dh_observer_get_next_epoch (lane->observer), &moved, error);
}

static void
begin_service (DhLane *lane)
{
  const uid_t uid = lane->served_owner.uids[1];

  if (!lane->observer)
    lane->observer =
      dh_observer_new (lane->eye, lane->shares.advisor, dh_process_get_pidfd (lane->process));
  lane->seat = dh_seat_new (lane->shares.budget, uid, wake_lane, lane);
  dh_pace_join (lane->shares.pace, uid);
  dh_tuner_init (&lane->tuner);
  lane->window = G_MAXUINT64;
  lane->not_before = 0;
  lane->target_failures = 0;
  lane->cpu = dh_thread_cpu_usec ();
  lane->told = lane->hampered = lane->switched_off = FALSE;

  g_mutex_lock (&lane->lock);
  memset (&lane->statistics, 0, sizeof lane->statistics);
  for (DhStatistic i = DH_STATISTIC_TRIED_REGIONS; i <= DH_STATISTIC_COLLAPSED_BYTES; i++)
    dh_statistics_set (&lane->statistics, i, 0);
  dh_statistics_set (&lane->statistics, DH_STATISTIC_ADDED_BYTES, 0);
  lane->statistics.counts_failures = TRUE;
  g_mutex_unlock (&lane->lock);
}

static void
end_service (DhLane *lane)
{
  dh_lane_forget_candidates (lane);
  dh_pace_leave (lane->shares.pace, lane->served_owner.uids[1]);
  g_clear_pointer (&lane->seat, dh_seat_free);
}

/* It rests until it is told to serve again. */
static void
give_up (DhLane *lane, const GError *error)
{
  g_mutex_lock (&lane->lock);
  if (lane->service == lane->serving)
    lane->wanted = FALSE;
  g_mutex_unlock (&lane->lock);
  if (g_error_matches (error, DH_ERROR, DH_ERROR_PROCESS_NOT_PERMITTED))
    dh_lane_notify (lane, DH_LANE_OWNER_CHANGED, error);
  else if (!g_error_matches (error, DH_ERROR, DH_ERROR_PROCESS_EXITED))
    dh_lane_notify (lane, DH_LANE_FAILED, error);
}

/* Descriptors are short while others send the service more than it can take, which passes. @looks:
 * how many in a row were in vain. Returns: whether to look again; what lasts is a failure. */
static gboolean
sit_out_shortage (DhLane *lane, guint looks, GError **error)
{
  if (looks > SHORTAGE_LOOKS || !g_error_matches (*error, DH_ERROR, DH_ERROR_LIMIT_EXCEEDED))
    return FALSE;
  g_clear_error (error);
  return dh_lane_wait (lane, dh_lane_now () + SHORTAGE_PAUSE_USEC, FALSE);
}

static gboolean
go_on (DhLane *lane, guint *looks, GError **error)
{
  *looks = run_epoch (lane, error) ? 0 : *looks + 1;
  return *looks == 0 || sit_out_shortage (lane, *looks, error);
}

void
dh_lane_run_service (DhLane *lane)
{
  g_autoptr (GError) error = NULL;
  guint looks = 0;

  begin_service (lane);
  while (go_on (lane, &looks, &error))
    ;
  end_service (lane);
  if (error)
    give_up (lane, error);
}
