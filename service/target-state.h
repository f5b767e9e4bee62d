/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* What becomes of a target: one table of states and events, which docs/states.md shows and a test
 * compares with it. Pure. */

typedef enum {
  DH_TARGET_GONE, /* no target: not yet, or no longer */
  DH_TARGET_DISABLED,
  DH_TARGET_STARTING, /* served, but work on it has not begun */
  DH_TARGET_RUNNING,
  DH_TARGET_FAILED, /* serving has ended by itself */
  DH_TARGET_EXITED, /* no object any more; the primary's number can still be read */
} DhTargetState;

#define DH_N_TARGET_STATES (DH_TARGET_EXITED + 1)

typedef enum {
  DH_EVENT_SET, /* AddTarget or Pid names it */
  DH_EVENT_ENABLE,
  DH_EVENT_DISABLE,
  DH_EVENT_SERVING, /* the engine has begun to work on it */
  DH_EVENT_EXIT,
  DH_EVENT_OWNER_CHANGED, /* by exec or setuid(2) */
  DH_EVENT_REMOVE,
  DH_EVENT_UNDO,
  DH_EVENT_ENGINE_FAILED,
  DH_EVENT_CLIENT_GONE, /* it was bound to a client, who left the bus */
  DH_EVENT_STOP,        /* the service ends */
} DhTargetEvent;

#define DH_N_TARGET_EVENTS (DH_EVENT_STOP + 1)

/* What has to be done with it, beside the change of state. */
typedef enum {
  DH_EFFECT_BEGIN = 1 << 0,     /* the engine serves it from now on */
  DH_EFFECT_END = 1 << 1,       /* … no longer */
  DH_EFFECT_SPLIT = 1 << 2,     /* what was made huge is taken back */
  DH_EFFECT_TELL_EXIT = 1 << 3, /* Exited is sent, before the object goes */
  DH_EFFECT_DROP = 1 << 4,      /* the object goes */
} DhTargetEffect;

typedef struct {
  DhTargetState next;
  guint effects; /* DhTargetEffect */
} DhTransition;

DhTransition dh_target_state_handle (DhTargetState state, DhTargetEvent event);

/* Whether it is served: starting or running. */
gboolean dh_target_state_is_enabled (DhTargetState state);

/* "running", "owner-changed", …: for documents and tests. */
const char *dh_target_state_to_string (DhTargetState state);
const char *dh_target_event_to_string (DhTargetEvent event);
