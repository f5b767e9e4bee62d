/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "hugepages/block.h"
#include "hugepages/tuner.h"

#define BLOCK DH_BLOCK_SIZE
#define GIB ((guint64) 1 << 30)

typedef struct {
  const char *path;
  guint64 last;
  guint64 score;
  guint64 next;
} StepCase;

static const StepCase steps[] = {
  { "/tuner/step/doubles-at-a-score-of-zero", 4 * BLOCK, 0, 8 * BLOCK },
  { "/tuner/step/grows-by-what-is-missing", 4 * BLOCK, 5000, 6 * BLOCK },
  { "/tuner/step/grows-just-below-the-band", 10000 * BLOCK, 9499, 10501 * BLOCK },
  { "/tuner/step/rests-at-the-lower-end-of-the-band", 4 * BLOCK, 9500, 4 * BLOCK },
  { "/tuner/step/rests-at-the-goal", 4 * BLOCK, 10000, 4 * BLOCK },
  { "/tuner/step/rests-at-the-upper-end-of-the-band", 4 * BLOCK, 10500, 4 * BLOCK },
  { "/tuner/step/shrinks-just-above-the-band", 10000 * BLOCK, 10501, 9499 * BLOCK },
  { "/tuner/step/shrinks-by-what-is-too-much", 4 * BLOCK, 15000, 2 * BLOCK },
  { "/tuner/step/shrinks-to-almost-nothing", 10000 * BLOCK, 19999, BLOCK },
  { "/tuner/step/shrinks-no-further-than-one-byte", 1, 19999, 1 },
  { "/tuner/step/falls-to-one-byte-at-twice-the-goal", 4 * BLOCK, 20000, 1 },
  { "/tuner/step/falls-to-one-byte-at-any-higher-score", 4 * BLOCK, G_MAXUINT64, 1 },
  { "/tuner/step/recovers-from-one-byte-in-one-step", 1, 0, 2 * BLOCK },
  { "/tuner/step/recovers-from-nothing-in-one-step", 0, 9000, BLOCK + BLOCK / 10 },
  { "/tuner/step/makes-a-byte-of-nothing", 0, 10000, 1 },
  { "/tuner/step/does-not-overflow", G_MAXUINT64 - 7, 1, G_MAXUINT64 },
  { "/tuner/step/shrinks-the-largest-exactly", G_MAXUINT64, 15000, G_MAXUINT64 / 2 + 1 },
};

static void
test_step (gconstpointer data)
{
  const StepCase *row = data;

  g_assert_cmpuint (dh_tuner_next (row->last, row->score), ==, row->next);
}

typedef struct {
  const char *path;
  DhTunerInput input;
  guint64 quota;     /* after one window, from four blocks */
  guint64 allowance; /* at a credit of 1000 blocks */
} GoalCase;

/* clang-format off */
static const GoalCase goals[] = {
  { "/tuner/goal/none-grants-all", { 10000, 0, GIB, GIB }, BLOCK, G_MAXUINT },
  { "/tuner/goal/feedback-alone-counts", { 10000, 5000, GIB, GIB }, 6 * BLOCK, 1000 },
  { "/tuner/goal/ratio-alone-counts", { 5000, 0, GIB, GIB / 4 }, 6 * BLOCK, 128 },
  { "/tuner/goal/the-higher-score-wins-from-feedback", { 5000, 15000, GIB, 0 }, 2 * BLOCK, 256 },
  { "/tuner/goal/the-higher-score-wins-from-ratio", { 5000, 5000, GIB, 3 * (GIB / 4) },
    2 * BLOCK, 0 },
  { "/tuner/goal/a-met-ratio-grants-nothing-within-the-band", { 5000, 0, GIB, GIB / 2 },
    4 * BLOCK, 0 },
  { "/tuner/goal/a-met-ratio-grants-nothing-whatever-the-feedback", { 5000, 1, GIB, GIB / 2 },
    4 * BLOCK, 0 },
  { "/tuner/goal/a-nearly-met-ratio-grants-what-is-missing",
    { 5000, 0, GIB, GIB / 2 - 3 * BLOCK }, 4 * BLOCK, 3 },
  { "/tuner/goal/what-is-missing-is-rounded-up-to-a-block",
    { 5000, 0, GIB, GIB / 2 - 2 * BLOCK - 4096 }, 4 * BLOCK, 3 },
  { "/tuner/goal/one-byte-missing-is-a-block", { 5000, 0, GIB, GIB / 2 - 1 }, 4 * BLOCK, 1 },
  { "/tuner/goal/a-ratio-of-nothing-is-met", { 5000, 0, 0, 0 }, 4 * BLOCK, 0 },
  { "/tuner/goal/a-wanted-ratio-of-zero-is-met", { 0, 0, GIB, GIB }, 4 * BLOCK, 0 },
  { "/tuner/goal/twice-the-ratio-leaves-one-byte", { 5000, 0, GIB, GIB }, 1, 0 },
  { "/tuner/goal/the-largest-numbers-do-not-overflow",
    { 9999, 0, G_MAXUINT64, G_MAXUINT64 / 2 }, 6 * BLOCK, 1000 },
};
/* clang-format on */

static void
test_goal (gconstpointer data)
{
  const GoalCase *row = data;
  DhTuner tuner = { .quota = 4 * BLOCK };

  dh_tuner_advance (&tuner, &row->input, G_MAXUINT64);
  g_assert_cmpuint (tuner.quota, ==, row->quota);

  tuner.credit = 1000 * BLOCK + 5;
  g_assert_cmpuint (dh_tuner_allowance (&tuner, &row->input), ==, row->allowance);
}

static void
test_starts_at_one_block (void)
{
  const DhTunerInput met = { .ratio = 10000, .feedback = 10000 };
  const DhTunerInput unmet = { .ratio = 10000, .feedback = 1 };
  DhTuner tuner;

  dh_tuner_init (&tuner);
  dh_tuner_advance (&tuner, &met, G_MAXUINT64);
  g_assert_cmpuint (dh_tuner_allowance (&tuner, &met), ==, 1);

  dh_tuner_init (&tuner);
  g_assert_cmpuint (dh_tuner_allowance (&tuner, &unmet), ==, 0);
  dh_tuner_advance (&tuner, &unmet, G_MAXUINT64);
  g_assert_cmpuint (tuner.quota, ==, 2 * BLOCK - BLOCK / 10000 - 1);
}

static void
test_parts_add_up (void)
{
  const DhTunerInput input = { .ratio = 10000, .feedback = 10500 };
  DhTuner tuner = { .quota = BLOCK / 4 };
  guint made = 0;

  for (guint window = 0; window < 40; window++) {
    guint allowance;

    dh_tuner_advance (&tuner, &input, G_MAXUINT64);
    allowance = dh_tuner_allowance (&tuner, &input);
    dh_tuner_charge (&tuner, allowance * BLOCK);
    made += allowance;
  }
  g_assert_cmpuint (made, ==, 10);
}

static void
test_credit_does_not_pile_up (void)
{
  const DhTunerInput input = { .ratio = 10000, .feedback = 10000 };
  DhTuner tuner = { .quota = 3 * BLOCK };

  for (guint window = 0; window < 1000; window++)
    dh_tuner_advance (&tuner, &input, G_MAXUINT64);
  g_assert_cmpuint (dh_tuner_allowance (&tuner, &input), ==, 4);

  dh_tuner_advance (&tuner, &input, 2 * BLOCK);
  g_assert_cmpuint (tuner.credit, ==, 2 * BLOCK);
}

static void
test_small_caps_still_grant_a_block (void)
{
  const DhTunerInput input = { .ratio = 10000, .feedback = 5000 };
  DhTuner tuner;

  dh_tuner_init (&tuner);
  for (guint window = 0; window < 3; window++)
    dh_tuner_advance (&tuner, &input, 4096);
  g_assert_cmpuint (tuner.credit, ==, BLOCK);
}

static void
test_quota_stays_within_the_cap (void)
{
  const DhTunerInput unmet = { .ratio = 10000, .feedback = 1 };
  const DhTunerInput passed = { .ratio = 10000, .feedback = 15000 };
  DhTuner tuner;

  dh_tuner_init (&tuner);
  for (guint window = 0; window < 100; window++)
    dh_tuner_advance (&tuner, &unmet, 16 * BLOCK);
  g_assert_cmpuint (tuner.quota, ==, 16 * BLOCK);

  dh_tuner_advance (&tuner, &passed, 16 * BLOCK);
  g_assert_cmpuint (tuner.quota, ==, 8 * BLOCK);
}

static void
test_passed_goal_takes_credit_back (void)
{
  const DhTunerInput passed = { .ratio = 10000, .feedback = 20000 };
  const DhTunerInput unmet = { .ratio = 10000, .feedback = 9000 };
  DhTuner tuner = { .quota = 64 * BLOCK, .credit = 64 * BLOCK };

  for (guint window = 0; window < 1000; window++) {
    dh_tuner_advance (&tuner, &passed, 64 * BLOCK);
    g_assert_cmpuint (dh_tuner_allowance (&tuner, &passed), ==, 0);
  }
  dh_tuner_advance (&tuner, &unmet, 64 * BLOCK);
  g_assert_cmpuint (dh_tuner_allowance (&tuner, &unmet), ==, 1);
}

static void
test_losing_the_goal_starts_anew (void)
{
  const DhTunerInput none = { .ratio = 10000 };
  DhTuner tuner = { .quota = 64 * BLOCK, .credit = 64 * BLOCK };

  dh_tuner_advance (&tuner, &none, G_MAXUINT64);
  g_assert_cmpuint (tuner.quota, ==, BLOCK);
  g_assert_cmpuint (tuner.credit, ==, 0);
}

static void
test_charge_never_underflows (void)
{
  DhTuner tuner = { .credit = 3 * BLOCK };

  dh_tuner_charge (&tuner, BLOCK);
  g_assert_cmpuint (tuner.credit, ==, 2 * BLOCK);
  dh_tuner_charge (&tuner, 5 * BLOCK);
  g_assert_cmpuint (tuner.credit, ==, 0);
}

/* A process of 512 blocks, all hot, of which a tenth shall be huge. */
static void
test_ratio_is_reached_and_not_passed (void)
{
  DhTunerInput input = { .ratio = 1000, .anonymous_bytes = 512 * BLOCK };
  DhTuner tuner;

  dh_tuner_init (&tuner);
  for (guint window = 0; window < 10; window++) {
    guint64 bytes;

    dh_tuner_advance (&tuner, &input, G_MAXUINT64);
    bytes = dh_tuner_allowance (&tuner, &input) * BLOCK;
    dh_tuner_charge (&tuner, bytes);
    input.hugepage_bytes += bytes;
  }
  g_assert_cmpuint (input.hugepage_bytes, ==, 52 * BLOCK);
}

static void
test_measured_ratio (void)
{
  static const struct {
    guint64 hugepage, anonymous;
    guint ratio;
  } rows[] = {
    { 0, 0, 0 },
    { BLOCK, 0, 0 },
    { 0, GIB, 0 },
    { GIB / 4, GIB, 2500 },
    { 1, 3, 3333 },
    { GIB, GIB, 10000 },
    { 2 * GIB, GIB, 10000 },
    { G_MAXUINT64 / 2 + 1, G_MAXUINT64, 5000 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpuint (dh_measured_ratio (rows[i].hugepage, rows[i].anonymous), ==, rows[i].ratio);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    g_test_add_data_func (steps[i].path, &steps[i], test_step);
  for (guint i = 0; i < G_N_ELEMENTS (goals); i++)
    g_test_add_data_func (goals[i].path, &goals[i], test_goal);
  g_test_add_func ("/tuner/starts-at-one-block", test_starts_at_one_block);
  g_test_add_func ("/tuner/parts-of-blocks-add-up-to-blocks", test_parts_add_up);
  g_test_add_func ("/tuner/unused-credit-does-not-pile-up", test_credit_does_not_pile_up);
  g_test_add_func ("/tuner/a-cap-below-a-block-still-grants-a-block",
                   test_small_caps_still_grant_a_block);
  g_test_add_func ("/tuner/the-quota-stays-within-the-cap", test_quota_stays_within_the_cap);
  g_test_add_func ("/tuner/a-passed-goal-takes-the-credit-back",
                   test_passed_goal_takes_credit_back);
  g_test_add_func ("/tuner/losing-the-goal-starts-anew", test_losing_the_goal_starts_anew);
  g_test_add_func ("/tuner/a-charge-never-underflows", test_charge_never_underflows);
  g_test_add_func ("/tuner/the-ratio-is-reached-and-not-passed",
                   test_ratio_is_reached_and_not_passed);
  g_test_add_func ("/tuner/the-measured-ratio-is-of-what-there-is", test_measured_ratio);

  return g_test_run ();
}
