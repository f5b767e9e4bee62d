/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "fixture.h"

/* Serving real processes, as root over the bus. The environment names the programs: DH_ZOO,
 * DH_RESTLESS, DH_HOSTMEM_WARM. */

/* Has the host back so much memory, so that the time that follows is the kernel's own. */
void engine_warm_host (guint mebibytes);

/* Makes @pid the target, with more settings in GVariant's format, or "". */
void engine_serve (Fixture *self, GPid pid, const char *settings);
void engine_configure (Fixture *self, const char *settings);

/* Time is no matter: a block may take as long as it will. */
#define ENGINE_QUICKLY ", 'QuotaTimeUSec': <uint64 500000>, 'QuotaSize': <uint64 0>"

/* Of GetStatistics; 0 where it is absent. */
guint64 engine_get_statistic (Fixture *self, const char *name);

/* A run of blocks that one of the programs announced: "KIND ADDRESS BLOCKS". */
typedef struct {
  GPid pid;
  guint64 address;
  guint blocks;
} Area;

Area engine_expect_area (Child *child, const char *kind);
guint engine_count_huge (const Area *area);
/* Ends the test if not at least @n blocks are huge after so many seconds. */
void engine_wait_huge (const Area *area, guint n, guint seconds);

/* Bytes from /proc/PID/smaps_rollup. */
guint64 engine_read_memory (GPid pid, const char *name);

/* Has a hotmap look at its memory: it holds what it wrote there. */
void engine_assert_intact (Child *hotmap);

/* The service runs and answers within a second. */
void engine_assert_well (Fixture *self);
