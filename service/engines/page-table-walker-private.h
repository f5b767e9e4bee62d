/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "page-table-walk.h"
#include "page-table-walker.h"

/* The programs are one long string in it. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
#include "page-table-walk.skel.h"
#pragma GCC diagnostic pop

/* Between the walker and the eyes that share its programs. */

/* A program bound to one process. */
typedef struct bpf_link DhWalkLink;
void dh_walk_link_free (DhWalkLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhWalkLink, dh_walk_link_free)

/* Returns: (transfer full). Errors: DH_ERROR_KERNEL_REJECTED. */
DhWalkLink *dh_walk_link_new (struct bpf_program *program, pid_t pid, GError **error);

/* Called after each part of what a program writes: takes off @output what it can use. Returns:
 * whether more is wanted. */
typedef gboolean (*DhWalkFunc) (GByteArray *output, gpointer data);

/* Runs the program once over its process. @func: (nullable). Errors: DH_ERROR_KERNEL_REJECTED, or
 * DH_ERROR_LIMIT_EXCEEDED where descriptors are short. */
gboolean dh_walk_link_run (DhWalkLink *link, DhWalkFunc func, gpointer data, GError **error);

/* Holds the programs' shared memory while it lives. */
struct page_table_walk *dh_page_table_walker_lock (DhPageTableWalker *self);
void dh_page_table_walker_unlock (DhPageTableWalker *self);

/* Where user space ends: half of what the page tables can map. */
guint64 dh_page_table_walker_get_address_end (DhPageTableWalker *self);

/* A place for what the kernel half remembers of one process. Errors: DH_ERROR_LIMIT_EXCEEDED. */
gboolean dh_page_table_walker_take_slot (DhPageTableWalker *self, guint *ret_slot, GError **error);
void dh_page_table_walker_give_slot (DhPageTableWalker *self, guint slot);
