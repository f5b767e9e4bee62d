/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* How fast the memory of the machine is at the moment. A virtual machine's host shares its caches
 * and its memory: what waits for them gets up to a third slower and faster by what others do, for
 * seconds or for minutes. A thread on the processor that is measured reads memory of its own at
 * random, a twentieth of the time; what is divided by its speed tells less of others. */
typedef struct _Ruler Ruler;

/* Where @pid runs. Returns: (transfer full): one that has begun. */
Ruler *ruler_new (GPid pid);

void ruler_free (Ruler *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Ruler, ruler_free)

typedef struct {
  guint64 reads;
  double seconds; /* of the processor's */
} RulerMark;

RulerMark ruler_mark (Ruler *self);

/* Reads per second of the processor's since @since, of which there were some. */
double ruler_get_speed (Ruler *self, const RulerMark *since);
