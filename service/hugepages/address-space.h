/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "block.h"

/* Which blocks of a process may be collapsed, and why the others may not. Pure: mappings and views
 * in, verdicts out. The first reason that holds, in this order, is the verdict. */
typedef enum {
  DH_ELIGIBLE,
  DH_SKIP_HUGE,        /* is huge already, wherever it lies */
  DH_SKIP_BORDER,      /* not inside one mapping */
  DH_SKIP_SPECIAL,     /* hugetlb, PFN map, I/O, userfaultfd, stack */
  DH_SKIP_NO_HUGEPAGE, /* VM_NOHUGEPAGE */
  DH_SKIP_LOCKED,      /* mlocked: what is hot in it cannot be told */
  DH_SKIP_FILE,        /* a file's */
  DH_SKIP_INCONGRUENT, /* shared memory where no huge page of the object can back the address */
  DH_SKIP_SWAPPED,     /* collapsing would read it back from swap */
  DH_SKIP_SPARSE,      /* collapsing would add more memory than DH_MIN_RESIDENT allows */
  DH_SKIP_SHARED,      /* shared after a fork: collapsing would copy it */
} DhVerdict;

#define DH_N_VERDICTS (DH_SKIP_SHARED + 1)

/* Pages of a block that must be resident: at most 32 (128 KiB) are filled with zeros. */
#define DH_MIN_RESIDENT 480

/* The verdict on @view, found in @mapping (nullable: in none).
 * @shared_pages: resident pages that another process maps too, as far as they were counted. */
DhVerdict dh_verdict (const DhMapping *mapping, const DhBlockView *view, guint shared_pages);

/* The mapping that holds @address. @mappings: DhMapping sorted by start, without overlap. @hint:
 * (inout) index to start from, 0 at first, so that a sweep by ascending address costs one pass in
 * all; any value gives the right answer. Returns: (transfer none) (nullable). */
const DhMapping *dh_mappings_find (const GArray *mappings, guint64 address, guint *hint);

/* "border", "swapped", …: for logs and tests. */
const char *dh_verdict_to_string (DhVerdict verdict);
