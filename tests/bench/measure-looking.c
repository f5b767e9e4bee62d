/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "cpu-time.h"
#include "engine-probe.h"
#include "hugepages/observer.h"
#include "measurement.h"
#include "measures.h"
#include "stage.h"
#include "target-objects.h"

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#define PAIRS 7

/* Of looking: a process of twice EPOCH_BLOCKS has had all accessed bits cleared by then. */
#define WARM_UP_EPOCHS 4
#define EPOCHS 5

/* Of memory that grows, so much is hot. */
#define HOT_SHARE 32

#define MAX_SIZES 3

/* So long, nothing having been touched, until epochs are as far apart as they get; and two epochs
 * of each target. */
#define SETTLING_MILLISECONDS 68000
#define SLEEPING_MILLISECONDS 64000

/* Without bus and service. */
static Child *
spawn_hotmap (Fixture *fixture, guint hot, guint cold)
{
  g_autofree char *hot_option = g_strdup_printf ("--hot=%u", hot);
  g_autofree char *cold_option = g_strdup_printf ("--cold=%u", cold);

  return fixture_hotmap_as (fixture, "root", NULL, hot_option, "--one=0", cold_option, "--duty=20",
                            NULL);
}

static double
time_walk (EngineProbe *probe)
{
  const gint64 start = g_get_monotonic_time ();

  engine_probe_read (probe);
  return (double) (g_get_monotonic_time () - start);
}

static double
time_smaps (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/smaps", pid);
  const int fd = open (path, O_RDONLY | O_CLOEXEC);
  char buffer[65536];
  gint64 start;
  ssize_t n;

  g_assert_no_errno (fd);
  start = g_get_monotonic_time ();
  while ((n = read (fd, buffer, sizeof buffer)) > 0)
    ;
  g_assert_no_errno ((int) n);
  close (fd);
  return (double) (g_get_monotonic_time () - start);
}

void
measure_walk_cost (gboolean smoke, gboolean is_long)
{
  const guint blocks = smoke ? 32 : 2048;
  g_autoptr (GArray) quotients = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (EngineProbe) probe = NULL;
  Fixture fixture = { 0 };
  Child *child;

  fixture_set_up (&fixture, NULL);
  child = spawn_hotmap (&fixture, 0, blocks);
  probe = engine_probe_new (child_get_pid (child));
  time_walk (probe);
  time_smaps (child_get_pid (child));
  for (guint i = 0; i < PAIRS; i++) {
    double walk = i % 2 ? time_walk (probe) : 0;
    const double smaps = time_smaps (child_get_pid (child));
    double quotient;

    walk = i % 2 ? walk : time_walk (probe);
    quotient = walk / smaps;
    g_array_append_val (quotients, quotient);
    tell ("walk %.2f ms, smaps %.2f ms per GiB", walk * 0.512 / blocks, smaps * 0.512 / blocks);
  }
  report ("walk-cost", estimate_median (quotients));
  fixture_tear_down (&fixture, NULL);
}

/* What the engine does in one epoch, all but collapsing. Returns: seconds of processor time. */
static double
look_once (DhObserver *observer)
{
  const double begin = cpu_time_get_own ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) candidates = NULL;
  g_autoptr (DhHeatMap) map = NULL;
  gboolean moved;

  dh_observer_begin (observer, &moved, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < DH_OBSERVER_N_READS; i++) {
    const gint64 due = (gint64) dh_observer_get_read_time (observer, i);

    g_usleep ((gulong) MAX (due - g_get_monotonic_time (), 0));
    dh_observer_read (observer, &error);
    g_assert_no_error (error);
  }
  candidates = dh_observer_end (observer, 0);
  map = dh_observer_dup_heat_map (observer);
  return cpu_time_get_own () - begin;
}

/* Returns: the median of the epochs, in seconds. */
static double
measure_look (Fixture *fixture, guint blocks, gboolean smoke)
{
  Child *child = spawn_hotmap (fixture, blocks / HOT_SHARE, blocks - blocks / HOT_SHARE);
  g_autoptr (EngineProbe) probe = engine_probe_new (child_get_pid (child));
  g_autoptr (DhObserver) observer = dh_observer_new (probe->eye, &dh_kernel_advisor, probe->pidfd);
  g_autoptr (GArray) costs = g_array_new (FALSE, FALSE, sizeof (double));
  const guint warm_up = smoke ? 0 : WARM_UP_EPOCHS, epochs = smoke ? 1 : EPOCHS;

  for (guint i = 0; i < warm_up + epochs; i++) {
    const double cost = look_once (observer);

    if (i >= warm_up)
      g_array_append_val (costs, cost);
  }
  child_signal (child, SIGKILL);
  g_assert_true (child_wait (child, 60, NULL));
  tell ("%.4g GiB: %.3g ms an epoch", blocks / 512.0, median (costs) * 1e3);
  return median (costs);
}

/* The slope by least squares. */
static double
fit_slope (const double *x, const double *y, guint n)
{
  double mean_x = 0, mean_y = 0, products = 0, squares = 0;

  for (guint i = 0; i < n; i++) {
    mean_x += x[i] / n;
    mean_y += y[i] / n;
  }
  for (guint i = 0; i < n; i++) {
    products += (x[i] - mean_x) * (y[i] - mean_y);
    squares += (x[i] - mean_x) * (x[i] - mean_x);
  }
  return products / squares;
}

void
measure_looking (gboolean smoke, gboolean is_long)
{
  const guint smallest = smoke ? 32 : 512;
  double sizes[MAX_SIZES], costs[MAX_SIZES];
  Fixture fixture = { 0 };
  guint blocks = smallest;

  fixture_set_up (&fixture, NULL);
  for (guint i = 0; i < MAX_SIZES; i++, blocks *= smoke ? 2 : 4) {
    sizes[i] = log (blocks);
    costs[i] = log (measure_look (&fixture, blocks, smoke));
  }
  report_value ("looking-exponent", fit_slope (sizes, costs, MAX_SIZES));
  fixture_tear_down (&fixture, NULL);
}

/* Has so many processes served, each of which touches so much memory once and then sleeps. */
static void
serve_sleepers (Fixture *fixture, guint n, guint mebibytes)
{
  g_autofree char *size = g_strdup_printf ("%u", mebibytes);

  for (guint i = 0; i < n; i++) {
    Child *child = fixture_spawn_as (fixture, "alice", g_getenv ("DH_PARKED"), size, NULL);
    g_autofree char *ready = child_expect_line (child, "ready", 60);
    g_autofree char *path =
      added_target (fixture->connection, (guint32) child_get_pid (child), NULL);
  }
  assert_property_eventually (fixture->connection, "ActiveTargets", g_variant_new_uint32 (n), 10);
}

/* Two services, each on a bus of its own, at the same time: what else the machine does falls on
 * both. */
void
measure_sleeping (gboolean smoke, gboolean is_long)
{
  const guint n = smoke ? 4 : 64, each = 16;
  Fixture fixtures[2] = { 0 };
  double used[2];

  for (guint i = 0; i < 2; i++)
    stage_set_up_service (&fixtures[i]);
  serve_sleepers (&fixtures[0], n, each);
  serve_sleepers (&fixtures[1], 1, n * each);
  wait_for (smoke ? 200 : SETTLING_MILLISECONDS);
  for (guint i = 0; i < 2; i++)
    used[i] = -cpu_time_get (child_get_pid (fixtures[i].service));
  wait_for (smoke ? 1200 : SLEEPING_MILLISECONDS);
  for (guint i = 0; i < 2; i++)
    used[i] += cpu_time_get (child_get_pid (fixtures[i].service));
  tell ("%u targets: %.3g ms, one target: %.3g ms", n, used[0] * 1e3, used[1] * 1e3);
  report_value ("sleeping-targets", used[0] / used[1]);
  for (guint i = 0; i < 2; i++)
    fixture_tear_down (&fixtures[i], NULL);
}
