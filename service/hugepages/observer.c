/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "observer.h"

#include "thread-clock.h"

/* The whole address space: what no table maps costs nothing. */
#define ADDRESS_END G_MAXUINT64

/* One call clears at most 32 MiB, to hold the process's mmap lock for less than half a millisecond,
 * in at most so many ranges. */
#define CLEAR_BLOCKS 16
#define CLEAR_RANGES 16
#define CLEAR_PAUSE_USEC 250

/* Blocks cleared in one epoch at most (8 GiB); larger processes are watched in turns. */
#define EPOCH_BLOCKS 4096

/* Measured: 0.6 ms in the engine and 0.5 ms of stall in the process; 15 to 130 ns saved per access,
 * most in programs that do more than touch memory. Within half a minute: from 370 touches a second
 * on. */
static const DhPayback payback = { .collapse_usec = 1100,
                                   .saving_usec = 0.1,
                                   .payback_usec = 30e6 };

/* One epoch confirms what the last one found, up to three do while more than an eighth of what is
 * huge or was found hot by one of two in a row was not by the other. */
#define MAX_CONFIRMS 3
#define CONTRADICTED_PART 8

struct _DhObserver {
  DhEye *eye;
  const DhAdvisor *advisor;
  int pidfd;

  DhHeat *heat;
  GArray *mappings; /* DhMapping */
  GArray *views;    /* DhBlockView, the last read */
  GArray *verdicts; /* guint8, of the views */
  guint64 generation;
  DhObservation observation;

  guint64 begun;   /* this epoch */
  guint64 cleared; /* the end of its clear */
  guint64 turn;    /* address from which the next epoch's clear goes on */
  guint64 cpu;     /* microseconds spent looking in this epoch */
  guint64 debt;    /* microseconds of waiting that an earlier, hasty epoch still owes */
  guint64 next;
  guint idle;     /* epochs in a row without anything to gain */
  guint confirms; /* epochs in a row that followed at once to confirm what the last one found */
};

DhObserver *
dh_observer_new (DhEye *eye, const DhAdvisor *advisor, int pidfd)
{
  DhObserver *self = g_new0 (DhObserver, 1);

  self->eye = eye;
  self->advisor = advisor;
  self->pidfd = pidfd;
  self->heat = dh_heat_new ();
  self->mappings = g_array_new (FALSE, FALSE, sizeof (DhMapping));
  self->views = g_array_new (FALSE, FALSE, sizeof (DhBlockView));
  self->verdicts = g_array_new (FALSE, FALSE, sizeof (guint8));
  return self;
}

void
dh_observer_free (DhObserver *self)
{
  dh_heat_free (self->heat);
  g_array_unref (self->mappings);
  g_array_unref (self->views);
  g_array_unref (self->verdicts);
  g_free (self);
}

/* @index: of the first mapping that ends above @address. */
static gboolean
overlaps_anonymous (const GArray *mappings, guint index, guint64 address)
{
  for (guint i = index; i < mappings->len; i++) {
    const DhMapping *mapping = &g_array_index (mappings, DhMapping, i);

    if (mapping->start >= address + DH_BLOCK_SIZE)
      return FALSE;
    if (mapping->flags & DH_MAPPING_ANONYMOUS)
      return TRUE;
  }
  return FALSE;
}

/* Counting shared pages costs as much as reading the whole block, so it is done for those that are
 * about to be collapsed; what it found then holds until it is done again. */
static gboolean
was_found_shared (DhObserver *self, const DhBlockView *view)
{
  const DhBlock *block = view->read_only > 0 ? dh_heat_find (self->heat, view->address) : NULL;

  return block && block->verdict == DH_SKIP_SHARED;
}

static DhVerdict
judge_view (DhObserver *self, const DhMapping *mapping, const DhBlockView *view)
{
  DhVerdict verdict = dh_verdict (mapping, view, 0);

  return verdict == DH_ELIGIBLE && was_found_shared (self, view) ? DH_SKIP_SHARED : verdict;
}

static void
judge (DhObserver *self)
{
  DhObservation *sums = &self->observation;
  guint hint = 0;

  g_array_set_size (self->verdicts, self->views->len);
  sums->anonymous_bytes = sums->hugepage_bytes = 0;
  for (guint i = 0; i < self->views->len; i++) {
    const DhBlockView *view = &g_array_index (self->views, DhBlockView, i);
    const DhMapping *mapping = dh_mappings_find (self->mappings, view->address, &hint);

    g_array_index (self->verdicts, guint8, i) = (guint8) judge_view (self, mapping, view);
    if (!overlaps_anonymous (self->mappings, hint, view->address))
      continue;
    sums->anonymous_bytes += view->resident * DH_PAGE_SIZE;
    if (view->huge)
      sums->hugepage_bytes += DH_BLOCK_SIZE;
  }
}

static gboolean
may_become_huge (const DhBlock *block)
{
  return block->verdict == DH_ELIGIBLE || block->verdict == DH_SKIP_SPARSE
         || block->verdict == DH_SKIP_SHARED;
}

typedef struct {
  struct iovec ranges[CLEAR_RANGES];
  DhBlock *first[CLEAR_RANGES]; /* of each range: its blocks follow one another in the array */
  guint n_ranges;
  guint n_blocks;
} ClearBatch;

static void
add_to_batch (ClearBatch *batch, DhBlock *block)
{
  struct iovec *last = batch->n_ranges > 0 ? &batch->ranges[batch->n_ranges - 1] : NULL;

  batch->n_blocks++;
  if (last && (guintptr) last->iov_base + last->iov_len == block->address) {
    last->iov_len += DH_BLOCK_SIZE;
    return;
  }
  batch->first[batch->n_ranges] = block;
  batch->ranges[batch->n_ranges++] =
    (struct iovec){ .iov_base = (void *) (guintptr) block->address, .iov_len = DH_BLOCK_SIZE };
}

/* A range that fails (unmapped, or locked meanwhile) is left out of the epoch. */
static void
clear_batch (DhObserver *self, ClearBatch *batch)
{
  guint done = 0;

  while (done < batch->n_ranges) {
    guint64 now = (guint64) g_get_monotonic_time ();
    gsize advised =
      dh_advisor_forget (self->advisor, self->pidfd, batch->ranges + done, batch->n_ranges - done);

    for (guint i = done; i < done + advised; i++)
      for (guint j = 0; j < batch->ranges[i].iov_len / DH_BLOCK_SIZE; j++)
        batch->first[i][j].cleared_at = now;
    done += (guint) advised + 1;
  }
  batch->n_ranges = batch->n_blocks = 0;
  g_usleep (CLEAR_PAUSE_USEC);
}

/* What has bits that are set gets them cleared; the blocks are those of the views, one by one. */
static void
clear (DhObserver *self)
{
  GArray *blocks = dh_heat_get_blocks (self->heat);
  ClearBatch batch = { .n_ranges = 0 };
  guint start = 0, cleared = 0;

  while (start < blocks->len && g_array_index (blocks, DhBlock, start).address < self->turn)
    start++;
  for (guint i = 0; i < blocks->len && cleared < EPOCH_BLOCKS; i++) {
    guint index = (start + i) % blocks->len;
    DhBlock *block = &g_array_index (blocks, DhBlock, index);

    if (!may_become_huge (block))
      continue;
    /* Cold memory is left as it is, its place in the kernel's order of reclaim too. */
    if (g_array_index (self->views, DhBlockView, index).young == 0) {
      block->cleared_at = self->begun;
      continue;
    }
    if (batch.n_ranges == CLEAR_RANGES || batch.n_blocks == CLEAR_BLOCKS)
      clear_batch (self, &batch);
    add_to_batch (&batch, block);
    self->turn = block->address + DH_BLOCK_SIZE;
    cleared++;
  }
  if (batch.n_ranges > 0)
    clear_batch (self, &batch);
}

static gboolean
look (DhObserver *self, gboolean *ret_moved, GError **error)
{
  guint64 generation;

  if (!dh_eye_read_mappings (self->eye, self->mappings, error)
      || !dh_eye_read_blocks (self->eye, 0, ADDRESS_END, self->views, &generation, error))
    return FALSE;
  *ret_moved = self->generation != 0 && generation != self->generation;
  if (*ret_moved) {
    dh_heat_reset (self->heat);
    self->idle = 0;
    self->confirms = 0;
  }
  self->generation = generation;
  return TRUE;
}

gboolean
dh_observer_begin (DhObserver *self, gboolean *ret_moved, GError **error)
{
  guint64 cpu = dh_thread_cpu_usec ();
  guint known = dh_heat_get_blocks (self->heat)->len;

  self->begun = (guint64) g_get_monotonic_time ();
  if (!look (self, ret_moved, error))
    return FALSE;
  judge (self);
  dh_heat_update (self->heat, self->views, self->verdicts);
  if (self->views->len > known + known / 4)
    self->idle = 0;
  clear (self);
  self->cleared = (guint64) g_get_monotonic_time ();
  self->cpu = dh_thread_cpu_usec () - cpu;
  return TRUE;
}

guint64
dh_observer_get_read_time (DhObserver *self, guint number)
{
  static const guint64 delays[DH_OBSERVER_N_READS] = DH_OBSERVER_READS;

  return self->cleared + delays[number];
}

gboolean
dh_observer_read (DhObserver *self, GError **error)
{
  guint64 cpu = dh_thread_cpu_usec (), generation;

  if (!dh_eye_read_blocks (self->eye, 0, ADDRESS_END, self->views, &generation, error))
    return FALSE;
  /* Of another address space: the next epoch starts over. */
  if (generation == self->generation) {
    dh_heat_note (self->heat, self->views, (guint64) g_get_monotonic_time ());
    judge (self);
  }
  self->cpu += dh_thread_cpu_usec () - cpu;
  return TRUE;
}

/* What an epoch found: blocks, but for the first. */
typedef struct {
  guint64 touched;   /* pages that the process had to mark anew */
  guint huge;        /* already; the others could be */
  guint hot;         /* in the last epoch */
  guint unconfirmed; /* of them, those that were not in the one before */
  guint cooled;      /* those that were in the one before alone */
} Findings;

static Findings
sum_up (DhObserver *self)
{
  GArray *blocks = dh_heat_get_blocks (self->heat);
  Findings findings = { 0 };

  for (guint i = 0; i < blocks->len; i++) {
    const DhBlock *block = &g_array_index (blocks, DhBlock, i);

    if (block->verdict == DH_SKIP_HUGE) {
      findings.huge++;
      continue;
    }
    findings.touched += block->touched;
    if (block->verdict != DH_ELIGIBLE)
      continue;
    findings.hot += block->hot_epochs > 0;
    findings.unconfirmed += block->hot_epochs > 0 && block->hot_epochs < DH_HOT_EPOCHS;
    findings.cooled += block->cooled;
  }
  return findings;
}

/* What was found hot once is looked at again at once. Where two epochs contradict each other, the
 * process was kept from running in one of them, and the wait that they have earned would be too
 * long for what they tell. Once most of what is hot is huge that is no longer so: what is warm is
 * found hot now and then. */
static gboolean
is_to_be_confirmed (const DhObserver *self, const Findings *findings)
{
  if (self->confirms == 0)
    return findings->unconfirmed > 0;
  return self->confirms < MAX_CONFIRMS
         && (findings->unconfirmed + findings->cooled) * CONTRADICTED_PART
              > findings->huge + findings->hot + findings->cooled;
}

/* Epochs that follow at once are paid for by the wait behind the last of them. */
static void
plan_next_epoch (DhObserver *self, gboolean gain)
{
  const Findings findings = sum_up (self);
  guint64 wait = DH_OBSERVER_EPOCH_USEC;

  self->debt +=
    DH_OBSERVER_SHARE * MAX (self->cpu, findings.touched * DH_OBSERVER_RETOUCH_NSEC / 1000);
  if (is_to_be_confirmed (self, &findings)) {
    self->confirms++;
    self->next = self->begun + wait;
    return;
  }
  self->confirms = 0;
  self->idle = gain || findings.unconfirmed > 0 ? 0 : MIN (self->idle + 1, 5);
  self->next = self->begun + MAX (MIN (wait << self->idle, DH_OBSERVER_IDLE_USEC), self->debt);
  self->debt = 0;
}

GArray *
dh_observer_end (DhObserver *self, guint64 min_age)
{
  guint64 cpu = dh_thread_cpu_usec (), now = (guint64) g_get_monotonic_time ();
  GArray *candidates;

  dh_heat_close_epoch (self->heat, &payback, now);
  dh_heat_sum (self->heat, &self->observation.heat);
  candidates = dh_heat_candidates (self->heat, min_age, now);
  self->cpu += dh_thread_cpu_usec () - cpu;
  plan_next_epoch (self, candidates->len > 0);
  return candidates;
}

gboolean
dh_observer_check_moved (DhObserver *self, gboolean *ret_moved, GError **error)
{
  g_autoptr (GArray) views = g_array_new (FALSE, FALSE, sizeof (DhBlockView));
  guint64 generation;

  if (!dh_eye_read_blocks (self->eye, 0, DH_BLOCK_SIZE, views, &generation, error))
    return FALSE;
  *ret_moved = generation != self->generation;
  return TRUE;
}

guint64
dh_observer_get_next_epoch (DhObserver *self)
{
  return self->next;
}

guint64
dh_observer_get_cost (DhObserver *self)
{
  return self->cpu;
}

DhHeatMap *
dh_observer_dup_heat_map (DhObserver *self)
{
  return dh_heat_map_new (dh_heat_get_blocks (self->heat), dh_payback_threshold (&payback));
}

void
dh_observer_note_collapsed (DhObserver *self, guint64 address)
{
  guint hint = 0;

  dh_mappings_find (self->mappings, address, &hint);
  if (overlaps_anonymous (self->mappings, hint, address))
    self->observation.hugepage_bytes += DH_BLOCK_SIZE;
}

void
dh_observer_get_observation (DhObserver *self, DhObservation *ret_observation)
{
  *ret_observation = self->observation;
}

const GArray *
dh_observer_get_mappings (DhObserver *self)
{
  return self->mappings;
}

guint64
dh_observer_get_generation (DhObserver *self)
{
  return self->generation;
}

DhHeat *
dh_observer_get_heat (DhObserver *self)
{
  return self->heat;
}
