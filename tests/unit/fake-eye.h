/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "hugepages/address-space.h"
#include "hugepages/advisor.h"
#include "hugepages/eye.h"

/* A process that exists on paper: mappings and blocks as a test sets them, seen by the eye and
 * changed by the advisor as the kernel would. Block i lies at FAKE_AT (i). Usable from every
 * thread. */

#define FAKE_AT(i) ((guint64) (i) *DH_BLOCK_SIZE)

/* Of a collapse: says that all went well and does nothing. */
#define FAKE_LIE (-1)

typedef struct {
  guint64 address;
  guint16 touched; /* pages that the process touches again at once after a clear */
  guint16 resident;
  guint16 swapped;
  guint16 read_only;
  guint16 shared;
  gboolean huge;
  gboolean cleared;
  gboolean stubborn; /* its accessed bits cannot be cleared */
  int failure;       /* errno of a collapse, or FAKE_LIE; 0: it succeeds */
} FakeBlock;

#define FAKE_TYPE_EYE (fake_eye_get_type ())
G_DECLARE_FINAL_TYPE (FakeEye, fake_eye, FAKE, EYE, GObject)

FakeEye *fake_eye_new (void);
const DhAdvisor *fake_eye_get_advisor (FakeEye *self);

/* Maps the blocks from @first, without any page yet. Ascending. */
void fake_eye_map (FakeEye *self, guint first, guint n_blocks, guint flags);

/* Blocks full of pages, of which the process uses @touched. Ascending. */
void fake_eye_fill (FakeEye *self, guint first, guint n_blocks, guint touched);

/* Both, as private anonymous memory. */
void fake_eye_add (FakeEye *self, guint first, guint n_blocks, guint touched);

/* Between the two the block is the caller's. */
FakeBlock *fake_eye_lock (FakeEye *self, guint block);
void fake_eye_unlock (FakeEye *self);

/* Another address space that looks the same, all pages small. */
void fake_eye_exec (FakeEye *self);

/* All reads fail with DH_ERROR_KERNEL_REJECTED from now on. */
void fake_eye_break (FakeEye *self);

/* All reads fail with DH_ERROR_LIMIT_EXCEEDED for as long as it is so. */
void fake_eye_starve (FakeEye *self, gboolean starved);

/* Each reading of blocks takes at least so much processor time from now on, in microseconds. */
void fake_eye_set_cost (FakeEye *self, guint64 cost);

/* All collapses of @block from now on end with @number. */
void fake_eye_set_failure (FakeEye *self, guint block, int number);

/* From now on collapses and splits wait; until they are released. */
void fake_eye_hold (FakeEye *self);
void fake_eye_release (FakeEye *self);
gboolean fake_eye_is_held (FakeEye *self); /* one waits now */

gboolean fake_eye_is_huge (FakeEye *self, guint block);
guint fake_eye_count_huge (FakeEye *self);
guint fake_eye_count_cleared (FakeEye *self); /* blocks that were cleared, ever */
guint fake_eye_count_clears (FakeEye *self);  /* calls */
guint fake_eye_count_splits (FakeEye *self);  /* calls on one page alone */
guint64 fake_eye_get_largest_clear (FakeEye *self);

/* Numbers of the blocks that a collapse was asked of, in that order. Returns: (transfer full)
 * (element-type guint). */
GArray *fake_eye_dup_tried (FakeEye *self);
