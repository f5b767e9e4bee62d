/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "engines/engine.h"

/* Which engine serves: all are probed, and the first that can work here is taken, or the one that
 * the administrator named. */
#define DH_TYPE_ENGINE_CHOOSER (dh_engine_chooser_get_type ())
G_DECLARE_FINAL_TYPE (DhEngineChooser, dh_engine_chooser, DH, ENGINE_CHOOSER, GObject)

/* An engine as it was found. */
typedef struct {
  DhEngine *engine;
  gboolean probed;
  gboolean available;
  const char *reason;        /* a word, perhaps finer than those of UnavailableReason; "" */
  const char *coarse_reason; /* one of those; "" */
  char *detail;              /* one sentence; "" */
} DhEngineStatus;

/* @engines: (transfer container) (element-type DhEngine) in the order of preference. @wanted: an
 * engine's name, or "auto". */
DhEngineChooser *dh_engine_chooser_new (GPtrArray *engines, const char *wanted);

/* Probes all engines at once, also again later: not while that is under way. @callback is called
 * when the last has answered. */
void dh_engine_chooser_probe_async (DhEngineChooser *self, GAsyncReadyCallback callback,
                                    gpointer user_data);

/* Returns: (transfer none) (nullable): the engine to use. */
DhEngine *dh_engine_chooser_probe_finish (DhEngineChooser *self, GAsyncResult *result);

/* (transfer none) (element-type DhEngineStatus) */
GPtrArray *dh_engine_chooser_get_engines (DhEngineChooser *self);

/* What was found out of @engine after it was probed: it cannot work any more. @error: of
 * DH_UNAVAILABLE. */
void dh_engine_chooser_note_unavailable (DhEngineChooser *self, DhEngine *engine,
                                         const GError *error);

/* Why none can be used: the word of the engine that is wanted, or of the first; "" while one can or
 * nothing is known. */
const char *dh_engine_chooser_get_reason (DhEngineChooser *self);

/* The same for @engine. */
const char *dh_engine_chooser_get_reason_of (DhEngineChooser *self, DhEngine *engine);
