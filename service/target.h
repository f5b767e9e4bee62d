/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "process.h"

/* The primary target: a process, held and watched for its exit, and what became of it. Main thread
 * only. */
typedef struct _DhTarget DhTarget;

typedef enum {
  DH_TARGET_DISABLED,
  DH_TARGET_STARTING,
  DH_TARGET_RUNNING,
  DH_TARGET_EXITED,
  DH_TARGET_FAILED,
} DhTargetState;

/* Called once, when the process has exited. */
typedef void (*DhTargetFunc) (DhTarget *target, gpointer user_data);

/* @owner: as it was when the target was authorized. Returns: (transfer full). */
DhTarget *dh_target_new (DhProcess *process, const DhOwner *owner, DhTargetFunc on_exited,
                         gpointer user_data);
void dh_target_free (DhTarget *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhTarget, dh_target_free)

DhProcess *dh_target_get_process (const DhTarget *target);
const DhOwner *dh_target_get_owner (const DhTarget *target);

/* As it was when it was authorized anew. */
void dh_target_set_owner (DhTarget *target, const DhOwner *owner);

DhTargetState dh_target_get_state (const DhTarget *target);
void dh_target_set_state (DhTarget *target, DhTargetState state);

/* Whether it is being served: starting or running. */
gboolean dh_target_is_enabled (const DhTarget *target);

/* Whether its process lives, as far as is known without asking the kernel. */
gboolean dh_target_is_alive (const DhTarget *target);
