/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "pace.h"

#include "saturating.h"

/* Given out and not settled. */
typedef struct {
  guint64 cost;
  guint64 rest; /* per microsecond of cost, when it was booked */
} Booking;

typedef struct {
  guint n_lanes;
  guint64 free_at;
  guint64 last_start;
  GArray *bookings; /* Booking, oldest first: one for each lane at most */
} Timeline;

struct _DhPace {
  GMutex lock;
  GHashTable *timelines; /* uid → Timeline */
};

static void
free_timeline (gpointer data)
{
  Timeline *timeline = data;

  g_array_unref (timeline->bookings);
  g_free (timeline);
}

DhPace *
dh_pace_new (void)
{
  DhPace *pace = g_atomic_rc_box_new0 (DhPace);

  g_mutex_init (&pace->lock);
  pace->timelines = g_hash_table_new_full (NULL, NULL, NULL, free_timeline);
  return pace;
}

DhPace *
dh_pace_ref (DhPace *pace)
{
  return g_atomic_rc_box_acquire (pace);
}

static void
clear_pace (gpointer data)
{
  DhPace *pace = data;

  g_hash_table_unref (pace->timelines);
  g_mutex_clear (&pace->lock);
}

void
dh_pace_unref (DhPace *pace)
{
  g_atomic_rc_box_release_full (pace, clear_pace);
}

static Timeline *
get_timeline (DhPace *pace, uid_t uid)
{
  Timeline *timeline = g_hash_table_lookup (pace->timelines, GUINT_TO_POINTER (uid));

  if (!timeline) {
    timeline = g_new0 (Timeline, 1);
    timeline->bookings = g_array_new (FALSE, FALSE, sizeof (Booking));
    g_hash_table_insert (pace->timelines, GUINT_TO_POINTER (uid), timeline);
  }
  return timeline;
}

void
dh_pace_join (DhPace *pace, uid_t uid)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&pace->lock);

  get_timeline (pace, uid)->n_lanes++;
}

void
dh_pace_leave (DhPace *pace, uid_t uid)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&pace->lock);

  get_timeline (pace, uid)->n_lanes--;
}

/* For each microsecond of cost. */
static guint64
get_rest (DhPace *pace)
{
  return DH_PACE_SHARE * (guint64) g_hash_table_size (pace->timelines);
}

static gboolean
is_over (gpointer uid, gpointer data, gpointer now)
{
  const Timeline *timeline = data;

  return timeline->n_lanes == 0 && timeline->free_at <= *(const guint64 *) now;
}

guint64
dh_pace_book (DhPace *pace, uid_t uid, guint64 now, guint64 cost)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&pace->lock);
  Timeline *timeline;
  Booking booking;

  g_hash_table_foreach_remove (pace->timelines, is_over, &now);
  timeline = get_timeline (pace, uid);
  booking.cost = cost;
  booking.rest = get_rest (pace);
  /* Lanes that have left owe no settlement. */
  if (timeline->bookings->len > 0 && timeline->bookings->len >= timeline->n_lanes)
    g_array_remove_index (timeline->bookings, 0);
  g_array_append_val (timeline->bookings, booking);

  timeline->last_start = MAX (now, timeline->free_at);
  timeline->free_at = dh_add (timeline->last_start, dh_multiply_divide (cost, booking.rest, 1));
  return timeline->last_start;
}

/* Finds the booking for @cost and forgets it. */
static gboolean
take_booking (Timeline *timeline, guint64 cost, guint64 *ret_rest)
{
  for (guint i = 0; i < timeline->bookings->len; i++) {
    Booking booking = g_array_index (timeline->bookings, Booking, i);

    if (booking.cost == cost) {
      g_array_remove_index (timeline->bookings, i);
      *ret_rest = booking.rest;
      return TRUE;
    }
  }
  return FALSE;
}

void
dh_pace_settle (DhPace *pace, uid_t uid, guint64 booked, guint64 actual)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&pace->lock);
  Timeline *timeline = get_timeline (pace, uid);
  guint64 rest = get_rest (pace), less = 0;

  /* What was given back for one that was forgotten could be more than was booked. */
  if (take_booking (timeline, booked, &rest))
    less = dh_multiply_divide (dh_subtract (booked, actual), rest, 1);
  timeline->free_at = MAX (dh_subtract (timeline->free_at, less), timeline->last_start);
  timeline->free_at =
    dh_add (timeline->free_at, dh_multiply_divide (dh_subtract (actual, booked), rest, 1));
}
