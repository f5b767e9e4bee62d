/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "hugepages/collapser.h"

#include "error.h"
#include "fake-eye.h"

#include <errno.h>

/* Eight hot blocks from number 1, with the run under test from 2 on. */
typedef struct {
  FakeEye *eye;
  GArray *mappings;
  DhCollapseResult result;
} Case;

static void
set_up (Case *self, gconstpointer data)
{
  self->eye = fake_eye_new ();
  fake_eye_add (self->eye, 1, 8, DH_BLOCK_PAGES);
  self->mappings = g_array_new (FALSE, FALSE, sizeof (DhMapping));
  g_assert_true (dh_eye_read_mappings (DH_EYE (self->eye), self->mappings, NULL));
}

static void
tear_down (Case *self, gconstpointer data)
{
  g_object_unref (self->eye);
  g_array_unref (self->mappings);
}

static gboolean
try_run (Case *self, guint blocks, guint64 generation, GError **error)
{
  DhCollapser collapser = { .eye = DH_EYE (self->eye),
                            .advisor = fake_eye_get_advisor (self->eye),
                            .pidfd = -1,
                            .mappings = self->mappings,
                            .generation = generation };

  return dh_collapser_run (&collapser, FAKE_AT (2), blocks, &self->result, error);
}

static void
run (Case *self, guint blocks)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (try_run (self, blocks, 1, &error));
  g_assert_no_error (error);
}

static void
assert_tried (Case *self, guint n)
{
  g_autoptr (GArray) tried = fake_eye_dup_tried (self->eye);

  g_assert_cmpuint (tried->len, ==, n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (g_array_index (tried, guint, i), ==, 2 + i);
}

static void
test_run (Case *self, gconstpointer data)
{
  run (self, 3);
  assert_tried (self, 3);
  g_assert_cmpuint (self->result.tried, ==, 3);
  g_assert_cmpuint (self->result.collapsed, ==, 3);
  g_assert_cmpuint (self->result.added_bytes, ==, 0);
  g_assert_cmpint (self->result.error, ==, 0);
  g_assert_false (self->result.moved);
  g_assert_true (self->result.huge[0] && self->result.huge[1] && self->result.huge[2]);
  g_assert_cmpuint (fake_eye_count_huge (self->eye), ==, 3);
}

static void
test_added_bytes (Case *self, gconstpointer data)
{
  fake_eye_lock (self->eye, 2)->resident = DH_MIN_RESIDENT;
  fake_eye_unlock (self->eye);
  run (self, 2);
  g_assert_cmpuint (self->result.collapsed, ==, 2);
  g_assert_cmpuint (self->result.added_bytes, ==,
                    (DH_BLOCK_PAGES - DH_MIN_RESIDENT) * DH_PAGE_SIZE);
}

static void
test_lie (Case *self, gconstpointer data)
{
  fake_eye_set_failure (self->eye, 3, FAKE_LIE);
  run (self, 3);
  assert_tried (self, 3);
  g_assert_cmpint (self->result.error, ==, 0);
  g_assert_cmpuint (self->result.tried, ==, 3);
  g_assert_cmpuint (self->result.collapsed, ==, 2);
  g_assert_true (self->result.huge[0]);
  g_assert_false (self->result.huge[1]);
  g_assert_true (self->result.huge[2]);
}

static void
test_failure (Case *self, gconstpointer data)
{
  static const int numbers[] = { EAGAIN, EINVAL, ENOMEM, EBUSY };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    fake_eye_set_failure (self->eye, 2, numbers[i]);
    run (self, 2);
    g_assert_cmpint (self->result.error, ==, numbers[i]);
    g_assert_cmpuint (self->result.tried, ==, 2);
    g_assert_cmpuint (self->result.collapsed, ==, 0);
  }
}

/* The call fails at its second block: the first is huge all the same. */
static void
test_partial_failure (Case *self, gconstpointer data)
{
  fake_eye_set_failure (self->eye, 3, EAGAIN);
  run (self, 3);
  g_assert_cmpint (self->result.error, ==, EAGAIN);
  g_assert_cmpuint (self->result.collapsed, ==, 1);
  g_assert_true (self->result.huge[0]);
  g_assert_false (self->result.huge[1]);
  g_assert_false (self->result.huge[2]);
}

static void
assert_cut (Case *self, guint tried, DhVerdict verdict)
{
  run (self, 4);
  assert_tried (self, tried);
  g_assert_cmpuint (self->result.tried, ==, tried);
  g_assert_cmpuint (self->result.collapsed, ==, tried);
  for (guint i = 0; i < tried; i++)
    g_assert_cmpint (self->result.verdicts[i], ==, DH_ELIGIBLE);
  g_assert_cmpint (self->result.verdicts[tried], ==, verdict);
}

static void
test_shared (Case *self, gconstpointer data)
{
  FakeBlock *block = fake_eye_lock (self->eye, 4);

  block->read_only = 10;
  block->shared = 1;
  fake_eye_unlock (self->eye);
  assert_cut (self, 2, DH_SKIP_SHARED);
}

static void
test_read_only_alone (Case *self, gconstpointer data)
{
  fake_eye_lock (self->eye, 3)->read_only = DH_BLOCK_PAGES;
  fake_eye_unlock (self->eye);
  run (self, 4);
  g_assert_cmpuint (self->result.collapsed, ==, 4);
}

static void
test_became_sparse (Case *self, gconstpointer data)
{
  fake_eye_lock (self->eye, 2)->resident = DH_MIN_RESIDENT - 1;
  fake_eye_unlock (self->eye);
  assert_cut (self, 0, DH_SKIP_SPARSE);
}

static void
test_became_swapped (Case *self, gconstpointer data)
{
  fake_eye_lock (self->eye, 3)->swapped = 1;
  fake_eye_unlock (self->eye);
  assert_cut (self, 1, DH_SKIP_SWAPPED);
}

static void
test_became_huge (Case *self, gconstpointer data)
{
  fake_eye_lock (self->eye, 5)->huge = TRUE;
  fake_eye_unlock (self->eye);
  run (self, 4);
  assert_tried (self, 3);
  g_assert_cmpint (self->result.verdicts[3], ==, DH_SKIP_HUGE);
  g_assert_cmpuint (self->result.collapsed, ==, 3);
}

static void
test_vanished (Case *self, gconstpointer data)
{
  fake_eye_lock (self->eye, 2)->resident = 0;
  fake_eye_unlock (self->eye);
  assert_cut (self, 0, DH_SKIP_SPARSE);
}

static void
test_moved (Case *self, gconstpointer data)
{
  fake_eye_exec (self->eye);
  run (self, 4);
  g_assert_true (self->result.moved);
  g_assert_cmpuint (self->result.tried, ==, 0);
  assert_tried (self, 0);
}

static gpointer
exec_in_mid_call (gpointer data)
{
  FakeEye *eye = data;

  while (!fake_eye_is_held (eye))
    g_usleep (1000);
  fake_eye_exec (eye);
  fake_eye_release (eye);
  return NULL;
}

/* What is huge afterwards belongs to another address space. */
static void
test_moved_in_mid_call (Case *self, gconstpointer data)
{
  GThread *thread;

  fake_eye_hold (self->eye);
  thread = g_thread_new ("exec", exec_in_mid_call, self->eye);
  run (self, 1);
  g_thread_join (thread);
  g_assert_cmpuint (self->result.tried, ==, 1);
  g_assert_cmpuint (self->result.collapsed, ==, 0);
  g_assert_cmpuint (self->result.elapsed, >, 0);
}

static void
test_blind (Case *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fake_eye_break (self->eye);
  g_assert_false (try_run (self, 4, 1, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_KERNEL_REJECTED);
  assert_tried (self, 0);
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

  add ("/collapser/a-run-becomes-huge-by-one-call", test_run);
  add ("/collapser/filled-holes-are-counted", test_added_bytes);
  add ("/collapser/success-is-what-the-page-tables-say", test_lie);
  add ("/collapser/failures-are-reported-by-errno", test_failure);
  add ("/collapser/blocks-before-a-failure-count", test_partial_failure);
  add ("/collapser/a-shared-block-ends-the-run", test_shared);
  add ("/collapser/read-only-pages-of-its-own-are-no-hindrance", test_read_only_alone);
  add ("/collapser/a-block-that-has-lost-pages-is-left-alone", test_became_sparse);
  add ("/collapser/a-block-that-was-swapped-out-is-left-alone", test_became_swapped);
  add ("/collapser/a-block-that-has-become-huge-is-left-alone", test_became_huge);
  add ("/collapser/a-block-that-is-gone-is-left-alone", test_vanished);
  add ("/collapser/another-address-space-is-left-alone", test_moved);
  add ("/collapser/another-address-space-afterwards-counts-as-nothing", test_moved_in_mid_call);
  add ("/collapser/errors-of-the-eye-are-passed-on", test_blind);

  return g_test_run ();
}
