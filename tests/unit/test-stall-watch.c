/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engines/stall-watch.h"

#define MSEC ((guint64) 1000)
#define SECOND ((guint64) G_USEC_PER_SEC)
#define BEGIN (100 * SECOND)
#define MAX_LOOKS 6
#define NONE                                                                                       \
  {                                                                                                \
    0                                                                                              \
  }

/* A look @after the begin, and what the counters read then, counted from the base. */
typedef struct {
  guint64 after;
  guint64 tried;
  guint64 exceeds;
  gboolean deferred; /* settings have changed just before it */
  gboolean unseen;   /* there is no look each second before it */
  gboolean stalled;  /* what is to be said */
} Look;

typedef struct {
  const char *name;
  gboolean innocent; /* nothing is suspected */
  guint64 min_age;   /* microseconds */
  guint64 aggregation;
  guint64 window; /* milliseconds */
  guint64 base;   /* of both counters */
  Look looks[MAX_LOOKS];
} Row;

/* Patience with these: 2 * 100 ms + 10 * 100 ms + 3 * 1 s = 4.2 s. */
#define USUAL FALSE, 100 * MSEC, 100 * MSEC, 1000
#define PATIENCE (4200 * MSEC)

static const Row rows[] = {
  { "stands", USUAL, 7, { { SECOND }, { PATIENCE - 1 }, { PATIENCE, .stalled = TRUE } } },
  { "stands from the first", USUAL, 0, { { PATIENCE, .stalled = TRUE } } },
  { "the machine was stopped",
    USUAL,
    7,
    { { 4 * SECOND },
      { 3600 * SECOND, .unseen = TRUE },
      { 3600 * SECOND + PATIENCE - 4 * SECOND - 1 },
      { 3600 * SECOND + PATIENCE - 4 * SECOND, .stalled = TRUE } } },
  { "looks are as rare as they may be",
    USUAL,
    7,
    { { DH_STALL_GAP_USEC, .unseen = TRUE },
      { 2 * DH_STALL_GAP_USEC, .unseen = TRUE },
      { PATIENCE, .stalled = TRUE } } },
  { "looks are rarer",
    USUAL,
    7,
    { { DH_STALL_GAP_USEC + 1, .unseen = TRUE },
      { 2 * DH_STALL_GAP_USEC + 2, .unseen = TRUE },
      { 3 * DH_STALL_GAP_USEC + 3, .unseen = TRUE } } },
  { "the fastest settings",
    FALSE,
    0,
    1,
    1,
    7,
    { { 3 * SECOND - 1 }, { 3 * SECOND, .stalled = TRUE } } },
  { "is tried", USUAL, 7, { { SECOND, 1, 1 }, { 10 * SECOND, 2, 2 }, { 3600 * SECOND, 3, 3 } } },
  { "is tried once, then stands",
    USUAL,
    7,
    { { SECOND, 1, 1 }, { 10 * SECOND, 1, 1 }, { 3600 * SECOND, 1, 1 } } },
  { "is tried at the last moment", USUAL, 7, { { PATIENCE - 1 }, { PATIENCE, 1, 0 } } },
  { "windows are full, nothing is tried",
    USUAL,
    7,
    { { SECOND, 0, 1 },
      { PATIENCE, 0, 2 },
      { 2 * PATIENCE - 1, 0, 2 },
      { 2 * PATIENCE, 0, 2, .stalled = TRUE } } },
  { "one window is left over",
    USUAL,
    7,
    { { SECOND, 0, 1 },
      { SECOND + PATIENCE - 1, 0, 1 },
      { SECOND + PATIENCE, 0, 1, .stalled = TRUE } } },
  { "is full again and again",
    USUAL,
    7,
    { { 4 * SECOND, 0, 1 }, { 8 * SECOND, 0, 2 }, { 12 * SECOND, 0, 3 }, { 16 * SECOND, 0, 4 } } },
  { "a long age",
    FALSE,
    60 * SECOND,
    100 * MSEC,
    1000,
    7,
    { { PATIENCE }, { 124 * SECOND - 1 }, { 124 * SECOND, .stalled = TRUE } } },
  { "the longest age",
    FALSE,
    3600 * SECOND,
    60 * SECOND,
    3600000,
    7,
    { { 7200 * SECOND }, { 18600 * SECOND - 1 }, { 18600 * SECOND, .stalled = TRUE } } },
  { "windows shorter than an aggregation",
    FALSE,
    0,
    SECOND,
    10,
    7,
    { { 13 * SECOND - 1 }, { 13 * SECOND, .stalled = TRUE } } },
  { "settings change",
    USUAL,
    7,
    { { PATIENCE - 1, .deferred = TRUE },
      { PATIENCE },
      { 2 * PATIENCE - 2 },
      { 2 * PATIENCE - 1, .stalled = TRUE } } },
  { "settings change after it was said",
    USUAL,
    7,
    { { PATIENCE, .stalled = TRUE },
      { PATIENCE, .deferred = TRUE },
      { 2 * PATIENCE, .stalled = TRUE } } },
  { "is not suspected", TRUE, 100 * MSEC, 100 * MSEC, 1000, 7, { { PATIENCE }, { 9 * PATIENCE } } },
  { "the counters wrap",
    USUAL,
    G_MAXUINT64,
    { { SECOND }, { PATIENCE, 0, 1 }, { PATIENCE + SECOND, 1, 1 }, { 9 * PATIENCE, 1, 1 } } },
  { "the counters wrap, and stand",
    USUAL,
    G_MAXUINT64,
    { { SECOND, 0, 1 }, { SECOND + PATIENCE, 0, 1, .stalled = TRUE } } },
};

static DhParameterValues
make_values (const Row *row, const Look *look)
{
  DhParameterValues values = { 0 };

  dh_parameter_values_set (&values, DH_PARAMETER_MIN_AGE, row->min_age);
  dh_parameter_values_set (&values, DH_PARAMETER_AGGR_INTERVAL, row->aggregation);
  dh_parameter_values_set (&values, DH_PARAMETER_QUOTA_RESET_INTERVAL, row->window);
  dh_parameter_values_set (&values, DH_PARAMETER_TRIED_REGIONS, row->base + look->tried);
  dh_parameter_values_set (&values, DH_PARAMETER_QUOTA_EXCEEDS, row->base + look->exceeds);
  return values;
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  const DhParameterValues base = make_values (row, &(Look) NONE);
  DhParameterValues last = base;
  DhStallWatch watch;
  guint64 looked = 0;
  gboolean stalled = FALSE;

  dh_stall_watch_begin (&watch, !row->innocent, &base, BEGIN);
  for (guint i = 0; i < MAX_LOOKS && row->looks[i].after > 0; i++) {
    const Look *look = &row->looks[i];
    const DhParameterValues values = make_values (row, look);

    g_test_message ("look %u", i);
    while (!look->unseen && (looked += SECOND) < look->after)
      g_assert_cmpint (dh_stall_watch_look (&watch, &base, &last, BEGIN + looked), ==, stalled);
    if (look->deferred)
      dh_stall_watch_defer (&watch, BEGIN + look->after);
    g_assert_cmpint (dh_stall_watch_look (&watch, &base, &values, BEGIN + look->after), ==,
                     look->stalled);
    last = values;
    looked = look->after;
    stalled = look->stalled;
  }
}

/* Once it was seen to work nothing is watched any more. */
static void
test_ends_when_it_works (void)
{
  const DhParameterValues base = make_values (&rows[0], &(Look) NONE);
  const DhParameterValues moved = make_values (&rows[0], &(Look){ .tried = 1 });
  DhStallWatch watch;

  dh_stall_watch_begin (&watch, TRUE, &base, BEGIN);
  dh_stall_watch_look (&watch, &base, &base, BEGIN + 1);
  g_assert_cmpuint (watch.doubt, >, 0);
  dh_stall_watch_look (&watch, &base, &moved, BEGIN + 2);
  g_assert_cmpuint (watch.doubt, ==, 0);
}

/* Where a counter is no file nothing is said, ever. */
static void
test_unknown_counters (void)
{
  static const DhParameter counters[] = { DH_PARAMETER_TRIED_REGIONS, DH_PARAMETER_QUOTA_EXCEEDS };

  for (guint i = 0; i < G_N_ELEMENTS (counters); i++) {
    DhParameterValues values = make_values (&rows[0], &(Look) NONE);
    DhStallWatch watch;

    values.known[counters[i]] = FALSE;
    dh_stall_watch_begin (&watch, TRUE, &values, BEGIN);
    for (guint second = 1; second < 3600; second++)
      g_assert_false (dh_stall_watch_look (&watch, &values, &values, BEGIN + second * SECOND));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path =
      g_strdelimit (g_strconcat ("/stall-watch/", rows[i].name, NULL), " ", '-');

    g_test_add_data_func (path, &rows[i], test_row);
  }
  g_test_add_func ("/stall-watch/ends-when-it-works", test_ends_when_it_works);
  g_test_add_func ("/stall-watch/unknown-counters", test_unknown_counters);
  return g_test_run ();
}
