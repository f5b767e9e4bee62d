/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "fixture.h"
#include "mixmap.h"

/* A mixmap that runs as alice, and what it shows of itself. DH_MIXMAP names the program. */
typedef struct {
  Child *child; /* the fixture's */
  GMappedFile *file;
  const struct mix_header *header;
  const guint64 *counts; /* of accesses, by block */
  const guint8 *classes; /* enum mix_heat, by block */
} Mixture;

/* On the processor that measured processes are pinned to. Its memory is filled. */
Mixture *mixture_new (Fixture *fixture, guint mebibytes);
/* Ends the process: its memory is free afterwards. */
void mixture_free (Mixture *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Mixture, mixture_free)

GPid mixture_get_pid (const Mixture *self);
guint64 mixture_get_accesses (const Mixture *self);

/* Its own MADV_HUGEPAGE over all of its memory. */
void mixture_advise (Mixture *self);

/* Which of its blocks are huge now: (element-type gboolean), by block. Returns: (transfer full) */
GArray *mixture_read_huge (const Mixture *self);

/* How many blocks of @heat there are, and of them are true in @huge. */
guint mixture_count (const Mixture *self, enum mix_heat heat);
guint mixture_count_huge (const Mixture *self, enum mix_heat heat, GArray *huge);
gboolean mixture_has_all (const Mixture *self, enum mix_heat heat);
/* Whether its hot and warm blocks are huge. */
gboolean mixture_is_complete (gpointer self);
