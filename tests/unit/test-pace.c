/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "hugepages/pace.h"

#define SECOND ((guint64) G_USEC_PER_SEC)
#define MSEC ((guint64) 1000)
/* What follows a look of a millisecond, of a single user's. */
#define REST (DH_PACE_SHARE * MSEC)
#define START (1000 * SECOND)
#define ALICE 1000
#define BOB 1001

static void
join (DhPace *pace, uid_t uid, guint lanes)
{
  for (guint i = 0; i < lanes; i++)
    dh_pace_join (pace, uid);
}

static void
test_spread (void)
{
  g_autoptr (DhPace) pace = dh_pace_new ();

  join (pace, ALICE, 16);
  for (guint i = 0; i < 16; i++)
    g_assert_cmpuint (dh_pace_book (pace, ALICE, START, MSEC), ==, START + i * REST);
  /* Later than all that is booked, it begins at once. */
  g_assert_cmpuint (dh_pace_book (pace, ALICE, START + 100 * REST, MSEC), ==, START + 100 * REST);
}

static void
test_dear (void)
{
  g_autoptr (DhPace) pace = dh_pace_new ();

  join (pace, ALICE, 1);
  join (pace, BOB, 2);
  g_assert_cmpuint (dh_pace_book (pace, BOB, START, SECOND), ==, START);
  g_assert_cmpuint (dh_pace_book (pace, BOB, START, MSEC), ==, START + 2 * DH_PACE_SHARE * SECOND);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpuint (dh_pace_book (pace, ALICE, START + i * 2 * REST, MSEC), ==,
                      START + i * 2 * REST);
}

typedef struct {
  const char *path;
  guint64 actual;
  guint64 next; /* start after START, with a second one booked behind the first */
} SettleCase;

/* The first was booked for 10 ms at 0, the second for 1 ms behind it. */
static const SettleCase settlements[] = {
  { "/pace/settle/as-booked-changes-nothing", 10 * MSEC, 11 * REST },
  { "/pace/settle/less-moves-later-ones-forward", 9500, 105 * REST / 10 },
  { "/pace/settle/but-none-before-one-given-out", 0, 10 * REST },
  { "/pace/settle/more-moves-later-ones-back", 25 * MSEC, 26 * REST },
  { "/pace/settle/the-largest-cost-does-not-overflow", G_MAXUINT64, G_MAXUINT64 - START },
};

static void
test_settle (gconstpointer data)
{
  g_autoptr (DhPace) pace = dh_pace_new ();
  const SettleCase *row = data;

  join (pace, ALICE, 3);
  dh_pace_book (pace, ALICE, START, 10 * MSEC);
  g_assert_cmpuint (dh_pace_book (pace, ALICE, START, MSEC), ==, START + 10 * REST);
  dh_pace_settle (pace, ALICE, 10 * MSEC, row->actual);
  g_assert_cmpuint (dh_pace_book (pace, ALICE, START, MSEC), ==, START + row->next);
}

/* What was booked when there were fewer users is given back as it was booked. */
static void
test_settle_among_more (void)
{
  g_autoptr (DhPace) pace = dh_pace_new ();

  join (pace, ALICE, 3);
  dh_pace_book (pace, ALICE, START, 10 * MSEC);
  dh_pace_book (pace, ALICE, START, 8 * MSEC);
  join (pace, BOB, 1);
  /* Not even if it is said twice. */
  for (guint i = 0; i < 2; i++)
    dh_pace_settle (pace, ALICE, 10 * MSEC, 9 * MSEC);
  g_assert_cmpuint (dh_pace_book (pace, ALICE, START, MSEC), ==, START + 17 * REST);
  g_assert_cmpuint (dh_pace_book (pace, ALICE, START, MSEC), ==, START + 19 * REST);
}

static void
test_unknown_cost (void)
{
  g_autoptr (DhPace) pace = dh_pace_new ();

  join (pace, ALICE, 1);
  g_assert_cmpuint (dh_pace_book (pace, ALICE, START, 0), ==, START);
  dh_pace_settle (pace, ALICE, 0, 30 * MSEC);
  g_assert_cmpuint (dh_pace_book (pace, ALICE, START + REST, MSEC), ==, START + 30 * REST);
}

static void
test_come_again (void)
{
  g_autoptr (DhPace) pace = dh_pace_new ();

  join (pace, ALICE, 1);
  join (pace, BOB, 1);
  dh_pace_book (pace, BOB, START, 10 * MSEC);
  dh_pace_leave (pace, BOB);
  /* He is counted until his timeline is free, */
  dh_pace_book (pace, ALICE, START, MSEC);
  g_assert_cmpuint (dh_pace_book (pace, ALICE, START, MSEC), ==, START + 2 * REST);
  join (pace, BOB, 1);
  g_assert_cmpuint (dh_pace_book (pace, BOB, START + REST, MSEC), ==, START + 20 * REST);
  dh_pace_leave (pace, BOB);
  /* and no longer. */
  dh_pace_book (pace, ALICE, START + 40 * REST, MSEC);
  g_assert_cmpuint (dh_pace_book (pace, ALICE, START + 40 * REST, MSEC), ==,
                    START + 40 * REST + REST);
}

/* One who leaves without a word takes nothing from those who stay. */
static void
test_gone_unsettled (void)
{
  g_autoptr (DhPace) pace = dh_pace_new ();

  join (pace, ALICE, 1);
  for (guint i = 0; i < 100; i++) {
    join (pace, ALICE, 1);
    dh_pace_book (pace, ALICE, START, MSEC);
    dh_pace_leave (pace, ALICE);
  }
  dh_pace_book (pace, ALICE, START, 5 * MSEC);
  dh_pace_settle (pace, ALICE, 5 * MSEC, 10 * MSEC);
  g_assert_cmpuint (dh_pace_book (pace, ALICE, START, MSEC), ==, START + 110 * REST);
}

#define N_LANES 24
#define N_USERS 4

typedef struct {
  uid_t uid;
  guint64 due;
  guint64 last_cost;
  guint64 base_cost;
} Lane;

/* Lanes that look whenever they may. Their costs vary, those of the last user are a hundred times
 * as dear. */
static void
test_bound (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (42);
  g_autoptr (DhPace) pace = dh_pace_new ();
  const guint64 end = START + 20000 * SECOND;
  guint64 sums[N_USERS] = { 0 }, sum = 0;
  Lane lanes[N_LANES];

  for (guint i = 0; i < N_LANES; i++) {
    lanes[i] = (Lane){ i % N_USERS, START, 0, i % N_USERS == N_USERS - 1 ? 100 * MSEC : MSEC };
    join (pace, lanes[i].uid, 1);
  }
  for (;;) {
    Lane *lane = &lanes[0];
    guint64 start, cost;

    for (guint i = 1; i < N_LANES; i++)
      if (lanes[i].due < lane->due)
        lane = &lanes[i];
    if (lane->due >= end)
      break;
    start = dh_pace_book (pace, lane->uid, lane->due, lane->last_cost);
    g_assert_cmpuint (start, >=, lane->due);
    cost = lane->base_cost * (guint64) g_rand_int_range (random, 50, 200) / 100;
    if (start < end)
      sums[lane->uid] += cost;
    dh_pace_settle (pace, lane->uid, lane->last_cost, cost);
    lane->last_cost = cost;
    lane->due = start + cost;
  }
  for (guint i = 0; i < N_USERS; i++) {
    g_assert_cmpuint (sums[i], >=, (end - START) / DH_PACE_SHARE / N_USERS * 95 / 100);
    sum += sums[i];
  }
  /* Each user's last look may have begun just before the end. */
  g_assert_cmpuint (sum, <=, (end - START) / DH_PACE_SHARE + N_LANES * 200 * MSEC);
}

static gpointer
look (gpointer data)
{
  DhPace *pace = data;

  for (guint i = 0; i < 1000; i++) {
    dh_pace_join (pace, ALICE);
    dh_pace_book (pace, ALICE, START, MSEC);
    dh_pace_settle (pace, ALICE, MSEC, MSEC);
    dh_pace_leave (pace, ALICE);
  }
  dh_pace_unref (pace);
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (DhPace) pace = dh_pace_new ();
  GThread *threads[4];

  for (guint i = 0; i < 4; i++)
    threads[i] = g_thread_new ("look", look, dh_pace_ref (pace));
  for (guint i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  join (pace, ALICE, 1);
  g_assert_cmpuint (dh_pace_book (pace, ALICE, START, MSEC), ==, START + 4000 * REST);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (settlements); i++)
    g_test_add_data_func (settlements[i].path, &settlements[i], test_settle);
  g_test_add_func ("/pace/targets-that-are-due-at-once-are-spread", test_spread);
  g_test_add_func ("/pace/a-dear-target-delays-its-own-users-alone", test_dear);
  g_test_add_func ("/pace/settle/among-more-users-gives-back-what-was-booked",
                   test_settle_among_more);
  g_test_add_func ("/pace/settle/an-unknown-cost-is-booked-afterwards", test_unknown_cost);
  g_test_add_func ("/pace/who-leaves-and-comes-again-keeps-what-he-has-booked", test_come_again);
  g_test_add_func ("/pace/who-leaves-unsettled-takes-nothing-from-the-others", test_gone_unsettled);
  g_test_add_func ("/pace/all-looking-stays-below-its-share-and-is-divided-equally", test_bound);
  g_test_add_func ("/pace/no-booking-of-any-thread-is-lost", test_threads);

  return g_test_run ();
}
