/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* The unit of everything here: one 2 MiB piece of an address space, aligned, that one huge page can
 * back. x86-64 numbers; the eye refuses other machines. */
#define DH_PAGE_SIZE ((guint64) 4096)
#define DH_BLOCK_SIZE ((guint64) 2 << 20)
#define DH_BLOCK_PAGES 512

/* What the page tables say of one block that has any: counts of 4 KiB entries. */
typedef struct {
  guint64 address;
  guint16 resident; /* backed by memory of its own: neither empty, nor the zero page, nor swapped */
  guint16 young;    /* resident and touched since its accessed bit was last cleared */
  guint16 swapped;  /* neither empty nor present: swap, migration, markers */
  guint16 read_only; /* resident but not writable: perhaps shared after a fork */
  gboolean huge;     /* one PMD entry maps it; resident is 512 then */
} DhBlockView;

/* One mapping (VMA), as far as it matters here. */
typedef enum {
  DH_MAPPING_ANONYMOUS = 1 << 0, /* private anonymous memory */
  DH_MAPPING_SHMEM = 1 << 1,     /* shared memory: memfd, tmpfs, shared anonymous */
  DH_MAPPING_WRITABLE = 1 << 2,
  DH_MAPPING_NO_HUGEPAGE = 1 << 3, /* VM_NOHUGEPAGE */
  DH_MAPPING_LOCKED = 1 << 4,      /* VM_LOCKED: its accessed bits cannot be cleared */
  DH_MAPPING_SPECIAL = 1 << 5,     /* hugetlb, PFN map, I/O, userfaultfd, stack */
} DhMappingFlags;                  /* none of the first two: a file's */

typedef struct {
  guint64 start;
  guint64 end;
  guint64 offset; /* of start in the object behind a shared mapping, bytes */
  guint flags;    /* DhMappingFlags */
} DhMapping;
