/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "fixture.h"

/* What the service holds, so that a test can tell whether something was left behind. */
typedef struct {
  guint descriptors;
  guint match_rules; /* of its connection, on the bus */
  guint64 memory;    /* anonymous and resident, in bytes */
} Footprint;

Footprint footprint_read (Fixture *fixture);

/* Until there are no more descriptors and rules than before, and at most so much more memory: some
 * of what has ended is given back a while later. */
void assert_footprint (Fixture *fixture, const Footprint *before, guint64 more_memory);
