/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "window.h"

#include "block.h"
#include "saturating.h"

DhWindow
dh_window_new (const DhQuota *quota, const GPtrArray *purses)
{
  DhWindow window = { .capacity = dh_quota_get_amounts (quota) };

  window.left = window.capacity;
  for (guint i = 0; i < purses->len; i++) {
    const DhPurse *purse = g_ptr_array_index (purses, i);

    for (guint j = 0; j < DH_N_RESOURCES; j++) {
      window.left.of[j] = dh_subtract (window.left.of[j], purse->spent.of[j]);
      window.openings.of[j] = dh_add (window.openings.of[j], purse->opening.of[j]);
    }
  }
  return window;
}

gboolean
dh_window_fits (const DhWindow *window, const DhCost *cost)
{
  for (guint i = 0; i < DH_N_RESOURCES; i++)
    if (cost->of[i] > (double) window->left.of[i])
      return FALSE;
  return TRUE;
}

DhCost
dh_purse_get_cost (const DhPurse *purse)
{
  return (DhCost){ { dh_purse_get_price (purse), (double) DH_BLOCK_SIZE } };
}

DhCost
dh_window_get_cost (const DhWindow *window, const DhPurse *purse)
{
  DhCost cost = dh_purse_get_cost (purse);

  for (guint i = 0; i < DH_N_RESOURCES; i++) {
    guint64 others = dh_subtract (window->openings.of[i], purse->opening.of[i]);
    guint64 most = dh_subtract (window->capacity.of[i], others);

    cost.of[i] = MIN (cost.of[i], (double) MAX (most, 1));
  }
  return cost;
}

double
dh_window_get_level (const DhWindow *window, const DhPurse *purse, const DhCost *cost,
                     double blocks)
{
  double level = 0;

  for (guint i = 0; i < DH_N_RESOURCES; i++) {
    double amount = (double) purse->spent.of[i] + blocks * cost->of[i];

    level = MAX (level, amount / (double) window->capacity.of[i]);
  }
  return level;
}

DhAmounts
dh_window_get_part (const DhWindow *window, double part)
{
  DhAmounts amounts;

  for (guint i = 0; i < DH_N_RESOURCES; i++)
    amounts.of[i] = MAX (dh_round_down ((double) window->capacity.of[i] * part), 1);
  return amounts;
}

guint64
dh_round_down (double value)
{
  return value < (double) G_MAXUINT64 ? (guint64) value : G_MAXUINT64;
}

guint64
dh_round_up (double value)
{
  guint64 whole = dh_round_down (value);

  return (double) whole < value ? dh_add (whole, 1) : whole;
}
