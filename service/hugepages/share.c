/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "share.h"

#include "block.h"
#include "saturating.h"
#include "window.h"

/* Levels closer than this, in parts of a window, are equal: they are sums of rounded numbers. */
#define SAME_LEVEL 1e-9

void
dh_share_init (DhShare *share, const DhQuotaLimits *limits, guint64 now)
{
  *share = (DhShare){ .purses = g_ptr_array_new_with_free_func (g_free) };
  dh_quota_init (&share->quota, limits, now);
}

void
dh_share_clear (DhShare *share)
{
  g_clear_pointer (&share->purses, g_ptr_array_unref);
}

DhPurse *
dh_share_get_purse (DhShare *share, uid_t uid)
{
  DhPurse *purse;

  for (guint i = 0; i < share->purses->len; i++) {
    purse = g_ptr_array_index (share->purses, i);
    if (purse->uid == uid)
      return purse;
  }
  purse = g_new0 (DhPurse, 1);
  purse->uid = uid;
  g_ptr_array_add (share->purses, purse);
  return purse;
}

static DhWindow
get_window (const DhShare *share)
{
  return dh_window_new (&share->quota, share->purses);
}

gboolean
dh_share_has_room (const DhShare *share, const DhPurse *purse)
{
  DhWindow window = get_window (share);
  DhCost cost = dh_window_get_cost (&window, purse);

  return dh_purse_is_solvent (purse) && dh_window_fits (&window, &cost);
}

/* How many of the blocks that @other waits for lead to a level up to @level. */
static double
count_blocks_before (const DhWindow *window, const DhPurse *other, const DhCost *cost, double level)
{
  double blocks = (double) other->waiting;

  for (guint i = 0; i < DH_N_RESOURCES; i++) {
    double amount = (level + other->saved) * (double) window->capacity.of[i];

    blocks = MIN (blocks, (amount - (double) other->spent.of[i]) / cost->of[i]);
  }
  return blocks < 1 ? 0 : (double) dh_round_down (blocks);
}

/* Whether @purse may take @cost, and the window has that left besides all blocks before it. */
static gboolean
admits (const DhShare *share, const DhWindow *window, const DhPurse *purse, const DhCost *cost)
{
  double level = dh_window_get_level (window, purse, cost, 1) - purse->saved;
  double tie = SAME_LEVEL;
  DhCost sum = *cost;

  if (!dh_window_fits (window, cost))
    return FALSE;
  for (guint i = 0; i < share->purses->len; i++) {
    const DhPurse *other = g_ptr_array_index (share->purses, i);
    double blocks;
    DhCost block;

    if (other == purse)
      tie = -SAME_LEVEL;
    if (other == purse || other->waiting == 0 || !dh_purse_is_solvent (other))
      continue;
    block = dh_window_get_cost (window, other);
    if (!dh_window_fits (window, &block))
      continue;
    blocks = count_blocks_before (window, other, &block, level + tie);
    for (guint j = 0; j < DH_N_RESOURCES; j++)
      sum.of[j] += blocks * block.of[j];
  }
  return dh_window_fits (window, &sum);
}

static gboolean
admits_blocks (const DhShare *share, const DhWindow *window, const DhPurse *purse, guint64 blocks)
{
  DhCost cost = dh_window_get_cost (window, purse);

  for (guint i = 0; i < DH_N_RESOURCES; i++)
    cost.of[i] *= (double) blocks;
  return dh_purse_is_solvent (purse) && admits (share, window, purse, &cost);
}

gboolean
dh_share_admits (const DhShare *share, const DhPurse *purse, guint64 blocks)
{
  DhWindow window = get_window (share);

  return admits_blocks (share, &window, purse, blocks);
}

guint64
dh_share_get_allowance (const DhShare *share, const DhPurse *purse, guint64 most)
{
  DhWindow window = get_window (share);
  guint64 good = 0, bad;

  if (admits_blocks (share, &window, purse, most))
    return most;
  for (bad = most; bad - good > 1;) {
    guint64 middle = good + (bad - good) / 2;

    if (admits_blocks (share, &window, purse, middle))
      good = middle;
    else
      bad = middle;
  }
  return good;
}

/* The part of a window that @purse has, wants and owes; @counts_debtors as below. */
static double
get_demand (const DhWindow *window, const DhPurse *purse, gboolean counts_debtors)
{
  DhCost cost = dh_window_get_cost (window, purse);
  double demand = 0;

  if (!counts_debtors && purse->excluded)
    return dh_window_get_level (window, purse, &cost, 0);
  for (guint i = 0; i < DH_N_RESOURCES; i++)
    demand = MAX (demand, (double) purse->debt.of[i] / (double) window->capacity.of[i]);
  return demand + dh_window_get_level (window, purse, &cost, (double) purse->waiting);
}

/* The part of a window that falls to @purse if he has work without end: what is left by those who
 * want less is divided equally among the others. @counts_debtors: those who are excluded too. */
static double
get_part (const DhShare *share, const DhWindow *window, const DhPurse *purse,
          gboolean counts_debtors)
{
  double part = 0, next = 1.0 / (double) share->purses->len;

  while (next > part) {
    double left = 1, n = 1;

    part = next;
    for (guint i = 0; i < share->purses->len; i++) {
      const DhPurse *other = g_ptr_array_index (share->purses, i);
      double demand = other != purse ? get_demand (window, other, counts_debtors) : 0;

      if (demand > part)
        n++;
      else
        left -= demand;
    }
    next = left / n;
  }
  return part;
}

/* What the window that ends has left @purse of his @part, or taken. */
static void
save (const DhWindow *window, DhPurse *purse, double part)
{
  DhCost cost = dh_window_get_cost (window, purse);
  gboolean waits = purse->waiting != 0 && dh_purse_is_solvent (purse);
  double most = purse->saved;

  if (waits) {
    most = 0;
    for (guint i = 0; i < DH_N_RESOURCES; i++)
      most = MAX (most, cost.of[i] / (double) window->capacity.of[i]);
  }
  purse->saved += part - dh_window_get_level (window, purse, &cost, 0);
  purse->saved = CLAMP (purse->saved, 0, most);
}

static gboolean
is_unused (const DhPurse *purse)
{
  return purse->n_seats == 0 && !dh_purse_owes (purse) && purse->spent.of[DH_RESOURCE_TIME] == 0
         && purse->spent.of[DH_RESOURCE_SIZE] == 0;
}

void
dh_share_advance (DhShare *share, guint64 now)
{
  guint64 windows = dh_quota_advance (&share->quota, now);
  g_autofree double *parts = NULL;
  DhWindow window;

  if (windows == 0)
    return;
  window = get_window (share);
  parts = g_new (double, share->purses->len);
  for (guint i = 0; i < share->purses->len; i++)
    parts[i] = get_part (share, &window, g_ptr_array_index (share->purses, i), TRUE);
  for (guint i = share->purses->len; i > 0; i--) {
    DhPurse *purse = g_ptr_array_index (share->purses, i - 1);
    DhAmounts amounts = dh_window_get_part (&window, parts[i - 1]);

    save (&window, purse, parts[i - 1]);
    dh_purse_open_window (purse, windows, &amounts);
    if (is_unused (purse))
      g_ptr_array_remove_index (share->purses, i - 1);
  }
}

gboolean
dh_share_pay_debt (DhShare *share, DhPurse *purse)
{
  DhWindow window = get_window (share);
  DhCost debt;

  if (dh_purse_is_solvent (purse))
    return TRUE;
  for (guint i = 0; i < DH_N_RESOURCES; i++)
    debt.of[i] = (double) purse->debt.of[i];
  if (purse->excluded || !admits (share, &window, purse, &debt))
    return FALSE;
  dh_purse_pay (purse, &window.left);
  return TRUE;
}

/* A call took longer than expected: pays what the open window still has for @purse. */
static void
collect (DhShare *share, DhPurse *purse)
{
  DhWindow window;
  DhAmounts room;

  if (dh_share_pay_debt (share, purse) || purse->excluded)
    return;
  window = get_window (share);
  room = dh_window_get_part (&window, get_part (share, &window, purse, FALSE));
  if (dh_purse_exclude (purse, &room))
    return;
  for (guint i = 0; i < DH_N_RESOURCES; i++)
    room.of[i] = MIN (dh_subtract (room.of[i], purse->spent.of[i]), window.left.of[i]);
  dh_purse_pay (purse, &room);
}

/* Where a lower limit has made an older debt longer than this, it stays as it is. */
static guint64
get_most_debt (const DhShare *share, const DhPurse *purse)
{
  guint64 window = dh_quota_get_amounts (&share->quota).of[DH_RESOURCE_TIME];

  return MAX (dh_multiply_divide (window, DH_QUOTA_DEBT_WINDOWS, 1),
              purse->debt.of[DH_RESOURCE_TIME]);
}

DhAmounts
dh_share_reserve (DhShare *share, DhPurse *purse, guint64 blocks)
{
  DhWindow window = get_window (share);
  DhCost counted = dh_window_get_cost (&window, purse), expected = dh_purse_get_cost (purse);
  guint64 *debt = &purse->debt.of[DH_RESOURCE_TIME], before = *debt;
  guint64 most = get_most_debt (share, purse);
  DhAmounts spent, owed;

  for (guint i = 0; i < DH_N_RESOURCES; i++) {
    spent.of[i] = dh_round_up ((double) blocks * counted.of[i]);
    owed.of[i] = dh_subtract (dh_round_up ((double) blocks * expected.of[i]), spent.of[i]);
  }
  dh_purse_spend (purse, &spent);
  dh_purse_owe (purse, &owed);
  *debt = MIN (*debt, most);
  owed.of[DH_RESOURCE_TIME] = *debt - before;
  return (DhAmounts){ { dh_add (spent.of[0], owed.of[0]), dh_add (spent.of[1], owed.of[1]) } };
}

void
dh_share_settle (DhShare *share, DhPurse *purse, const DhAmounts *reserved, gboolean is_same_window,
                 guint blocks, guint64 bytes, guint64 time)
{
  const DhAmounts cost = { { time, bytes } };
  guint64 *debt = &purse->debt.of[DH_RESOURCE_TIME], most = get_most_debt (share, purse);
  DhAmounts less, more;

  for (guint i = 0; i < DH_N_RESOURCES; i++) {
    less.of[i] = dh_subtract (reserved->of[i], cost.of[i]);
    more.of[i] = dh_subtract (cost.of[i], reserved->of[i]);
  }
  dh_purse_give_back (purse, &less, is_same_window);
  dh_purse_owe (purse, &more);
  collect (share, purse);
  *debt = MIN (*debt, most);
  dh_purse_learn (purse, blocks, bytes, time);
}

guint64
dh_share_get_effective_size (const DhShare *share, const DhPurse *purse)
{
  DhWindow window = get_window (share);
  DhAmounts amounts = dh_window_get_part (&window, get_part (share, &window, purse, FALSE));
  guint64 bytes = DH_BLOCK_SIZE;

  if (purse->block_usec > 0)
    bytes = dh_round_down ((double) amounts.of[DH_RESOURCE_TIME] / purse->block_usec
                           * (double) DH_BLOCK_SIZE);
  return MAX (MIN (bytes, amounts.of[DH_RESOURCE_SIZE]), 1);
}
