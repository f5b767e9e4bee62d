/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bus-case.h"
#include "engine-case.h"
#include "measurement.h"
#include "measures.h"

#include <signal.h>

/* What a caller waits for and what the service holds while others never stop asking. */

#define PAIRS 7
#define SECONDS 6
#define PAUSE_USEC "5000" /* between the caller's calls */
#define SETTLE_MSEC 300
#define READY_SECONDS 20
#define TAIL_PERCENT 95

#define DRAWS 2000
#define SEED 20261129

#define MEMORY_CLIENTS 8
#define MEMORY_SECONDS 180
#define MEMORY_SECONDS_LONG 600

static void
start_flood (Fixture *fixture, const char *bus_name, guint clients, GPtrArray *flooders)
{
  for (guint i = 0; i < clients; i++)
    g_ptr_array_add (flooders,
                     fixture_spawn_as (fixture, "alice", g_getenv ("DH_FLOODER"), bus_name, NULL));
  for (guint i = 0; i < clients; i++)
    g_free (child_expect_line (g_ptr_array_index (flooders, i), "ready", READY_SECONDS));
  for (guint i = 0; i < clients; i++)
    child_signal (g_ptr_array_index (flooders, i), SIGUSR1);
  wait_for (SETTLE_MSEC);
}

/* One that ended early was no flood. */
static void
end_flood (Fixture *fixture, GPtrArray *flooders)
{
  for (guint i = 0; i < flooders->len; i++)
    child_signal (g_ptr_array_index (flooders, i), SIGKILL);
  for (guint i = 0; i < flooders->len; i++)
    g_ptr_array_remove (fixture->children, g_ptr_array_index (flooders, i));
}

/* What another user's calls take meanwhile. Returns: (transfer full) (element-type double) */
static GArray *
measure_side (Fixture *fixture, Side side, guint clients, guint seconds)
{
  g_autoptr (GPtrArray) flooders = g_ptr_array_new ();
  g_autofree char *time = g_strdup_printf ("--seconds=%u", seconds);
  GArray *latencies;
  Child *caller;

  start_flood (fixture, bus_case_get_name (side), clients, flooders);
  caller =
    fixture_spawn_as (fixture, "bob", g_getenv ("DH_CALLER"), "get-version",
                      bus_case_get_name (side), time, "--pause=" PAUSE_USEC, "--warm-up=5", NULL);
  latencies = bus_case_expect_latencies (caller, seconds + READY_SECONDS);
  g_ptr_array_remove (fixture->children, caller);
  end_flood (fixture, flooders);
  return latencies;
}

/* Of one pair: (element-type double). */
typedef struct {
  GArray *latencies[N_SIDES];
} Pair;

static void
clear_pair (gpointer data)
{
  Pair *pair = data;

  for (Side side = 0; side < N_SIDES; side++)
    g_array_unref (pair->latencies[side]);
}

/* Of all @pairs, or of as many drawn from them. */
static double
get_quotient (GArray *pairs, GRand *rand)
{
  GArray *pooled[N_SIDES];
  double quotient;

  for (Side side = 0; side < N_SIDES; side++)
    pooled[side] = g_array_new (FALSE, FALSE, sizeof (double));
  for (guint i = 0; i < pairs->len; i++) {
    const guint n = rand ? (guint) g_rand_int_range (rand, 0, (gint32) pairs->len) : i;
    const Pair *pair = &g_array_index (pairs, Pair, n);

    for (Side side = 0; side < N_SIDES; side++)
      g_array_append_vals (pooled[side], pair->latencies[side]->data, pair->latencies[side]->len);
  }
  quotient =
    percentile (pooled[SIDE_REAL], TAIL_PERCENT) / percentile (pooled[SIDE_PLAIN], TAIL_PERCENT);
  for (Side side = 0; side < N_SIDES; side++)
    g_array_unref (pooled[side]);
  return quotient;
}

static Estimate
estimate (GArray *pairs, guint n_draws)
{
  g_autoptr (GArray) draws = g_array_new (FALSE, FALSE, sizeof (double));
  GRand *rand = g_rand_new_with_seed (SEED);
  Estimate result = { .value = get_quotient (pairs, NULL) };

  for (guint i = 0; i < n_draws; i++) {
    const double draw = get_quotient (pairs, rand);

    g_array_append_val (draws, draw);
  }
  g_rand_free (rand);
  result.low = percentile (draws, 5);
  result.high = percentile (draws, 95);
  return result;
}

static void
tell_pair (const Pair *pair)
{
  const double real = percentile (pair->latencies[SIDE_REAL], TAIL_PERCENT),
               plain = percentile (pair->latencies[SIDE_PLAIN], TAIL_PERCENT);

  tell ("p95 %.0f / %.0f us = %.3f, of %u and %u calls", real, plain, real / plain,
        pair->latencies[SIDE_REAL]->len, pair->latencies[SIDE_PLAIN]->len);
}

static void
measure_flood (const char *figure, guint clients, gboolean smoke)
{
  g_autoptr (GArray) pairs = g_array_new (FALSE, FALSE, sizeof (Pair));
  g_autoptr (Child) plain = NULL;
  Fixture fixture = { 0 };

  g_array_set_clear_func (pairs, clear_pair);
  bus_case_set_up (&fixture);
  plain = bus_case_start_plain (&fixture, NULL);
  for (guint i = 0; i < (smoke ? 1 : PAIRS); i++) {
    const Side first = i % 2 ? SIDE_PLAIN : SIDE_REAL;
    Pair pair;

    pair.latencies[first] = measure_side (&fixture, first, clients, smoke ? 1 : SECONDS);
    pair.latencies[!first] = measure_side (&fixture, !first, clients, smoke ? 1 : SECONDS);
    tell_pair (&pair);
    g_array_append_val (pairs, pair);
  }
  report (figure, estimate (pairs, smoke ? 10 : DRAWS));
  g_clear_pointer (&plain, child_free);
  fixture_tear_down (&fixture, NULL);
}

void
measure_flood_1 (gboolean smoke, gboolean is_long)
{
  measure_flood ("flood-1", 1, smoke);
}

void
measure_flood_8 (gboolean smoke, gboolean is_long)
{
  measure_flood ("flood-8", 8, smoke);
}

void
measure_flood_32 (gboolean smoke, gboolean is_long)
{
  measure_flood ("flood-32", 32, smoke);
}

/* The most that the service holds for itself within so many seconds, in kB. */
static double
watch_memory (Fixture *fixture, guint seconds)
{
  const GPid pid = child_get_pid (fixture->service);
  guint64 most = 0;

  for (guint i = 0; i < seconds; i++) {
    wait_for (1000);
    most = MAX (most, engine_read_memory (pid, "Private_Dirty"));
  }
  return (double) most / 1024;
}

void
measure_flood_memory (gboolean smoke, gboolean is_long)
{
  const guint seconds = smoke ? 4 : is_long ? MEMORY_SECONDS_LONG : MEMORY_SECONDS;
  g_autoptr (GPtrArray) flooders = g_ptr_array_new ();
  Fixture fixture = { 0 };
  double half, third, fourth;

  bus_case_set_up (&fixture);
  start_flood (&fixture, SERVICE_NAME, MEMORY_CLIENTS, flooders);
  half = watch_memory (&fixture, seconds / 2);
  third = watch_memory (&fixture, seconds / 4);
  fourth = watch_memory (&fixture, seconds / 4);
  tell ("at most %.0f kB in the first half, %.0f and %.0f kB in the quarters after it", half, third,
        fourth);
  report_value ("flood-memory", MAX (fourth - third, 0));
  end_flood (&fixture, flooders);
  fixture_tear_down (&fixture, NULL);
}
