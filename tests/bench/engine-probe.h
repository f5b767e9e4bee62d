/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "hugepages/eye.h"

/* The service's own eye on a process, in the process of the measurement. */
typedef struct {
  DhEye *eye;
  int pidfd;
  GArray *views; /* DhBlockView, the last read */
} EngineProbe;

/* Ends the measurement where the engine is not available. */
EngineProbe *engine_probe_new (GPid pid);
void engine_probe_free (EngineProbe *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngineProbe, engine_probe_free)

/* Reads all page tables of the process. */
void engine_probe_read (EngineProbe *self);

/* Pages that were touched since their accessed bits were cleared, in blocks that are full and not
 * huge: those that the service would clear next. As last read. */
guint64 engine_probe_count_young (EngineProbe *self);
