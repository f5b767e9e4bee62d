/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "share-case.h"

typedef struct {
  const char *path;
  DhQuotaLimits limits;
  double block_usec; /* 0: unknown */
  DhAmounts spent;
  guint64 allowance;
} AloneCase;

/* clang-format off */
static const AloneCase alone[] = {
  { "/share/alone/a-fresh-window-holds-what-fits-it",
    { 10000, 0, SECOND, SECOND }, 600, { { 0, 0 } }, 16 },
  { "/share/alone/what-was-spent-leaves-less-room",
    { 10000, 0, SECOND, SECOND }, 600, { { 8200, 0 } }, 3 },
  { "/share/alone/a-block-that-fits-exactly-is-let-through",
    { 10000, 0, SECOND, SECOND }, 600, { { 9400, 0 } }, 1 },
  { "/share/alone/a-block-that-does-not-fit-the-rest-waits",
    { 10000, 0, SECOND, SECOND }, 600, { { 9401, 0 } }, 0 },
  { "/share/alone/a-full-window-lets-nothing-through-even-at-an-unknown-price",
    { 10000, 0, SECOND, SECOND }, 0, { { 10000, 0 } }, 0 },
  { "/share/alone/a-block-of-unknown-price-is-guessed",
    { 10000, 0, SECOND, SECOND }, 0, { { 9000, 0 } }, 1 },
  { "/share/alone/a-block-that-never-fits-is-let-through-where-nothing-is-spent",
    { 10000, 0, SECOND, SECOND }, 35000, { { 0, 0 } }, 1 },
  { "/share/alone/a-block-that-never-fits-waits-where-anything-is-spent",
    { 10000, 0, SECOND, SECOND }, 35000, { { 1, 0 } }, 0 },
  { "/share/alone/the-ceiling-limits-where-no-time-does",
    { 0, 0, SECOND, 500000 }, 1000, { { 0, 0 } }, 500 },
  { "/share/alone/a-window-too-short-for-any-time-still-gets-on",
    { 0, 0, 1, 1 }, 1000, { { 0, 0 } }, 1 },
  { "/share/alone/the-size-limits-where-time-would-allow-more",
    { 10000, 6 << 20, SECOND, SECOND }, 600, { { 0, 0 } }, 3 },
  { "/share/alone/part-of-a-block-is-no-room",
    { 10000, 7 << 20, SECOND, SECOND }, 600, { { 0, 4 << 20 } }, 1 },
  { "/share/alone/the-size-is-spent",
    { 10000, 7 << 20, SECOND, SECOND }, 600, { { 0, 6 << 20 } }, 0 },
  { "/share/alone/a-size-below-one-block-lets-one-through-where-nothing-is-spent",
    { 10000, 1 << 20, SECOND, SECOND }, 600, { { 0, 0 } }, 1 },
  { "/share/alone/a-size-below-one-block-waits-where-anything-is-spent",
    { 10000, 1 << 20, SECOND, SECOND }, 600, { { 0, 1 } }, 0 },
  { "/share/alone/the-largest-limits-do-not-overflow",
    { G_MAXUINT64, G_MAXUINT64, G_MAXUINT64, G_MAXUINT64 }, 1, { { 0, 0 } }, G_MAXUINT },
};
/* clang-format on */

static void
test_alone (gconstpointer data)
{
  const AloneCase *row = data;
  DhPurse *alice;
  DhShare share;

  dh_share_init (&share, &row->limits, START);
  alice = add_user (&share, 1, row->block_usec, 1000);
  alice->spent = row->spent;
  g_assert_cmpuint (get_allowance (&share, alice), ==, row->allowance);
  g_assert_cmpint (dh_share_admits (&share, alice, 1), ==, row->allowance > 0);
  g_assert_cmpint (dh_share_has_room (&share, alice), ==, row->allowance > 0);
  dh_share_clear (&share);
}

typedef struct {
  double block_usec;
  guint64 waiting;
  DhAmounts spent;
  double saved;
  guint64 debt;
} User;

typedef struct {
  const char *path;
  DhQuotaLimits limits;
  User alice;
  User bob; /* came after her */
  guint64 allowance[2];
} PairCase;

/* Time for 16 blocks of 625 us. */
#define SIXTEEN                                                                                    \
  {                                                                                                \
    10000, 0, SECOND, SECOND                                                                       \
  }

/* clang-format off */
static const PairCase pairs[] = {
  { "/share/two/each-gets-half", SIXTEEN,
    { 625, 1000 }, { 625, 1000 }, { 8, 8 } },
  { "/share/two/half-is-time-not-blocks", SIXTEEN,
    { 1250, 1000 }, { 500, 1000 }, { 4, 10 } },
  { "/share/two/what-one-does-not-want-is-the-others", SIXTEEN,
    { 625, 3 }, { 625, 1000 }, { 8, 13 } },
  { "/share/two/who-has-no-work-claims-nothing", SIXTEEN,
    { 625, 0 }, { 625, 1000 }, { 8, 16 } },
  { "/share/two/what-one-had-is-no-claim-on-more", SIXTEEN,
    { 625, 1000, { { 5000, 0 } } }, { 625, 1000 }, { 0, 8 } },
  { "/share/two/who-begins-later-gets-what-is-left", SIXTEEN,
    { 625, 1000, { { 7500, 0 } } }, { 625, 1000 }, { 0, 4 } },
  { "/share/two/the-odd-block-is-the-first-ones", SIXTEEN,
    { 2000, 1000 }, { 2000, 1000 }, { 3, 2 } },
  { "/share/two/what-was-saved-comes-first", SIXTEEN,
    { 2000, 1000 }, { 2000, 1000, .saved = 0.1 }, { 2, 3 } },
  { "/share/two/what-was-saved-makes-no-window-larger", SIXTEEN,
    { 625, 0 }, { 625, 1000, .saved = 0.0625 }, { 8, 16 } },
  { "/share/two/a-debtor-claims-nothing", SIXTEEN,
    { 625, 1000, .debt = 1 }, { 625, 1000 }, { 0, 16 } },
  { "/share/two/a-block-that-does-not-fit-claims-nothing", SIXTEEN,
    { 9000, 1000, .saved = 0.9 }, { 625, 1000, { { 1250, 0 } } }, { 0, 14 } },
  { "/share/two/a-dear-block-waits-behind-cheap-ones", SIXTEEN,
    { 9000, 1000 }, { 625, 1000 }, { 0, 14 } },
  { "/share/two/a-dear-block-goes-first-when-it-has-been-saved-for", SIXTEEN,
    { 9000, 1000, .saved = 0.9 }, { 625, 1000 }, { 1, 1 } },
  { "/share/two/a-size-is-shared-too",
    { 10000, 8 * DH_BLOCK_SIZE, SECOND, SECOND }, { 100, 1000 }, { 100, 1000 }, { 4, 4 } },
  /* Alice's blocks are an eighth of the size each, Bob's a fifth of the time: five of hers go
   * before his fourth, and the sixth does not. */
  { "/share/two/each-counts-by-what-he-needs-most-of",
    { 10000, 8 * DH_BLOCK_SIZE, SECOND, SECOND }, { 100, 1000 }, { 2000, 1000 }, { 5, 3 } },
};
/* clang-format on */

static DhPurse *
add_pair_user (DhShare *share, uid_t uid, const User *user)
{
  DhPurse *purse = add_user (share, uid, user->block_usec, user->waiting);

  purse->spent = user->spent;
  purse->saved = user->saved;
  purse->debt.of[TIME] = user->debt;
  return purse;
}

static void
test_pair (gconstpointer data)
{
  const PairCase *row = data;
  DhPurse *alice, *bob;
  DhShare share;

  dh_share_init (&share, &row->limits, START);
  alice = add_pair_user (&share, 1, &row->alice);
  bob = add_pair_user (&share, 2, &row->bob);
  g_assert_cmpuint (get_allowance (&share, alice), ==, row->allowance[0]);
  g_assert_cmpuint (get_allowance (&share, bob), ==, row->allowance[1]);
  dh_share_clear (&share);
}

/* Whoever asks first: what the other may still take is kept for him. */
static void
test_order_of_questions (void)
{
  DhPurse *alice, *bob;
  DhShare share;

  dh_share_init (&share, &ten_msec, START);
  alice = add_user (&share, 1, 625, 1000);
  bob = add_user (&share, 2, 625, 1000);
  for (guint window = 1; window <= 10; window++) {
    DhPurse *first = window % 2 == 0 ? alice : bob;

    g_assert_cmpuint (take_all (&share, first, 4), ==, 8);
    g_assert_cmpuint (take_all (&share, first == alice ? bob : alice, 1), ==, 8);
    dh_share_advance (&share, START + window * SECOND);
  }
  dh_share_clear (&share);
}

static void
test_half_blocks (void)
{
  DhPurse *users[32];
  DhShare share;

  dh_share_init (&share, &ten_msec, START);
  for (guint i = 0; i < 32; i++)
    users[i] = add_user (&share, i, 625, 1000);
  for (guint window = 1; window <= 20; window++) {
    guint sum = 0;

    for (guint i = 0; i < 32; i++) {
      guint taken = take_all (&share, users[i], 4);

      g_assert_cmpuint (taken, ==, (i < 16) == (window % 2 == 1));
      sum += taken;
    }
    g_assert_cmpuint (sum, ==, 16);
    dh_share_advance (&share, START + window * SECOND);
  }
  dh_share_clear (&share);
}

/* Three users and room for two blocks: no window is left half empty. */
static void
test_thirds (void)
{
  guint sums[3] = { 0 };
  DhPurse *users[3];
  DhShare share;

  dh_share_init (&share, &ten_msec, START);
  for (guint i = 0; i < 3; i++)
    users[i] = add_user (&share, i, 4000, 1000);
  for (guint window = 1; window <= 30; window++) {
    guint sum = 0;

    for (guint i = 0; i < 3; i++) {
      guint taken = take_all (&share, users[i], 4);

      sums[i] += taken;
      sum += taken;
    }
    g_assert_cmpuint (sum, ==, 2);
    dh_share_advance (&share, START + window * SECOND);
  }
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (sums[i], ==, 20);
  dh_share_clear (&share);
}

static void
test_saving (void)
{
  DhPurse *alice, *bob;
  DhShare share;

  dh_share_init (&share, &ten_msec, START);
  alice = add_user (&share, 1, 625, 1000);
  bob = add_user (&share, 2, 625, 1000);
  for (guint window = 1; window <= 5; window++) {
    make_blocks (&share, alice, 8, 5000);
    dh_share_advance (&share, START + window * SECOND);
  }
  g_assert_cmpfloat (alice->saved, ==, 0);
  g_assert_cmpfloat_with_epsilon (bob->saved, 0.0625, 1e-9);

  /* Who has no work saves nothing, and keeps what he has. */
  bob->waiting = 0;
  alice->waiting = 0;
  dh_share_advance (&share, START + 6 * SECOND);
  g_assert_cmpfloat (alice->saved, ==, 0);
  g_assert_cmpfloat_with_epsilon (bob->saved, 0.0625, 1e-9);
  dh_share_clear (&share);
}

/* Whatever they ask for, in whatever order. */
static void
test_sum (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (42);
  DhQuotaLimits limits = { 10000, 12 * DH_BLOCK_SIZE, SECOND, SECOND };
  DhPurse *users[5];
  DhShare share;

  dh_share_init (&share, &limits, START);
  for (guint i = 0; i < 5; i++)
    users[i] = add_user (&share, i, g_rand_double_range (random, 100, 9000), 0);
  for (guint window = 1; window <= 500; window++) {
    guint64 time = 0, size = 0;

    for (guint i = 0; i < 100; i++) {
      DhPurse *user = users[g_rand_int_range (random, 0, 5)];
      guint64 run = (guint64) g_rand_int_range (random, 1, 5);
      guint64 blocks = dh_share_get_allowance (&share, user, run);

      user->waiting = (guint64) g_rand_int_range (random, 0, 30);
      if (blocks > 0)
        dh_share_reserve (&share, user, blocks);
      time += (guint64) ((double) blocks * user->block_usec);
      size += blocks * DH_BLOCK_SIZE;
    }
    g_assert_cmpuint (time, <=, limits.time);
    g_assert_cmpuint (size, <=, limits.size);
    dh_share_advance (&share, START + window * SECOND);
  }
  dh_share_clear (&share);
}

static void
test_effective_size (void)
{
  static const struct {
    DhQuotaLimits limits;
    double block_usec;
    guint64 others_waiting; /* of one more user, blocks of 500 us */
    guint64 bytes;
  } rows[] = {
    { { 10000, 0, SECOND, SECOND }, 0, 0, DH_BLOCK_SIZE },
    { { 10000, 1 << 20, SECOND, SECOND }, 0, 0, 1 << 20 },
    { { 10000, 0, SECOND, SECOND }, 500, 0, 20 * DH_BLOCK_SIZE },
    { { 10000, 8 << 20, SECOND, SECOND }, 500, 0, 8 << 20 },
    { { 10000, 0, SECOND, SECOND }, 40000, 0, DH_BLOCK_SIZE / 4 },
    { { 0, 0, SECOND, 500000 }, 500, 0, 1000 * DH_BLOCK_SIZE },
    { { 1, 0, SECOND, SECOND }, 1e19, 0, 1 },
    { { G_MAXUINT64, 0, G_MAXUINT64, G_MAXUINT64 }, 1, 0, G_MAXUINT64 },
    { { 10000, 0, SECOND, SECOND }, 500, 1000, 10 * DH_BLOCK_SIZE },
    { { 10000, 0, SECOND, SECOND }, 500, 5, 15 * DH_BLOCK_SIZE },
    { { 10000, 8 << 20, SECOND, SECOND }, 500, 1000, 4 << 20 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    DhPurse *alice;
    DhShare share;

    dh_share_init (&share, &rows[i].limits, START);
    alice = add_user (&share, 1, rows[i].block_usec, 0);
    add_user (&share, 2, 500, rows[i].others_waiting);
    g_assert_cmpuint (dh_share_get_effective_size (&share, alice), ==, rows[i].bytes);
    dh_share_clear (&share);
  }
}

static void
test_limits_change (void)
{
  DhQuotaLimits limits = { 10000, 64 << 20, SECOND, SECOND };
  DhPurse *alice;
  DhShare share;

  dh_share_init (&share, &limits, START);
  alice = add_user (&share, 1, 1000, 1000);
  make_blocks (&share, alice, 8, 8000);
  limits.time = 3000;
  dh_quota_set_limits (&share.quota, &limits);
  g_assert_cmpuint (get_allowance (&share, alice), ==, 0);
  limits.time = 20000;
  limits.size = 0;
  dh_quota_set_limits (&share.quota, &limits);
  g_assert_cmpuint (get_allowance (&share, alice), ==, 12);
  dh_share_clear (&share);
}

static void
test_purses (void)
{
  DhPurse *alice;
  DhShare share;

  dh_share_init (&share, &ten_msec, START);
  alice = add_user (&share, 1, 625, 1000);
  make_blocks (&share, alice, 16, 10000);
  alice->n_seats = 0;
  alice->waiting = 0;
  g_assert_true (dh_share_get_purse (&share, 1) == alice);
  g_assert_cmpuint (get_allowance (&share, alice), ==, 0);
  dh_share_advance (&share, START + SECOND);
  g_assert_cmpuint (share.purses->len, ==, 0);
  dh_share_clear (&share);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (alone); i++)
    g_test_add_data_func (alone[i].path, &alone[i], test_alone);
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    g_test_add_data_func (pairs[i].path, &pairs[i], test_pair);
  g_test_add_func ("/share/who-asks-first-gets-no-more", test_order_of_questions);
  g_test_add_func ("/share/thirty-two-users-share-sixteen-blocks-by-turns", test_half_blocks);
  g_test_add_func ("/share/three-users-share-two-blocks-by-turns", test_thirds);
  g_test_add_func ("/share/one-block-may-be-saved", test_saving);
  g_test_add_func ("/share/a-window-never-hands-out-more-than-it-has", test_sum);
  g_test_add_func ("/share/effective-size-follows-share-price-and-limits", test_effective_size);
  g_test_add_func ("/share/limits-may-change-in-mid-window", test_limits_change);
  g_test_add_func ("/share/a-purse-lives-as-long-as-anything-is-spent", test_purses);

  return g_test_run ();
}
