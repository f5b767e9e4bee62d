/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "hugepages/block.h"
#include "hugepages/share.h"

#define SECOND ((guint64) G_USEC_PER_SEC)
#define START (1000 * SECOND)
#define TIME DH_RESOURCE_TIME
#define SIZE DH_RESOURCE_SIZE

/* 10 ms in each second, no limit of size, half a core at most. */
static const DhQuotaLimits ten_msec = { 10000, 0, SECOND, SECOND / 2 };

/* A user with @waiting blocks that take @block_usec each; 0: unknown. */
static inline DhPurse *
add_user (DhShare *share, uid_t uid, double block_usec, guint64 waiting)
{
  DhPurse *purse = dh_share_get_purse (share, uid);

  purse->n_seats = 1;
  purse->block_usec = block_usec;
  purse->waiting = waiting;
  return purse;
}

/* One call of so many blocks that takes @time, whether it was granted or not. */
static inline void
make_blocks (DhShare *share, DhPurse *purse, guint blocks, guint64 time)
{
  DhAmounts reserved = dh_share_reserve (share, purse, blocks);

  dh_share_settle (share, purse, &reserved, TRUE, blocks, blocks * DH_BLOCK_SIZE, time);
}

/* Takes all that is granted, @run blocks at a time, at the expected price. Returns: how many. */
static inline guint
take_all (DhShare *share, DhPurse *purse, guint run)
{
  guint taken = 0;

  for (;;) {
    guint blocks = (guint) dh_share_get_allowance (share, purse, run);

    if (blocks == 0)
      return taken;
    make_blocks (share, purse, blocks, (guint64) (blocks * dh_purse_get_price (purse)));
    taken += blocks;
  }
}

static inline guint64
get_allowance (const DhShare *share, const DhPurse *purse)
{
  return dh_share_get_allowance (share, purse, G_MAXUINT);
}
