/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "page-table-walker.h"

/* The page-table walk, tried before it is trusted: what can be told of the machine beforehand (the
 * processor, huge pages, encrypted memory, capabilities), then memory of our own whose state is
 * known: so many pages present, so many touched after a clear, mapping flags, and a block made
 * huge. Blocks for some 50 ms: not for the main thread. @root: where /proc and /sys are found.
 * Errors: DH_UNAVAILABLE, the detail in the message. Returns: (transfer full). */
DhPageTableWalker *dh_verified_walker_new (const char *root, GError **error);
