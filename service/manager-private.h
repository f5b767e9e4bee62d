/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "engine-settings.h"
#include "gate.h"
#include "manager.h"
#include "plan.h"

/* What the files of the manager share: manager.c is its face and its state, manager-engines.c finds
 * the engine and listens to it, manager-changes.c makes the changes, manager-targets.c lets happen
 * to targets what happens. */

struct _DhManager {
  GObject parent_instance;

  DhConfiguration *configuration;
  DhStore *store;
  DhEngineChooser *chooser;
  char *root;

  DhGate *ready;    /* opens when the engines have been probed, … */
  DhGate *again;    /* … and this one, when they have been once more (nullable) */
  DhEngine *engine; /* (nullable), of chooser */
  DhEngineSettings settings;

  DhTargetList *targets;
  DhTarget *primary; /* (nullable): one of them, or one that has exited */
  gboolean dropped;  /* the last primary became somebody else's and is held no longer */
  gboolean foreign;  /* what serves the primary was begun outside of this service */
  gboolean unknown;  /* what the kernel has: a write has not come back in time */
  gboolean stopping; /* nothing is changed any more */
  gboolean has_error;
  DhError last_error;
  guint remember_timer; /* what is served is to be remembered */
  guint statistics_timer;
  guint64 statistics_interval; /* of the timer */

  GQueue jobs;              /* GTask: changes in the order in which they were authorized */
  GTask *job;               /* under way (nullable) */
  gboolean found_meanwhile; /* by the engine, since that was planned */
};

/* In manager.c. */
void dh_manager_emit_changed (DhManager *self);
DhSituation dh_manager_get_situation (DhManager *self);

/* What ended or hampers serving; NULL: nothing does. */
void dh_manager_set_error (DhManager *self, const GError *error);

/* In manager-engines.c. */

/* What the engine has found takes the place of what was applied. */
void dh_manager_take_found (DhManager *self);

/* In manager-targets.c. */

/* For the case of a crash. */
void dh_manager_remember_targets (DhManager *self);

/* The same within DH_STORE_DELAY_MSEC, once for all that changes until then: goals can change many
 * times a second, and each record is synced to the disk. */
void dh_manager_remember_targets_soon (DhManager *self);

/* Takes the engine's latest figures. */
void dh_manager_note_statistics (DhManager *self);
void dh_manager_update_statistics_timer (DhManager *self);

/* @target: (nullable). */
void dh_manager_set_primary (DhManager *self, DhTarget *target);

/* Lets the events happen to @target, one after the other, and does what they entail but for what
 * the engine has to. */
void dh_manager_handle_all (DhManager *self, DhTarget *target, const DhTargetEvent *events,
                            guint n_events);
void dh_manager_handle (DhManager *self, DhTarget *target, DhTargetEvent event);

/* In manager-changes.c. */
typedef enum {
  DH_JOB_CHANGE,
  DH_JOB_SETTLE, /* what a crash left is cleared up */
  DH_JOB_STOP,
} DhJobKind;

/* @change: (transfer full). @caller: NULL: the service itself. */
void dh_manager_queue_job (DhManager *self, DhJobKind kind, DhChange *change,
                           const DhCaller *caller, DhActions granted, GAsyncReadyCallback callback,
                           gpointer user_data);

/* The engine is told anew what there is. */
void dh_manager_queue_refresh (DhManager *self);

/* From now on it is one of the targets; DH_TARGET_GONE until something happens to it. */
void dh_manager_admit (DhManager *self, DhTarget *target);
