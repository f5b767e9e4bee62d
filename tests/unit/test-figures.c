/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "../bench/measurement.h"

#include <math.h>

/* When the bench calls a bound met. */

typedef struct {
  const char *figure;
  Estimate estimate;
  gboolean met;
} Row;

static const Row rows[] = {
  /* By the value, whatever the interval reaches. */
  { "collapse-throughput", { 0.85, 0.7, 0.9 }, TRUE },
  { "collapse-throughput", { 0.84, 0.7, 0.9 }, FALSE },
  { "set-user", { 1.15, 1.1, 1.3 }, TRUE },
  { "set-user", { 1.16, 1.1, 1.2 }, FALSE },
  { "wakeups", { 0, 0, 0 }, TRUE },
  { "wakeups", { 1, 1, 1 }, FALSE },
  /* By the better end. */
  { "flood-8", { 1.5, 1.3, 1.7 }, TRUE },
  { "flood-8", { 1.5, 1.31, 1.7 }, FALSE },
  /* By the better end, a middle that is not far off, and an interval that says something. */
  { "speed-share", { 0.81, 0.7, 0.9 }, TRUE },
  { "speed-share", { 0.79, 0.7, 0.95 }, FALSE },
  { "speed-share", { 0.85, 0.8, 0.89 }, FALSE },
  { "redis-share", { 1, 0.84, 1.15 }, FALSE },
  /* By the better end of an interval that is narrow. */
  { "observer-throughput", { 0.02, 0.01, 0.03 }, TRUE },
  { "observer-throughput", { 0.03, 0.02, 0.04 }, FALSE },
  { "observer-throughput", { 0, -0.03, 0.02 }, FALSE },
  /* What was not measured meets nothing. */
  { "time-to-hot", { NAN, NAN, NAN }, FALSE },
  { "get-all", { 1, -INFINITY, 1 }, FALSE },
  { "own-rate", { 3, 3, 3 }, TRUE },
  { "own-rate", { INFINITY, 3, 3 }, FALSE },
};

static void
test_met (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    const Row *row = &rows[i];
    const Figure *figure = figure_find (row->figure);

    g_test_message ("%s = %g", row->figure, row->estimate.value);
    g_assert_nonnull (figure);
    g_assert_cmpint (figure_is_met (figure, &row->estimate), ==, row->met);
  }
  g_assert_null (figure_find ("speed"));
}

static void
test_median (void)
{
  static const double values[] = { 7, 1, 3, 6, 2, 5, 4 };
  g_autoptr (GArray) array = g_array_new (FALSE, FALSE, sizeof (double));
  Estimate estimate;

  g_array_append_vals (array, values, G_N_ELEMENTS (values));
  estimate = estimate_median (array);
  g_assert_cmpfloat (estimate.value, ==, 4);
  g_assert_cmpfloat (estimate.low, ==, 2);
  g_assert_cmpfloat (estimate.high, ==, 6);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/figures/met", test_met);
  g_test_add_func ("/figures/median", test_median);
  return g_test_run ();
}
