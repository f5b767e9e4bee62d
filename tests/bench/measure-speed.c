/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engine-case.h"
#include "measurement.h"
#include "measures.h"
#include "mixture.h"
#include "shares.h"

static guint64
count_accesses (gpointer data)
{
  return mixture_get_accesses (data);
}

void
measure_speed (gboolean smoke, gboolean is_long)
{
  const gint64 start = g_get_monotonic_time ();
  const guint mebibytes = smoke ? 256 : 8192;
  g_autoptr (GArray) set = NULL;
  Fixture fixture = { 0 };
  Mixture *mixture;
  Share share;

  fixture_set_up_all (&fixture, NULL);
  mixture = mixture_new (&fixture, mebibytes);
  engine_warm_host (mebibytes);
  set = share_read_set (&fixture, mixture_get_pid (mixture), smoke, mixture_is_complete, mixture);
  share = share_new (mixture_get_pid (mixture), set, start, smoke);
  share.count = count_accesses;
  share.data = mixture;
  report ("speed-share", share_estimate (&share));
  mixture_free (mixture);
  fixture_tear_down (&fixture, NULL);
}
