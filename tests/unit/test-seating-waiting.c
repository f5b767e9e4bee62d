/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "seating-case.h"

static void
test_stuck_call (SeatingCase *self, gconstpointer data)
{
  guint alice = join (self, 1), bob = join (self, 2);

  g_assert_cmpuint (ask (self, bob, 1000, 4, 1), ==, 4);
  g_assert_cmpuint (take_all (self, alice, 1000), ==, 8);
  g_assert_cmpuint (self->next, ==, START + 100 * MSEC);
  self->now = self->next - 1;
  g_assert_cmpuint (ask (self, alice, 1000, 4, 1), ==, 0);
  g_assert_cmpuint (self->next, ==, START + 100 * MSEC);
  self->now = self->next;
  g_assert_cmpuint (take_all (self, alice, 1000), ==, 4);

  /* Nor does it count in the windows that follow, nor in those that pay for it. */
  for (guint window = 1; window <= 20; window++) {
    self->now = START + window * SECOND;
    if (window == 5) {
      dh_seating_charge (&self->seating, self->places[bob], 4, 4 * DH_BLOCK_SIZE, 5 * SECOND,
                         self->now);
      self->places[bob]->purse->block_usec = PRICE_USEC;
    }
    g_assert_cmpuint (take_all (self, alice, 1000), ==, 16);
    if (window > 5)
      g_assert_cmpuint (ask (self, bob, 1000, 4, 1), ==, 0);
  }
}

/* A call for which much time was set aside may take it. */
static void
test_patience (SeatingCase *self, gconstpointer data)
{
  guint bob = join (self, 1);

  self->places[bob]->purse->block_usec = 10 * MSEC;
  g_assert_cmpuint (ask (self, bob, 100, 1, 1), ==, 1);
  g_assert_cmpuint (self->places[bob]->until, ==, self->now + 200 * MSEC);
}

typedef struct {
  const char *path;
  guint64 call; /* 0: it was refused */
  guint64 until;
} LateCase;

static const LateCase lates[] = {
  { "/seating-waiting/after-a-call-it-may-pause-as-long", 7 * MSEC, (7 + 7 + 100) * MSEC },
  { "/seating-waiting/after-a-refusal-it-comes-in-the-next-window", 0, SECOND + 100 * MSEC },
};

static void
test_late (SeatingCase *self, gconstpointer data)
{
  const LateCase *row = data;
  guint alice = join (self, 1), bob = join (self, 2);

  self->places[bob]->purse->spent.of[DH_RESOURCE_TIME] = row->call == 0 ? sixteen.time : 0;
  ask (self, bob, 1000, 4, 1);
  if (row->call != 0)
    end_call (self, bob, 1, row->call);
  for (guint i = 0; i < 2; i++) {
    self->now = START + row->until - 1 + i;
    ask (self, alice, 0, 0, 0);
    g_assert_cmpuint (self->places[bob]->purse->waiting, ==, i == 1 ? 0 : 1000 - (row->call != 0));
  }
}

/* In a window of an hour, who is refused and does not come back is noticed. */
static void
test_long_window (SeatingCase *self, gconstpointer data)
{
  DhQuotaLimits hourly = { sixteen.time, 0, 3600 * SECOND, SECOND / 2 };
  guint alice = join (self, 1), bob = join (self, 2);

  dh_seating_set_limits (&self->seating, &hourly, self->now);
  g_assert_cmpuint (take_all (self, alice, 100), ==, 16);
  g_assert_cmpuint (ask (self, alice, 100, 4, 1), ==, 0);
  g_assert_cmpuint (self->next, ==, self->now + SECOND);
  g_assert_cmpuint (self->places[alice]->until, ==, self->next + 100 * MSEC);
  g_assert_cmpuint (ask (self, bob, 0, 0, 0), ==, 0);
  g_assert_cmpuint (self->n_wakes[alice], ==, 0);
}

static void
test_wake_by_settlement (SeatingCase *self, gconstpointer data)
{
  guint alice = join (self, 1), bob = join (self, 2);

  g_assert_cmpuint (ask (self, bob, 8, 8, 1), ==, 8);
  g_assert_cmpuint (take_all (self, alice, 1000), ==, 8);
  end_call (self, bob, 8, 6 * PRICE_USEC);
  g_assert_cmpuint (self->n_wakes[alice], ==, 1);
  g_assert_cmpuint (take_all (self, alice, 1000), ==, 2);

  ask (self, bob, 0, 0, 0);
  g_assert_cmpuint (self->n_wakes[alice], ==, 1);
}

static void
test_wake_by_leaving (SeatingCase *self, gconstpointer data)
{
  guint alice = join (self, 1), bob = join (self, 2);

  ask (self, bob, 1000, 1, 1);
  end_call (self, bob, 1, PRICE_USEC);
  g_assert_cmpuint (take_all (self, alice, 1000), ==, 8);
  dh_seating_leave (&self->seating, self->places[bob], self->now);
  g_assert_cmpuint (self->n_wakes[alice], ==, 1);
  g_assert_cmpuint (take_all (self, alice, 1000), ==, 7);
}

static void
test_wake_by_limits (SeatingCase *self, gconstpointer data)
{
  guint alice = join (self, 1);
  DhQuotaLimits wider = sixteen;

  g_assert_cmpuint (take_all (self, alice, 1000), ==, 16);
  wider.time *= 2;
  dh_seating_set_limits (&self->seating, &wider, self->now);
  g_assert_cmpuint (self->n_wakes[alice], ==, 1);
  g_assert_cmpuint (take_all (self, alice, 1000), ==, 16);
}

/* Nor does who owes a little wait for the next window then. */
static void
test_wake_by_room_for_debt (SeatingCase *self, gconstpointer data)
{
  guint alice = join (self, 1), bob = join (self, 2);

  ask (self, bob, 1000, 1, 1);
  end_call (self, bob, 1, PRICE_USEC);
  g_assert_cmpuint (ask (self, alice, 1000, 8, 1), ==, 8);
  end_call (self, alice, 8, 9 * PRICE_USEC);
  self->places[alice]->purse->block_usec = PRICE_USEC;
  g_assert_cmpuint (ask (self, alice, 1000, 4, 1), ==, 0);
  /* The share that is left to Bob is nothing that she could use. */
  g_assert_cmpuint (self->next, ==, START + SECOND);
  ask (self, bob, 0, 0, 0);
  g_assert_cmpuint (self->n_wakes[alice], ==, 1);
  g_assert_cmpuint (take_all (self, alice, 1000), ==, 6);
}

/* One after the other, the hottest first, and nobody twice. */
static void
test_wakes_follow_one_another (SeatingCase *self, gconstpointer data)
{
  guint bob = join (self, 2);
  DhQuotaLimits narrow = { 1, 0, SECOND, SECOND / 2 };

  ask (self, bob, 1, 1, 1);
  dh_seating_set_limits (&self->seating, &narrow, self->now);
  for (guint i = 1; i <= 3; i++)
    g_assert_cmpuint (ask (self, join (self, 1), 4, 4, (float) i), ==, 0);
  dh_seating_set_limits (&self->seating, &sixteen, self->now);
  dh_seating_set_limits (&self->seating, &sixteen, self->now);
  for (guint i = 3; i >= 1; i--) {
    g_assert_cmpuint (self->n_wakes[i], ==, 1);
    g_assert_cmpuint (ask (self, i, 4, 4, (float) i), ==, 4);
  }
}

#define ADD(path, func)                                                                            \
  g_test_add (path, SeatingCase, NULL, seating_case_set_up, func, seating_case_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (lates); i++)
    g_test_add (lates[i].path, SeatingCase, &lates[i], seating_case_set_up, test_late,
                seating_case_tear_down);
  ADD ("/seating-waiting/a-stuck-call-leaves-the-share-to-others", test_stuck_call);
  ADD ("/seating-waiting/a-long-call-may-take-as-long-as-it-was-expected-to", test_patience);
  ADD ("/seating-waiting/in-a-long-window-it-asks-again-every-second", test_long_window);
  ADD ("/seating-waiting/a-call-that-took-less-wakes-who-waits", test_wake_by_settlement);
  ADD ("/seating-waiting/one-who-leaves-wakes-who-waits", test_wake_by_leaving);
  ADD ("/seating-waiting/new-limits-wake-who-waits", test_wake_by_limits);
  ADD ("/seating-waiting/room-for-a-debt-wakes-who-owes-it", test_wake_by_room_for_debt);
  ADD ("/seating-waiting/one-after-the-other-the-hottest-first", test_wakes_follow_one_another);

  return g_test_run ();
}
