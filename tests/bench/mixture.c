/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "mixture.h"

#include <signal.h>
#include <stdio.h>

#define PINNED "--pin=1"
#define READY_SECONDS 120

static void
map_counters (Mixture *self, int fd)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd/%d", child_get_pid (self->child), fd);
  const gsize block_size = sizeof *self->counts + sizeof *self->classes;
  g_autoptr (GError) error = NULL;

  self->file = g_mapped_file_new (path, FALSE, &error);
  g_assert_no_error (error);
  self->header = (const struct mix_header *) (void *) g_mapped_file_get_contents (self->file);
  g_assert_cmpuint (g_mapped_file_get_length (self->file), ==,
                    sizeof *self->header + self->header->n_blocks * block_size);
  self->counts = (const guint64 *) (self->header + 1);
  self->classes = (const guint8 *) (self->counts + self->header->n_blocks);
}

Mixture *
mixture_new (Fixture *fixture, guint mebibytes)
{
  const char *program = g_getenv ("DH_MIXMAP");
  g_autofree char *size = g_strdup_printf ("--size=%u", mebibytes);
  g_autofree char *counters = NULL, *ready = NULL;
  Mixture *self = g_new0 (Mixture, 1);
  int fd;

  g_assert_nonnull (program);
  self->child = fixture_spawn_as (fixture, "alice", program, size, PINNED, NULL);
  counters = child_expect_line (self->child, "counters ", READY_SECONDS);
  ready = child_expect_line (self->child, "ready", READY_SECONDS);
  g_assert_cmpint (sscanf (counters, "counters %d", &fd), ==, 1);
  map_counters (self, fd);
  return self;
}

void
mixture_free (Mixture *self)
{
  child_signal (self->child, SIGKILL);
  g_assert_true (child_wait (self->child, 30, NULL));
  g_mapped_file_unref (self->file);
  g_free (self);
}

GPid
mixture_get_pid (const Mixture *self)
{
  return child_get_pid (self->child);
}

guint64
mixture_get_accesses (const Mixture *self)
{
  return __atomic_load_n (&self->header->accesses, __ATOMIC_RELAXED);
}

void
mixture_advise (Mixture *self)
{
  g_autofree char *line = NULL;

  child_signal (self->child, SIGUSR1);
  line = child_expect_line (self->child, "advised", 10);
}

GArray *
mixture_read_huge (const Mixture *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PageTables) tables = page_tables_open (mixture_get_pid (self), &error);
  GArray *huge = g_array_new (FALSE, FALSE, sizeof (gboolean));

  g_assert_no_error (error);
  for (guint64 i = 0; i < self->header->n_blocks; i++) {
    gboolean is_huge = FALSE;

    page_tables_is_huge (tables, self->header->address + i * MIX_BLOCK_SIZE, &is_huge, &error);
    g_assert_no_error (error);
    g_array_append_val (huge, is_huge);
  }
  return huge;
}

guint
mixture_count (const Mixture *self, enum mix_heat heat)
{
  guint n = 0;

  for (guint64 i = 0; i < self->header->n_blocks; i++)
    n += self->classes[i] == heat;
  return n;
}

guint
mixture_count_huge (const Mixture *self, enum mix_heat heat, GArray *huge)
{
  guint n = 0;

  for (guint i = 0; i < huge->len; i++)
    n += self->classes[i] == heat && g_array_index (huge, gboolean, i);
  return n;
}

gboolean
mixture_has_all (const Mixture *self, enum mix_heat heat)
{
  g_autoptr (GArray) huge = mixture_read_huge (self);

  return mixture_count_huge (self, heat, huge) == mixture_count (self, heat);
}

gboolean
mixture_is_complete (gpointer self)
{
  return mixture_has_all (self, MIX_HOT) && mixture_has_all (self, MIX_WARM);
}
