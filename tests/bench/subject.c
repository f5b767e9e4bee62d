/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "subject.h"

#include "cpu-time.h"

#include <stdio.h>

#define BLOCK_MEBIBYTES 2

/* More than hot and warm blocks need, so that none is had for the first time. */
#define SPARE_MEBIBYTES 128

#define SPLITS 5
#define SPLIT_MILLISECONDS 20

void
subject_start (Subject *self, Fixture *fixture, const SubjectSize *size)
{
  g_autofree char *hot = g_strdup_printf ("--hot=%u", size->hot);
  g_autofree char *warm = g_strdup_printf ("--warm=%u", size->warm);
  g_autofree char *one = g_strdup_printf ("--one=%u", size->one);
  g_autofree char *cold = g_strdup_printf ("--cold=%u", size->cold);
  g_autoptr (GError) error = NULL;

  self->child = fixture_hotmap_as (fixture, "alice", &self->map, hot, warm, one, cold, NULL);
  self->pid = child_get_pid (self->child);
  cpu_pin (self->pid, g_get_num_processors () - 1);
  self->tables = page_tables_open (self->pid, &error);
  g_assert_no_error (error);
  engine_warm_host ((size->hot + size->warm) * BLOCK_MEBIBYTES + SPARE_MEBIBYTES);
}

void
subject_clear (Subject *self)
{
  page_tables_close (self->tables);
  heat_map_free (self->map);
}

guint
subject_count_blocks (const Subject *self, HeatClass heat)
{
  return self->map->blocks[heat]->len;
}

guint
subject_count_huge (const Subject *self, HeatClass heat)
{
  g_autoptr (GError) error = NULL;
  guint n;

  heat_map_count_huge (self->map, heat, self->tables, &n, &error);
  g_assert_no_error (error);
  return n;
}

/* What the service had begun may end a moment later, and a page that somebody holds stays huge. */
void
subject_split (const Subject *self)
{
  for (guint i = 0; i == 0 || subject_count_huge (self, HEAT_CLASS_HOT) > 0; i++) {
    g_autoptr (GError) error = NULL;
    guint64 bytes;

    g_assert_cmpuint (i, <, SPLITS);
    if (i > 0)
      wait_for (SPLIT_MILLISECONDS);
    page_tables_split (self->tables, &bytes, &error);
    g_assert_no_error (error);
  }
}

typedef struct {
  guint64 operations;
  guint64 usec;
} Tally;

static Tally
read_tally (const Subject *self)
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
subject_measure_rate (const Subject *self, guint milliseconds)
{
  const Tally begin = read_tally (self);
  Tally end;

  wait_for (milliseconds);
  end = read_tally (self);
  return (double) (end.operations - begin.operations) / (double) (end.usec - begin.usec);
}
