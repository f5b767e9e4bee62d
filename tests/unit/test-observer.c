/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "observer-case.h"

#include "error.h"

static void
assert_candidates (Case *self, guint n, ...)
{
  g_autoptr (GArray) candidates = run_epoch (self);
  va_list blocks;

  g_assert_cmpuint (candidates->len, ==, n);
  va_start (blocks, n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (g_array_index (candidates, guint64, i) / DH_BLOCK_SIZE, ==,
                      va_arg (blocks, guint));
  va_end (blocks);
}

static void
test_hottest_first (Case *self, gconstpointer data)
{
  fake_eye_map (self->eye, 1, 8, DH_MAPPING_ANONYMOUS);
  fake_eye_fill (self->eye, 1, 1, 360);
  fake_eye_fill (self->eye, 2, 1, 0);
  fake_eye_fill (self->eye, 3, 1, 512);
  fake_eye_fill (self->eye, 4, 1, 410);
  fake_eye_fill (self->eye, 5, 1, 1);
  fake_eye_fill (self->eye, 6, 1, 300);
  fake_eye_fill (self->eye, 7, 2, 460);
  g_assert_cmpuint (count_candidates (self), ==, 0);
  assert_candidates (self, 6, 3, 7, 8, 4, 1, 6);
}

static void
test_cold_and_one_page (Case *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, 64, 0);
  fake_eye_add (self->eye, 100, 64, 1);
  fake_eye_add (self->eye, 200, N_HOT, 512);
  for (guint i = 0; i < 4; i++) {
    g_autoptr (GArray) candidates = run_epoch (self);

    g_assert_cmpuint (candidates->len, ==, i == 0 ? 0 : N_HOT);
    for (guint j = 0; j < candidates->len; j++)
      g_assert_cmpuint (g_array_index (candidates, guint64, j), >=, FAKE_AT (200));
  }
}

/* Advising cold memory would move it in the kernel's order of reclaim, for nothing. */
static void
test_cold_is_advised_once (Case *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, 64, 0);
  fake_eye_add (self->eye, 200, N_HOT, 512);
  count_candidates (self);
  g_assert_cmpuint (fake_eye_count_cleared (self->eye), ==, 64 + N_HOT);
  count_candidates (self);
  g_assert_cmpuint (fake_eye_count_cleared (self->eye), ==, 64 + 2 * N_HOT);
}

static void
test_cold_that_becomes_hot (Case *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, 1, 0);
  fake_eye_add (self->eye, 200, N_HOT, 512);
  count_candidates (self);
  g_assert_cmpuint (count_candidates (self), ==, N_HOT);
  fake_eye_lock (self->eye, 1)->touched = 512;
  fake_eye_unlock (self->eye);
  g_assert_cmpuint (count_candidates (self), ==, N_HOT);
  g_assert_cmpuint (count_candidates (self), ==, N_HOT + 1);
}

static void
test_within_tlb (Case *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, 3, 512);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (count_candidates (self), ==, 0);
}

static void
test_failed_clear (Case *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, N_HOT, 512);
  fake_eye_add (self->eye, 100, 1, 512);
  fake_eye_add (self->eye, 200, N_HOT, 512);
  fake_eye_lock (self->eye, 100)->stubborn = TRUE;
  fake_eye_unlock (self->eye);
  g_assert_cmpuint (count_candidates (self), ==, 0);
  g_assert_cmpuint (count_candidates (self), ==, 2 * N_HOT);
}

static void
test_ineligible_mappings (Case *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, N_HOT, 512);
  fake_eye_map (self->eye, 100, 4, DH_MAPPING_ANONYMOUS | DH_MAPPING_NO_HUGEPAGE);
  fake_eye_fill (self->eye, 100, 4, 512);
  fake_eye_map (self->eye, 200, 4, DH_MAPPING_ANONYMOUS | DH_MAPPING_LOCKED);
  fake_eye_fill (self->eye, 200, 4, 512);
  fake_eye_map (self->eye, 300, 4, 0);
  fake_eye_fill (self->eye, 300, 4, 512);
  fake_eye_map (self->eye, 400, 4, DH_MAPPING_SHMEM);
  fake_eye_fill (self->eye, 400, 4, 512);
  g_assert_cmpuint (count_candidates (self), ==, 0);
  g_assert_cmpuint (count_candidates (self), ==, N_HOT + 4);
  /* What may not become huge is not disturbed either. */
  g_assert_cmpuint (fake_eye_count_cleared (self->eye), ==, 2 * (N_HOT + 4));
}

static DhObservation
observe (Case *self)
{
  DhObservation observation;

  dh_observer_get_observation (self->observer, &observation);
  return observation;
}

static void
test_figures (Case *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, N_HOT, 512);
  fake_eye_add (self->eye, 100, 4, 0);
  fake_eye_lock (self->eye, 100)->huge = TRUE;
  fake_eye_unlock (self->eye);
  fake_eye_lock (self->eye, 101)->resident = 100;
  fake_eye_unlock (self->eye);
  fake_eye_map (self->eye, 200, 2, DH_MAPPING_SHMEM);
  fake_eye_fill (self->eye, 200, 2, 0);
  fake_eye_lock (self->eye, 200)->huge = TRUE;
  fake_eye_unlock (self->eye);
  g_assert_cmpuint (count_candidates (self), ==, 0);
  g_assert_cmpuint (observe (self).anonymous_bytes, ==,
                    (N_HOT + 3) * DH_BLOCK_SIZE + 100 * DH_PAGE_SIZE);
  g_assert_cmpuint (observe (self).hugepage_bytes, ==, DH_BLOCK_SIZE);
  g_assert_cmpuint (observe (self).heat.hot, ==, N_HOT * DH_BLOCK_SIZE);

  dh_observer_note_collapsed (self->observer, FAKE_AT (1));
  g_assert_cmpuint (observe (self).hugepage_bytes, ==, 2 * DH_BLOCK_SIZE);
  dh_observer_note_collapsed (self->observer, FAKE_AT (201));
  g_assert_cmpuint (observe (self).hugepage_bytes, ==, 2 * DH_BLOCK_SIZE);
}

/* As the lane notes what the collapser says. */
static void
find_shared (Case *self, guint block, guint64 retry_after)
{
  DhBlock *known = dh_heat_find (dh_observer_get_heat (self->observer), FAKE_AT (block));

  g_assert_nonnull (known);
  known->verdict = DH_SKIP_SHARED;
  known->retry_after = retry_after;
}

static void
test_shared_stays (Case *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, N_HOT, 512);
  fake_eye_lock (self->eye, 3)->read_only = 7;
  fake_eye_unlock (self->eye);
  g_assert_cmpuint (count_candidates (self), ==, 0);
  g_assert_cmpuint (count_candidates (self), ==, N_HOT);

  find_shared (self, 3, (guint64) g_get_monotonic_time () + 60 * SECOND);
  for (guint i = 0; i < 3; i++) {
    g_assert_cmpuint (count_candidates (self), ==, N_HOT - 1);
    g_assert_cmpuint (observe (self).heat.skipped, ==, DH_BLOCK_SIZE);
  }

  /* It is looked at again; until then it counts as what it was found to be. */
  find_shared (self, 3, 1);
  g_assert_cmpuint (count_candidates (self), ==, N_HOT);
  g_assert_cmpuint (observe (self).heat.skipped, ==, DH_BLOCK_SIZE);
}

/* All its pages have become writable again: nobody else has them. */
static void
test_shared_no_longer (Case *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, N_HOT, 512);
  fake_eye_lock (self->eye, 3)->read_only = 7;
  fake_eye_unlock (self->eye);
  g_assert_cmpuint (count_candidates (self), ==, 0);
  find_shared (self, 3, (guint64) g_get_monotonic_time () + 60 * SECOND);
  fake_eye_lock (self->eye, 3)->read_only = 0;
  fake_eye_unlock (self->eye);
  g_assert_cmpuint (count_candidates (self), ==, N_HOT - 1);
  g_assert_cmpuint (observe (self).heat.skipped, ==, 0);
}

static void
test_exec (Case *self, gconstpointer data)
{
  gboolean moved;

  fake_eye_add (self->eye, 1, N_HOT, 512);
  g_assert_cmpuint (count_candidates (self), ==, 0);
  g_assert_cmpuint (count_candidates (self), ==, N_HOT);
  g_assert_true (dh_observer_check_moved (self->observer, &moved, NULL));
  g_assert_false (moved);
  fake_eye_exec (self->eye);
  g_assert_true (dh_observer_check_moved (self->observer, &moved, NULL));
  g_assert_true (moved);
  g_assert_true (begin (self));
  g_assert_cmpuint (count_candidates (self), ==, 0);
  g_assert_cmpuint (count_candidates (self), ==, N_HOT);
}

/* The reads after an exec say nothing of what was cleared before it. */
static void
test_exec_in_mid_epoch (Case *self, gconstpointer data)
{
  g_autoptr (GArray) candidates = NULL;

  fake_eye_add (self->eye, 1, N_HOT, 512);
  g_assert_cmpuint (count_candidates (self), ==, 0);
  begin (self);
  fake_eye_exec (self->eye);
  g_assert_true (dh_observer_read (self->observer, NULL));
  candidates = dh_observer_end (self->observer, 0);
  g_assert_cmpuint (candidates->len, ==, 0);
}

static void
test_min_age (Case *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, N_HOT, 512);
  for (guint i = 0; i < 3; i++) {
    g_autoptr (GArray) candidates = NULL;

    begin (self);
    g_usleep (1000);
    g_assert_true (dh_observer_read (self->observer, NULL));
    candidates = dh_observer_end (self->observer, 60 * SECOND);
    g_assert_cmpuint (candidates->len, ==, 0);
  }
}

static void
test_blind (Case *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gboolean moved;

  fake_eye_add (self->eye, 1, N_HOT, 512);
  begin (self);
  fake_eye_break (self->eye);
  g_assert_false (dh_observer_read (self->observer, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_KERNEL_REJECTED);
  g_clear_error (&error);
  g_assert_false (dh_observer_begin (self->observer, &moved, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_KERNEL_REJECTED);
}

static void
test_empty (Case *self, gconstpointer data)
{
  g_assert_cmpuint (count_candidates (self), ==, 0);
  g_assert_cmpuint (fake_eye_count_clears (self->eye), ==, 0);
  g_assert_cmpuint (observe (self).anonymous_bytes, ==, 0);
}

static void
add (const char *path, void (*test) (Case *, gconstpointer))
{
  g_test_add (path, Case, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/observer/hottest-first-after-two-epochs", test_hottest_first);
  add ("/observer/cold-blocks-and-one-hot-page-are-left-alone", test_cold_and_one_page);
  add ("/observer/cold-memory-is-advised-once", test_cold_is_advised_once);
  add ("/observer/cold-memory-that-becomes-hot-is-found", test_cold_that_becomes_hot);
  add ("/observer/what-fits-the-tlb-is-left-alone", test_within_tlb);
  add ("/observer/a-block-that-cannot-be-cleared-is-left-out", test_failed_clear);
  add ("/observer/ineligible-mappings-are-not-touched", test_ineligible_mappings);
  add ("/observer/figures-are-of-anonymous-memory", test_figures);
  add ("/observer/a-block-found-shared-stays-so-until-it-is-tried-again", test_shared_stays);
  add ("/observer/a-block-without-read-only-pages-is-not-shared", test_shared_no_longer);
  add ("/observer/exec-forgets-all", test_exec);
  add ("/observer/exec-in-mid-epoch-yields-nothing", test_exec_in_mid_epoch);
  add ("/observer/min-age-holds-back", test_min_age);
  add ("/observer/errors-of-the-eye-are-passed-on", test_blind);
  add ("/observer/a-process-without-memory-is-no-trouble", test_empty);

  return g_test_run ();
}
