/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "seating.h"

#include "saturating.h"

void
dh_seating_init (DhSeating *seating, const DhQuotaLimits *limits, guint64 now)
{
  dh_share_init (&seating->share, limits, now);
  seating->places = g_ptr_array_new_with_free_func (g_free);
}

void
dh_seating_clear (DhSeating *seating)
{
  g_clear_pointer (&seating->places, g_ptr_array_unref);
  dh_share_clear (&seating->share);
}

/* Blocks that wait at @place and that nothing is reserved for. */
static guint
count_waiting (const DhPlace *place, guint64 now)
{
  return now < place->until ? place->wanted - MIN (place->granted, place->wanted) : 0;
}

/* What every user waits for at @now. */
static void
count_work (DhSeating *seating, guint64 now)
{
  GPtrArray *purses = seating->share.purses;

  for (guint i = 0; i < purses->len; i++) {
    DhPurse *purse = g_ptr_array_index (purses, i);

    purse->waiting = 0;
    purse->asking_price = FALSE;
  }
  for (guint i = 0; i < seating->places->len; i++) {
    const DhPlace *place = g_ptr_array_index (seating->places, i);
    DhPurse *purse = place->purse;

    purse->waiting += count_waiting (place, now);
    if (place->granted > 0 && now < place->until)
      purse->asking_price = purse->block_usec <= 0;
  }
}

static void
come_to (DhSeating *seating, guint64 now)
{
  count_work (seating, now);
  dh_share_advance (&seating->share, now);
}

/* Blocks of hotter seats that go before those of @place. */
static guint64
count_hotter (const DhSeating *seating, const DhPlace *place, guint64 now)
{
  guint64 blocks = 0;

  for (guint i = 0; i < seating->places->len; i++) {
    const DhPlace *other = g_ptr_array_index (seating->places, i);

    if (other->purse == place->purse && other->score > place->score && other->granted == 0)
      blocks += count_waiting (other, now);
  }
  return blocks;
}

/* Up to @most blocks that @place may take. */
static guint
get_allowance (DhSeating *seating, const DhPlace *place, guint most, guint64 now)
{
  DhShare *share = &seating->share;
  guint64 hotter = count_hotter (seating, place, now);

  if (place->purse->block_usec <= 0) {
    if (place->purse->asking_price || hotter > 0)
      return 0;
    most = MIN (most, 1);
  }
  if (most == 0 || !dh_share_pay_debt (share, place->purse)
      || !dh_share_admits (share, place->purse, hotter + 1))
    return 0;
  return (guint) (dh_share_get_allowance (share, place->purse, hotter + most) - hotter);
}

/* The hottest of the user's that was refused. */
static DhPlace *
find_waiting (const DhSeating *seating, const DhPurse *purse)
{
  DhPlace *hottest = NULL;

  for (guint i = 0; i < seating->places->len; i++) {
    DhPlace *place = g_ptr_array_index (seating->places, i);

    if (place->purse == purse && place->is_waiting && (!hottest || place->score > hottest->score))
      hottest = place;
  }
  return hottest;
}

/* Tells a seat of each user who may go now; when that has asked, it is the next one's turn. */
static void
wake_waiting (DhSeating *seating, guint64 now)
{
  GPtrArray *purses = seating->share.purses;

  count_work (seating, now);
  for (guint i = 0; i < purses->len; i++) {
    DhPlace *place = find_waiting (seating, g_ptr_array_index (purses, i));

    if (!place || get_allowance (seating, place, 1, now) == 0)
      continue;
    place->is_waiting = FALSE;
    if (place->wake)
      place->wake (place->user_data);
  }
}

void
dh_seating_set_limits (DhSeating *seating, const DhQuotaLimits *limits, guint64 now)
{
  come_to (seating, now);
  dh_quota_set_limits (&seating->share.quota, limits);
  come_to (seating, now);
  wake_waiting (seating, now);
}

DhPlace *
dh_seating_join (DhSeating *seating, uid_t uid, DhSeatFunc wake, gpointer user_data)
{
  DhPlace *place = g_new0 (DhPlace, 1);

  place->purse = dh_share_get_purse (&seating->share, uid);
  place->purse->n_seats++;
  place->wake = wake;
  place->user_data = user_data;
  g_ptr_array_add (seating->places, place);
  return place;
}

void
dh_seating_leave (DhSeating *seating, DhPlace *place, guint64 now)
{
  come_to (seating, now);
  place->purse->n_seats--;
  g_ptr_array_remove (seating->places, place);
  wake_waiting (seating, now);
}

static void
settle (DhSeating *seating, DhPlace *place, guint blocks, guint64 bytes, guint64 time)
{
  dh_share_settle (&seating->share, place->purse, &place->reserved,
                   place->window == seating->share.quota.window, blocks, bytes, time);
  place->wanted -= MIN (blocks, place->wanted);
  place->granted = 0;
  place->reserved = (DhAmounts){ 0 };
}

void
dh_seating_charge (DhSeating *seating, DhPlace *place, guint blocks, guint64 bytes, guint64 time,
                   guint64 now)
{
  come_to (seating, now);
  settle (seating, place, blocks, bytes, time);
  place->until = dh_add (now, dh_add (time, DH_SEAT_PATIENCE_USEC));
  wake_waiting (seating, now);
}

/* When to ask again: where there is room that is left to others, one of them may not come for it.
 */
static guint64
get_next (const DhSeating *seating, const DhPlace *place, guint64 now)
{
  guint64 next = MIN (dh_quota_next_window (&seating->share.quota), dh_add (now, DH_SEAT_ASK_USEC));

  if (!dh_share_has_room (&seating->share, place->purse))
    return next;
  for (guint i = 0; i < seating->places->len; i++) {
    const DhPlace *other = g_ptr_array_index (seating->places, i);

    if (other != place && now < other->until && (other->wanted > 0 || other->granted > 0))
      next = MIN (next, other->until);
  }
  return next;
}

static void
get_figures (const DhSeating *seating, const DhPlace *place, DhGrant *ret_grant)
{
  *ret_grant = (DhGrant){
    .window = seating->share.quota.window,
    .next = dh_quota_next_window (&seating->share.quota),
    .effective_size = dh_share_get_effective_size (&seating->share, place->purse),
    .exceeds = place->purse->exceeds,
  };
}

static void
grant (DhSeating *seating, DhPlace *place, guint blocks, guint64 now)
{
  guint64 patience;

  place->reserved = dh_share_reserve (&seating->share, place->purse, blocks);
  place->granted = blocks;
  place->window = seating->share.quota.window;
  patience = dh_multiply_divide (place->reserved.of[DH_RESOURCE_TIME], DH_SEAT_STUCK_TIMES, 1);
  place->until = dh_add (now, MAX (patience, DH_SEAT_PATIENCE_USEC));
}

/* Whether the quota is why nothing was granted, rather than that the price is not known yet. */
static gboolean
is_limited (const DhSeating *seating, const DhPlace *place)
{
  return place->purse->block_usec > 0 || !dh_share_has_room (&seating->share, place->purse);
}

void
dh_seating_ask (DhSeating *seating, DhPlace *place, guint wanted, guint run, float score,
                guint64 now, DhGrant *ret_grant)
{
  guint most = MIN (wanted, run), blocks;

  come_to (seating, now);
  if (place->granted > 0)
    settle (seating, place, 0, 0, 0);
  place->wanted = wanted;
  place->score = score;
  place->until = G_MAXUINT64;
  count_work (seating, now);

  blocks = get_allowance (seating, place, most, now);
  place->is_waiting = most > 0 && blocks == 0;
  if (place->is_waiting && is_limited (seating, place))
    dh_purse_note_refusal (place->purse);
  get_figures (seating, place, ret_grant);
  ret_grant->blocks = blocks;
  ret_grant->next = get_next (seating, place, now);
  place->until = dh_add (ret_grant->next, DH_SEAT_PATIENCE_USEC);
  if (blocks > 0)
    grant (seating, place, blocks, now);
  wake_waiting (seating, now);
}

void
dh_seating_look (DhSeating *seating, DhPlace *place, guint64 now, DhGrant *ret_grant)
{
  come_to (seating, now);
  get_figures (seating, place, ret_grant);
}
