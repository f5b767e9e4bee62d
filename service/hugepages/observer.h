/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "advisor.h"
#include "eye.h"
#include "heat.h"
#include "heat-map.h"

/* Watches the memory of one process in epochs (heat.h), as often as it pays and as rarely as its
 * own cost demands: what observing costs the engine and the process is bounded by
 * DH_OBSERVER_SHARE, and epochs lengthen while there is nothing to gain. For the thread of one
 * lane. */
typedef struct _DhObserver DhObserver;

/* After the clear, microseconds: at first hot and warm differ, later warm and cool. */
#define DH_OBSERVER_READS                                                                          \
  {                                                                                                \
    10000, 40000, 160000, 640000                                                                   \
  }
#define DH_OBSERVER_N_READS 4

/* An epoch follows the one before by at least … */
#define DH_OBSERVER_EPOCH_USEC ((guint64) 1000000)
/* … and by at most this where nothing else lengthens it. */
#define DH_OBSERVER_IDLE_USEC ((guint64) 32000000)

/* Of one core's time, for the engine's looking; and of the process's, for touching pages again
 * whose bits were cleared: 1 in 250. With what telling about it takes, the service stays below 1
 * in 200. */
#define DH_OBSERVER_SHARE 250

/* What touching one page costs its process more after a clear: 0.44 µs were measured in a nested
 * virtual machine, bare metal takes less. In nanoseconds. */
#define DH_OBSERVER_RETOUCH_NSEC 440

typedef struct {
  guint64 anonymous_bytes; /* resident */
  guint64 hugepage_bytes;  /* of them, huge */
  DhHeatSums heat;
} DhObservation;

/* @eye, @advisor and @pidfd stay the caller's and must outlive the observer. */
DhObserver *dh_observer_new (DhEye *eye, const DhAdvisor *advisor, int pidfd);
void dh_observer_free (DhObserver *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhObserver, dh_observer_free)

/* Begins an epoch: reads mappings and page tables, then clears the accessed bits of the blocks that
 * could be made huge. If the process has got another address space since the last time, all that
 * was learned is forgotten and @ret_moved set. Errors: the eye's. */
gboolean dh_observer_begin (DhObserver *self, gboolean *ret_moved, GError **error);

/* When read @number (from 0) is due: monotonic microseconds. */
guint64 dh_observer_get_read_time (DhObserver *self, guint number);

/* Reads the page tables once more. Errors: the eye's. */
gboolean dh_observer_read (DhObserver *self, GError **error);

/* Ends the epoch. Returns: (transfer full) (element-type guint64): the blocks to make huge, hottest
 * first. */
GArray *dh_observer_end (DhObserver *self, guint64 min_age);

/* Whether the process has got another address space since the epoch began; costs next to nothing.
 * Errors: the eye's. */
gboolean dh_observer_check_moved (DhObserver *self, gboolean *ret_moved, GError **error);

/* When the next epoch should begin: monotonic microseconds. */
guint64 dh_observer_get_next_epoch (DhObserver *self);

/* What looking has cost in the epoch under way, or the last one: microseconds of processor time. */
guint64 dh_observer_get_cost (DhObserver *self);

/* What the last epoch saw. Returns: (transfer full). */
DhHeatMap *dh_observer_dup_heat_map (DhObserver *self);

/* The block at @address has become huge since the last read. */
void dh_observer_note_collapsed (DhObserver *self, guint64 address);

/* As last read. */
void dh_observer_get_observation (DhObserver *self, DhObservation *ret_observation);
const GArray *dh_observer_get_mappings (DhObserver *self);
guint64 dh_observer_get_generation (DhObserver *self);
DhHeat *dh_observer_get_heat (DhObserver *self);
