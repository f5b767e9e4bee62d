/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

/* What the BPF programs and their user half both see. Only counts, block addresses and the borders
 * of mappings leave the kernel: neither memory contents nor kernel addresses. */

#ifndef __bpf__
#include <linux/types.h>
#endif

#define DH_WALK_MAX_BLOCKS 1024 /* per run: about a millisecond */
#define DH_WALK_MAX_RAM 128
#define DH_WALK_MAX_SLOTS 128

struct dh_walk_range {
  __u64 start;
  __u64 end; /* exclusive */
};

struct dh_walk_request {
  __u64 start;      /* in: the first address */
  __u64 end;        /* in: exclusive */
  __u32 slot;       /* in: where what must stay in the kernel is kept for this process */
  __u32 count;      /* out: blocks filled in */
  __u64 next;       /* out: where to go on; end when done */
  __u64 generation; /* out: changes when the process has another address space (exec) */
  __u64 tables;     /* out: page-table pages opened, of all levels */
  __u64 faults;     /* out: entries that led out of System RAM or could not be read */
  __u32 seen;       /* out: 1 if the process was there and had an address space */
};

struct dh_walk_block {
  __u64 address;
  __u16 resident;
  __u16 young;
  __u16 swapped;
  __u16 read_only;
  __u32 huge;
  __u32 pad;
};

/* Finding the kernel's direct map: the physical address behind a page of our own is known from the
 * page tables only if the base of the map is, so candidates are tried until the page's random
 * content is found through one. */
struct dh_walk_calibration {
  __u64 address[2]; /* in: two pages of our own … */
  __u64 content[2]; /* in: … and their first eight bytes */
  __u64 ram_end;    /* in: above the last byte of System RAM */
  __u32 levels;     /* in: page-table levels to try, 4 or 5 */
  __u32 matches;    /* out: bases through which both contents were found; exactly 1 is trusted */
  __u32 beyond_ram; /* out: the topmost entry names an address above all RAM: an encryption bit */
  __u32 frames;     /* out: 1 if the array of page frames was found as well */
};

struct dh_walk_shared {
  __u64 address; /* in: the block */
  __u32 slot;
  __u32 shared; /* out: its pages that are mapped more than once */
  __u32 known;  /* out: 0 where page frames cannot be read */
};

struct dh_walk_mapping {
  __u64 start;
  __u64 end;
  __u64 offset; /* pages */
  __u64 flags;  /* vm_flags */
  __u32 anonymous;
  __u32 shmem;
  __u32 userfault;
  __u32 pad;
};
