/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "observer-case.h"

/* A program that shares the machine with others may be late by so much. */
#define SLACK SECOND

/* What looking may cost, of a core and of the process's time, is one part in so many. */
#define SHARE 250

/* After its beginning the next epoch comes after @wait. */
static void
assert_wait (Case *self, guint64 wait)
{
  guint64 next = dh_observer_get_next_epoch (self->observer);

  g_assert_cmpuint (next, >=, self->begun + wait);
  g_assert_cmpuint (next, <, self->begun + wait + SLACK);
}

static void
test_idle_epochs (Case *self, gconstpointer data)
{
  static const guint64 waits[] = { 2, 4, 8, 16, 32, 32, 32 };

  fake_eye_add (self->eye, 1, 8, 0);
  for (guint i = 0; i < G_N_ELEMENTS (waits); i++) {
    g_assert_cmpuint (count_candidates (self), ==, 0);
    assert_wait (self, waits[i] * SECOND);
  }
}

static void
test_growth_ends_idleness (Case *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, 8, 0);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpuint (count_candidates (self), ==, 0);
  fake_eye_add (self->eye, 100, 3, 0);
  g_assert_cmpuint (count_candidates (self), ==, 0);
  assert_wait (self, 2 * SECOND);
}

static void
test_exec_ends_idleness (Case *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, 8, 0);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpuint (count_candidates (self), ==, 0);
  fake_eye_exec (self->eye);
  g_assert_cmpuint (count_candidates (self), ==, 0);
  assert_wait (self, 2 * SECOND);
}

/* What is found hot is confirmed at once, and the wait that follows pays for both epochs. */
static void
test_cost_bounds_itself (Case *self, gconstpointer data)
{
  const guint64 touched = (guint64) 128 * DH_BLOCK_PAGES;
  const guint64 epoch = SHARE * (touched * DH_OBSERVER_RETOUCH_NSEC / 1000);

  fake_eye_add (self->eye, 1, 128, 512);
  g_assert_cmpuint (count_candidates (self), ==, 0);
  assert_wait (self, SECOND);
  g_assert_cmpuint (count_candidates (self), ==, 128);
  assert_wait (self, 2 * epoch);
  g_assert_cmpuint (count_candidates (self), ==, 128);
  assert_wait (self, epoch);
}

#define N_BLOCKS 128
#define MOST_EPOCHS 5

/* How many of the blocks each epoch finds hot, and which epochs another one follows at once. */
static const struct {
  const char *name;
  guint hot[MOST_EPOCHS];
  guint n_epochs; /* all but the last are followed at once */
  guint n_huge;   /* other blocks */
} findings[] = {
  { "nothing", { 0 }, 1 },
  { "the-same", { N_BLOCKS, N_BLOCKS }, 2 },
  { "an-eighth-less", { N_BLOCKS, N_BLOCKS - N_BLOCKS / 8 }, 2 },
  { "more-than-an-eighth-less", { N_BLOCKS, 100, 100 }, 3 },
  { "most-at-second", { 32, N_BLOCKS, N_BLOCKS }, 3 },
  { "most-but-at-second", { N_BLOCKS, 32, N_BLOCKS, N_BLOCKS }, 4 },
  { "this-way-and-that", { N_BLOCKS, 0, N_BLOCKS, 0 }, 4 },
  { "few-beside-many-huge", { 8, 0 }, 2, .n_huge = 56 },
  { "few-beside-fewer-huge", { 8, 0, 0 }, 3, .n_huge = 55 },
};

static void
set_hot (Case *self, guint n_hot)
{
  for (guint i = 1; i <= N_BLOCKS; i++) {
    fake_eye_lock (self->eye, i)->touched = i <= n_hot ? DH_BLOCK_PAGES : 0;
    fake_eye_unlock (self->eye);
  }
}

/* Where two epochs contradict each other another one follows at once, three times at most, and the
 * wait behind the last pays for all. */
static void
test_contradictions (Case *self, gconstpointer data)
{
  const guint row = GPOINTER_TO_UINT (data);
  const guint *hot = findings[row].hot;
  guint64 cost = 0;

  fake_eye_add (self->eye, 1, N_BLOCKS, 0);
  fake_eye_add (self->eye, 2 * N_BLOCKS, findings[row].n_huge, 0);
  for (guint i = 0; i < findings[row].n_huge; i++) {
    fake_eye_lock (self->eye, 2 * N_BLOCKS + i)->huge = TRUE;
    fake_eye_unlock (self->eye);
  }
  for (guint i = 0; i < findings[row].n_epochs; i++) {
    set_hot (self, hot[i]);
    cost += (guint64) hot[i] * DH_BLOCK_PAGES * DH_OBSERVER_RETOUCH_NSEC / 1000;
    g_array_unref (run_epoch (self));
    if (i + 1 < findings[row].n_epochs)
      assert_wait (self, SECOND);
  }
  assert_wait (self, MAX (SHARE * cost, 2 * SECOND));
}

/* It looks twice: at the begin, and at the end. */
static void
test_processor_bounds_itself (Case *self, gconstpointer data)
{
  const guint64 cost = 20000, n_looks = 2;

  fake_eye_add (self->eye, 1, 8, 0);
  fake_eye_set_cost (self->eye, cost);
  g_assert_cmpuint (count_candidates (self), ==, 0);
  g_assert_cmpuint (dh_observer_get_next_epoch (self->observer), >=,
                    self->begun + SHARE * n_looks * cost);
}

/* What is huge is not cleared, so it costs nothing. */
static void
test_huge_costs_nothing (Case *self, gconstpointer data)
{
  guint cleared;

  fake_eye_add (self->eye, 1, 128, 512);
  g_assert_cmpuint (count_candidates (self), ==, 0);
  cleared = fake_eye_count_cleared (self->eye);
  g_assert_cmpuint (cleared, ==, 128);
  for (guint i = 1; i <= 128; i++) {
    fake_eye_lock (self->eye, i)->huge = TRUE;
    fake_eye_unlock (self->eye);
  }
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (count_candidates (self), ==, 0);
  g_assert_cmpuint (fake_eye_count_cleared (self->eye), ==, cleared);
}

static void
test_clears_are_small (Case *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, 100, 0);
  /* One range a block. */
  for (guint i = 0; i < 50; i++)
    fake_eye_add (self->eye, 200 + 2 * i, 1, 0);
  g_assert_cmpuint (count_candidates (self), ==, 0);
  g_assert_cmpuint (fake_eye_count_cleared (self->eye), ==, 150);
  g_assert_cmpuint (fake_eye_get_largest_clear (self->eye), <=, (guint64) 32 << 20);
  g_assert_cmpuint (fake_eye_count_clears (self->eye), <=, 12);
}

static void
test_large_processes_take_turns (Case *self, gconstpointer data)
{
  fake_eye_add (self->eye, 1, 6000, 0);
  begin (self);
  g_assert_cmpuint (fake_eye_count_cleared (self->eye), ==, 4096);
  g_assert_false (fake_eye_lock (self->eye, 6000)->cleared);
  fake_eye_unlock (self->eye);
  begin (self);
  g_assert_true (fake_eye_lock (self->eye, 6000)->cleared);
  fake_eye_unlock (self->eye);
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

  add ("/observer/epochs-lengthen-when-there-is-nothing-to-gain", test_idle_epochs);
  add ("/observer/growth-shortens-them-again", test_growth_ends_idleness);
  add ("/observer/exec-shortens-them-again", test_exec_ends_idleness);
  add ("/observer/its-cost-to-the-process-bounds-itself", test_cost_bounds_itself);
  add ("/observer/its-cost-to-the-processor-bounds-itself", test_processor_bounds_itself);
  add ("/observer/huge-blocks-are-not-cleared", test_huge_costs_nothing);
  add ("/observer/one-clear-takes-no-more-than-32-mib", test_clears_are_small);
  add ("/observer/large-processes-are-watched-in-turns", test_large_processes_take_turns);

  for (guint i = 0; i < G_N_ELEMENTS (findings); i++) {
    g_autofree char *path = g_strconcat ("/observer/contradictions/", findings[i].name, NULL);

    g_test_add (path, Case, GUINT_TO_POINTER (i), set_up, test_contradictions, tear_down);
  }

  return g_test_run ();
}
