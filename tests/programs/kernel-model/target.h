/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* A task that a number was resolved to; held, whatever becomes of the number. It need not be a
 * process: a thread's ID, a kernel thread's and a zombie's are as good. */
typedef struct _Target Target;

#define BLOCK_SIZE (G_GUINT64_CONSTANT (2) << 20)

/* A part of an address space. */
typedef struct {
  guint64 start;
  guint64 end;
  guint64 since; /* the aggregation at which it was new, or last worked on */
} Region;

/* @number: as written; the kernel looks at its lower 32 bits. @who: the task that asks, 0 for the
 * kernel itself. Returns: (transfer full) (nullable): NULL if there is no such task. */
Target *target_new (guint64 number, pid_t who);
Target *target_ref (Target *self);
void target_unref (Target *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Target, target_unref)

pid_t target_get_id (Target *self);

/* Until it was reaped. */
gboolean target_exists (Target *self);
/* And until it exited. */
gboolean target_is_alive (Target *self);
gboolean target_equal (Target *self, Target *other);

/* The address space as DAMON divides it at first: three areas between the two widest gaps, cut into
 * about @n_regions of equal size. Holes narrower than those two are in. Empty without an address
 * space. Returns: (transfer full): of Region */
GArray *target_get_regions (Target *self, guint64 n_regions, guint64 since);

/* What the kernel does to a region: MADV_COLLAPSE, for real. Returns: whether all of it succeeded.
 */
gboolean target_collapse (Target *self, guint64 start, guint64 length);

/* Of its anonymous memory, how much is in huge pages, in basis points. */
guint64 target_get_huge_ratio (Target *self);
