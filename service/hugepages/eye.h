/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "block.h"

#include <glib-object.h>

/* What sees the memory of one process; the engine brings it. Called from the lane of that process
 * only, never from the main thread. */
#define DH_TYPE_EYE (dh_eye_get_type ())
G_DECLARE_INTERFACE (DhEye, dh_eye, DH, EYE, GObject)

struct _DhEyeInterface {
  GTypeInterface parent_iface;

  gboolean (*read_mappings) (DhEye *self, GArray *mappings, GError **error);
  gboolean (*read_blocks) (DhEye *self, guint64 start, guint64 end, GArray *views,
                           guint64 *ret_generation, GError **error);
  gboolean (*count_shared) (DhEye *self, guint64 address, guint *ret_shared);
};

/* Replaces @mappings (element-type DhMapping) with what is there now, ascending. May wait for the
 * process's mmap lock. Errors: DH_ERROR_PROCESS_EXITED, DH_ERROR_LIMIT_EXCEEDED (descriptors are
 * short, which may pass), or DH_ERROR_KERNEL_REJECTED. */
gboolean dh_eye_read_mappings (DhEye *self, GArray *mappings, GError **error);

/* Replaces @views (element-type DhBlockView) with the blocks of [@start, @end) that have page
 * tables, ascending. Takes no lock of the process, and work only for tables that exist.
 * @ret_generation: a number that changes when the process has got another address space (exec).
 * Errors: as above. */
gboolean dh_eye_read_blocks (DhEye *self, guint64 start, guint64 end, GArray *views,
                             guint64 *ret_generation, GError **error);

/* Counts the pages of the block that another process maps as well. Returns: FALSE if this eye
 * cannot tell. */
gboolean dh_eye_count_shared (DhEye *self, guint64 address, guint *ret_shared);
