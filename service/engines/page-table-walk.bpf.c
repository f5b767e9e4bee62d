/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* Reads a process's page tables without its locks: what is resident, touched since the last clear,
 * swapped or huge, per 2 MiB block. Tables may be freed while they are read; reads are fault-safe,
 * and a frame is only read if it is System RAM, so the worst outcome is a wrong hint. Work is
 * bounded by the tables that exist: an empty entry of any level skips all that it could map. */

#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "page-table-walk.h"

char LICENSE[] SEC ("license") = "GPL";

/* The few fields that are read, found by CO-RE wherever this kernel keeps them. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct super_block {
  unsigned long s_magic;
};

struct inode {
  struct super_block *i_sb;
};

struct file {
  struct inode *f_inode;
};

struct vm_userfaultfd_ctx {
  void *ctx;
};

struct vm_area_struct {
  unsigned long vm_start;
  unsigned long vm_end;
  unsigned long vm_flags;
  unsigned long vm_pgoff;
  void *vm_ops;
  struct file *vm_file;
  struct vm_userfaultfd_ctx vm_userfaultfd_ctx;
};

struct mm_struct {
  void *pgd;
  unsigned long start_stack;
};

struct mapcount {
  int counter;
};

/* Of page frames only the count of mappings is read. */
struct page {
  struct mapcount _mapcount;
};

struct vm_struct {
  void *addr;
  struct page **pages;
  unsigned int nr_pages;
};

struct task_struct {
  struct mm_struct *mm;
  struct vm_struct *stack_vm_area;
};

struct seq_file;

struct bpf_iter_meta {
  struct seq_file *seq;
};

struct bpf_iter__task {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
};

struct bpf_iter__task_vma {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
  struct vm_area_struct *vma;
};

#pragma clang attribute pop

/* Entry bits of x86-64 (arch/x86/include/asm/pgtable_types.h). */
#define ENTRY_PRESENT (1ULL << 0)
#define ENTRY_LEAF (1ULL << 7)
#define ENTRY_ADDRESS 0x000ffffffffff000ULL
#define BIT_PRESENT 0
#define BIT_WRITABLE 1
#define BIT_ACCESSED 5
#define BIT_PROTNONE 8 /* of an entry that is not present: PROT_NONE memory */
#define BIT_SPECIAL 9  /* the zero page, PFN maps */

#define SHIFT_PTE 12
#define SHIFT_PMD 21
#define SHIFT_PUD 30
#define SHIFT_P4D 39
#define SHIFT_PGD 48 /* with five levels */

#define BLOCK_SIZE (1ULL << SHIFT_PMD)
#define GIB (1ULL << SHIFT_PUD)
#define MAX_STEPS (1 << 16)
#define MAX_CANDIDATES (1 << 16)
#define TMPFS_MAGIC 0x01021994

const volatile struct dh_walk_range ram[DH_WALK_MAX_RAM];
const volatile __u32 n_ram;

struct dh_walk_request request;
struct dh_walk_block blocks[DH_WALK_MAX_BLOCKS];
struct dh_walk_calibration calibration;
struct dh_walk_shared sharing;

struct layout {
  __u64 direct_map;
  __u64 frames; /* struct page of frame 0; 0: unknown */
  __u32 levels;
};

struct identity {
  __u64 mm;
  __u64 stack;
  __u64 generation;
};

struct page_table {
  __u64 entries[512];
};

/* Where a walk stands. The tags name the table last opened at a level, by the addresses that it
 * maps. */
struct walk {
  __u64 cursor;
  __u64 end;
  __u64 pgd;
  __u64 direct_map;
  __u64 p4d_tag;
  __u64 pud_tag;
  __u64 pmd_tag;
  __u64 pmd; /* physical address of the open PMD table */
  __u32 levels;
};

struct {
  __uint (type, BPF_MAP_TYPE_ARRAY);
  __uint (max_entries, 1);
  __type (key, __u32);
  __type (value, struct layout);
} layouts SEC (".maps");

struct {
  __uint (type, BPF_MAP_TYPE_ARRAY);
  __uint (max_entries, DH_WALK_MAX_SLOTS);
  __type (key, __u32);
  __type (value, struct identity);
} identities SEC (".maps");

struct {
  __uint (type, BPF_MAP_TYPE_ARRAY);
  __uint (max_entries, 1);
  __type (key, __u32);
  __type (value, struct page_table);
} page_tables SEC (".maps");

/* Not on the stack: there the verifier (of 7.3, for one) remembers what each step has learnt of the
 * cursor and the tags, finds every next step different and gives up. */
struct {
  __uint (type, BPF_MAP_TYPE_ARRAY);
  __uint (max_entries, 1);
  __type (key, __u32);
  __type (value, struct walk);
} walks SEC (".maps");

/* Global, so that the verifier follows it once and not at every call. */
__noinline bool
is_ram (__u64 address)
{
  for (__u32 i = 0; i < DH_WALK_MAX_RAM; i++) {
    if (i >= n_ram)
      break;
    if (address >= ram[i].start && address + 4095 < ram[i].end)
      return true;
  }
  return false;
}

static __always_inline bool
read_entry (__u64 direct_map, __u64 table, __u64 address, __u32 shift, __u64 *ret)
{
  __u64 index = (address >> shift) & 511;

  if (!is_ram (table))
    return false;
  return bpf_probe_read_kernel (ret, sizeof *ret, (void *) (direct_map + table + index * 8)) == 0;
}

static __always_inline bool
read_top_entry (__u64 pgd, __u64 address, __u32 levels, __u64 *ret)
{
  __u32 shift = levels == 5 ? SHIFT_PGD : SHIFT_P4D;

  return bpf_probe_read_kernel (ret, sizeof *ret, (void *) (pgd + ((address >> shift) & 511) * 8))
         == 0;
}

/* The last byte's successor of what one entry at @shift maps around @address. */
static __always_inline __u64
skip (__u64 address, __u32 shift)
{
  return ((address >> shift) + 1) << shift;
}

static __always_inline void
note_table (__u64 *tag, __u64 now)
{
  if (*tag != now + 1) {
    *tag = now + 1;
    request.tables++;
  }
}

/* Opens the PMD table for the cursor, or moves the cursor past what no table maps. */
static __always_inline bool
open_pmd (struct walk *walk)
{
  __u64 address = walk->cursor;
  __u64 entry = 0;
  __u32 shift = walk->levels == 5 ? SHIFT_PGD : SHIFT_P4D;

  if (!read_top_entry (walk->pgd, address, walk->levels, &entry)) {
    request.faults++;
    walk->cursor = skip (address, shift);
    return false;
  }
  if (!(entry & ENTRY_PRESENT)) {
    walk->cursor = skip (address, shift);
    return false;
  }
  if (walk->levels == 5) {
    note_table (&walk->p4d_tag, address >> SHIFT_PGD);
    if (!read_entry (walk->direct_map, entry & ENTRY_ADDRESS, address, SHIFT_P4D, &entry)) {
      request.faults++;
      entry = 0;
    }
    if (!(entry & ENTRY_PRESENT)) {
      walk->cursor = skip (address, SHIFT_P4D);
      return false;
    }
  }
  note_table (&walk->pud_tag, address >> SHIFT_P4D);
  if (!read_entry (walk->direct_map, entry & ENTRY_ADDRESS, address, SHIFT_PUD, &entry)) {
    request.faults++;
    entry = 0;
  }
  /* A leaf here is a 1 GiB page: hugetlb or a device's, nothing of ours. */
  if (!(entry & ENTRY_PRESENT) || (entry & ENTRY_LEAF)) {
    walk->cursor = skip (address, SHIFT_PUD);
    return false;
  }
  note_table (&walk->pmd_tag, address >> SHIFT_PUD);
  walk->pmd = entry & ENTRY_ADDRESS;
  return true;
}

static __always_inline __u64
bit (__u64 entry, __u32 number)
{
  return (entry >> number) & 1;
}

#define PLAIN_STEP 8
#define PLAIN_BITS (1ULL << BIT_WRITABLE | 1ULL << BIT_ACCESSED | 1ULL << BIT_SPECIAL)

/* How many of eight entries have the bit, from the sum of what PLAIN_BITS leaves of each: the bits
 * lie so far apart that no count reaches the next. */
static __always_inline __u64
get_count (__u64 sum, __u32 number)
{
  return (sum >> number) & 15;
}

/* Fills in a block from a table of which every entry is empty or a page's, in a fraction of the time
 * that count_entries() takes. Returns: 0 if there are other entries. */
__noinline int
count_plain_entries (__u32 index)
{
  struct dh_walk_block *block = &blocks[index & (DH_WALK_MAX_BLOCKS - 1)];
  __u64 resident = 0, young = 0, writable = 0, special = 0, absent = 0;
  struct page_table *table;
  __u32 zero = 0;

  table = bpf_map_lookup_elem (&page_tables, &zero);
  if (!table)
    return 0;
#pragma clang loop unroll(disable)
  for (int i = 0; i < 512; i += PLAIN_STEP) {
    __u64 sum = 0;

#pragma clang loop unroll(full)
    for (int j = 0; j < PLAIN_STEP; j++) {
      __u64 entry = table->entries[i + j];
      __u64 present = entry & ENTRY_PRESENT;

      resident += present;
      absent |= entry & (present - 1);
      sum += entry & PLAIN_BITS;
      /* One entry after the other, or there are too few registers. */
      barrier_var (sum);
      barrier_var (absent);
    }
    young += get_count (sum, BIT_ACCESSED);
    writable += get_count (sum, BIT_WRITABLE);
    special += get_count (sum, BIT_SPECIAL);
  }
  if (absent || special)
    return 0;
  block->resident = resident;
  block->young = young;
  block->swapped = 0;
  block->read_only = resident - writable;
  return 1;
}

/* The same from any table. Bits are added without branches, or the verifier would follow each of
 * 512 entries both ways; global, so that it follows them once and not at every call. */
__noinline int
count_entries (__u32 index)
{
  struct dh_walk_block *block = &blocks[index & (DH_WALK_MAX_BLOCKS - 1)];
  __u64 resident = 0, young = 0, swapped = 0, read_only = 0;
  struct page_table *table;
  __u32 zero = 0;

  table = bpf_map_lookup_elem (&page_tables, &zero);
  if (!table)
    return 0;
  for (int i = 0; i < 512; i++) {
    __u64 entry = table->entries[i];
    __u64 present = bit (entry, BIT_PRESENT);
    __u64 mapped = (present | bit (entry, BIT_PROTNONE)) & ~bit (entry, BIT_SPECIAL);
    __u64 sign = entry | -entry;

    /* Else the compiler finds out that this asks whether the entry is 0, and branches. */
    barrier_var (sign);
    resident += mapped;
    young += present & mapped & bit (entry, BIT_ACCESSED);
    read_only += mapped & ~bit (entry, BIT_WRITABLE);
    swapped += (sign >> 63) & ~(present | bit (entry, BIT_PROTNONE)) & 1;
  }
  block->resident = resident;
  block->young = young;
  block->swapped = swapped;
  block->read_only = read_only;
  return 0;
}

static long
walk_step (__u32 step, void *data)
{
  struct dh_walk_block *block;
  struct page_table *table;
  struct walk *walk;
  __u32 zero = 0, count;
  __u64 entry = 0;

  walk = bpf_map_lookup_elem (&walks, &zero);
  if (!walk || walk->cursor >= walk->end)
    return 1;
  count = request.count;
  if (count >= DH_WALK_MAX_BLOCKS)
    return 1;
  if (walk->pmd_tag != (walk->cursor >> SHIFT_PUD) + 1 && !open_pmd (walk))
    return 0;

  if (!read_entry (walk->direct_map, walk->pmd, walk->cursor, SHIFT_PMD, &entry)) {
    request.faults++;
    entry = 0;
  }
  block = &blocks[count & (DH_WALK_MAX_BLOCKS - 1)];
  block->address = walk->cursor & ~(BLOCK_SIZE - 1);
  walk->cursor = skip (walk->cursor, SHIFT_PMD);
  if (entry == 0)
    return 0;

  if (!(entry & ENTRY_PRESENT)) {
    /* PROT_NONE keeps a huge page huge; anything else is on its way in or out. */
    bool huge = (entry & (1ULL << BIT_PROTNONE)) && (entry & ENTRY_LEAF);

    block->huge = huge;
    block->resident = huge ? 512 : 0;
    block->young = 0;
    block->read_only = 0;
    block->swapped = huge ? 0 : 512;
    request.count = count + 1;
    return 0;
  }
  if (entry & ENTRY_LEAF) {
    block->huge = 1;
    block->resident = 512;
    block->young = bit (entry, BIT_ACCESSED) ? 512 : 0;
    block->read_only = bit (entry, BIT_WRITABLE) ? 0 : 512;
    block->swapped = 0;
    request.count = count + 1;
    return 0;
  }

  table = bpf_map_lookup_elem (&page_tables, &zero);
  if (!table)
    return 1;
  if (!is_ram (entry & ENTRY_ADDRESS)
      || bpf_probe_read_kernel (table, sizeof *table,
                                (void *) (walk->direct_map + (entry & ENTRY_ADDRESS)))
           != 0) {
    request.faults++;
    return 0;
  }
  request.tables++;
  block->huge = 0;
  if (!count_plain_entries (count))
    count_entries (count);
  request.count = count + 1;
  return 0;
}

static __always_inline void
note_identity (struct mm_struct *mm)
{
  __u32 slot = request.slot;
  struct identity *identity = bpf_map_lookup_elem (&identities, &slot);
  __u64 stack;

  if (!identity)
    return;
  stack = BPF_CORE_READ (mm, start_stack);
  if (identity->mm != (__u64) mm || identity->stack != stack) {
    identity->mm = (__u64) mm;
    identity->stack = stack;
    identity->generation++;
  }
  request.generation = identity->generation;
}

SEC ("iter/task")
int
walk_page_tables (struct bpf_iter__task *ctx)
{
  struct task_struct *task = ctx->task;
  struct layout *layout;
  struct mm_struct *mm;
  struct walk *walk;
  __u32 zero = 0;

  if (!task || request.seen)
    return 0;
  layout = bpf_map_lookup_elem (&layouts, &zero);
  walk = bpf_map_lookup_elem (&walks, &zero);
  mm = BPF_CORE_READ (task, mm);
  if (!layout || !walk || !mm)
    return 0;
  request.seen = 1;
  note_identity (mm);
  *walk = (struct walk){
    .cursor = request.start,
    .end = request.end,
    .pgd = (__u64) BPF_CORE_READ (mm, pgd),
    .direct_map = layout->direct_map,
    .levels = layout->levels,
  };
  bpf_loop (MAX_STEPS, walk_step, NULL, 0);
  request.next = walk->cursor;
  return 0;
}

SEC ("iter/task_vma")
int
list_mappings (struct bpf_iter__task_vma *ctx)
{
  struct vm_area_struct *vma = ctx->vma;
  struct dh_walk_mapping mapping = {};

  if (!vma)
    return 0;
  mapping.start = BPF_CORE_READ (vma, vm_start);
  mapping.end = BPF_CORE_READ (vma, vm_end);
  mapping.offset = BPF_CORE_READ (vma, vm_pgoff);
  mapping.flags = BPF_CORE_READ (vma, vm_flags);
  mapping.anonymous = BPF_CORE_READ (vma, vm_ops) == 0;
  if (BPF_CORE_READ (vma, vm_file))
    mapping.shmem = BPF_CORE_READ (vma, vm_file, f_inode, i_sb, s_magic) == TMPFS_MAGIC;
  if (bpf_core_field_exists (vma->vm_userfaultfd_ctx.ctx))
    mapping.userfault = BPF_CORE_READ (vma, vm_userfaultfd_ctx.ctx) != 0;
  bpf_seq_write (ctx->meta->seq, &mapping, sizeof mapping);
  return 0;
}

/* The table entry of the last level for @address, 0 if there is none. */
static __always_inline __u64
find_pte (__u64 pgd, __u64 direct_map, __u32 levels, __u64 address)
{
  __u64 entry = 0;

  if (!read_top_entry (pgd, address, levels, &entry) || !(entry & ENTRY_PRESENT))
    return 0;
  if (levels == 5
      && (!read_entry (direct_map, entry & ENTRY_ADDRESS, address, SHIFT_P4D, &entry)
          || !(entry & ENTRY_PRESENT)))
    return 0;
  if (!read_entry (direct_map, entry & ENTRY_ADDRESS, address, SHIFT_PUD, &entry)
      || !(entry & ENTRY_PRESENT) || (entry & ENTRY_LEAF))
    return 0;
  if (!read_entry (direct_map, entry & ENTRY_ADDRESS, address, SHIFT_PMD, &entry)
      || !(entry & ENTRY_PRESENT) || (entry & ENTRY_LEAF))
    return 0;
  if (!read_entry (direct_map, entry & ENTRY_ADDRESS, address, SHIFT_PTE, &entry)
      || !(entry & ENTRY_PRESENT))
    return 0;
  return entry;
}

struct search {
  __u64 pgd;
  __u64 candidate;
  __u64 lowest;
  __u64 found;
  __u32 matches;
  __u32 levels;
};

/* Not inlined into the search: verified once for both pages. */
static __noinline bool
content_found (struct search *search, __u32 which)
{
  __u64 entry, content = 0, address;

  if (!search || which > 1)
    return false;
  address = calibration.address[which & 1];
  entry = find_pte (search->pgd, search->candidate, search->levels, address);
  if (!entry || !is_ram (entry & ENTRY_ADDRESS))
    return false;
  if (bpf_probe_read_kernel (&content, sizeof content,
                             (void *) (search->candidate + (entry & ENTRY_ADDRESS)))
      != 0)
    return false;
  return content == calibration.content[which & 1];
}

static long
try_candidate (__u32 step, void *data)
{
  struct search *search = data;

  if (search->candidate < search->lowest)
    return 1;
  if (content_found (search, 0) && content_found (search, 1)) {
    search->found = search->candidate;
    search->matches++;
  }
  search->candidate -= GIB;
  return 0;
}

/* The array of page frames: a kernel stack in vmalloc memory knows both the addresses of its pages
 * and their frames' structs. */
static __always_inline __u64
find_frames (struct task_struct *task, __u64 pgd, __u64 direct_map, __u32 levels)
{
  __u64 base = 0;

  if (!bpf_core_field_exists (task->stack_vm_area)
      || !bpf_core_field_exists (((struct page *) 0)->_mapcount.counter))
    return 0;
  for (int i = 0; i < 2; i++) {
    struct page *page = 0;
    __u64 stack = (__u64) BPF_CORE_READ (task, stack_vm_area, addr);
    struct page **pages = BPF_CORE_READ (task, stack_vm_area, pages);
    __u64 entry, frames;

    if (!stack || !pages || bpf_probe_read_kernel (&page, sizeof page, pages + i) != 0 || !page)
      return 0;
    entry = find_pte (pgd, direct_map, levels, stack + (__u64) i * 4096);
    if (!entry)
      return 0;
    frames =
      (__u64) page - ((entry & ENTRY_ADDRESS) >> SHIFT_PTE) * bpf_core_type_size (struct page);
    if (i && frames != base)
      return 0;
    base = frames;
  }
  return base;
}

SEC ("iter/task")
int
calibrate (struct bpf_iter__task *ctx)
{
  struct task_struct *task = ctx->task;
  struct search search = {};
  struct layout *layout;
  struct mm_struct *mm;
  __u64 entry = 0;
  __u32 zero = 0;

  if (!task)
    return 0;
  layout = bpf_map_lookup_elem (&layouts, &zero);
  mm = BPF_CORE_READ (task, mm);
  if (!layout || !mm)
    return 0;
  search.pgd = (__u64) BPF_CORE_READ (mm, pgd);
  search.levels = calibration.levels;
  if (read_top_entry (search.pgd, calibration.address[0], search.levels, &entry))
    calibration.beyond_ram = (entry & ENTRY_ADDRESS) >= calibration.ram_end;

  /* The map's base is aligned to 1 GiB, below the page directory, and no further away than there is
   * RAM. */
  search.candidate = search.pgd & ~(GIB - 1);
  search.lowest = search.candidate - calibration.ram_end - GIB;
  bpf_loop (MAX_CANDIDATES, try_candidate, &search, 0);
  calibration.matches = search.matches;
  if (search.matches != 1)
    return 0;
  layout->direct_map = search.found;
  layout->levels = search.levels;
  layout->frames = find_frames (task, search.pgd, search.found, search.levels);
  calibration.frames = layout->frames != 0;
  return 0;
}

struct frames {
  __u64 base;
  __u32 shared;
};

static long
count_frame (__u32 index, void *data)
{
  struct frames *frames = data;
  struct page_table *table;
  struct page *page;
  __u32 zero = 0;
  __u64 entry;
  int mapcount = 0;

  table = bpf_map_lookup_elem (&page_tables, &zero);
  if (!table)
    return 1;
  entry = table->entries[index & 511];
  if (!(entry & ENTRY_PRESENT) || bit (entry, BIT_SPECIAL) || !is_ram (entry & ENTRY_ADDRESS))
    return 0;
  page =
    (struct page *) (frames->base
                     + ((entry & ENTRY_ADDRESS) >> SHIFT_PTE) * bpf_core_type_size (struct page));
  /* Counts from -1: 0 is one mapping. */
  if (bpf_core_read (&mapcount, sizeof mapcount, &page->_mapcount.counter) == 0)
    frames->shared += mapcount > 0;
  return 0;
}

SEC ("iter/task")
int
count_shared (struct bpf_iter__task *ctx)
{
  struct task_struct *task = ctx->task;
  struct page_table *table;
  struct frames frames = {};
  struct layout *layout;
  struct mm_struct *mm;
  __u64 entry = 0, pgd;
  __u32 zero = 0;

  if (!task)
    return 0;
  layout = bpf_map_lookup_elem (&layouts, &zero);
  table = bpf_map_lookup_elem (&page_tables, &zero);
  mm = BPF_CORE_READ (task, mm);
  if (!layout || !table || !mm || !layout->frames)
    return 0;
  pgd = (__u64) BPF_CORE_READ (mm, pgd);
  frames.base = layout->frames;

  if (!read_top_entry (pgd, sharing.address, layout->levels, &entry) || !(entry & ENTRY_PRESENT))
    return 0;
  if (layout->levels == 5
      && (!read_entry (layout->direct_map, entry & ENTRY_ADDRESS, sharing.address, SHIFT_P4D,
                       &entry)
          || !(entry & ENTRY_PRESENT)))
    return 0;
  if (!read_entry (layout->direct_map, entry & ENTRY_ADDRESS, sharing.address, SHIFT_PUD, &entry)
      || !(entry & ENTRY_PRESENT) || (entry & ENTRY_LEAF))
    return 0;
  if (!read_entry (layout->direct_map, entry & ENTRY_ADDRESS, sharing.address, SHIFT_PMD, &entry)
      || !(entry & ENTRY_PRESENT) || (entry & ENTRY_LEAF) || !is_ram (entry & ENTRY_ADDRESS))
    return 0;
  if (bpf_probe_read_kernel (table, sizeof *table,
                             (void *) (layout->direct_map + (entry & ENTRY_ADDRESS)))
      != 0)
    return 0;
  bpf_loop (512, count_frame, &frames, 0);
  sharing.known = 1;
  sharing.shared = frames.shared;
  return 0;
}
