/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "fake-eye.h"

#include "hugepages/observer.h"

#define SECOND ((guint64) G_USEC_PER_SEC)

/* Hot blocks whose pages are more than a TLB holds. */
#define N_HOT 16

/* An observer of a process on paper, driven by hand. */
typedef struct {
  FakeEye *eye;
  DhObserver *observer;
  guint64 begun;
} Case;

static inline void
set_up (Case *self, gconstpointer data)
{
  self->eye = fake_eye_new ();
  self->observer = dh_observer_new (DH_EYE (self->eye), fake_eye_get_advisor (self->eye), -1);
}

static inline void
tear_down (Case *self, gconstpointer data)
{
  dh_observer_free (self->observer);
  g_object_unref (self->eye);
}

static inline gboolean
begin (Case *self)
{
  g_autoptr (GError) error = NULL;
  gboolean moved;

  self->begun = (guint64) g_get_monotonic_time ();
  g_assert_true (dh_observer_begin (self->observer, &moved, &error));
  g_assert_no_error (error);
  return moved;
}

/* An epoch with one read a millisecond after the clear. Returns: the candidates. */
static inline GArray *
run_epoch (Case *self)
{
  g_autoptr (GError) error = NULL;

  begin (self);
  g_usleep (1000);
  g_assert_true (dh_observer_read (self->observer, &error));
  g_assert_no_error (error);
  return dh_observer_end (self->observer, 0);
}

static inline guint
count_candidates (Case *self)
{
  g_autoptr (GArray) candidates = run_epoch (self);

  return candidates->len;
}
