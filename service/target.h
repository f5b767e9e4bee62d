/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "process.h"
#include "settings.h"
#include "statistics.h"
#include "target-state.h"

/* A target: a process that somebody wants to be served, held and watched for its exit. It is one
 * for as long as somebody wants it: who added it, or who set it as the primary one. Everybody may
 * read the fields; only the manager changes them. Main thread only. */
typedef struct {
  guint64 id; /* of its object; never used again in this boot */
  DhProcess *process;
  DhOwner owner; /* as it was when the target was authorized */
  DhTargetState state;
  DhGoals goals;

  gboolean set;         /* wanted by Pid */
  gboolean added;       /* wanted by AddTarget */
  guint32 adder;        /* uid of who asked for it first */
  char *client;         /* whose leaving the bus ends `added` (nullable) */
  char *application_id; /* (nullable), printable */
  char *reason;         /* the same */

  DhStatistics statistics; /* the last that were seen */
  gboolean has_statistics;

  guint watch; /* of the pidfd */
} DhTarget;

/* Called once, when the process has exited. */
typedef void (*DhTargetFunc) (DhTarget *target, gpointer user_data);

/* Not wanted by anybody yet, DH_TARGET_GONE. Returns: (transfer full). */
DhTarget *dh_target_new (guint64 id, DhProcess *process, const DhOwner *owner, guint32 adder);
DhTarget *dh_target_ref (DhTarget *target);
void dh_target_unref (DhTarget *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhTarget, dh_target_unref)

/* Begins to watch for the exit; dh_target_unwatch() ends it. Holds no reference. */
void dh_target_watch (DhTarget *target, DhTargetFunc on_exited, gpointer user_data);
void dh_target_unwatch (DhTarget *target);

/* Goes by the table. Returns: DhTargetEffect. */
guint dh_target_handle (DhTarget *target, DhTargetEvent event);

/* Whether it is being served: starting or running. */
gboolean dh_target_is_enabled (const DhTarget *target);

/* Whether its process lives, as far as is known without asking the kernel. */
gboolean dh_target_is_alive (const DhTarget *target);

/* @target (nullable)'s process, if that lives. (transfer none) (nullable) */
DhProcess *dh_target_get_live_process (const DhTarget *target);
