/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* Lanes of several users at a quota of 10 ms a second, by a clock that is made up. */

#include "hugepages/block.h"
#include "hugepages/seating.h"

#define SECOND ((guint64) G_USEC_PER_SEC)
#define START (1000 * SECOND)
#define WINDOW_USEC 10000
#define RUN 4
#define PAUSE_USEC 1000
#define MAX_USERS 32
#define MAX_LANES 64

static const DhQuotaLimits ten_msec = { WINDOW_USEC, 0, SECOND, SECOND / 2 };

typedef struct {
  guint n_lanes;
  guint64 block_usec;
  guint64 spread_usec;   /* a call's blocks take up to so much more or less each */
  guint64 blocking_usec; /* every 16th call takes so long; 0: none does */
} User;

typedef struct {
  DhPlace *place;
  guint user;
  guint64 at;    /* when it is its turn */
  guint in_call; /* blocks */
  guint64 call_usec;
  guint n_calls;
  gboolean woken;
} Lane;

typedef struct {
  const User *users;
  guint n_users;
  Lane lanes[MAX_LANES];
  guint n_lanes;
  GRand *random;
  DhSeating seating;
  guint64 blocks[MAX_USERS];
  guint64 time[MAX_USERS];
} Simulation;

static void
wake (gpointer data)
{
  ((Lane *) data)->woken = TRUE;
}

static void
set_up (Simulation *self, const User *users, guint n_users)
{
  *self = (Simulation){ .users = users, .n_users = n_users };
  self->random = g_rand_new_with_seed (7);
  dh_seating_init (&self->seating, &ten_msec, START);
  for (guint i = 0; i < n_users; i++) {
    for (guint j = 0; j < users[i].n_lanes; j++) {
      Lane *lane = &self->lanes[self->n_lanes++];

      lane->user = i;
      lane->at = START + (guint64) g_rand_int_range (self->random, 0, 1000);
      lane->place = dh_seating_join (&self->seating, 1000 + i, wake, lane);
    }
  }
}

static void
tear_down (Simulation *self)
{
  dh_seating_clear (&self->seating);
  g_rand_free (self->random);
}

static guint64
choose_call_usec (Simulation *self, Lane *lane, guint blocks)
{
  const User *user = &self->users[lane->user];
  gint32 spread = (gint32) user->spread_usec;

  if (user->blocking_usec != 0 && lane->n_calls++ % 16 == 0)
    return user->blocking_usec;
  if (spread > 0)
    spread = g_rand_int_range (self->random, -spread, spread + 1);
  return blocks * (guint64) ((gint64) user->block_usec + spread);
}

static void
step (Simulation *self, Lane *lane)
{
  guint64 now = lane->at;
  DhGrant grant;

  if (lane->in_call > 0) {
    dh_seating_charge (&self->seating, lane->place, lane->in_call, lane->in_call * DH_BLOCK_SIZE,
                       lane->call_usec, now);
    self->blocks[lane->user] += lane->in_call;
    self->time[lane->user] += lane->call_usec;
    lane->in_call = 0;
    lane->at = now + MAX (lane->call_usec, PAUSE_USEC);
  } else {
    dh_seating_ask (&self->seating, lane->place, 1000, RUN,
                    (float) g_rand_double_range (self->random, 1, 2), now, &grant);
    lane->in_call = grant.blocks;
    lane->at = grant.next;
    if (grant.blocks > 0) {
      lane->call_usec = choose_call_usec (self, lane, grant.blocks);
      lane->at = now + lane->call_usec;
    }
  }
  for (guint i = 0; i < self->n_lanes; i++) {
    if (self->lanes[i].woken)
      self->lanes[i].at = MIN (self->lanes[i].at, now);
    self->lanes[i].woken = FALSE;
  }
}

static void
run (Simulation *self, guint windows)
{
  for (;;) {
    Lane *next = &self->lanes[0];

    for (guint i = 1; i < self->n_lanes; i++)
      if (self->lanes[i].at < next->at)
        next = &self->lanes[i];
    if (next->at >= START + windows * SECOND)
      return;
    step (self, next);
  }
}

typedef struct {
  const char *path;
  User users[4];
  guint n_users;
  double least[4]; /* of the quota, what each user's calls take */
  double most;     /* what all take */
} Row;

/* Alone, calls of 600 us blocks take 0.98 of the quota: sixteen blocks fit, and some of the time
 * two thirds of one more. */
/* clang-format off */
static const Row rows[] = {
  { "/seating-simulation/one-user-gets-all",
    { { 1, 600, 300, 0 } }, 1, { 0.96 }, 1.001 },
  { "/seating-simulation/one-seat-gets-as-much-as-sixteen",
    { { 1, 600, 300, 0 }, { 16, 600, 300, 0 } }, 2, { 0.47, 0.47 }, 1.001 },
  { "/seating-simulation/prices-are-ones-own",
    { { 1, 600, 300, 0 }, { 16, 1500, 500, 0 }, { 2, 250, 100, 0 } }, 3, { 0.31, 0.31, 0.31 },
    1.001 },
  { "/seating-simulation/blocks-that-cost-a-window-take-their-part-of-the-windows",
    { { 1, 600, 300, 0 }, { 1, 9000, 100, 0 }, { 1, 600, 300, 0 } }, 3, { 0.3, 0.29, 0.3 },
    1.001 },
  { "/seating-simulation/blocks-that-never-fit-take-their-share-and-cost-nobody-his",
    { { 1, 600, 300, 0 }, { 1, 35000, 1000, 0 } }, 2, { 0.75, 0.47 }, 2 },
};
/* clang-format on */

#define N_WINDOWS 1000

static double
get_share (const Simulation *self, guint user)
{
  return (double) self->time[user] / ((double) N_WINDOWS * WINDOW_USEC);
}

static void
test_shares (gconstpointer data)
{
  const Row *row = data;
  Simulation simulation;
  double sum = 0;

  set_up (&simulation, row->users, row->n_users);
  run (&simulation, N_WINDOWS);
  for (guint i = 0; i < row->n_users; i++) {
    g_test_message ("User %u: %.3f", i, get_share (&simulation, i));
    g_assert_cmpfloat (get_share (&simulation, i), >=, row->least[i]);
    sum += get_share (&simulation, i);
  }
  g_assert_cmpfloat (sum, <=, row->most);
  tear_down (&simulation);
}

static void
test_half_blocks (void)
{
  Simulation simulation;
  User users[32];
  guint64 sum = 0;

  for (guint i = 0; i < 32; i++)
    users[i] = (User){ 1 + i % 3, 625, 0, 0 };
  set_up (&simulation, users, 32);
  run (&simulation, N_WINDOWS);
  for (guint i = 0; i < 32; i++) {
    g_assert_cmpuint (simulation.blocks[i], >=, N_WINDOWS / 2 - 5);
    g_assert_cmpuint (simulation.blocks[i], <=, N_WINDOWS / 2 + 5);
    sum += simulation.blocks[i];
  }
  g_assert_cmpuint (sum, <=, N_WINDOWS * 16);
  g_assert_cmpuint (sum, >, N_WINDOWS * 16 - 32);
  tear_down (&simulation);
}

/* Every sixteenth call of each of another user's lanes blocks for five seconds. */
static void
test_blocking (gconstpointer data)
{
  const User users[] = { { 1, 600, 300, 0 }, { GPOINTER_TO_UINT (data), 600, 100, 5 * SECOND } };
  guint64 without;
  Simulation simulation;

  set_up (&simulation, users, 1);
  run (&simulation, N_WINDOWS);
  without = simulation.blocks[0];
  tear_down (&simulation);

  set_up (&simulation, users, 2);
  run (&simulation, N_WINDOWS);
  g_test_message ("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT, simulation.blocks[0], without);
  g_assert_cmpuint (simulation.blocks[1], >, 0);
  g_assert_cmpuint (simulation.blocks[0] * 10, >=, without * 9);
  tear_down (&simulation);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_test_add_data_func (rows[i].path, &rows[i], test_shares);
  g_test_add_func ("/seating-simulation/thirty-two-users-get-a-block-every-other-window",
                   test_half_blocks);
  g_test_add_data_func ("/seating-simulation/one-who-blocks-costs-another-less-than-a-tenth",
                        GUINT_TO_POINTER (1), test_blocking);
  g_test_add_data_func (
    "/seating-simulation/sixteen-seats-that-block-cost-another-less-than-a-tenth",
    GUINT_TO_POINTER (16), test_blocking);

  return g_test_run ();
}
