/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bare-loop.h"
#include "measurement.h"
#include "measures.h"
#include "stage.h"
#include "target-objects.h"

#define ROUNDS 7
#define WORK_SECONDS 60

/* The quota of time that is measured by: what a window of a second allows is spent within half of
 * it, and then nothing happens, so that windows can be told apart from outside. Who asks takes the
 * processor away from the calls. */
#define QUOTA_USEC 200000
#define QUOTA "{'QuotaTimeUSec': <@t 200000>, 'QuotaSize': <@t 0>}"
#define QUIET_USEC 150000
#define ASK_MILLISECONDS 50
#define WINDOWS 5

/* Of the service, by default. */
#define DEFAULT_QUOTA_USEC 10000

#define RATE_REPEATS 4
#define RATE_MILLISECONDS 5000

#define ALMOST_ALL 0.95

/* So often it is looked at: a hundredth of the time that it takes. */
#define LOOK_MILLISECONDS 250

/* The host may be slow in some of them, and in the first it mostly was. */
#define HOT_ROUNDS 3

typedef struct {
  guint64 collapsed; /* bytes */
  guint64 tried;     /* bytes */
  guint64 calls;
} Progress;

static Progress
read_progress (Stage *stage, const char *path)
{
  GDBusConnection *connection = stage->fixture.connection;

  return (Progress){ get_target_statistic (connection, path, "collapsed-bytes"),
                     get_target_statistic (connection, path, "tried-bytes"),
                     get_target_statistic (connection, path, "tried-regions") };
}

/* Waits until the first window's quota is spent: something was done, and then nothing for a while.
 */
static Progress
wait_for_first_window (Stage *stage, const char *path)
{
  const gint64 deadline = wait_deadline (WORK_SECONDS);
  gint64 last = g_get_monotonic_time ();
  guint64 collapsed = 0;

  while (collapsed == 0 || g_get_monotonic_time () - last < QUIET_USEC) {
    const guint64 now = get_target_statistic (stage->fixture.connection, path, "collapsed-bytes");

    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    if (now > collapsed)
      last = g_get_monotonic_time ();
    collapsed = now;
    wait_for (ASK_MILLISECONDS);
  }
  return read_progress (stage, path);
}

/* @time: of g_get_monotonic_time(). */
static void
wait_until_time (gint64 time)
{
  wait_for ((guint) (MAX (time - g_get_monotonic_time (), 0) / 1000));
}

static double
get_run_blocks (const Progress *progress)
{
  return (double) progress->tried / PAGE_TABLES_BLOCK_SIZE / (double) progress->calls;
}

enum { SERVED, BARE };

/* The processor that both hotmaps have is the one's whose turn it is. */
static void
give_turn (const Subject *to, const Subject *from)
{
  child_signal (from->child, SIGSTOP);
  child_signal (to->child, SIGCONT);
}

/* @run: (inout): blocks in a call of the service, on average. @windows (element-type Round): gets
 * one for each of @n windows: megabytes per second of the quota, and of the calls of the bare loop,
 * which works behind the service in each. What the first window brings does not count: it may open
 * late, and its price is not known. */
static void
measure_windows (Stage *stage, const Subject *rival, guint n, double *run, GArray *windows)
{
  char *path = stage_serve (stage);
  BareLoop loop = { .subject = rival, .run_blocks = *run };
  Progress last = wait_for_first_window (stage, path);
  const gint64 end = g_get_monotonic_time ();

  for (guint i = 0; i <= n; i++) {
    const BareLoop before = loop;
    gboolean is_left;
    Progress now;
    Round window;

    wait_until_time (end + i * G_USEC_PER_SEC);
    now = read_progress (stage, path);
    give_turn (rival, &stage->subject);
    is_left = bare_loop_run (&loop, (i + 1) * QUOTA_USEC);
    give_turn (&stage->subject, rival);
    g_assert_true (is_left);
    window.state[SERVED] = (double) (now.collapsed - last.collapsed) / QUOTA_USEC;
    window.state[BARE] = (double) (loop.done - before.done) * PAGE_TABLES_BLOCK_SIZE
                         / (double) (loop.usec - before.usec);
    last = now;
    if (i == 0)
      continue;
    g_array_append_val (windows, window);
    tell ("served %.0f MB/s, bare %.0f MB/s", window.state[SERVED], window.state[BARE]);
  }
  *run = get_run_blocks (&last);
  tell ("runs of %.2f blocks", *run);
  g_assert_cmpuint (subject_count_huge (rival, HEAT_CLASS_HOT), ==, loop.done);
  subject_split (rival);
  stage_stop_serving (stage, path);
}

static double
get_served_share (const double *sums)
{
  return sums[SERVED] / sums[BARE];
}

/* The service and the bare loop, each with a hotmap of its own, work by turns of a fifth of a
 * second: how much memory the host has at hand changes within a few. */
void
measure_collapse (gboolean smoke, gboolean is_long)
{
  const SubjectSize size = { .hot = smoke ? 768 : 1920 };
  const guint rounds = smoke ? 1 : ROUNDS, n = smoke ? 1 : WINDOWS;
  g_autoptr (GArray) windows = g_array_new (FALSE, FALSE, sizeof (Round));
  Stage stage = { 0 };
  Subject rival;
  double run = 1;

  stage_set_up (&stage, &size);
  subject_start (&rival, &stage.fixture, &size);
  give_turn (&stage.subject, &rival);
  stage_keep_warm (&stage);
  engine_configure (&stage.fixture, QUOTA);
  /* This one tells how long runs are. */
  measure_windows (&stage, &rival, n, &run, windows);
  g_array_set_size (windows, 0);
  for (guint i = 0; i < rounds; i++)
    measure_windows (&stage, &rival, n, &run, windows);
  report ("collapse-throughput", estimate_pooled (windows, get_served_share));
  subject_clear (&rival);
  stage_tear_down (&stage);
}

void
measure_target_throughput (gboolean smoke, gboolean is_long)
{
  const SubjectSize size = { .hot = smoke ? 64 : 512 };
  const guint repeats = smoke ? 1 : RATE_REPEATS, milliseconds = smoke ? 200 : RATE_MILLISECONDS;
  g_autoptr (GArray) quotients = g_array_new (FALSE, FALSE, sizeof (double));
  Stage stage = { 0 };

  stage_set_up (&stage, &size);
  stage_keep_warm (&stage);
  for (guint i = 0; i < repeats; i++) {
    const double before = subject_measure_rate (&stage.subject, milliseconds);
    char *path = stage_serve (&stage);
    double during, quotient;

    stage_wait_for_work (&stage, path, WORK_SECONDS);
    during = subject_measure_rate (&stage.subject, milliseconds);
    tell ("before %.2f, while collapsing %.2f accesses/µs; %u of %u hot blocks huge", before,
          during, subject_count_huge (&stage.subject, HEAT_CLASS_HOT), size.hot);
    quotient = during / before;
    g_array_append_val (quotients, quotient);
    stage_stop_serving (&stage, path);
  }
  report ("target-throughput", estimate_median (quotients));
  stage_tear_down (&stage);
}

/* An epoch is announced by new figures at its begin and at its end; calls bring some too, but none
 * comes before the end of the second epoch. Returns: when that was, monotonic microseconds. */
static guint64
wait_for_second_epoch (Stage *stage, const char *path)
{
  const gint64 deadline = wait_deadline (WORK_SECONDS);
  guint64 seen = 0;

  for (guint i = 0; i < 4;) {
    const guint64 timestamp = get_target_statistic (stage->fixture.connection, path, "timestamp");

    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    if (timestamp != seen)
      i++;
    seen = timestamp;
    wait_for (5);
  }
  return seen;
}

static void
wait_until_hot_is_huge (Stage *stage)
{
  const gint64 deadline = wait_deadline (2 * WORK_SECONDS);
  const guint hot = subject_count_blocks (&stage->subject, HEAT_CLASS_HOT);

  while (subject_count_huge (&stage->subject, HEAT_CLASS_HOT) < ALMOST_ALL * hot) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    wait_for (LOOK_MILLISECONDS);
  }
}

/* @bare: (inout): the bare loop's bytes per second, before and after. Returns: the time that it
 * takes, as a multiple of what the quota allows. */
static double
measure_hot_round (Stage *stage, double *bare)
{
  const double hot_bytes =
    (double) subject_count_blocks (&stage->subject, HEAT_CLASS_HOT) * PAGE_TABLES_BLOCK_SIZE;
  const double before = *bare;
  char *path = stage_serve (stage);
  const guint64 begin = wait_for_second_epoch (stage, path);
  double seconds, mean, allowed, run;
  Progress progress;

  tell ("%" G_GUINT64_FORMAT " of %.0f MiB are found hot then",
        get_target_statistic (stage->fixture.connection, path, "hot-bytes") >> 20,
        hot_bytes / (1 << 20));
  wait_until_hot_is_huge (stage);
  seconds = (double) ((guint64) g_get_monotonic_time () - begin) / G_USEC_PER_SEC;
  progress = read_progress (stage, path);
  run = get_run_blocks (&progress);
  stage_stop_serving (stage, path);
  *bare = bare_loop_measure (&stage->subject, run, DEFAULT_QUOTA_USEC);
  mean = 2 / (1 / before + 1 / *bare);
  allowed = hot_bytes / (mean * DEFAULT_QUOTA_USEC / G_USEC_PER_SEC);
  tell ("%.1f s, of %.1f s that the quota allows at %.0f MB/s, runs of %.2f blocks", seconds,
        allowed, mean / 1e6, run);
  return seconds / allowed;
}

void
measure_time_to_hot (gboolean smoke, gboolean is_long)
{
  const SubjectSize size = { .hot = smoke ? 16 : 256, .one = 64, .cold = smoke ? 16 : 1600 };
  g_autoptr (GArray) quotients = g_array_new (FALSE, FALSE, sizeof (double));
  Stage stage = { 0 };
  double bare;

  stage_set_up (&stage, &size);
  stage_keep_warm (&stage);
  /* Hot blocks lie alone. */
  bare = bare_loop_measure (&stage.subject, 1, DEFAULT_QUOTA_USEC);
  for (guint i = 0; i < (smoke ? 1 : HOT_ROUNDS); i++) {
    const double quotient = measure_hot_round (&stage, &bare);

    g_array_append_val (quotients, quotient);
  }
  report ("time-to-hot", estimate_median (quotients));
  stage_tear_down (&stage);
}
