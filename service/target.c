/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "target.h"

#include <glib-unix.h>

struct _DhTarget {
  DhProcess *process;
  DhOwner owner;
  DhTargetState state;
  guint watch; /* of the pidfd, which reads as ready once the process has exited */
  DhTargetFunc on_exited;
  gpointer user_data;
};

static gboolean
on_pidfd_ready (gint fd, GIOCondition condition, gpointer user_data)
{
  DhTarget *target = user_data;

  target->watch = 0;
  target->state = DH_TARGET_EXITED;
  target->on_exited (target, target->user_data);
  return G_SOURCE_REMOVE;
}

DhTarget *
dh_target_new (DhProcess *process, const DhOwner *owner, DhTargetFunc on_exited, gpointer user_data)
{
  DhTarget *target = g_new0 (DhTarget, 1);

  target->process = dh_process_ref (process);
  target->owner = *owner;
  target->on_exited = on_exited;
  target->user_data = user_data;
  target->watch = g_unix_fd_add (dh_process_get_pidfd (process), G_IO_IN, on_pidfd_ready, target);
  return target;
}

void
dh_target_free (DhTarget *target)
{
  g_clear_handle_id (&target->watch, g_source_remove);
  dh_process_unref (target->process);
  g_free (target);
}

DhProcess *
dh_target_get_process (const DhTarget *target)
{
  return target->process;
}

const DhOwner *
dh_target_get_owner (const DhTarget *target)
{
  return &target->owner;
}

void
dh_target_set_owner (DhTarget *target, const DhOwner *owner)
{
  target->owner = *owner;
}

DhTargetState
dh_target_get_state (const DhTarget *target)
{
  return target->state;
}

void
dh_target_set_state (DhTarget *target, DhTargetState state)
{
  target->state = state;
}

gboolean
dh_target_is_enabled (const DhTarget *target)
{
  return target->state == DH_TARGET_STARTING || target->state == DH_TARGET_RUNNING;
}

gboolean
dh_target_is_alive (const DhTarget *target)
{
  return target->state != DH_TARGET_EXITED;
}
