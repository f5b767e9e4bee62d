/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "hugepages/eye.h"

#include <sys/types.h>

/* The page-table walk in BPF: loaded once and calibrated; to be believed only after a trial
 * (walk-verification.h). Usable from every thread; walks of different processes take turns of about
 * a millisecond. */
#define DH_TYPE_PAGE_TABLE_WALKER (dh_page_table_walker_get_type ())
G_DECLARE_FINAL_TYPE (DhPageTableWalker, dh_page_table_walker, DH, PAGE_TABLE_WALKER, GObject)

/* Loads the programs and finds the kernel's direct map. Blocks for some 50 ms: not for the main
 * thread. @ram: (element-type DhRamRange), at most DH_WALK_MAX_RAM, ascending: the only frames that
 * are ever read. Errors: DH_UNAVAILABLE, the detail in the message. Returns: (transfer full). */
DhPageTableWalker *dh_page_table_walker_new (const GArray *ram, GError **error);

/* What a walk has cost so far: page-table pages opened. */
guint64 dh_page_table_walker_get_tables (DhPageTableWalker *self);

/* Watches one process: @pid, a thread-group leader, held by @pidfd (duplicated). Errors:
 * DH_ERROR_KERNEL_REJECTED, DH_ERROR_LIMIT_EXCEEDED. Returns: (transfer full). */
DhEye *dh_page_table_eye_new (DhPageTableWalker *walker, pid_t pid, int pidfd, GError **error);
