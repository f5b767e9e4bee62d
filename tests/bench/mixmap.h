/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <stdint.h>

/* What mixmap shows of itself in the memory file that it announces: this, then @n_blocks counters
 * of accesses (uint64_t), then @n_blocks classes (uint8_t, enum mix_heat). All counters only grow.
 */

#define MIX_BLOCK_SIZE (UINT64_C (2) << 20)

enum mix_heat {
  MIX_HOT,
  MIX_WARM,
  MIX_COOL, /* its pages are used, too seldom to pay */
  MIX_ONE,  /* one page is hot, the others are not used */
  MIX_COLD, /* never used */
  MIX_N_HEATS,
};

struct mix_header {
  uint64_t address; /* of the first block */
  uint64_t n_blocks;
  uint64_t accesses; /* of all blocks, brought up to date about every millisecond */
};
