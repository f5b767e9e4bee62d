/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engine-probe.h"

#include "engines/walk-verification.h"

#include <sys/syscall.h>
#include <unistd.h>

EngineProbe *
engine_probe_new (GPid pid)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhPageTableWalker) walker = dh_verified_walker_new ("/", &error);
  EngineProbe *self = g_new0 (EngineProbe, 1);

  g_assert_no_error (error);
  self->pidfd = (int) syscall (SYS_pidfd_open, pid, 0);
  g_assert_no_errno (self->pidfd);
  self->eye = dh_page_table_eye_new (walker, pid, self->pidfd, &error);
  g_assert_no_error (error);
  self->views = g_array_new (FALSE, FALSE, sizeof (DhBlockView));
  return self;
}

void
engine_probe_free (EngineProbe *self)
{
  g_object_unref (self->eye);
  g_array_unref (self->views);
  close (self->pidfd);
  g_free (self);
}

void
engine_probe_read (EngineProbe *self)
{
  g_autoptr (GError) error = NULL;
  guint64 generation;

  dh_eye_read_blocks (self->eye, 0, G_MAXUINT64, self->views, &generation, &error);
  g_assert_no_error (error);
}

guint64
engine_probe_count_young (EngineProbe *self)
{
  guint64 young = 0;

  for (guint i = 0; i < self->views->len; i++) {
    const DhBlockView *view = &g_array_index (self->views, DhBlockView, i);

    if (!view->huge && view->resident == DH_BLOCK_PAGES)
      young += view->young;
  }
  return young;
}
