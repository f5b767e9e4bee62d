/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "address-space.h"
#include "advisor.h"
#include "eye.h"

/* Makes one run of adjacent blocks huge, and measures what became of it. */

/* Adjacent blocks in one call at most: longer runs hold the process's mmap lock block after block,
 * shorter ones pay the kernel's per-call drain of the LRU caches each time. */
#define DH_RUN_BLOCKS 4

typedef struct {
  DhEye *eye;
  const DhAdvisor *advisor;
  int pidfd;
  const GArray *mappings; /* (element-type DhMapping): of this epoch */
  guint64 generation;     /* of the address space in which the run was found hot */
} DhCollapser;

typedef struct {
  DhVerdict verdicts[DH_RUN_BLOCKS]; /* just before the call: only eligible blocks were tried */
  gboolean huge[DH_RUN_BLOCKS];      /* after it, measured */
  guint tried;                       /* blocks */
  guint collapsed;                   /* blocks that this call made huge */
  guint64 added_bytes;               /* memory that was filled with zeros */
  guint64 elapsed;                   /* microseconds in the call */
  int error;                         /* errno of the call, 0: none */
  gboolean moved;                    /* the process has another address space: nothing was done */
} DhCollapseResult;

/* Looks at the run again, cuts it at its first block that is no longer eligible (a leading such
 * block makes the run empty), collapses the rest with one call, and walks it afterwards. Errors:
 * those of the eye. */
gboolean dh_collapser_run (const DhCollapser *collapser, guint64 address, guint blocks,
                           DhCollapseResult *ret_result, GError **error);
