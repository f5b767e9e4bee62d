/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "configuration.h"
#include "engines/engine.h"
#include "store.h"

/* The settings of the engine in use: what they are, what they are without anybody's doing, and what
 * of them survives the service. */
typedef struct {
  DhSettings defaults; /* the engine's own, under the administrator's */
  DhSettings stored;   /* what the next start begins with */
  DhSettings current;  /* in force */
  DhSettings found;    /* what the kernel had when last looked at */
} DhEngineSettings;

/* Those of no engine. */
void dh_engine_settings_init (DhEngineSettings *settings);

/* Those of @engine, as a start begins with them. What its ranges do not allow is passed over with a
 * warning. */
void dh_engine_settings_load (DhEngineSettings *settings, DhEngine *engine,
                              const DhConfiguration *configuration, DhStore *store);

/* Takes what the kernel has where nothing else is stored, for nobody's wish is known to be against
 * it; where somebody else is served, all of it. */
void dh_engine_settings_adopt (DhEngineSettings *settings, const DhFound *found);

/* Takes what has changed in the kernel since it was last looked at. */
void dh_engine_settings_follow (DhEngineSettings *settings, const DhFound *found);
