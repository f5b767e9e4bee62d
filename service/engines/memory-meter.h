/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "process.h"

/* How much of a process's memory is huge, read beside the main loop: the kernel walks page tables
 * for it, and may wait for the process. Main thread only. */
typedef struct _DhMemoryMeter DhMemoryMeter;

typedef struct {
  guint64 anonymous_bytes;
  guint64 hugepage_bytes;
} DhMemory;

DhMemoryMeter *dh_memory_meter_new (DhProcess *process);

/* A reading under way is left to itself. */
void dh_memory_meter_free (DhMemoryMeter *meter);

/* Begins a reading, unless one is under way or the last one cost more than 1/100 of the time since
 * in processor time: a vast process is read more rarely. */
void dh_memory_meter_read (DhMemoryMeter *meter);

/* What the last one found. Returns: FALSE where none has. */
gboolean dh_memory_meter_get (const DhMemoryMeter *meter, DhMemory *ret_memory);
