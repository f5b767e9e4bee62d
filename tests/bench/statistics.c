/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "statistics.h"

#define DRAWS 2000
#define SEED 20261129

static int
compare (gconstpointer a, gconstpointer b)
{
  const double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

/* Between the two nearest ones. */
double
percentile (GArray *values, double percent)
{
  double position, fraction;
  guint below;

  g_assert (values->len > 0);
  g_array_sort (values, compare);
  position = percent / 100 * (values->len - 1);
  below = MIN ((guint) position, values->len - 1);
  fraction = position - below;
  if (below + 1 >= values->len)
    return g_array_index (values, double, below);
  return g_array_index (values, double, below) * (1 - fraction)
         + g_array_index (values, double, below + 1) * fraction;
}

double
median (GArray *values)
{
  return percentile (values, 50);
}

Estimate
estimate_median (GArray *values)
{
  const double middle = median (values);
  const guint outer = values->len > 2 ? 1 : 0;

  return (Estimate){ middle, g_array_index (values, double, outer),
                     g_array_index (values, double, values->len - 1 - outer) };
}

static void
add_round (double *sums, const Round *round)
{
  for (guint i = 0; i < ROUND_STATES; i++)
    sums[i] += round->state[i];
}

static double
pool (GArray *rounds, GRand *rand, PoolFunc func)
{
  double sums[ROUND_STATES] = { 0 };

  for (guint i = 0; i < rounds->len; i++) {
    const guint n = rand ? (guint) g_rand_int_range (rand, 0, (gint32) rounds->len) : i;

    add_round (sums, &g_array_index (rounds, Round, n));
  }
  return func (sums);
}

Estimate
estimate_pooled (GArray *rounds, PoolFunc func)
{
  g_autoptr (GArray) draws = g_array_new (FALSE, FALSE, sizeof (double));
  GRand *rand = g_rand_new_with_seed (SEED);
  Estimate estimate = { .value = pool (rounds, NULL, func) };

  for (guint i = 0; i < DRAWS; i++) {
    const double draw = pool (rounds, rand, func);

    g_array_append_val (draws, draw);
  }
  g_rand_free (rand);
  estimate.low = percentile (draws, 5);
  estimate.high = percentile (draws, 95);
  return estimate;
}
