/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include <math.h>

#include "heat-process.h"

static void
test_threshold (void)
{
  static const struct {
    DhPayback payback;
    double threshold;
  } rows[] = {
    { { 1000, 0.01, 1e7 }, 10000 },
    { { 2000, 0.01, 1e7 }, 20000 },
    { { 1000, 0.1, 1e7 }, 1000 },
    { { 1000, 0.01, 1e6 }, 100000 },
    { { 0, 0.01, 1e7 }, 0 },
    { { 1000, 0, 1e7 }, INFINITY },
    { { 1000, 0.01, 0 }, INFINITY },
    { { 0, 0, 0 }, INFINITY },
    { { -1, 0.01, 1e7 }, INFINITY },
    { { 1000, -0.01, -1e7 }, INFINITY },
    { { NAN, 0.01, 1e7 }, INFINITY },
    { { 1000, NAN, 1e7 }, INFINITY },
    { { 1000, 0.01, NAN }, INFINITY },
    { { 0, 1e-200, 1e-200 }, INFINITY },
    { { INFINITY, INFINITY, 1 }, INFINITY },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    double threshold = dh_payback_threshold (&rows[i].payback);

    g_assert_false (isnan (threshold));
    g_assert_true (isinf (threshold) == isinf (rows[i].threshold));
    if (!isinf (threshold))
      g_assert_cmpfloat_with_epsilon (threshold, rows[i].threshold, 1e-6);
  }
}

typedef struct {
  const char *path;
  guint64 delay;
  guint young;
  float best;
} ReadCase;

static const ReadCase reads[] = {
  { "/heat/read/an-untouched-block-is-cold", 10 * MSEC, 0, 0 },
  { "/heat/read/one-hot-page-gains-nothing", 10 * MSEC, 1, 0 },
  { "/heat/read/two-pages-may-be-chance", 10 * MSEC, 2, 0 },
  { "/heat/read/of-a-few-pages-half-may-be-chance", 10 * MSEC, 9, 500 },
  { "/heat/read/of-many-pages-most-count", 10 * MSEC, 400, 37900 },
  { "/heat/read/all-pages-in-ten-msec", 10 * MSEC, 512, 48837.258f },
  { "/heat/read/all-pages-in-ten-seconds", 10 * SECOND, 512, 48.837258f },
  { "/heat/read/a-delay-of-one-usec-is-finite", 1, 512, 488372583.f },
  { "/heat/read/at-the-time-of-the-clear-says-nothing", 0, 512, 0 },
  { "/heat/read/before-the-clear-says-nothing", -SECOND, 512, 0 },
};

static void
test_read (gconstpointer data)
{
  const ReadCase *row = data;
  g_autoptr (Process) process = process_new (1);

  clear_all (process);
  read_young (process, row->delay, row->young);
  g_assert_cmpfloat_with_epsilon (block_of (process, 1)->best, row->best,
                                  1e-6f + row->best * 1e-6f);
}

static void
test_score_is_the_best_read (void)
{
  g_autoptr (Process) process = process_new (1);

  clear_all (process);
  read_young (process, 10 * MSEC, 100);
  read_young (process, 10 * MSEC, 441);
  read_young (process, SECOND, 512);
  close_epoch (process);

  g_assert_cmpfloat_with_epsilon (block_of (process, 1)->score, 20950, 1);
  g_assert_cmpuint (block_of (process, 1)->young, ==, 512);
  g_assert_cmpuint (block_of (process, 1)->touched, ==, 512);
  g_assert_cmpfloat (block_of (process, 1)->best, ==, 0);
  g_assert_cmpuint (block_of (process, 1)->cleared_at, ==, 0);

  clear_all (process);
  read_young (process, 10 * MSEC, 16);
  close_epoch (process);
  g_assert_cmpfloat_with_epsilon (block_of (process, 1)->score, 1100, 1);
  g_assert_cmpuint (block_of (process, 1)->touched, ==, 16);
}

static void
test_uncleared_keep_their_score (void)
{
  g_autoptr (Process) process = process_new (2);

  hot_epoch (process);
  clear_all (process);
  block_of (process, 2)->cleared_at = 0;
  read_young (process, 10 * MSEC, 1);
  close_epoch (process);

  g_assert_cmpuint (block_of (process, 1)->hot_epochs, ==, 0);
  g_assert_cmpuint (block_of (process, 1)->hot_since, ==, 0);
  g_assert_cmpfloat (block_of (process, 1)->score, ==, 0);
  g_assert_cmpuint (block_of (process, 2)->hot_epochs, ==, 1);
  g_assert_cmpuint (block_of (process, 2)->young, ==, HOT_PAGES);
  g_assert_cmpuint (block_of (process, 2)->touched, ==, HOT_PAGES);
  g_assert_cmpfloat_with_epsilon (block_of (process, 2)->score, HOT_SCORE, 1);
}

static void
test_hot_row (void)
{
  g_autoptr (Process) process = process_new (1);
  guint64 first;

  hot_epoch (process);
  first = process->now;
  hot_epoch (process);
  g_assert_cmpuint (block_of (process, 1)->hot_epochs, ==, 2);
  g_assert_cmpuint (block_of (process, 1)->hot_since, ==, first);

  clear_all (process);
  read_young (process, 10 * MSEC, 100);
  close_epoch (process);
  g_assert_cmpuint (block_of (process, 1)->hot_epochs, ==, 0);
  g_assert_cmpuint (block_of (process, 1)->hot_since, ==, 0);

  for (guint i = 0; i < 300; i++)
    hot_epoch (process);
  g_assert_cmpuint (block_of (process, 1)->hot_epochs, ==, G_MAXUINT8);
  g_assert_cmpuint (block_of (process, 1)->hot_since, ==, first + 20 * MSEC + 10 * MSEC);
}

/* Only the epoch that is the first to find it not hot says that it has cooled. */
static void
test_cooled (void)
{
  static const guint young[] = { 100, HOT_PAGES, 100, 100, HOT_PAGES, 100, HOT_PAGES, HOT_PAGES };
  static const gboolean cooled[] = { FALSE, FALSE, TRUE, FALSE, FALSE, TRUE, FALSE, FALSE };
  g_autoptr (Process) process = process_new (1);

  for (guint i = 0; i < G_N_ELEMENTS (young); i++) {
    clear_all (process);
    read_young (process, 10 * MSEC, young[i]);
    close_epoch (process);
    g_assert_cmpint (block_of (process, 1)->cooled, ==, cooled[i]);
  }
}

static void
test_threshold_itself_is_hot (void)
{
  const DhPayback at_41900 = { 419, 0.01, G_USEC_PER_SEC };
  const DhPayback free_of_cost = { 0, 0.01, G_USEC_PER_SEC };
  g_autoptr (Process) process = process_new (1);

  clear_all (process);
  read_young (process, 10 * MSEC, 441);
  dh_heat_close_epoch (process->heat, &at_41900, process->now);
  g_assert_cmpuint (block_of (process, 1)->hot_epochs, ==, 1);

  clear_all (process);
  read_young (process, 10 * MSEC, 440);
  dh_heat_close_epoch (process->heat, &at_41900, process->now);
  g_assert_cmpuint (block_of (process, 1)->hot_epochs, ==, 0);

  clear_all (process);
  read_young (process, 10 * MSEC, 1);
  dh_heat_close_epoch (process->heat, &free_of_cost, process->now);
  g_assert_cmpuint (block_of (process, 1)->hot_epochs, ==, 0);
}

static void
test_hot_at_time_zero (void)
{
  g_autoptr (Process) process = process_new (1);

  clear_all (process);
  read_young (process, 10 * MSEC, 512);
  dh_heat_close_epoch (process->heat, &payback, 0);
  g_assert_cmpuint (block_of (process, 1)->hot_since, !=, 0);
}

static void
test_update_merges (void)
{
  g_autoptr (Process) process = process_new (4);

  hot_epoch (process);
  g_array_remove_index (process->views, 1);
  g_array_remove_index (process->verdicts, 1);
  view_of (process, 3)->address = AT (7);
  view_of (process, 1)->resident = 500;
  g_array_index (process->verdicts, guint8, 1) = DH_SKIP_SWAPPED;
  dh_heat_update (process->heat, process->views, process->verdicts);

  g_assert_cmpuint (dh_heat_get_blocks (process->heat)->len, ==, 3);
  g_assert_cmpuint (block_of (process, 1)->hot_epochs, ==, 1);
  g_assert_cmpuint (block_of (process, 1)->resident, ==, 500);
  g_assert_null (dh_heat_find (process->heat, AT (2)));
  g_assert_cmpuint (block_of (process, 3)->hot_epochs, ==, 1);
  g_assert_cmpuint (block_of (process, 3)->verdict, ==, DH_SKIP_SWAPPED);
  g_assert_null (dh_heat_find (process->heat, AT (4)));
  g_assert_cmpuint (block_of (process, 7)->hot_epochs, ==, 0);
  g_assert_cmpfloat (block_of (process, 7)->score, ==, 0);
}

static void
test_update_inserts_below (void)
{
  g_autoptr (Process) process = process_new (3);
  const DhBlockView low = { .address = 0, .resident = 17 };
  const guint8 sparse = DH_SKIP_SPARSE;

  hot_epoch (process);
  g_array_prepend_val (process->views, low);
  g_array_prepend_val (process->verdicts, sparse);
  dh_heat_update (process->heat, process->views, process->verdicts);

  g_assert_cmpuint (dh_heat_get_blocks (process->heat)->len, ==, 4);
  g_assert_cmpuint (dh_heat_find (process->heat, 0)->resident, ==, 17);
  g_assert_cmpuint (dh_heat_find (process->heat, 0)->hot_epochs, ==, 0);
  for (guint i = 1; i <= 3; i++)
    g_assert_cmpuint (block_of (process, i)->hot_epochs, ==, 1);
}

static void
test_reset (void)
{
  g_autoptr (Process) process = process_new (8);

  hot_epoch (process);
  dh_heat_reset (process->heat);
  g_assert_cmpuint (dh_heat_get_blocks (process->heat)->len, ==, 0);
  g_assert_null (dh_heat_find (process->heat, AT (1)));
  g_assert_cmpuint (count_candidates (process), ==, 0);

  dh_heat_update (process->heat, process->views, process->verdicts);
  g_assert_cmpuint (block_of (process, 1)->hot_epochs, ==, 0);
}

static void
test_unknown_views (void)
{
  g_autoptr (Process) process = process_new (3);

  g_array_remove_index (process->views, 1);
  g_array_remove_index (process->verdicts, 1);
  dh_heat_update (process->heat, process->views, process->verdicts);
  g_array_set_size (process->views, 3);
  for (guint i = 1; i <= 3; i++)
    *view_of (process, i) = (DhBlockView){ .address = AT (i), .resident = 512 };

  clear_all (process);
  read_young (process, 10 * MSEC, 511);
  g_assert_cmpuint (dh_heat_get_blocks (process->heat)->len, ==, 2);
  g_assert_cmpuint (block_of (process, 1)->young, ==, 511);
  g_assert_cmpuint (block_of (process, 3)->young, ==, 511);
}

static void
test_collapsed_keeps_heat (void)
{
  g_autoptr (Process) process = process_new (8);
  DhHeatSums sums;

  hot_epoch (process);
  hot_epoch (process);
  clear_all (process);
  block_of (process, 1)->collapsed = TRUE;
  g_assert_cmpuint (count_candidates (process), ==, 7);
  set_verdict (process, 1, DH_SKIP_HUGE);
  read_young (process, 10 * MSEC, 511);
  close_epoch (process);

  g_assert_true (block_of (process, 1)->collapsed);
  g_assert_cmpuint (block_of (process, 1)->hot_epochs, ==, 2);
  g_assert_cmpfloat_with_epsilon (block_of (process, 1)->score, HOT_SCORE, 1);
  dh_heat_sum (process->heat, &sums);
  g_assert_cmpuint (sums.hot, ==, 8 * DH_BLOCK_SIZE);
  g_assert_cmpuint (sums.skipped, ==, 0);
  g_assert_cmpuint (count_candidates (process), ==, 7);
}

static void
test_split_starts_anew (void)
{
  g_autoptr (Process) process = process_new (8);
  DhHeatSums sums;

  hot_epoch (process);
  hot_epoch (process);
  block_of (process, 1)->collapsed = TRUE;
  block_of (process, 1)->failures = 3;
  set_verdict (process, 1, DH_SKIP_HUGE);
  set_verdict (process, 2, DH_SKIP_HUGE);
  clear_all (process);
  set_verdict (process, 1, DH_ELIGIBLE);
  set_verdict (process, 2, DH_ELIGIBLE);
  read_young (process, 10 * MSEC, 511);
  close_epoch (process);

  for (guint i = 1; i <= 2; i++) {
    g_assert_false (block_of (process, i)->collapsed);
    g_assert_cmpuint (block_of (process, i)->failures, ==, 0);
    g_assert_cmpuint (block_of (process, i)->hot_epochs, ==, 0);
    g_assert_cmpuint (block_of (process, i)->hot_since, ==, 0);
  }
  dh_heat_sum (process->heat, &sums);
  g_assert_cmpuint (sums.hot, ==, 6 * DH_BLOCK_SIZE);
}

static void
test_huge_views_are_not_heat (void)
{
  g_autoptr (Process) process = process_new (1);

  clear_all (process);
  view_of (process, 1)->huge = TRUE;
  read_young (process, 10 * MSEC, 512);
  g_assert_cmpfloat (block_of (process, 1)->best, ==, 0);
}

static void
test_sums (void)
{
  g_autoptr (Process) process = process_new (8);
  DhHeatSums sums;

  dh_heat_sum (process->heat, &sums);
  g_assert_cmpuint (sums.hot, ==, 0);
  g_assert_cmpuint (sums.skipped, ==, 0);

  hot_epoch (process);
  set_verdict (process, 1, DH_SKIP_HUGE);
  set_verdict (process, 2, DH_SKIP_SHARED);
  set_verdict (process, 3, DH_SKIP_SWAPPED);
  dh_heat_sum (process->heat, &sums);
  g_assert_cmpuint (sums.hot, ==, 8 * DH_BLOCK_SIZE);
  g_assert_cmpuint (sums.skipped, ==, 2 * DH_BLOCK_SIZE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/heat/threshold-is-where-a-collapse-pays-back", test_threshold);
  for (guint i = 0; i < G_N_ELEMENTS (reads); i++)
    g_test_add_data_func (reads[i].path, &reads[i], test_read);
  g_test_add_func ("/heat/score-is-the-best-read-of-the-epoch", test_score_is_the_best_read);
  g_test_add_func ("/heat/blocks-not-cleared-keep-their-score", test_uncleared_keep_their_score);
  g_test_add_func ("/heat/hot-epochs-count-in-a-row", test_hot_row);
  g_test_add_func ("/heat/cooled", test_cooled);
  g_test_add_func ("/heat/a-score-at-the-threshold-pays", test_threshold_itself_is_hot);
  g_test_add_func ("/heat/hot-at-time-zero-is-hot", test_hot_at_time_zero);
  g_test_add_func ("/heat/update-forgets-keeps-and-adds", test_update_merges);
  g_test_add_func ("/heat/update-inserts-below-what-is-known", test_update_inserts_below);
  g_test_add_func ("/heat/reset-forgets-everything", test_reset);
  g_test_add_func ("/heat/unknown-blocks-are-passed-over", test_unknown_views);
  g_test_add_func ("/heat/a-collapsed-block-keeps-its-heat", test_collapsed_keeps_heat);
  g_test_add_func ("/heat/a-block-that-was-split-starts-anew", test_split_starts_anew);
  g_test_add_func ("/heat/a-huge-page-seen-young-is-no-heat", test_huge_views_are_not_heat);
  g_test_add_func ("/heat/sums-are-of-hot-blocks", test_sums);

  return g_test_run ();
}
