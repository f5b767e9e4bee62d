/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "target.h"

#include <glib-unix.h>

typedef struct {
  DhTarget *target;
  DhTargetFunc on_exited;
  gpointer user_data;
} Watch;

DhTarget *
dh_target_new (guint64 id, DhProcess *process, const DhOwner *owner, guint32 adder)
{
  DhTarget *target = g_rc_box_new0 (DhTarget);

  target->id = id;
  target->process = dh_process_ref (process);
  target->owner = *owner;
  target->adder = adder;
  return target;
}

DhTarget *
dh_target_ref (DhTarget *target)
{
  return g_rc_box_acquire (target);
}

static void
clear_target (gpointer data)
{
  DhTarget *target = data;

  dh_target_unwatch (target);
  dh_process_unref (target->process);
  g_free (target->client);
  g_free (target->application_id);
  g_free (target->reason);
}

void
dh_target_unref (DhTarget *target)
{
  g_rc_box_release_full (target, clear_target);
}

/* A pidfd reads as ready once the process has exited. */
static gboolean
on_pidfd_ready (gint fd, GIOCondition condition, gpointer user_data)
{
  const Watch *watch = user_data;
  g_autoptr (DhTarget) target = dh_target_ref (watch->target);

  target->watch = 0;
  watch->on_exited (target, watch->user_data);
  return G_SOURCE_REMOVE;
}

void
dh_target_watch (DhTarget *target, DhTargetFunc on_exited, gpointer user_data)
{
  Watch *watch = g_new0 (Watch, 1);

  *watch = (Watch){ target, on_exited, user_data };
  target->watch = g_unix_fd_add_full (G_PRIORITY_DEFAULT, dh_process_get_pidfd (target->process),
                                      G_IO_IN, on_pidfd_ready, watch, g_free);
}

void
dh_target_unwatch (DhTarget *target)
{
  g_clear_handle_id (&target->watch, g_source_remove);
}

guint
dh_target_handle (DhTarget *target, DhTargetEvent event)
{
  const DhTransition transition = dh_target_state_handle (target->state, event);

  target->state = transition.next;
  return transition.effects;
}

gboolean
dh_target_is_enabled (const DhTarget *target)
{
  return dh_target_state_is_enabled (target->state);
}

gboolean
dh_target_is_alive (const DhTarget *target)
{
  return target->state != DH_TARGET_EXITED;
}

DhProcess *
dh_target_get_live_process (const DhTarget *target)
{
  return target && dh_target_is_alive (target) ? target->process : NULL;
}
