/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "heat-process.h"

typedef struct {
  const char *path;
  guint hot_epochs;
  guint64 waited; /* after the last epoch */
  guint64 min_age;
  guint64 retry_in; /* after the last epoch; 0: not waiting */
  DhVerdict verdict;
  guint candidates; /* of 8 blocks of which one is as told */
} CandidateCase;

static const CandidateCase candidates[] = {
  { "/heat/candidate/after-two-hot-epochs", 2, 0, 10 * MSEC, 0, DH_ELIGIBLE, 8 },
  { "/heat/candidate/not-after-one-hot-epoch", 1, SECOND, 0, 0, DH_ELIGIBLE, 0 },
  { "/heat/candidate/not-before-the-age", 2, 0, 10 * MSEC + 1, 0, DH_ELIGIBLE, 0 },
  { "/heat/candidate/at-the-age", 2, SECOND, SECOND + 10 * MSEC, 0, DH_ELIGIBLE, 8 },
  { "/heat/candidate/never-at-an-endless-age", 2, SECOND, G_MAXUINT64, 0, DH_ELIGIBLE, 0 },
  { "/heat/candidate/not-before-the-retry", 2, SECOND - 1, 0, SECOND, DH_ELIGIBLE, 7 },
  { "/heat/candidate/at-the-retry", 2, SECOND, 0, SECOND, DH_ELIGIBLE, 8 },
  { "/heat/candidate/not-in-the-past", 2, -SECOND, 0, 0, DH_ELIGIBLE, 0 },
  { "/heat/candidate/not-when-huge", 2, 0, 0, 0, DH_SKIP_HUGE, 7 },
  { "/heat/candidate/not-when-skipped", 2, 0, 0, 0, DH_SKIP_SPARSE, 7 },
  { "/heat/candidate/shared-before-the-retry", 2, SECOND - 1, 0, SECOND, DH_SKIP_SHARED, 7 },
  { "/heat/candidate/shared-at-the-retry", 2, SECOND, 0, SECOND, DH_SKIP_SHARED, 8 },
};

static void
test_candidate (gconstpointer data)
{
  const CandidateCase *row = data;
  g_autoptr (Process) process = process_new (8);
  g_autoptr (GArray) addresses = NULL;

  for (guint i = 0; i < row->hot_epochs; i++)
    hot_epoch (process);
  set_verdict (process, 3, row->verdict);
  if (row->retry_in != 0)
    block_of (process, 3)->retry_after = process->now + row->retry_in;

  addresses = dh_heat_candidates (process->heat, row->min_age, process->now + row->waited);
  g_assert_cmpuint (addresses->len, ==, row->candidates);
  for (guint i = 0; row->candidates == 7 && i < addresses->len; i++)
    g_assert_cmpuint (g_array_index (addresses, guint64, i), !=, AT (3));
}

static void
test_hottest_first (void)
{
  static const guint16 young[] = { 300, 500, 200, 500, 511, 199, 210, 512 };
  static const guint order[] = { 8, 5, 2, 4, 1, 7, 3, 6 };
  g_autoptr (Process) process = process_new (G_N_ELEMENTS (young));
  g_autoptr (GArray) addresses = NULL;

  for (guint epoch = 0; epoch < 2; epoch++) {
    clear_all (process);
    for (guint i = 0; i < G_N_ELEMENTS (young); i++)
      view_of (process, i + 1)->young = young[i];
    process->now += 10 * MSEC;
    dh_heat_note (process->heat, process->views, process->now);
    close_epoch (process);
  }

  addresses = dh_heat_candidates (process->heat, 0, process->now);
  g_assert_cmpuint (addresses->len, ==, G_N_ELEMENTS (order));
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    g_assert_cmpuint (g_array_index (addresses, guint64, i), ==, AT (order[i]));
}

static void
test_tlb_reach (void)
{
  static const struct {
    guint n_blocks;
    guint young;
    guint candidates;
  } rows[] = {
    { 3, 512, 0 }, { 4, 511, 0 }, { 4, 512, 4 }, { 8, 255, 0 }, { 8, 256, 8 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (Process) process = process_new (rows[i].n_blocks);

    for (guint epoch = 0; epoch < 2; epoch++) {
      clear_all (process);
      read_young (process, 10 * MSEC, rows[i].young);
      /* Reclaim may take pages away before the last read: the working set is the most seen. */
      read_young (process, 10 * MSEC, 200);
      close_epoch (process);
    }
    g_assert_cmpuint (count_candidates (process), ==, rows[i].candidates);
    clear_all (process);
    read_young (process, MSEC, 1);
    g_assert_cmpuint (count_candidates (process), ==, rows[i].candidates);
  }
}

static void
test_huge_blocks_fill_the_tlb (void)
{
  g_autoptr (Process) process = process_new (4);

  set_verdict (process, 2, DH_SKIP_HUGE);
  set_verdict (process, 3, DH_SKIP_HUGE);
  set_verdict (process, 4, DH_SKIP_HUGE);
  for (guint epoch = 0; epoch < 2; epoch++) {
    clear_all (process);
    read_young (process, 10 * MSEC, 512);
    close_epoch (process);
  }
  g_assert_cmpuint (count_candidates (process), ==, 1);
}

/* 1 TiB: quadratic work would not end within the time a test has. */
static void
test_a_tebibyte (void)
{
  const guint n_blocks = 512 * 1024;
  g_autoptr (Process) process = process_new (n_blocks);

  hot_epoch (process);
  hot_epoch (process);
  g_assert_cmpuint (count_candidates (process), ==, n_blocks);
  for (guint i = 1; i <= n_blocks; i += 2)
    view_of (process, i)->address++;
  dh_heat_update (process->heat, process->views, process->verdicts);
  g_assert_cmpuint (count_candidates (process), ==, n_blocks / 2);
  g_assert_cmpuint (block_of (process, n_blocks)->hot_epochs, ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (candidates); i++)
    g_test_add_data_func (candidates[i].path, &candidates[i], test_candidate);
  g_test_add_func ("/heat/candidates-come-hottest-first", test_hottest_first);
  g_test_add_func ("/heat/nothing-to-gain-within-the-reach-of-the-tlb", test_tlb_reach);
  g_test_add_func ("/heat/huge-blocks-count-in-full", test_huge_blocks_fill_the_tlb);
  g_test_add_func ("/heat/a-tebibyte-is-no-trouble", test_a_tebibyte);

  return g_test_run ();
}
