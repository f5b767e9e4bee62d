/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "engines/walk-verification.h"
#include "hugepages/advisor.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The walk on the kernel that runs here, which needs root: of the test's own memory, four empty
 * blocks of which are at hand. */

#define WALK_BLOCKS 4

typedef struct {
  DhPageTableWalker *walker; /* NULL: the case was skipped */
  DhEye *eye;                /* of this process */
  int pidfd;
  guint8 *area;
  guint8 *block; /* WALK_BLOCKS of them, NOHUGEPAGE */
} WalkCase;

static inline int
walk_open_pidfd (pid_t pid)
{
  int pidfd = (int) syscall (SYS_pidfd_open, pid, 0);

  g_assert_no_errno (pidfd);
  return pidfd;
}

static inline void
walk_case_set_up (WalkCase *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gsize size = (WALK_BLOCKS + 1) * DH_BLOCK_SIZE;

  self->pidfd = -1;
  if (geteuid () != 0) {
    g_test_skip ("Only root may walk page tables");
    return;
  }
  self->walker = dh_verified_walker_new ("/", &error);
  g_assert_no_error (error);
  self->pidfd = walk_open_pidfd (getpid ());
  self->eye = dh_page_table_eye_new (self->walker, getpid (), self->pidfd, &error);
  g_assert_no_error (error);
  self->area =
    mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  g_assert_true (self->area != MAP_FAILED);
  self->block =
    (guint8 *) (((guintptr) self->area + DH_BLOCK_SIZE - 1) & ~(guintptr) (DH_BLOCK_SIZE - 1));
  g_assert_no_errno (madvise (self->area, size, MADV_NOHUGEPAGE));
}

static inline void
walk_case_tear_down (WalkCase *self, gconstpointer data)
{
  if (!self->walker)
    return;
  munmap (self->area, (WALK_BLOCKS + 1) * DH_BLOCK_SIZE);
  g_object_unref (self->eye);
  g_object_unref (self->walker);
  close (self->pidfd);
}

static inline void
walk_touch (void *block, guint first, guint pages)
{
  for (guint i = first; i < first + pages; i++)
    ((volatile guint8 *) block)[i * DH_PAGE_SIZE] = (guint8) (i | 1);
}

/* Returns: (element-type DhBlockView) */
static inline GArray *
walk_read (DhEye *eye, gconstpointer start, guint n_blocks)
{
  GArray *views = g_array_new (FALSE, TRUE, sizeof (DhBlockView));
  g_autoptr (GError) error = NULL;
  guint64 generation;

  dh_eye_read_blocks (eye, (guintptr) start, (guintptr) start + n_blocks * DH_BLOCK_SIZE, views,
                      &generation, &error);
  g_assert_no_error (error);
  return views;
}

static inline DhBlockView
walk_view (WalkCase *self, gconstpointer block)
{
  g_autoptr (GArray) views = walk_read (self->eye, block, 1);

  g_assert_cmpuint (views->len, ==, 1);
  g_assert_cmphex (g_array_index (views, DhBlockView, 0).address, ==, (guintptr) block);
  return g_array_index (views, DhBlockView, 0);
}

static inline void
walk_clear (WalkCase *self, guint8 *block, guint n_blocks)
{
  struct iovec range = { .iov_base = block, .iov_len = n_blocks * DH_BLOCK_SIZE };

  g_assert_cmpuint (dh_advisor_forget (&dh_kernel_advisor, self->pidfd, &range, 1), ==, 1);
}
