/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "purse.h"

/* Who may take how many blocks of a window: users that have work share the quota equally, block by
 * block. Pure, no clock of its own: times are microseconds. Not thread-safe.
 *
 * With T and S the time and size of a window and p the user's price of a block, a user who has
 * spent t and s and takes k blocks more stands at the level
 *
 *   max ((t + k × p) ÷ T, (s + k × 2 MiB) ÷ S) − saved
 *
 * in parts of a window: what he needs most of counts. All blocks that wait, of all users, stand in
 * the order of the levels that they lead to; among equals who came first goes first. A
 * user may take k blocks if they and all blocks before them that others wait for fit into what the
 * window has left:
 *
 *   k × p + Σ (others' blocks before) × (their p) ≤ T − Σ t,  and the same of the size.
 *
 * So each can rise to the same level, however many calls he makes and whenever he asks; one who has
 * no work claims nothing, and others rise higher at once; what a window hands out never exceeds it.
 * A block that does not fit into what is left claims nothing either, whoever it stands before.
 *
 * A block that costs more than a share is so taken in some windows and not in others: a user who
 * has work and got less than his share saves the difference, up to one block, and stands so much
 * further in front in the next window. It puts him before others and makes no window larger. With
 * 32 users and room for 16 blocks, 16 take one in each window, the others in the next.
 *
 * A block that never fits (p > T) counts as T: it is let through where nothing is spent in the
 * window but other users' old debts, which T is lessened by, and the rest of p is the user's debt
 * at once.
 *
 * Debts (purse.h) are a user's own. Where a share pays one, it counts as spent, so that calls that
 * took a little longer than expected do not add up to more than the quota. One that is as long as a
 * share or longer excludes the user: he claims nothing, others get all, and the share he would have
 * had goes off the debt. What his long call took comes on top of the quota then, but he pays it at
 * the rate of his share: all together never take more than twice the quota in the long run. */
typedef struct {
  DhQuota quota;
  GPtrArray *purses; /* DhPurse, owned, in the order in which they came */
} DhShare;

void dh_share_init (DhShare *share, const DhQuotaLimits *limits, guint64 now);
void dh_share_clear (DhShare *share);

/* The user's purse, a new one if he has none. It lives while it has seats, debt, or anything spent
 * in the open window. */
DhPurse *dh_share_get_purse (DhShare *share, uid_t uid);

/* Opens the windows that have come; uses what each user waits for. */
void dh_share_advance (DhShare *share, guint64 now);

/* Pays @purse's debt by the open window if that has room for all of it besides what others come
 * first with. Returns: whether nothing keeps him from taking more. */
gboolean dh_share_pay_debt (DhShare *share, DhPurse *purse);

/* Whether @purse's user may take @blocks (not 0) now. What is true of some is true of fewer. */
gboolean dh_share_admits (const DhShare *share, const DhPurse *purse, guint64 blocks);

/* How many he may take now, up to @most (not 0). */
guint64 dh_share_get_allowance (const DhShare *share, const DhPurse *purse, guint64 most);

/* Whether one block would fit if nobody else waited. */
gboolean dh_share_has_room (const DhShare *share, const DhPurse *purse);

/* Sets aside what @blocks are expected to cost: of the window what it has, the rest as debt.
 * Returns: how much. */
DhAmounts dh_share_reserve (DhShare *share, DhPurse *purse, guint64 blocks);

/* The call is over: @blocks tried, @bytes made huge (0 if it failed), @time spent in it. @reserved:
 * for it, in this window or an earlier one (@is_same_window). */
void dh_share_settle (DhShare *share, DhPurse *purse, const DhAmounts *reserved,
                      gboolean is_same_window, guint blocks, guint64 bytes, guint64 time);

/* Bytes per window that the user's share comes to at his price of a block, as long as all have and
 * wait for what they do now. At most one block while the price is unknown, never 0. */
guint64 dh_share_get_effective_size (const DhShare *share, const DhPurse *purse);
