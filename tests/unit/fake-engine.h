/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "engines/engine.h"

/* An engine that does nothing but what a test says: plans are noted, and made when the test lets
 * them be; what happens to the targets it tells by dh_engine_emit_event(). Main thread only. */

#define FAKE_TYPE_ENGINE (fake_engine_get_type ())
G_DECLARE_DERIVABLE_TYPE (FakeEngine, fake_engine, FAKE, ENGINE, GObject)

struct _FakeEngineClass {
  GObjectClass parent_class;
};

/* It is like bpf, and can undo; the other is like module, and cannot. Plans are made at once. */
FakeEngine *fake_engine_new (void);
FakeEngine *fake_engine_new_for_one (void);

/* From now on plans wait; for fake_engine_finish(), which makes the one that waits, or lets it fail
 * with that code. */
void fake_engine_hold (FakeEngine *self);
gboolean fake_engine_is_held (FakeEngine *self);
void fake_engine_finish (FakeEngine *self);
void fake_engine_fail (FakeEngine *self, int code);
/* From now on plans fail with that code, or no longer. */
void fake_engine_refuse (FakeEngine *self, int code);
void fake_engine_comply (FakeEngine *self);

/* None waits any more. */
void fake_engine_release (FakeEngine *self);

guint fake_engine_count_plans (FakeEngine *self);

/* Of the last plan that was made: how many targets it has, whether it has @pid, and serves it. */
guint fake_engine_count_targets (FakeEngine *self);
gboolean fake_engine_has (FakeEngine *self, pid_t pid);
gboolean fake_engine_serves (FakeEngine *self, pid_t pid);
gboolean fake_engine_has_released (FakeEngine *self);

/* It serves @pid no longer, by itself. */
void fake_engine_end (FakeEngine *self, pid_t pid);

/* @pid was asked to be undone; answers with so many bytes. */
gboolean fake_engine_is_undoing (FakeEngine *self, pid_t pid);
void fake_engine_undo (FakeEngine *self, guint64 split_bytes, guint64 kept_bytes);
