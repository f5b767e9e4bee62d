/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* What a process's page tables say, read from outside by root and with none of the service's code:
 * the tests and the demo believe nothing else. */

#define PAGE_TABLES_BLOCK_SIZE (G_GUINT64_CONSTANT (2) << 20)

typedef struct _PageTables PageTables;

/* Returns: (transfer full): NULL with @error set if there is no such process or it may not be read.
 */
PageTables *page_tables_open (pid_t pid, GError **error);
void page_tables_close (PageTables *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PageTables, page_tables_close)

/* Whether the block that begins at @address (a multiple of the block size) is one huge page. Before
 * Linux 6.7 a huge page that is mapped by 4 KiB entries counts too: only PAGEMAP_SCAN tells. */
gboolean page_tables_is_huge (PageTables *self, guint64 address, gboolean *ret_huge,
                              GError **error);

/* Bytes in anonymous memory, and those of them in huge pages, over all mappings without a file. */
gboolean page_tables_get_totals (PageTables *self, guint64 *ret_anonymous, guint64 *ret_huge,
                                 GError **error);

/* Puts every huge page of the mappings without a file back to 4 KiB pages; the contents stay. Those
 * that the process shares with another stay huge. @ret_bytes: what is no longer huge. */
gboolean page_tables_split (PageTables *self, guint64 *ret_bytes, GError **error);
