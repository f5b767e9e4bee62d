/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "hugepages/block.h"
#include "hugepages/seating.h"

#define SECOND ((guint64) G_USEC_PER_SEC)
#define MSEC ((guint64) 1000)
#define START (1000 * SECOND)
#define PRICE_USEC 625
#define MAX_SEATS 17

/* Time for 16 blocks in each second. */
static const DhQuotaLimits sixteen = { 16 * PRICE_USEC, 0, SECOND, SECOND / 2 };

/* Seats at a clock that is made up. */
typedef struct {
  DhSeating seating;
  guint64 now;
  DhPlace *places[MAX_SEATS];
  guint n_places;
  guint n_wakes[MAX_SEATS];
  guint64 next; /* of the last answer */
  guint64 window;
  guint64 exceeds;
} SeatingCase;

static inline void
seating_case_set_up (SeatingCase *self, gconstpointer data)
{
  self->now = START;
  dh_seating_init (&self->seating, &sixteen, START);
}

static inline void
seating_case_tear_down (SeatingCase *self, gconstpointer data)
{
  dh_seating_clear (&self->seating);
}

static inline void
wake (gpointer n_wakes)
{
  ++*(guint *) n_wakes;
}

/* Returns: the seat's number. Its user knows what a block costs. */
static inline guint
join (SeatingCase *self, uid_t uid)
{
  guint seat = self->n_places++;

  self->places[seat] = dh_seating_join (&self->seating, uid, wake, &self->n_wakes[seat]);
  self->places[seat]->purse->block_usec = PRICE_USEC;
  return seat;
}

static inline guint
ask (SeatingCase *self, guint seat, guint wanted, guint run, float score)
{
  DhGrant grant;

  dh_seating_ask (&self->seating, self->places[seat], wanted, run, score, self->now, &grant);
  self->next = grant.next;
  self->window = grant.window;
  self->exceeds = grant.exceeds;
  return grant.blocks;
}

/* The call that was granted ends after @time. */
static inline void
end_call (SeatingCase *self, guint seat, guint blocks, guint64 time)
{
  self->now += time;
  dh_seating_charge (&self->seating, self->places[seat], blocks, blocks * DH_BLOCK_SIZE, time,
                     self->now);
}

/* Asks and makes until nothing is granted. Returns: how many blocks that was. */
static inline guint
take_all (SeatingCase *self, guint seat, guint wanted)
{
  guint sum = 0;

  for (;;) {
    guint blocks = ask (self, seat, wanted - sum, 4, 1);

    if (blocks == 0)
      return sum;
    end_call (self, seat, blocks, blocks * PRICE_USEC);
    sum += blocks;
  }
}
