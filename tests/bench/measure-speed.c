/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "cpu-time.h"
#include "engine-case.h"
#include "measurement.h"
#include "measures.h"
#include "mixture.h"
#include "ruler.h"
#include "shares.h"

typedef struct {
  Mixture *mixture;
  GArray *set;
  Ruler *ruler;
  guint milliseconds;
} Speed;

/* Per second of the processor's: the host of a virtual machine takes up to a third of its time
 * away, from one state more than from another. And divided by the speed of the ruler. */
static double
measure_rate (const Speed *self, GPid pid)
{
  RulerMark mark;
  double begin, end;
  guint64 first, last;

  wait_for (SHARE_SETTLE_MILLISECONDS);
  mark = ruler_mark (self->ruler);
  begin = cpu_time_get (pid);
  first = mixture_get_accesses (self->mixture);
  wait_for (self->milliseconds);
  end = cpu_time_get (pid);
  last = mixture_get_accesses (self->mixture);
  return (double) (last - first) / (end - begin) / ruler_get_speed (self->ruler, &mark);
}

/* The states in rotated order. */
static Round
run_round (guint number, gpointer data)
{
  const Speed *self = data;
  const GPid pid = mixture_get_pid (self->mixture);
  Round round;

  for (guint i = 0; i < ROUND_STATES; i++) {
    const ShareState state = (ShareState) ((number + i) % ROUND_STATES);

    share_put (pid, self->set, state);
    round.state[state] = measure_rate (self, pid);
  }
  return round;
}

void
measure_speed (gboolean smoke, gboolean is_long)
{
  const gint64 start = g_get_monotonic_time ();
  const guint mebibytes = smoke ? 256 : 8192;
  Fixture fixture = { 0 };
  Speed speed = { .milliseconds = smoke ? 500 : SHARE_MILLISECONDS };

  fixture_set_up_all (&fixture, NULL);
  speed.mixture = mixture_new (&fixture, mebibytes);
  engine_warm_host (mebibytes);
  speed.set = share_read_set (&fixture, mixture_get_pid (speed.mixture), smoke, mixture_is_complete,
                              speed.mixture);
  fixture_service_stop (&fixture);
  speed.ruler = ruler_new (mixture_get_pid (speed.mixture));
  report ("speed-share", share_estimate (run_round, &speed, smoke ? 1 : SHARE_ROUNDS, start));
  ruler_free (speed.ruler);
  g_array_unref (speed.set);
  mixture_free (speed.mixture);
  fixture_tear_down (&fixture, NULL);
}
