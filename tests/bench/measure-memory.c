/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engine-case.h"
#include "measurement.h"
#include "measures.h"
#include "mixture.h"
#include "shares.h"

/* How many huge pages may be needed at a time: hot and warm blocks, and some that are neither. */
#define USED_SHARE 4

#define STILL_SECONDS 8
#define MAP_SECONDS 85

static const char *const heat_names[MIX_N_HEATS] = { "hot", "warm", "cool", "one page hot",
                                                     "cold" };

static guint64 *
copy_counts (const Mixture *mixture)
{
  return g_memdup2 (mixture->counts, mixture->header->n_blocks * sizeof *mixture->counts);
}

static void
tell_rates (const Mixture *mixture, const guint64 *accesses, guint milliseconds)
{
  for (enum mix_heat heat = 0; heat < MIX_COLD; heat++) {
    guint64 sum = 0;

    for (guint64 i = 0; i < mixture->header->n_blocks; i++)
      sum += mixture->classes[i] == heat ? accesses[i] : 0;
    tell ("%s: %.4g accesses a second and block", heat_names[heat],
          (double) sum * 1000 / milliseconds / mixture_count (mixture, heat));
  }
}

/* Of the accesses in that time, those in huge blocks ÷ those in hot and warm ones. */
static double
measure_accesses (const Mixture *mixture, GArray *huge, guint milliseconds)
{
  g_autofree guint64 *before = copy_counts (mixture), *accesses = NULL;
  guint64 in_huge = 0, in_hot = 0;

  wait_for (milliseconds);
  accesses = copy_counts (mixture);
  for (guint i = 0; i < huge->len; i++) {
    accesses[i] -= before[i];
    if (g_array_index (huge, gboolean, i))
      in_huge += accesses[i];
    if (mixture->classes[i] == MIX_HOT || mixture->classes[i] == MIX_WARM)
      in_hot += accesses[i];
  }
  tell_rates (mixture, accesses, milliseconds);
  return (double) in_huge / (double) in_hot;
}

static void
report_map (const Mixture *mixture, gboolean smoke)
{
  g_autoptr (GArray) huge = mixture_read_huge (mixture);
  guint n[MIX_N_HEATS], n_huge[MIX_N_HEATS], all_huge = 0;

  for (enum mix_heat heat = 0; heat < MIX_N_HEATS; heat++) {
    n[heat] = mixture_count (mixture, heat);
    n_huge[heat] = mixture_count_huge (mixture, heat, huge);
    all_huge += n_huge[heat];
    tell ("%s: %u of %u blocks huge", heat_names[heat], n_huge[heat], n[heat]);
  }
  report_value ("map-hot-huge", (double) n_huge[MIX_HOT] / n[MIX_HOT]);
  report_value ("map-cold-huge",
                (double) (n_huge[MIX_ONE] + n_huge[MIX_COLD]) / (n[MIX_ONE] + n[MIX_COLD]));
  report_value ("map-accesses", measure_accesses (mixture, huge, smoke ? 500 : 5000));
  report_value ("map-memory", (double) all_huge / huge->len);
}

void
measure_map (gboolean smoke, gboolean is_long)
{
  const guint mebibytes = smoke ? 256 : 4096;
  Fixture fixture = { 0 };
  Mixture *mixture;

  fixture_set_up_all (&fixture, NULL);
  mixture = mixture_new (&fixture, mebibytes);
  engine_warm_host (mebibytes / USED_SHARE);
  engine_serve (&fixture, mixture_get_pid (mixture), ENGINE_QUICKLY);
  share_wait_collapsed (&fixture, smoke ? 1 : STILL_SECONDS, smoke ? 3 : MAP_SECONDS,
                        mixture_is_complete, mixture);
  report_map (mixture, smoke);
  mixture_free (mixture);
  fixture_tear_down (&fixture, NULL);
}

static guint64
get_huge_bytes (const Mixture *mixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PageTables) tables = page_tables_open (mixture_get_pid (mixture), &error);
  guint64 anonymous, huge;

  g_assert_no_error (error);
  page_tables_get_totals (tables, &anonymous, &huge, &error);
  g_assert_no_error (error);
  return huge;
}

/* Bytes made huge per second from now on until all that is hot is huge, in megabytes. */
static double
measure_progress (const Mixture *mixture, guint seconds)
{
  const gint64 start = g_get_monotonic_time ();
  guint64 bytes;
  double taken;

  do {
    wait_for (1000);
    taken = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  } while (taken < seconds && !mixture_has_all (mixture, MIX_HOT));
  bytes = get_huge_bytes (mixture);
  tell ("%" G_GUINT64_FORMAT " MiB huge after %.1f s", bytes >> 20, taken);
  return (double) bytes / taken / 1e6;
}

void
measure_khugepaged (gboolean smoke, gboolean is_long)
{
  const guint mebibytes = smoke ? 128 : 2048, seconds = smoke ? 2 : 60;
  Fixture fixture = { 0 };
  Mixture *mixture;

  fixture_set_up_all (&fixture, NULL);
  mixture = mixture_new (&fixture, mebibytes);
  engine_warm_host (mebibytes / USED_SHARE);
  mixture_advise (mixture);
  report_value ("khugepaged-rate", measure_progress (mixture, seconds));
  mixture_free (mixture);

  mixture = mixture_new (&fixture, mebibytes);
  engine_warm_host (mebibytes / USED_SHARE);
  engine_serve (&fixture, mixture_get_pid (mixture), "");
  report_value ("own-rate", measure_progress (mixture, seconds));
  mixture_free (mixture);
  fixture_tear_down (&fixture, NULL);
}
