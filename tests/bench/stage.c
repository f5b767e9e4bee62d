/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "stage.h"

#include "cpu-time.h"
#include "hugepages/advisor.h"
#include "target-objects.h"

#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BLOCK_MEBIBYTES 2

/* More than hot and warm blocks need, so that none is had for the first time. */
#define SPARE_MEBIBYTES 128

/* Of huge pages kept at hand: a few, so that they are soon there again after the host has taken
 * them back, but more than a second's calls take. Each turn has the processor that the calls run on
 * for some milliseconds: seldom, and yet twenty times in the two seconds after which a host takes
 * back what is free. */
#define WARM_MEBIBYTES "32"
#define WARM_MILLISECONDS "100"

#define PACE_MILLISECONDS 5

#define SPLITS 5
#define SPLIT_MILLISECONDS 20

void
stage_set_up_service (Fixture *fixture)
{
  fixture_set_up_bus (fixture, NULL);
  fixture_service_start (fixture, NULL);
  fixture_service_wait_probed (fixture);
}

void
stage_set_up (Stage *self, const StageSize *size)
{
  g_autofree char *hot = g_strdup_printf ("--hot=%u", size->hot);
  g_autofree char *warm = g_strdup_printf ("--warm=%u", size->warm);
  g_autofree char *one = g_strdup_printf ("--one=%u", size->one);
  g_autofree char *cold = g_strdup_printf ("--cold=%u", size->cold);
  g_autoptr (GError) error = NULL;

  stage_set_up_service (&self->fixture);
  self->child = fixture_hotmap_as (&self->fixture, "alice", &self->map, hot, warm, one, cold, NULL);
  self->pid = child_get_pid (self->child);
  cpu_pin (self->pid, g_get_num_processors () - 1);
  self->tables = page_tables_open (self->pid, &error);
  g_assert_no_error (error);
  engine_warm_host ((size->hot + size->warm) * BLOCK_MEBIBYTES + SPARE_MEBIBYTES);
}

void
stage_keep_warm (Stage *self)
{
  const char *argv[] = { g_getenv ("DH_HOSTMEM_WARM"), WARM_MEBIBYTES, WARM_MILLISECONDS, NULL };

  self->warmer = child_spawn (argv, &(ChildOptions){ .user = NULL });
}

void
stage_tear_down (Stage *self)
{
  g_clear_pointer (&self->warmer, child_free);
  page_tables_close (self->tables);
  heat_map_free (self->map);
  fixture_tear_down (&self->fixture, NULL);
}

/* What the service had begun may end a moment later, and a page that somebody holds stays huge. */
static void
split (Stage *self)
{
  for (guint i = 0; i == 0 || stage_count_huge (self, HEAT_CLASS_HOT) > 0; i++) {
    g_autoptr (GError) error = NULL;
    guint64 bytes;

    g_assert_cmpuint (i, <, SPLITS);
    if (i > 0)
      wait_for (SPLIT_MILLISECONDS);
    page_tables_split (self->tables, &bytes, &error);
    g_assert_no_error (error);
  }
}

char *
stage_serve (Stage *self)
{
  return added_target (self->fixture.connection, (guint32) self->pid, NULL);
}

void
stage_stop_serving (Stage *self, char *path)
{
  g_autofree char *owned = path;
  g_autoptr (GError) error = NULL;

  remove_target (self->fixture.connection, owned, &error);
  g_assert_no_error (error);
  split (self);
}

typedef struct {
  Stage *stage;
  const char *path;
} WorkWait;

static gboolean
has_begun (gpointer data)
{
  const WorkWait *wait = data;

  return get_target_statistic (wait->stage->fixture.connection, wait->path, "tried-regions") > 0;
}

void
stage_wait_for_work (Stage *self, const char *path, guint seconds)
{
  g_assert_true (wait_until (has_begun, &(WorkWait){ self, path }, seconds));
}

guint
stage_count_huge (Stage *self, HeatClass heat)
{
  g_autoptr (GError) error = NULL;
  guint n;

  heat_map_count_huge (self->map, heat, self->tables, &n, &error);
  g_assert_no_error (error);
  return n;
}

typedef struct {
  guint64 operations;
  guint64 usec;
} Tally;

static Tally
read_tally (Stage *self)
{
  g_autofree char *line = NULL;
  Tally tally;

  child_signal (self->child, SIGUSR1);
  line = child_expect_line (self->child, "ops ", 10);
  g_assert_cmpint (sscanf (line, "ops %" G_GUINT64_FORMAT " usec %" G_GUINT64_FORMAT,
                           &tally.operations, &tally.usec),
                   ==, 2);
  return tally;
}

double
stage_measure_rate (Stage *self, guint milliseconds)
{
  const Tally begin = read_tally (self);
  Tally end;

  wait_for (milliseconds);
  end = read_tally (self);
  return (double) (end.operations - begin.operations) / (double) (end.usec - begin.usec);
}

/* Returns: how many blocks from the @first on, next to one another, make the next run. @due: blocks
 * that are due to be in a run so far. */
static guint
find_run (const GArray *blocks, guint first, double due)
{
  guint length = 1;

  while (first + length + 1 <= due && first + length < blocks->len
         && g_array_index (blocks, guint64, first + length)
              == g_array_index (blocks, guint64, first) + length * PAGE_TABLES_BLOCK_SIZE)
    length++;
  return length;
}

/* What was spent in calls since @start is no more than so much a second, each begun one counting
 * whole. */
static void
keep_pace (gint64 start, gint64 spent, guint usec_a_second)
{
  while (spent >= (g_get_monotonic_time () - start + G_USEC_PER_SEC) / G_USEC_PER_SEC
                    * (gint64) usec_a_second)
    wait_for (PACE_MILLISECONDS);
}

double
stage_run_bare_loop (Stage *self, double run_blocks, guint usec_a_second)
{
  const gint64 begin = g_get_monotonic_time ();
  const GArray *blocks = self->map->blocks[HEAT_CLASS_HOT];
  const int pidfd = (int) syscall (SYS_pidfd_open, self->pid, 0);
  double due = 0;
  gint64 usec = 0;
  guint huge;

  g_assert_no_errno (pidfd);
  for (guint i = 0, length; i < blocks->len; i += length) {
    gint64 start;

    keep_pace (begin, usec, usec_a_second);
    /* What rounding left, not what the end of a row of blocks did. */
    due = CLAMP (due, i - 0.5, i + 0.5) + run_blocks;
    length = find_run (blocks, i, due + 0.5);
    start = g_get_monotonic_time ();
    dh_advisor_collapse (&dh_kernel_advisor, pidfd, g_array_index (blocks, guint64, i),
                         length * PAGE_TABLES_BLOCK_SIZE);
    usec += g_get_monotonic_time () - start;
  }
  close (pidfd);
  huge = stage_count_huge (self, HEAT_CLASS_HOT);
  split (self);
  return (double) huge * PAGE_TABLES_BLOCK_SIZE / (double) usec * G_USEC_PER_SEC;
}
