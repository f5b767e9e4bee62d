/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "idle.h"

struct _DhIdle {
  guint seconds;
  GSourceOnceFunc func;
  gpointer user_data;
  guint holds;
  guint timer;
};

static gboolean
on_timer (gpointer user_data)
{
  DhIdle *idle = user_data;

  idle->timer = 0;
  idle->func (idle->user_data);
  return G_SOURCE_REMOVE;
}

static void
update (DhIdle *idle)
{
  g_clear_handle_id (&idle->timer, g_source_remove);
  if (idle->holds == 0 && idle->seconds > 0)
    idle->timer = g_timeout_add_seconds (idle->seconds, on_timer, idle);
}

DhIdle *
dh_idle_new (guint seconds, GSourceOnceFunc func, gpointer user_data)
{
  DhIdle *idle = g_new0 (DhIdle, 1);

  idle->seconds = seconds;
  idle->func = func;
  idle->user_data = user_data;
  update (idle);
  return idle;
}

void
dh_idle_free (DhIdle *idle)
{
  g_clear_handle_id (&idle->timer, g_source_remove);
  g_free (idle);
}

void
dh_idle_hold (DhIdle *idle)
{
  idle->holds++;
  update (idle);
}

void
dh_idle_release (DhIdle *idle)
{
  g_return_if_fail (idle->holds > 0);

  idle->holds--;
  update (idle);
}

void
dh_idle_touch (DhIdle *idle)
{
  update (idle);
}
