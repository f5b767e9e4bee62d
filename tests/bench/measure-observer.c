/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "cpu-time.h"
#include "engine-probe.h"
#include "measurement.h"
#include "measures.h"
#include "stage.h"
#include "target-objects.h"

#include <signal.h>
#include <sys/mman.h>

/* What is found hot while an epoch confirms another one's findings is confirmed when both are paid
 * for: with so much memory after most of a minute. */
#define SETTLING_SECONDS 180

/* Two of the longest epochs. */
#define WATCH_MILLISECONDS 64000
/* So seldom that being asked is not what the service spends its time on. */
#define POLL_MILLISECONDS 2000

#define PAIRS 50
#define SLICE_MILLISECONDS 1000

#define CALIBRATION_BYTES ((gsize) 256 << 20)
#define CALIBRATION_ROUNDS 15

static gboolean
is_complete (gpointer data)
{
  Stage *stage = data;

  return subject_count_huge (&stage->subject, HEAT_CLASS_HOT)
           == subject_count_blocks (&stage->subject, HEAT_CLASS_HOT)
         && subject_count_huge (&stage->subject, HEAT_CLASS_WARM)
              == subject_count_blocks (&stage->subject, HEAT_CLASS_WARM);
}

/* Until everything that pays is huge, as quickly as may be; what is measured then has the quota
 * that it has by default. */
static void
settle (Stage *stage, gboolean smoke)
{
  if (!wait_until (is_complete, stage, smoke ? 3 : SETTLING_SECONDS))
    tell ("not all that pays has become huge");
  for (HeatClass heat = 0; heat < HEAT_N_CLASSES; heat++)
    tell ("%u of %u %s blocks are huge", subject_count_huge (&stage->subject, heat),
          subject_count_blocks (&stage->subject, heat), heat_class_to_string (heat));
}

typedef struct {
  Stage *stage;
  const char *path;
  guint64 timestamp;
} LastFigures;

static guint64
read_timestamp (const LastFigures *last)
{
  return get_target_statistic (last->stage->fixture.connection, last->path, "timestamp");
}

static gboolean
are_figures_new (gpointer data)
{
  const LastFigures *last = data;

  return read_timestamp (last) != last->timestamp;
}

/* What looking cost while all was small is paid for by a wait, in which there would be nothing to
 * measure. The last calls have their figures when it begins. */
static void
wait_for_epoch (Stage *stage, const char *path)
{
  LastFigures last = { .stage = stage, .path = path };

  wait_for (POLL_MILLISECONDS);
  last.timestamp = read_timestamp (&last);
  g_assert_true (wait_until (are_figures_new, &last, SETTLING_SECONDS));
}

static double
time_touching (volatile char *pages)
{
  const gint64 start = g_get_monotonic_time ();

  for (gsize i = 0; i < CALIBRATION_BYTES; i += DH_PAGE_SIZE)
    pages[i];
  return (double) (g_get_monotonic_time () - start);
}

/* What touching a page costs more after its accessed bit was cleared, as the service clears it: in
 * seconds. */
static double
calibrate_retouch (void)
{
  const double n_pages = (double) CALIBRATION_BYTES / (double) DH_PAGE_SIZE;
  g_autoptr (GArray) costs = g_array_new (FALSE, FALSE, sizeof (double));
  char *pages =
    mmap (NULL, CALIBRATION_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  g_assert_true (pages != MAP_FAILED);
  g_assert_no_errno (madvise (pages, CALIBRATION_BYTES, MADV_NOHUGEPAGE));
  for (gsize i = 0; i < CALIBRATION_BYTES; i += DH_PAGE_SIZE)
    pages[i] = 1;
  for (guint i = 0; i < CALIBRATION_ROUNDS; i++) {
    const double marked = time_touching (pages);
    double cost;

    g_assert_no_errno (madvise (pages, CALIBRATION_BYTES, MADV_COLD));
    cost = (time_touching (pages) - marked) / n_pages / G_USEC_PER_SEC;
    g_array_append_val (costs, cost);
  }
  munmap (pages, CALIBRATION_BYTES);
  return MAX (median (costs), 0);
}

typedef struct {
  guint64 timestamp;
  guint64 young;   /* pages, when last looked */
  guint64 cleared; /* of them, at the begin of each epoch */
  guint epochs;
} Watch;

/* Figures are new at the begin of an epoch and at its end, less than a second later. What is
 * cleared is what was young before. An epoch whose begin and end are not seen at once counts twice:
 * rather too much. */
static void
poll_epochs (Stage *stage, const char *path, EngineProbe *probe, Watch *watch)
{
  const guint64 timestamp = get_target_statistic (stage->fixture.connection, path, "timestamp");

  if (watch->timestamp != 0 && timestamp != watch->timestamp) {
    watch->cleared += watch->young;
    watch->epochs++;
  }
  watch->timestamp = timestamp;
  engine_probe_read (probe);
  watch->young = engine_probe_count_young (probe);
}

/* Returns: how many epochs it has seen at most. */
static guint
watch_service (Stage *stage, const char *path, guint milliseconds)
{
  const GPid service = child_get_pid (stage->fixture.service);
  const double retouch = calibrate_retouch ();
  const gint64 start = g_get_monotonic_time ();
  const double begin = cpu_time_get (service);
  g_autoptr (EngineProbe) probe = engine_probe_new (stage->subject.pid);
  Watch watch = { 0 };
  double seconds, cores, cleared;

  while (g_get_monotonic_time () - start < milliseconds * (gint64) 1000) {
    poll_epochs (stage, path, probe, &watch);
    wait_for (POLL_MILLISECONDS);
  }
  seconds = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  cores = (cpu_time_get (service) - begin) / seconds;
  cleared = (double) watch.cleared / seconds;
  tell ("%u epochs at most in %.0f s, %.0f pages cleared per second, %.0f ns to touch one again",
        watch.epochs, seconds, cleared, retouch * 1e9);
  report_value ("observer-counted", cleared * retouch);
  report_value ("observer-cpu", cores);
  return watch.epochs;
}

/* Of rounds whose first number is the rate with the service, and the second without. */
static double
get_loss (const double *sums)
{
  return 1 - sums[0] / sums[1];
}

/* A service that is stopped has everything as it was: nothing is learnt or forgotten in between.
 * Epochs that fall due meanwhile come when it goes on, so that what is seen is rather too much. */
static void
compare_throughput (Stage *stage, guint pairs, guint milliseconds)
{
  g_autoptr (GArray) rounds = g_array_new (FALSE, FALSE, sizeof (Round));

  for (guint i = 0; i < pairs; i++) {
    Round round = { 0 };

    for (guint j = 0; j < 2; j++) {
      const guint state = (i + j) % 2;

      child_signal (stage->fixture.service, state ? SIGSTOP : SIGCONT);
      round.state[state] = subject_measure_rate (&stage->subject, milliseconds);
    }
    g_array_append_val (rounds, round);
  }
  child_signal (stage->fixture.service, SIGCONT);
  report ("observer-throughput", estimate_pooled (rounds, get_loss));
}

void
measure_observer (gboolean smoke, gboolean is_long)
{
  const SubjectSize size =
    smoke ? (SubjectSize){ 16, 0, 16, 32 } : (SubjectSize){ 256, 128, 256, 3456 };
  Stage stage = { 0 };
  guint n_epochs;
  char *path;

  stage_set_up (&stage, &size);
  engine_configure (&stage.fixture, "{'QuotaTimeUSec': <@t 500000>, 'QuotaSize': <@t 0>}");
  path = stage_serve (&stage);
  settle (&stage, smoke);
  engine_configure (&stage.fixture, "{'QuotaTimeUSec': <@t 10000>, 'QuotaSize': <@t 134217728>}");
  if (!smoke)
    wait_for_epoch (&stage, path);
  n_epochs = watch_service (&stage, path, smoke ? 500 : WATCH_MILLISECONDS);
  g_assert_true (smoke || n_epochs > 0);
  compare_throughput (&stage, smoke ? 2 : PAIRS, smoke ? 100 : SLICE_MILLISECONDS);
  g_free (path);
  stage_tear_down (&stage);
}
