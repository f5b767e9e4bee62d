/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "quota.h"

#include <sys/types.h>

/* One user's purse at the quota. In a window he has *spent* what was reserved for calls under way
 * and what finished calls took; what a call took beyond his share is his *debt*, which his own
 * later shares pay. Pure, no clock of its own; share.h keeps the purses of all users. */

/* A call that waited half a minute for memory or a lock was not half a minute of work: of its time,
 * what would be owed beyond so many whole windows is let off, or nothing would be done for the next
 * hour. Counted in windows of the service, not in shares, so that many users who block owe no less
 * together than one. */
#define DH_QUOTA_DEBT_WINDOWS 16

/* What a block is taken to cost until a call has told. */
#define DH_FIRST_PRICE_USEC 1000

typedef struct {
  uid_t uid;
  guint n_seats;
  guint64 waiting;       /* blocks that are hot and that nothing is reserved for */
  gboolean asking_price; /* a call that is to tell the first price is under way */

  DhAmounts spent;   /* in this window, with the opening */
  DhAmounts opening; /* of that, the debt that this window began with */
  DhAmounts debt;    /* nothing more is granted before it is paid */
  gboolean excluded; /* the debt was too deep for this window to pay */
  double saved;      /* unspent share of earlier windows, as a part of a window */

  double block_usec;   /* a moving average of what one block takes; 0: unknown */
  gboolean is_limited; /* work was refused in this window */
  guint64 exceeds;     /* windows in which work was refused */
} DhPurse;

gboolean dh_purse_owes (const DhPurse *purse);

/* Whether no debt keeps the user from taking more. */
gboolean dh_purse_is_solvent (const DhPurse *purse);

/* What a block is expected to take, in microseconds: never 0. */
double dh_purse_get_price (const DhPurse *purse);

void dh_purse_spend (DhPurse *purse, const DhAmounts *amounts);
void dh_purse_owe (DhPurse *purse, const DhAmounts *amounts);

/* A call took so much less than was set aside for it: comes off the debt, and what is left off what
 * was spent if that was in this window (@is_same_window). */
void dh_purse_give_back (DhPurse *purse, const DhAmounts *amounts, gboolean is_same_window);

/* Pays debt by what this window still has: @room. */
void dh_purse_pay (DhPurse *purse, const DhAmounts *room);

/* Learns what a block takes from a call that made @bytes huge (0 if it failed) of @blocks tried, in
 * @time: a moving average that failures do not make look cheap. */
void dh_purse_learn (DhPurse *purse, guint blocks, guint64 bytes, guint64 time);

/* Where the debt is @share or more: excludes the user from the open window and takes off the debt
 * what he had not spent of his share. Returns: whether it did. */
gboolean dh_purse_exclude (DhPurse *purse, const DhAmounts *share);

/* Opens the last of @windows (not 0) that have come. A debt that is less than @share, which is not
 * 0, is paid by it and counts as spent; a deeper one excludes the user. Each window that was missed
 * pays a share too. */
void dh_purse_open_window (DhPurse *purse, guint64 windows, const DhAmounts *share);

/* Work waits that nothing is granted for: counted once a window. */
void dh_purse_note_refusal (DhPurse *purse);
