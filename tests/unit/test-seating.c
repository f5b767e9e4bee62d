/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "seating-case.h"

static void
test_grant (SeatingCase *self, gconstpointer data)
{
  guint seat = join (self, 1);

  g_assert_cmpuint (ask (self, seat, 100, 4, 1), ==, 4);
  end_call (self, seat, 4, 4 * PRICE_USEC);
  g_assert_cmpuint (ask (self, seat, 2, 4, 1), ==, 2);
  end_call (self, seat, 2, 2 * PRICE_USEC);
  g_assert_cmpuint (ask (self, seat, 100, G_MAXUINT, 1), ==, 10);
  end_call (self, seat, 10, 10 * PRICE_USEC);
  g_assert_cmpuint (ask (self, seat, 100, 4, 1), ==, 0);
  g_assert_cmpuint (self->next, ==, START + SECOND);
  self->now = self->next;
  g_assert_cmpuint (ask (self, seat, 100, 4, 1), ==, 4);
}

static void
test_reservation (SeatingCase *self, gconstpointer data)
{
  guint sum = 0;

  for (guint i = 0; i < 16; i++)
    sum += ask (self, join (self, 1), 100, 3, (float) i);
  g_assert_cmpuint (sum, ==, 16);
}

static void
test_unknown_price (SeatingCase *self, gconstpointer data)
{
  guint first = join (self, 1), second = join (self, 1);

  self->places[first]->purse->block_usec = 0;
  g_assert_cmpuint (ask (self, first, 100, 4, 1), ==, 1);
  g_assert_cmpuint (ask (self, second, 100, 4, 1), ==, 0);
  /* It was not the quota that refused. */
  g_assert_cmpuint (self->exceeds, ==, 0);
  g_assert_cmpuint (self->next, ==, START + 100 * MSEC);
  end_call (self, first, 1, PRICE_USEC);
  g_assert_cmpuint (self->n_wakes[second], ==, 1);
  g_assert_cmpuint (ask (self, second, 100, 4, 2), ==, 4);
}

static void
test_unknown_price_of_a_stuck_call (SeatingCase *self, gconstpointer data)
{
  guint first = join (self, 1), second = join (self, 1);

  self->places[first]->purse->block_usec = 0;
  g_assert_cmpuint (ask (self, first, 100, 4, 1), ==, 1);
  self->now += 100 * MSEC;
  g_assert_cmpuint (ask (self, second, 100, 4, 1), ==, 1);
}

typedef struct {
  const char *path;
  guint hotter_wanted;
  guint hotter_granted; /* asked for a run of so many first */
  guint colder_gets;
} HeatCase;

/* clang-format off */
static const HeatCase heats[] = {
  { "/seating/heat/the-colder-waits-while-the-hotter-can-use-all", 100, 0, 0 },
  { "/seating/heat/the-colder-takes-what-the-hotter-cannot-use", 14, 0, 2 },
  { "/seating/heat/the-colder-goes-while-the-hotter-is-in-a-call", 100, 4, 4 },
  { "/seating/heat/the-colder-goes-where-the-hotter-has-no-work", 0, 0, 4 },
};
/* clang-format on */

static void
test_heat (SeatingCase *self, gconstpointer data)
{
  const HeatCase *row = data;
  guint colder = join (self, 1), hotter = join (self, 1);

  if (row->hotter_granted > 0) {
    g_assert_cmpuint (ask (self, hotter, row->hotter_wanted, 4, 2), ==, row->hotter_granted);
  } else {
    ask (self, hotter, row->hotter_wanted, 1, 2);
    end_call (self, hotter, 0, 0);
  }
  g_assert_cmpuint (ask (self, colder, 100, 4, 1), ==, row->colder_gets);
}

static void
test_heat_of_others (SeatingCase *self, gconstpointer data)
{
  guint colder = join (self, 1), hotter = join (self, 2);

  ask (self, hotter, 100, 4, 1000);
  end_call (self, hotter, 4, 4 * PRICE_USEC);
  g_assert_cmpuint (take_all (self, colder, 100), ==, 8);
}

static void
test_sixteen_seats (SeatingCase *self, gconstpointer data)
{
  guint single = join (self, 1), sums[2] = { 0 };

  for (guint i = 1; i <= 16; i++)
    join (self, 2);
  g_assert_cmpuint (ask (self, single, 1000, 1, 1), ==, 1);
  end_call (self, single, 1, PRICE_USEC);
  sums[0]++;
  /* While the single one pauses, the others ask over and over. */
  for (guint i = 1; i <= 16; i++)
    sums[1] += take_all (self, i, 1000);
  g_assert_cmpuint (sums[1], ==, 8);
  g_assert_cmpuint (take_all (self, single, 1000) + sums[0], ==, 8);
  for (guint i = 1; i <= 16; i++)
    g_assert_cmpuint (ask (self, i, 1000, 4, (float) i), ==, 0);
}

static void
test_no_work (SeatingCase *self, gconstpointer data)
{
  guint alice = join (self, 1), bob = join (self, 2);

  g_assert_cmpuint (ask (self, bob, 1000, 1, 1), ==, 1);
  end_call (self, bob, 1, PRICE_USEC);
  g_assert_cmpuint (take_all (self, alice, 1000), ==, 8);
  g_assert_cmpuint (self->n_wakes[alice], ==, 0);
  ask (self, bob, 0, 0, 0);
  g_assert_cmpuint (self->n_wakes[alice], ==, 1);
  g_assert_cmpuint (take_all (self, alice, 1000), ==, 7);
}

/* What was asked for has been tried. */
static void
test_work_done (SeatingCase *self, gconstpointer data)
{
  guint alice = join (self, 1), bob = join (self, 2);

  g_assert_cmpuint (ask (self, bob, 2, 2, 1), ==, 2);
  g_assert_cmpuint (ask (self, alice, 1000, 100, 1), ==, 14);
  end_call (self, alice, 0, 0);
  end_call (self, bob, 2, PRICE_USEC);
  g_assert_cmpuint (take_all (self, alice, 1000), ==, 15);
}

static void
test_late_beginner (SeatingCase *self, gconstpointer data)
{
  guint alice = join (self, 1), bob = join (self, 2);

  g_assert_cmpuint (ask (self, alice, 1000, 12, 1), ==, 12);
  end_call (self, alice, 12, 12 * PRICE_USEC);
  g_assert_cmpuint (take_all (self, bob, 1000), ==, 4);
  g_assert_cmpuint (ask (self, alice, 1000, 12, 1), ==, 0);
  self->now = START + SECOND;
  g_assert_cmpuint (ask (self, alice, 1000, 12, 1), ==, 8);
  g_assert_cmpuint (take_all (self, bob, 1000), ==, 8);
}

static void
test_not_made (SeatingCase *self, gconstpointer data)
{
  guint alice = join (self, 1);

  g_assert_cmpuint (ask (self, alice, 100, 16, 1), ==, 16);
  dh_seating_charge (&self->seating, self->places[alice], 0, 0, 0, self->now);
  g_assert_cmpuint (ask (self, alice, 100, 16, 1), ==, 16);
  /* Asked again without a charge: it was not made either. */
  g_assert_cmpuint (ask (self, alice, 100, 16, 1), ==, 16);
  g_assert_cmpfloat (self->places[alice]->purse->block_usec, ==, PRICE_USEC);
}

/* What was set aside in one window is no room in another. */
static void
test_call_across_windows (SeatingCase *self, gconstpointer data)
{
  guint first = join (self, 1), second = join (self, 1);

  g_assert_cmpuint (ask (self, first, 100, 16, 1), ==, 16);
  self->now = START + SECOND;
  g_assert_cmpuint (take_all (self, second, 8), ==, 8);
  end_call (self, first, 16, PRICE_USEC);
  self->places[first]->purse->block_usec = PRICE_USEC;
  g_assert_cmpuint (take_all (self, second, 1000), ==, 8);
}

static void
test_off_and_on (SeatingCase *self, gconstpointer data)
{
  guint first = join (self, 1), second;

  g_assert_cmpuint (ask (self, first, 100, 16, 1), ==, 16);
  dh_seating_leave (&self->seating, self->places[first], self->now);
  second = join (self, 1);
  g_assert_cmpuint (ask (self, second, 100, 4, 1), ==, 0);

  self->now = START + SECOND;
  g_assert_cmpuint (ask (self, second, 100, 4, 1), ==, 4);
  end_call (self, second, 4, 45 * MSEC);
  dh_seating_leave (&self->seating, self->places[second], self->now);
  for (guint window = 2; window <= 4; window++) {
    self->now = START + window * SECOND;
    second = join (self, 1);
    g_assert_cmpuint (ask (self, second, 100, 4, 1), ==, 0);
    dh_seating_leave (&self->seating, self->places[second], self->now);
  }

  /* Nothing is kept of one who has gone and owes nothing. */
  g_assert_cmpuint (self->seating.share.purses->len, ==, 1);
  self->now = START + 6 * SECOND;
  dh_seating_leave (&self->seating, self->places[join (self, 2)], self->now);
  g_assert_cmpuint (self->seating.share.purses->len, ==, 1);
  g_assert_cmpuint (((DhPurse *) self->seating.share.purses->pdata[0])->uid, ==, 2);
}

static void
test_exceeds (SeatingCase *self, gconstpointer data)
{
  guint alice = join (self, 1), bob = join (self, 2);

  g_assert_cmpuint (take_all (self, alice, 16), ==, 16);
  g_assert_cmpuint (self->exceeds, ==, 0);
  for (guint i = 0; i < 3; i++)
    ask (self, alice, 100, 4, 1);
  g_assert_cmpuint (self->exceeds, ==, 1);
  ask (self, bob, 0, 0, 0);
  g_assert_cmpuint (self->exceeds, ==, 0);
  self->now = START + SECOND;
  g_assert_cmpuint (take_all (self, alice, 100), ==, 16);
  g_assert_cmpuint (self->exceeds, ==, 2);
}

static void
test_look (SeatingCase *self, gconstpointer data)
{
  guint alice = join (self, 1), bob = join (self, 2);
  DhGrant grant;

  ask (self, bob, 1000, 1, 1);
  end_call (self, bob, 1, PRICE_USEC);
  g_assert_cmpuint (take_all (self, alice, 1000), ==, 8);
  for (guint i = 0; i < 3; i++)
    dh_seating_look (&self->seating, self->places[bob], self->now, &grant);
  g_assert_cmpuint (grant.blocks, ==, 0);
  g_assert_cmpuint (grant.next, ==, START + SECOND);
  g_assert_cmpuint (grant.effective_size, ==, 8 * DH_BLOCK_SIZE);
  g_assert_cmpuint (grant.exceeds, ==, 0);
  g_assert_cmpuint (self->n_wakes[alice], ==, 0);
  g_assert_cmpuint (take_all (self, bob, 1000), ==, 7);

  dh_seating_look (&self->seating, self->places[bob], START + 3 * SECOND, &grant);
  g_assert_cmpuint (grant.window, ==, self->window + 3);
}

static void
test_time_goes_backwards (SeatingCase *self, gconstpointer data)
{
  guint alice = join (self, 1);

  g_assert_cmpuint (take_all (self, alice, 1000), ==, 16);
  self->now = START - 500 * SECOND;
  g_assert_cmpuint (ask (self, alice, 1000, 4, 1), ==, 0);
  self->now += SECOND;
  g_assert_cmpuint (take_all (self, alice, 1000), ==, 16);
}

#define ADD(path, func)                                                                            \
  g_test_add (path, SeatingCase, NULL, seating_case_set_up, func, seating_case_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (heats); i++)
    g_test_add (heats[i].path, SeatingCase, &heats[i], seating_case_set_up, test_heat,
                seating_case_tear_down);
  ADD ("/seating/grants-up-to-a-run-while-the-window-has-room", test_grant);
  ADD ("/seating/many-who-ask-at-once-do-not-get-the-same-room", test_reservation);
  ADD ("/seating/one-block-at-a-time-until-the-price-is-known", test_unknown_price);
  ADD ("/seating/a-stuck-call-does-not-keep-the-price-unknown", test_unknown_price_of_a_stuck_call);
  ADD ("/seating/another-users-heat-does-not-count", test_heat_of_others);
  ADD ("/seating/a-user-with-sixteen-seats-leaves-a-single-one-its-half", test_sixteen_seats);
  ADD ("/seating/who-has-no-work-any-more-leaves-his-share", test_no_work);
  ADD ("/seating/who-has-tried-all-leaves-his-share", test_work_done);
  ADD ("/seating/who-begins-late-gets-what-is-left-and-his-half-next", test_late_beginner);
  ADD ("/seating/a-call-that-was-not-made-costs-nothing", test_not_made);
  ADD ("/seating/what-an-earlier-window-set-aside-is-no-room-in-this", test_call_across_windows);
  ADD ("/seating/a-target-off-and-on-opens-no-window-and-pays-no-debt", test_off_and_on);
  ADD ("/seating/only-work-that-waits-exceeds-the-quota", test_exceeds);
  ADD ("/seating/a-look-changes-nothing", test_look);
  ADD ("/seating/time-that-goes-backwards-starts-the-window-anew", test_time_goes_backwards);

  return g_test_run ();
}
