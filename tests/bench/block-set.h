/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "page-tables.h"

/* Which blocks of a process are huge, read and made so from outside with none of the service's
 * code. A set: (element-type guint64), addresses, ascending. Whatever fails ends the measurement.
 */

/* Those that are huge in its mappings without a file. Returns: (transfer full) */
GArray *block_set_read_huge (GPid pid);
/* All that may hold anonymous memory. Returns: (transfer full) */
GArray *block_set_read_all (GPid pid);

/* Makes the blocks of @set huge, as far as the kernel does. */
void block_set_collapse (GArray *set, GPid pid);
/* Puts all that is huge back to 4 KiB pages. */
void block_set_split (GPid pid);
