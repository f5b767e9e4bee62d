/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "owner-watch.h"

#define LOOK_MSEC 1000

/* In the middle of exec a process looks undumpable for a moment: what differs is looked at again.
 */
#define DOUBT_MSEC 10
#define DOUBTS 2

struct _DhOwnerWatch {
  DhProcess *process;
  DhOwner owner;
  DhOwnerWatchFunc func;
  gpointer user_data;
  guint timer;
  guint doubts; /* in a row */
};

static gboolean look (gpointer user_data);

static void
look_again (DhOwnerWatch *watch, guint msec)
{
  watch->timer = g_timeout_add (msec, look, watch);
}

static gboolean
look (gpointer user_data)
{
  DhOwnerWatch *watch = user_data;
  DhOwner owner;

  watch->timer = 0;
  /* One that has exited is nobody's any more, and watched for by others. */
  if (!dh_process_read_owner (watch->process, &owner, NULL)
      || dh_owner_equal (&owner, &watch->owner)) {
    watch->doubts = 0;
    look_again (watch, LOOK_MSEC);
  } else if (watch->doubts++ < DOUBTS) {
    look_again (watch, DOUBT_MSEC);
  } else {
    watch->func (watch->user_data);
  }
  return G_SOURCE_REMOVE;
}

DhOwnerWatch *
dh_owner_watch_new (DhProcess *process, const DhOwner *owner, DhOwnerWatchFunc func,
                    gpointer user_data)
{
  DhOwnerWatch *watch = g_new0 (DhOwnerWatch, 1);

  watch->process = dh_process_ref (process);
  watch->owner = *owner;
  watch->func = func;
  watch->user_data = user_data;
  look_again (watch, LOOK_MSEC);
  return watch;
}

void
dh_owner_watch_free (DhOwnerWatch *watch)
{
  g_clear_handle_id (&watch->timer, g_source_remove);
  dh_process_unref (watch->process);
  g_free (watch);
}

void
dh_owner_watch_set_owner (DhOwnerWatch *watch, const DhOwner *owner)
{
  watch->owner = *owner;
}
