/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "tuner.h"
#include "block.h"
#include "saturating.h"

#define GOAL 10000

static gboolean
has_ratio_goal (const DhTunerInput *input)
{
  return input->ratio < GOAL;
}

static gboolean
has_goal (const DhTunerInput *input)
{
  return has_ratio_goal (input) || input->feedback != 0;
}

/* The bytes that must be huge for the ratio to be met, rounded up. */
static guint64
wanted_bytes (const DhTunerInput *input)
{
  return input->anonymous_bytes
         - dh_multiply_divide (input->anonymous_bytes, GOAL - input->ratio, GOAL);
}

static guint64
ratio_score (const DhTunerInput *input)
{
  guint64 wanted = wanted_bytes (input);

  return wanted == 0 ? GOAL : dh_multiply_divide (input->hugepage_bytes, GOAL, wanted);
}

static guint64
highest_score (const DhTunerInput *input)
{
  guint64 score = input->feedback;

  return has_ratio_goal (input) ? MAX (score, ratio_score (input)) : score;
}

void
dh_tuner_init (DhTuner *tuner)
{
  *tuner = (DhTuner){ .quota = DH_BLOCK_SIZE };
}

guint64
dh_tuner_next (guint64 last, guint64 score)
{
  if (score >= 2 * GOAL)
    return 1;

  if (score > GOAL + DH_TUNER_BAND)
    last = dh_subtract (last, dh_multiply_divide (last, score - GOAL, GOAL));

  /* From below one block no window could collapse anything: start where one can. */
  if (score < GOAL - DH_TUNER_BAND) {
    last = MAX (last, DH_BLOCK_SIZE);
    last = dh_add (last, dh_multiply_divide (last, GOAL - score, GOAL));
  }
  return MAX (last, 1);
}

void
dh_tuner_advance (DhTuner *tuner, const DhTunerInput *input, guint64 cap)
{
  guint64 most = MAX (cap, DH_BLOCK_SIZE);
  guint64 score, kept;

  if (!has_goal (input)) {
    dh_tuner_init (tuner);
    return;
  }

  score = highest_score (input);
  tuner->quota = MIN (dh_tuner_next (tuner->quota, score), most);
  kept = MIN (tuner->credit, score > GOAL + DH_TUNER_BAND ? tuner->quota : DH_BLOCK_SIZE);
  tuner->credit = MIN (dh_add (kept, tuner->quota), most);
}

guint
dh_tuner_allowance (const DhTuner *tuner, const DhTunerInput *input)
{
  guint64 blocks = tuner->credit / DH_BLOCK_SIZE;

  if (!has_goal (input))
    return G_MAXUINT;

  if (has_ratio_goal (input)) {
    guint64 missing = dh_subtract (wanted_bytes (input), input->hugepage_bytes);

    blocks = MIN (blocks, missing / DH_BLOCK_SIZE + (missing % DH_BLOCK_SIZE != 0));
  }
  return (guint) MIN (blocks, G_MAXUINT);
}

void
dh_tuner_charge (DhTuner *tuner, guint64 bytes)
{
  tuner->credit = dh_subtract (tuner->credit, bytes);
}

guint
dh_measured_ratio (guint64 hugepage_bytes, guint64 anonymous_bytes)
{
  if (anonymous_bytes == 0)
    return 0;
  return (guint) MIN (dh_multiply_divide (hugepage_bytes, GOAL, anonymous_bytes), GOAL);
}
