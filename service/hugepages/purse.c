/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "purse.h"

#include "block.h"
#include "saturating.h"

/* How much one call moves the average price. */
#define PRICE_WEIGHT 0.125

/* No 2 MiB are copied faster; a call that took no time by the clock must not make blocks free. */
#define MIN_BLOCK_USEC 1.0

gboolean
dh_purse_owes (const DhPurse *purse)
{
  for (guint i = 0; i < DH_N_RESOURCES; i++)
    if (purse->debt.of[i] != 0)
      return TRUE;
  return FALSE;
}

gboolean
dh_purse_is_solvent (const DhPurse *purse)
{
  return !purse->excluded && !dh_purse_owes (purse);
}

double
dh_purse_get_price (const DhPurse *purse)
{
  return purse->block_usec > 0 ? purse->block_usec : DH_FIRST_PRICE_USEC;
}

void
dh_purse_spend (DhPurse *purse, const DhAmounts *amounts)
{
  for (guint i = 0; i < DH_N_RESOURCES; i++)
    purse->spent.of[i] = dh_add (purse->spent.of[i], amounts->of[i]);
}

void
dh_purse_owe (DhPurse *purse, const DhAmounts *amounts)
{
  for (guint i = 0; i < DH_N_RESOURCES; i++)
    purse->debt.of[i] = dh_add (purse->debt.of[i], amounts->of[i]);
}

void
dh_purse_give_back (DhPurse *purse, const DhAmounts *amounts, gboolean is_same_window)
{
  for (guint i = 0; i < DH_N_RESOURCES; i++) {
    guint64 off_debt = MIN (purse->debt.of[i], amounts->of[i]);

    purse->debt.of[i] -= off_debt;
    if (is_same_window)
      purse->spent.of[i] = dh_subtract (purse->spent.of[i], amounts->of[i] - off_debt);
  }
}

void
dh_purse_pay (DhPurse *purse, const DhAmounts *room)
{
  for (guint i = 0; i < DH_N_RESOURCES; i++) {
    guint64 paid = MIN (purse->debt.of[i], room->of[i]);

    purse->debt.of[i] -= paid;
    purse->spent.of[i] = dh_add (purse->spent.of[i], paid);
  }
}

void
dh_purse_learn (DhPurse *purse, guint blocks, guint64 bytes, guint64 time)
{
  guint64 made = MIN (bytes / DH_BLOCK_SIZE, blocks);
  guint64 shared_by = MAX (made > 0 ? made : blocks, 1);
  double sample = MAX ((double) time / (double) shared_by, MIN_BLOCK_USEC);

  /* Most failures come at once and would make blocks look cheap; dear ones are a warning. */
  if (made == 0 && (purse->block_usec <= 0 || sample <= purse->block_usec))
    return;

  if (purse->block_usec <= 0)
    purse->block_usec = sample;
  else
    purse->block_usec += (sample - purse->block_usec) * PRICE_WEIGHT;
}

gboolean
dh_purse_exclude (DhPurse *purse, const DhAmounts *share)
{
  for (guint i = 0; i < DH_N_RESOURCES; i++)
    if (purse->debt.of[i] >= share->of[i])
      purse->excluded = TRUE;
  if (!purse->excluded)
    return FALSE;

  for (guint i = 0; i < DH_N_RESOURCES; i++)
    purse->debt.of[i] =
      dh_subtract (purse->debt.of[i], dh_subtract (share->of[i], purse->spent.of[i]));
  return TRUE;
}

void
dh_purse_open_window (DhPurse *purse, guint64 windows, const DhAmounts *share)
{
  purse->excluded = FALSE;
  purse->is_limited = FALSE;
  purse->spent = (DhAmounts){ 0 };
  purse->opening = (DhAmounts){ 0 };
  for (guint i = 0; i < DH_N_RESOURCES; i++)
    purse->debt.of[i] =
      dh_subtract (purse->debt.of[i], dh_multiply_divide (share->of[i], windows - 1, 1));
  if (dh_purse_exclude (purse, share))
    return;
  dh_purse_pay (purse, share);
  purse->opening = purse->spent;
}

void
dh_purse_note_refusal (DhPurse *purse)
{
  if (purse->is_limited)
    return;
  purse->is_limited = TRUE;
  purse->exceeds = dh_add (purse->exceeds, 1);
}
