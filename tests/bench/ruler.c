/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "ruler.h"

#include "cpu-time.h"

#include <sched.h>
#include <sys/mman.h>

/* More than a processor's own caches hold and less than its translations reach, in huge pages. */
#define BYTES ((gsize) 256 << 20)
#define LINE_BYTES 64
#define N_LINES (BYTES / LINE_BYTES)

#define READS 4000 /* half a millisecond */
#define PAUSE_USEC 8000

#define SEED 20261129

typedef struct _Line Line;
struct _Line {
  Line *next;
  char rest[LINE_BYTES - sizeof (Line *)];
};

struct _Ruler {
  GThread *thread;
  cpu_set_t processors;
  Line *lines;
  gint ends; /* atomic */
  GMutex lock;
  RulerMark sum;
};

/* All lines in one circle of random order, so that each read has to wait for the one before. */
static void
link_lines (Line *lines)
{
  g_autofree guint32 *order = g_new (guint32, N_LINES);
  GRand *rand = g_rand_new_with_seed (SEED);

  for (guint32 i = 0; i < N_LINES; i++) {
    const guint32 j = (guint32) g_rand_int_range (rand, 0, (gint32) i + 1);

    order[i] = order[j];
    order[j] = i;
  }
  for (guint32 i = 0; i < N_LINES; i++)
    lines[order[i]].next = &lines[order[(i + 1) % N_LINES]];
  g_rand_free (rand);
}

static gpointer
run (gpointer data)
{
  Ruler *self = data;
  const Line *volatile line = self->lines;

  g_assert_no_errno (sched_setaffinity (0, sizeof self->processors, &self->processors));
  while (!g_atomic_int_get (&self->ends)) {
    const double begin = cpu_time_get_own ();

    for (guint i = 0; i < READS; i++)
      line = line->next;
    g_mutex_lock (&self->lock);
    self->sum.reads += READS;
    self->sum.seconds += cpu_time_get_own () - begin;
    g_mutex_unlock (&self->lock);
    g_usleep (PAUSE_USEC);
  }
  return NULL;
}

Ruler *
ruler_new (GPid pid)
{
  Ruler *self = g_new0 (Ruler, 1);

  g_assert_no_errno (sched_getaffinity (pid, sizeof self->processors, &self->processors));
  self->lines = mmap (NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_assert_true (self->lines != MAP_FAILED);
  g_assert_no_errno (madvise (self->lines, BYTES, MADV_HUGEPAGE));
  link_lines (self->lines);
  g_mutex_init (&self->lock);
  self->thread = g_thread_new ("ruler", run, self);
  return self;
}

void
ruler_free (Ruler *self)
{
  g_atomic_int_set (&self->ends, 1);
  g_thread_join (self->thread);
  g_mutex_clear (&self->lock);
  g_assert_no_errno (munmap (self->lines, BYTES));
  g_free (self);
}

RulerMark
ruler_mark (Ruler *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->sum;
}

double
ruler_get_speed (Ruler *self, const RulerMark *since)
{
  const RulerMark now = ruler_mark (self);

  g_assert_cmpuint (now.reads, >, since->reads);
  return (double) (now.reads - since->reads) / (now.seconds - since->seconds);
}
