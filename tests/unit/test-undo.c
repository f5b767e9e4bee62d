/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "hugepages/undo.h"

#include "error.h"
#include "fake-eye.h"

#define N_BLOCKS 8

typedef struct {
  FakeEye *eye;
  DhLedger *ledger; /* block 1 to N_BLOCKS, all of them huge */
  guint left;       /* calls into the kernel until it is to end */
} UndoCase;

static void
set_huge (UndoCase *self, guint block, gboolean huge)
{
  fake_eye_lock (self->eye, block)->huge = huge;
  fake_eye_unlock (self->eye);
}

static void
set_up (UndoCase *self, gconstpointer data)
{
  self->eye = fake_eye_new ();
  self->ledger = dh_ledger_new ();
  self->left = G_MAXUINT;
  fake_eye_add (self->eye, 1, N_BLOCKS, 512);
  for (guint i = 1; i <= N_BLOCKS; i++) {
    set_huge (self, i, TRUE);
    dh_ledger_note (self->ledger, 1, FAKE_AT (i));
  }
}

static void
tear_down (UndoCase *self, gconstpointer data)
{
  dh_ledger_free (self->ledger);
  g_object_unref (self->eye);
}

static gboolean
goes_on (gpointer data)
{
  UndoCase *self = data;

  return self->left > 0 && self->left-- > 0;
}

static gboolean
run (UndoCase *self, DhUndoResult *result, GError **error)
{
  const DhUndo undo = {
    .eye = DH_EYE (self->eye),
    .advisor = fake_eye_get_advisor (self->eye),
    .pidfd = -1,
    .ledger = self->ledger,
    .goes_on = goes_on,
    .user_data = self,
  };

  return dh_undo_run (&undo, result, error);
}

static void
assert_undone (UndoCase *self, guint split, guint kept)
{
  g_autoptr (GError) error = NULL;
  DhUndoResult result = { 1, 1 };

  g_assert_true (run (self, &result, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (result.split_bytes, ==, split * DH_BLOCK_SIZE);
  g_assert_cmpuint (result.kept_bytes, ==, kept * DH_BLOCK_SIZE);
}

static guint
count_noted (UndoCase *self)
{
  g_autoptr (GArray) addresses = dh_ledger_dup_addresses (self->ledger);

  return addresses->len;
}

static void
test_splits_all (UndoCase *self, gconstpointer data)
{
  assert_undone (self, N_BLOCKS, 0);
  g_assert_cmpuint (fake_eye_count_huge (self->eye), ==, 0);
  g_assert_cmpuint (fake_eye_count_splits (self->eye), ==, N_BLOCKS);
  g_assert_cmpuint (count_noted (self), ==, 0);
  /* Once. */
  assert_undone (self, 0, 0);
  g_assert_cmpuint (fake_eye_count_splits (self->eye), ==, N_BLOCKS);
}

static void
test_nothing_was_done (UndoCase *self, gconstpointer data)
{
  for (guint i = 1; i <= N_BLOCKS; i++)
    dh_ledger_strike (self->ledger, FAKE_AT (i));
  assert_undone (self, 0, 0);
  g_assert_cmpuint (fake_eye_count_huge (self->eye), ==, N_BLOCKS);
}

/* Huge pages that the process or khugepaged made are theirs. */
static void
test_leaves_others_blocks (UndoCase *self, gconstpointer data)
{
  dh_ledger_strike (self->ledger, FAKE_AT (2));
  dh_ledger_strike (self->ledger, FAKE_AT (N_BLOCKS));
  assert_undone (self, N_BLOCKS - 2, 0);
  g_assert_cmpuint (fake_eye_count_huge (self->eye), ==, 2);
  g_assert_true (fake_eye_is_huge (self->eye, 2));
  g_assert_true (fake_eye_is_huge (self->eye, N_BLOCKS));
}

/* It can be tried again, once the child is gone. */
static void
test_keeps_shared_blocks (UndoCase *self, gconstpointer data)
{
  fake_eye_lock (self->eye, 3)->shared = DH_BLOCK_PAGES;
  fake_eye_unlock (self->eye);
  assert_undone (self, N_BLOCKS - 1, 1);
  g_assert_true (fake_eye_is_huge (self->eye, 3));
  g_assert_true (dh_ledger_has (self->ledger, FAKE_AT (3)));
  g_assert_cmpuint (count_noted (self), ==, 1);

  fake_eye_lock (self->eye, 3)->shared = 0;
  fake_eye_unlock (self->eye);
  assert_undone (self, 1, 0);
  g_assert_cmpuint (count_noted (self), ==, 0);
}

/* By the process itself, or unmapped: nothing is left to be taken back. */
static void
test_gone_counts_as_kept (UndoCase *self, gconstpointer data)
{
  set_huge (self, 1, FALSE);
  fake_eye_lock (self->eye, 5)->resident = 0;
  fake_eye_unlock (self->eye);
  set_huge (self, 5, FALSE);
  assert_undone (self, N_BLOCKS - 2, 2);
  g_assert_cmpuint (fake_eye_count_splits (self->eye), ==, N_BLOCKS - 2);
  g_assert_cmpuint (count_noted (self), ==, 0);
  assert_undone (self, 0, 0);
}

static void
test_after_exec (UndoCase *self, gconstpointer data)
{
  fake_eye_exec (self->eye);
  /* What is there now was never made huge by the service. */
  set_huge (self, 2, TRUE);
  assert_undone (self, 0, 0);
  g_assert_true (fake_eye_is_huge (self->eye, 2));
  g_assert_cmpuint (fake_eye_count_splits (self->eye), ==, 0);
  g_assert_cmpuint (count_noted (self), ==, 0);
}

static void
test_ends_when_told (UndoCase *self, gconstpointer data)
{
  self->left = 3;
  assert_undone (self, 3, N_BLOCKS - 3);
  g_assert_cmpuint (fake_eye_count_splits (self->eye), ==, 3);
  self->left = G_MAXUINT;
  assert_undone (self, N_BLOCKS - 3, 0);
}

static void
test_blind (UndoCase *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  DhUndoResult result;

  fake_eye_break (self->eye);
  g_assert_false (run (self, &result, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_KERNEL_REJECTED);
  g_assert_cmpuint (count_noted (self), ==, N_BLOCKS);
}

static void
add (const char *path, void (*test) (UndoCase *, gconstpointer))
{
  g_test_add (path, UndoCase, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/undo/splits-all-that-was-made-huge", test_splits_all);
  add ("/undo/nothing-was-done", test_nothing_was_done);
  add ("/undo/leaves-others'-blocks", test_leaves_others_blocks);
  add ("/undo/keeps-shared-blocks", test_keeps_shared_blocks);
  add ("/undo/what-is-gone-counts-as-kept", test_gone_counts_as_kept);
  add ("/undo/nothing-after-exec", test_after_exec);
  add ("/undo/ends-when-it-is-told-to", test_ends_when_told);
  add ("/undo/fails-when-nothing-can-be-read", test_blind);

  return g_test_run ();
}
