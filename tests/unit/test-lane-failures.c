/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "lane-case.h"

#include "error.h"
#include "wait.h"

#include <errno.h>
#include <sys/prctl.h>

#define SOON 10
#define SHORTAGE 1000 /* milliseconds, half of what is sat out */
#define A_WHILE 3500  /* milliseconds in which a failed block would be tried again */

/* A block that stands alone, so that its failure is its own. It is the hottest, also where a busy
 * machine takes its time between clearing the first blocks and the last: it is the last. */
#define ALONE 60

static void
start_with_failure (LaneCase *self, int number)
{
  fake_eye_add (self->eye, 20, LANE_N_HOT, 400);
  fake_eye_add (self->eye, ALONE, 1, 512);
  fake_eye_set_failure (self->eye, ALONE, number);
  lane_case_start (self);
}

static void
test_busy_block (LaneCase *self, gconstpointer data)
{
  start_with_failure (self, EAGAIN);
  lane_case_wait_huge (self, LANE_N_HOT, SOON);
  g_assert_cmpuint (lane_case_count_tried (self, ALONE), ==, 1);
  g_assert_cmpuint (lane_case_get_failures (self, EAGAIN), ==, 1);
  fake_eye_set_failure (self->eye, ALONE, 0);
  lane_case_wait_huge (self, LANE_N_HOT + 1, SOON);
  g_assert_cmpuint (lane_case_count_tried (self, ALONE), ==, 2);
  g_assert_cmpuint (lane_case_count_events (self, DH_LANE_HAMPERED), ==, 0);
}

static void
test_refused_block (LaneCase *self, gconstpointer data)
{
  start_with_failure (self, EINVAL);
  lane_case_wait_huge (self, LANE_N_HOT, SOON);
  wait_for (2 * A_WHILE);
  g_assert_cmpuint (lane_case_count_tried (self, ALONE), ==, 1);
  g_assert_cmpuint (lane_case_get_failures (self, EINVAL), ==, 1);
  g_assert_cmpuint (lane_case_count_events (self, DH_LANE_HAMPERED), ==, 0);
}

/* The call says that all went well and has done nothing. */
static void
test_lie (LaneCase *self, gconstpointer data)
{
  start_with_failure (self, FAKE_LIE);
  lane_case_wait_huge (self, LANE_N_HOT, SOON);
  wait_for (100);
  g_assert_cmpuint (lane_case_get_failures (self, EAGAIN), ==, 1);
  g_assert_cmpuint (lane_case_get (self, DH_STATISTIC_COLLAPSED_BYTES), ==,
                    LANE_N_HOT * DH_BLOCK_SIZE);
  g_assert_cmpuint (lane_case_get (self, DH_STATISTIC_TRIED_BYTES), ==,
                    (LANE_N_HOT + 1) * DH_BLOCK_SIZE);
  fake_eye_set_failure (self->eye, ALONE, 0);
  lane_case_wait_huge (self, LANE_N_HOT + 1, SOON);
}

/* Every failure in a row doubles the wait. */
static void
test_retries_become_rare (LaneCase *self, gconstpointer data)
{
  start_with_failure (self, EAGAIN);
  lane_case_wait_huge (self, LANE_N_HOT, SOON);
  wait_for (9000);
  g_assert_cmpuint (lane_case_count_tried (self, ALONE), >=, 2);
  g_assert_cmpuint (lane_case_count_tried (self, ALONE), <=, 3);
}

static void
test_no_memory (LaneCase *self, gconstpointer data)
{
  start_with_failure (self, ENOMEM);
  lane_case_wait_event (self, DH_LANE_HAMPERED, SOON);
  g_assert_error (self->error, DH_ERROR, DH_ERROR_KERNEL_REJECTED);
  fake_eye_set_failure (self->eye, ALONE, 0);
  wait_for (A_WHILE);
  /* Nothing is tried meanwhile: the next block would fare no better. */
  g_assert_cmpuint (lane_case_count_all_tried (self), ==, 1);
  g_assert_cmpuint (lane_case_get_failures (self, ENOMEM), ==, 1);

  lane_case_wait_event (self, DH_LANE_RECOVERED, 20);
  lane_case_wait_huge (self, LANE_N_HOT + 1, SOON);
  g_assert_cmpuint (lane_case_count_events (self, DH_LANE_HAMPERED), ==, 1);
  g_assert_cmpuint (lane_case_count_events (self, DH_LANE_RECOVERED), ==, 1);
}

static void
test_group_limit (LaneCase *self, gconstpointer data)
{
  start_with_failure (self, EBUSY);
  lane_case_wait_event (self, DH_LANE_HAMPERED, SOON);
  g_assert_error (self->error, DH_ERROR, DH_ERROR_KERNEL_REJECTED);
  wait_for (A_WHILE);
  g_assert_cmpuint (lane_case_count_all_tried (self), ==, 1);
}

/* Others have taken all descriptors that the service may have: for a while, and then for good. */
static void
test_no_descriptors (LaneCase *self, gconstpointer data)
{
  fake_eye_add (self->eye, 20, LANE_N_HOT, 400);
  fake_eye_starve (self->eye, TRUE);
  lane_case_start (self);
  wait_for (SHORTAGE);
  g_assert_cmpuint (lane_case_count_events (self, DH_LANE_FAILED), ==, 0);
  g_assert_cmpuint (lane_case_count_all_tried (self), ==, 0);

  fake_eye_starve (self->eye, FALSE);
  lane_case_wait_huge (self, LANE_N_HOT, SOON);
  fake_eye_starve (self->eye, TRUE);
  wait_for (SHORTAGE);
  g_assert_cmpuint (lane_case_count_events (self, DH_LANE_FAILED), ==, 0);
  g_assert_cmpuint (lane_case_count_events (self, DH_LANE_SERVING), ==, 1);
  lane_case_wait_event (self, DH_LANE_FAILED, SOON);
}

static void
on_signal (int number)
{
  prctl (PR_SET_THP_DISABLE, number == SIGUSR1, 0, 0, 0);
}

static void
listen_for_signals (void)
{
  struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

  sigaction (SIGUSR1, &action, NULL);
  sigaction (SIGUSR2, &action, NULL);
}

/* It does so between the last look and the call: no block is to blame. */
static void
test_switched_off_in_mid_run (LaneCase *self, gconstpointer data)
{
  self->prepare = listen_for_signals;
  fake_eye_hold (self->eye);
  start_with_failure (self, EINVAL);
  lane_case_wait_held (self, SOON);
  kill (self->child->pid, SIGUSR1);
  wait_for (100);
  fake_eye_release (self->eye);
  lane_case_wait_event (self, DH_LANE_HAMPERED, SOON);
  g_assert_error (self->error, DH_ERROR, DH_ERROR_PROCESS_NOT_PERMITTED);
  wait_for (A_WHILE);
  g_assert_cmpuint (lane_case_count_all_tried (self), ==, 1);

  fake_eye_set_failure (self->eye, ALONE, 0);
  kill (self->child->pid, SIGUSR2);
  lane_case_wait_event (self, DH_LANE_RECOVERED, SOON);
  lane_case_wait_huge (self, LANE_N_HOT + 1, SOON);
}

static void
add (const char *path, void (*test) (LaneCase *, gconstpointer))
{
  g_test_add (path, LaneCase, NULL, lane_case_set_up, test, lane_case_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/lane/a-busy-block-is-tried-again", test_busy_block);
  add ("/lane/a-refused-block-is-dropped", test_refused_block);
  add ("/lane/success-without-a-huge-page-is-a-failure", test_lie);
  add ("/lane/retries-become-rare", test_retries_become_rare);
  add ("/lane/without-memory-the-process-rests", test_no_memory);
  add ("/lane/at-the-limit-of-its-group-the-process-rests", test_group_limit);
  add ("/lane/a-shortage-of-descriptors-passes", test_no_descriptors);
  add ("/lane/a-process-that-switches-huge-pages-off-loses-no-block", test_switched_off_in_mid_run);

  return g_test_run ();
}
