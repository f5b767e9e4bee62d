/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* Bytes per window, tuned towards goals as DAMOS tunes its quota (tuner "consist" of
 * mm/damon/core.c, Linux 6.12):
 *
 *   next = last × (1 + (goal − score) ÷ goal), at most doubled, never below 1 byte
 *
 * where a goal's score is measured × 10000 ÷ wanted, and the highest of the scores counts (least
 * aggressive wins). Six corrections: the credit is kept here and spent in whole blocks, the quota
 * starting at one (the kernel starts at 1 byte, below which nothing can collapse); the ratio is the
 * target's own; the caller spends on the hottest first; only what really became huge is charged;
 * scores within DH_TUNER_BAND of the goal change nothing; and the quota does not grow past what may
 * be spent, so that it is soon down again. A met ratio grants nothing more, and a ratio nearly met
 * grants no more than is missing. Pure, integers throughout. */
#define DH_TUNER_BAND 500 /* basis points either side */

typedef struct {
  guint64 quota;  /* bytes per window */
  guint64 credit; /* bytes granted and not yet spent */
} DhTuner;

typedef struct {
  guint ratio;    /* wanted, basis points; 10000: no ratio goal: whatever is hot and pays */
  guint feedback; /* 10000: met; 0: no such goal */
  guint64 anonymous_bytes; /* measured */
  guint64 hugepage_bytes;  /* measured, of the anonymous ones */
} DhTunerInput;

void dh_tuner_init (DhTuner *tuner);

/* The next quota after a window with @score basis points: the kernel's step, from at least one
 * block where it goes up, and none within the band. */
guint64 dh_tuner_next (guint64 last, guint64 score);

/* One quota window begins, the first included. @cap: bytes that the quota allows in it at most
 * (G_MAXUINT64: no limit), but one block is always granted in time. Of the credit that the last
 * window left one block is kept, and no more than the new quota where the goal is passed, so that
 * it does not pile up. Without a goal everything starts anew. */
void dh_tuner_advance (DhTuner *tuner, const DhTunerInput *input, guint64 cap);

/* Whole blocks that the goals let through now; G_MAXUINT where there is no goal. @input must
 * include what was collapsed since it was measured. */
guint dh_tuner_allowance (const DhTuner *tuner, const DhTunerInput *input);

/* Takes @bytes, those that became huge, off the credit. */
void dh_tuner_charge (DhTuner *tuner, guint64 bytes);

/* hugepage ÷ anonymous in basis points, 0 where there is nothing. */
guint dh_measured_ratio (guint64 hugepage_bytes, guint64 anonymous_bytes);
