/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "slumber.h"

#include <time.h>

struct _DhSlumber {
  GMutex lock;
  GCond none;
  GPtrArray *sleepers; /* DhSleeper */
  guint next;          /* index of the one that is looked at next */
  gboolean watched;    /* there is a thread */
};

struct _DhSleeper {
  DhSlumber *slumber;
  clockid_t id;
  guint64 clock;
  DhSleeperFunc wake; /* (nullable): it was woken */
  gpointer user_data;
};

DhSlumber *
dh_slumber_new (void)
{
  DhSlumber *slumber = g_atomic_rc_box_new0 (DhSlumber);

  g_mutex_init (&slumber->lock);
  g_cond_init (&slumber->none);
  slumber->sleepers = g_ptr_array_new ();
  return slumber;
}

DhSlumber *
dh_slumber_ref (DhSlumber *slumber)
{
  return g_atomic_rc_box_acquire (slumber);
}

static void
clear_slumber (gpointer data)
{
  DhSlumber *slumber = data;

  g_ptr_array_unref (slumber->sleepers);
  g_cond_clear (&slumber->none);
  g_mutex_clear (&slumber->lock);
}

void
dh_slumber_unref (DhSlumber *slumber)
{
  g_atomic_rc_box_release_full (slumber, clear_slumber);
}

static guint64
read_time (clockid_t id)
{
  struct timespec time;

  if (clock_gettime (id, &time) < 0)
    return 0;
  return (guint64) time.tv_sec * 1000000000 + (guint64) time.tv_nsec;
}

guint64
dh_slumber_read_clock (pid_t pid)
{
  clockid_t id;

  return clock_getcpuclockid (pid, &id) == 0 ? read_time (id) : 0;
}

static void
look_at (DhSleeper *sleeper)
{
  if (!sleeper->wake || read_time (sleeper->id) == sleeper->clock)
    return;
  sleeper->wake (sleeper->user_data);
  sleeper->wake = NULL;
}

/* Under the lock. */
static void
look (DhSlumber *slumber)
{
  const guint n = MIN (slumber->sleepers->len, DH_SLUMBER_LOOKS);

  for (guint i = 0; i < n; i++) {
    slumber->next = (slumber->next + 1) % slumber->sleepers->len;
    look_at (g_ptr_array_index (slumber->sleepers, slumber->next));
  }
}

static gpointer
watch (gpointer data)
{
  DhSlumber *slumber = data;

  g_mutex_lock (&slumber->lock);
  while (slumber->sleepers->len > 0) {
    const gint64 next = g_get_monotonic_time () + (gint64) DH_SLUMBER_LOOK_USEC;

    while (slumber->sleepers->len > 0 && g_cond_wait_until (&slumber->none, &slumber->lock, next))
      ;
    look (slumber);
  }
  slumber->watched = FALSE;
  g_mutex_unlock (&slumber->lock);
  dh_slumber_unref (slumber);
  return NULL;
}

DhSleeper *
dh_slumber_join (DhSlumber *slumber, pid_t pid, guint64 clock, DhSleeperFunc wake,
                 gpointer user_data)
{
  DhSleeper *sleeper = g_new0 (DhSleeper, 1);

  sleeper->slumber = dh_slumber_ref (slumber);
  /* Of a process that is gone the time has changed, too. */
  sleeper->clock = clock_getcpuclockid (pid, &sleeper->id) == 0 ? clock : G_MAXUINT64;
  sleeper->wake = wake;
  sleeper->user_data = user_data;
  g_mutex_lock (&slumber->lock);
  g_ptr_array_add (slumber->sleepers, sleeper);
  if (!slumber->watched)
    g_thread_unref (g_thread_new ("slumber", watch, dh_slumber_ref (slumber)));
  slumber->watched = TRUE;
  g_mutex_unlock (&slumber->lock);
  return sleeper;
}

void
dh_slumber_leave (DhSleeper *sleeper)
{
  DhSlumber *slumber = sleeper->slumber;

  g_mutex_lock (&slumber->lock);
  g_ptr_array_remove (slumber->sleepers, sleeper);
  if (slumber->sleepers->len == 0)
    g_cond_signal (&slumber->none);
  g_mutex_unlock (&slumber->lock);
  dh_slumber_unref (slumber);
  g_free (sleeper);
}
