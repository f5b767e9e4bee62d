/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "walk-case.h"

#include "child.h"
#include "error.h"

#include <errno.h>
#include <sys/wait.h>

/* The processor touches a few pages more than the program does, never many. */
#define STRAY 32

#define N_SLOTS 128

static void
test_present (WalkCase *self, gconstpointer data)
{
  DhBlockView view;

  if (!self->walker)
    return;
  walk_touch (self->block, 0, 100);
  walk_touch (self->block, 400, 11);
  view = walk_view (self, self->block);
  g_assert_cmpuint (view.resident, ==, 111);
  g_assert_cmpuint (view.young, ==, 111);
  g_assert_cmpuint (view.swapped, ==, 0);
  g_assert_cmpuint (view.read_only, ==, 0);
  g_assert_false (view.huge);
}

static void
test_empty (WalkCase *self, gconstpointer data)
{
  g_autoptr (GArray) views = NULL;

  if (!self->walker)
    return;
  walk_touch (self->block, 0, 1);
  walk_touch (self->block + 2 * DH_BLOCK_SIZE, 511, 1);
  views = walk_read (self->eye, self->block, WALK_BLOCKS);
  g_assert_cmpuint (views->len, ==, 2);
  g_assert_cmphex (g_array_index (views, DhBlockView, 0).address, ==, (guintptr) self->block);
  g_assert_cmphex (g_array_index (views, DhBlockView, 1).address, ==,
                   (guintptr) self->block + 2 * DH_BLOCK_SIZE);
  g_assert_cmpuint (g_array_index (views, DhBlockView, 1).resident, ==, 1);
}

static void
test_young (WalkCase *self, gconstpointer data)
{
  guint8 *other = self->block + DH_BLOCK_SIZE;

  if (!self->walker)
    return;
  walk_touch (self->block, 0, 2 * DH_BLOCK_PAGES);
  walk_clear (self, self->block, 1);
  g_assert_cmpuint (walk_view (self, self->block).young, <, STRAY);
  g_assert_cmpuint (walk_view (self, self->block).resident, ==, DH_BLOCK_PAGES);
  g_assert_cmpuint (walk_view (self, other).young, ==, DH_BLOCK_PAGES);

  walk_touch (self->block, 100, 200);
  g_assert_cmpuint (walk_view (self, self->block).young, >=, 200);
  g_assert_cmpuint (walk_view (self, self->block).young, <, 200 + STRAY);
}

static void
test_zero_page (WalkCase *self, gconstpointer data)
{
  volatile guint8 *byte = self->block;
  guint8 sum = 0;

  if (!self->walker)
    return;
  walk_touch (self->block, 0, 1);
  for (guint i = 1; i < DH_BLOCK_PAGES; i++)
    sum |= byte[i * DH_PAGE_SIZE];
  g_assert_cmpuint (sum, ==, 0);
  g_assert_cmpuint (walk_view (self, self->block).resident, ==, 1);
  g_assert_cmpuint (walk_view (self, self->block).swapped, ==, 0);
}

static void
test_inaccessible (WalkCase *self, gconstpointer data)
{
  DhBlockView view;

  if (!self->walker)
    return;
  walk_touch (self->block, 0, 300);
  g_assert_no_errno (mprotect (self->block, DH_BLOCK_SIZE, PROT_NONE));
  view = walk_view (self, self->block);
  g_assert_cmpuint (view.resident, ==, 300);
  g_assert_cmpuint (view.young, ==, 0);
  g_assert_cmpuint (view.swapped, ==, 0);
}

static guint
count_shared (WalkCase *self)
{
  guint shared;

  g_assert_true (dh_eye_count_shared (self->eye, (guintptr) self->block, &shared));
  return shared;
}

static void
test_fork (WalkCase *self, gconstpointer data)
{
  Child *child;

  if (!self->walker)
    return;
  walk_touch (self->block, 0, DH_BLOCK_PAGES);
  g_assert_cmpuint (walk_view (self, self->block).read_only, ==, 0);
  g_assert_cmpuint (count_shared (self), ==, 0);

  child = child_new (NULL);
  g_assert_cmpuint (walk_view (self, self->block).read_only, ==, DH_BLOCK_PAGES);
  g_assert_cmpuint (count_shared (self), ==, DH_BLOCK_PAGES);
  walk_touch (self->block, 0, 12);
  g_assert_cmpuint (walk_view (self, self->block).read_only, ==, DH_BLOCK_PAGES - 12);
  g_assert_cmpuint (count_shared (self), ==, DH_BLOCK_PAGES - 12);

  child_free (child);
  g_assert_cmpuint (walk_view (self, self->block).read_only, ==, DH_BLOCK_PAGES - 12);
  g_assert_cmpuint (count_shared (self), ==, 0);
}

static void
test_huge (WalkCase *self, gconstpointer data)
{
  DhBlockView view;
  int result = -EAGAIN;

  if (!self->walker)
    return;
  walk_touch (self->block, 0, DH_BLOCK_PAGES);
  g_assert_no_errno (madvise (self->block, DH_BLOCK_SIZE, MADV_HUGEPAGE));
  for (guint i = 0; i < 10 && result == -EAGAIN; i++)
    result =
      dh_advisor_collapse (&dh_kernel_advisor, self->pidfd, (guintptr) self->block, DH_BLOCK_SIZE);
  g_assert_cmpint (result, ==, 0);
  view = walk_view (self, self->block);
  g_assert_true (view.huge);
  g_assert_cmpuint (view.resident, ==, DH_BLOCK_PAGES);
  g_assert_cmpuint (view.swapped, ==, 0);

  g_assert_no_errno (mprotect (self->block, DH_BLOCK_SIZE, PROT_NONE));
  g_assert_true (walk_view (self, self->block).huge);
}

static void
test_exit (WalkCase *self, gconstpointer data)
{
  g_autoptr (Child) child = NULL;
  g_autoptr (GArray) views = g_array_new (FALSE, TRUE, sizeof (DhBlockView));
  g_autoptr (DhEye) eye = NULL;
  g_autoptr (GError) error = NULL;
  guint64 generation;
  int pidfd;

  if (!self->walker)
    return;
  child = child_new (NULL);
  pidfd = walk_open_pidfd (child->pid);
  eye = dh_page_table_eye_new (self->walker, child->pid, pidfd, &error);
  close (pidfd);
  g_assert_no_error (error);
  g_assert_true (dh_eye_read_blocks (eye, 0, G_MAXUINT64, views, &generation, &error));
  g_assert_cmpuint (views->len, >, 0);

  child_kill (child);
  g_assert_false (dh_eye_read_blocks (eye, 0, G_MAXUINT64, views, &generation, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_PROCESS_EXITED);
  g_clear_error (&error);
  g_assert_false (dh_eye_read_mappings (eye, views, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_PROCESS_EXITED);
}

static guint64
read_generation (DhEye *eye)
{
  g_autoptr (GArray) views = g_array_new (FALSE, TRUE, sizeof (DhBlockView));
  g_autoptr (GError) error = NULL;
  guint64 generation;

  dh_eye_read_blocks (eye, 0, DH_BLOCK_SIZE, views, &generation, &error);
  g_assert_no_error (error);
  return generation;
}

static void
test_exec (WalkCase *self, gconstpointer data)
{
  g_autoptr (DhEye) eye = NULL;
  guint64 generation;
  int go[2], pidfd;
  char byte = 0;
  pid_t pid;

  if (!self->walker)
    return;
  g_assert_no_errno (pipe (go));
  pid = fork ();
  g_assert_no_errno (pid);
  if (pid == 0) {
    if (read (go[0], &byte, 1) == 1)
      execl ("/bin/sleep", "sleep", "60", NULL);
    _exit (1);
  }
  pidfd = walk_open_pidfd (pid);
  eye = dh_page_table_eye_new (self->walker, pid, pidfd, NULL);
  generation = read_generation (eye);
  g_assert_cmpuint (read_generation (eye), ==, generation);
  g_assert_cmpint (write (go[1], &byte, 1), ==, 1);
  for (guint i = 0; i < 1000 && read_generation (eye) == generation; i++)
    g_usleep (10000);
  g_assert_cmpuint (read_generation (eye), !=, generation);

  kill (pid, SIGKILL);
  waitpid (pid, NULL, 0);
  close (pidfd);
  close (go[0]);
  close (go[1]);
}

static void
test_slots (WalkCase *self, gconstpointer data)
{
  g_autoptr (GPtrArray) eyes = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (DhEye) last = NULL;
  g_autoptr (GError) error = NULL;

  if (!self->walker)
    return;
  /* The case has one already. */
  for (guint i = 1; i < N_SLOTS; i++) {
    DhEye *eye = dh_page_table_eye_new (self->walker, getpid (), self->pidfd, &error);

    g_assert_no_error (error);
    g_ptr_array_add (eyes, eye);
  }
  g_assert_null (dh_page_table_eye_new (self->walker, getpid (), self->pidfd, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_LIMIT_EXCEEDED);
  g_clear_error (&error);
  g_ptr_array_remove_index (eyes, 5);
  last = dh_page_table_eye_new (self->walker, getpid (), self->pidfd, &error);
  g_assert_no_error (error);
}

static void
add (const char *path, void (*test) (WalkCase *, gconstpointer))
{
  g_test_add (path, WalkCase, NULL, walk_case_set_up, test, walk_case_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/walker/pages-are-counted", test_present);
  add ("/walker/only-blocks-with-page-tables-are-seen", test_empty);
  add ("/walker/pages-touched-since-a-clear-are-young", test_young);
  add ("/walker/the-zero-page-is-not-resident", test_zero_page);
  add ("/walker/inaccessible-pages-are-resident", test_inaccessible);
  add ("/walker/pages-shared-by-a-fork-are-read-only-and-counted", test_fork);
  add ("/walker/a-collapsed-block-is-huge", test_huge);
  add ("/walker/a-process-that-has-exited-is-reported", test_exit);
  add ("/walker/exec-changes-the-generation", test_exec);
  add ("/walker/places-are-limited-and-given-back", test_slots);

  return g_test_run ();
}
