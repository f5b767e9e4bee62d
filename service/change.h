/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "process.h"
#include "settings.h"

typedef enum {
  DH_CHANGE_SERVICE, /* the root object's: settings, Pid, Enabled */
  DH_CHANGE_ADD,     /* one more target */
  DH_CHANGE_GOALS,   /* a target's Ratio and Feedback */
  DH_CHANGE_REMOVE,  /* a target */
  DH_CHANGE_UNDO,    /* the same: serving it ends, before what was done is taken back */
  DH_CHANGE_LEAVE,   /* a client has left the bus: nothing is wanted on his behalf any more */
} DhChangeKind;

/* What one request wants to be different. Set, Configure, Reset, AddTarget and all others become
 * one of these and go one way from there. */
typedef struct {
  DhChangeKind kind;

  gboolean has_setting[DH_N_SETTINGS]; /* SERVICE; of ADD and GOALS Ratio and Feedback */
  guint64 settings[DH_N_SETTINGS];
  gboolean resets; /* every number to its default */

  gboolean has_enabled; /* SERVICE; ADD always has it */
  gboolean enabled;

  gboolean has_pid; /* SERVICE; ADD always has it */
  guint32 pid;
  DhProcess *process; /* (nullable): pid's; opened by dh_manager_check(), unless it is there */
  gboolean has_owner;
  DhOwner owner; /* of the process that Pid and Enabled are about, as it was authorized */

  guint64 target; /* GOALS, REMOVE, UNDO: which; of ADD afterwards the new one */

  gboolean primary;     /* ADD */
  char *client;         /* ADD: whom it is bound to (nullable); LEAVE: who has left */
  char *application_id; /* ADD (nullable), printable */
  char *reason;         /* the same */
  guint32 adder;        /* uid of who asks, if that is not the caller */
} DhChange;

DhChange *dh_change_new (DhChangeKind kind);
void dh_change_free (DhChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhChange, dh_change_free)

/* Whether it is about one target that exists. */
gboolean dh_change_is_of_target (const DhChange *change);

/* Whether it sets Ratio, Feedback or both, and nothing else. */
gboolean dh_change_is_of_goals_alone (const DhChange *change);

/* Whether Feedback is all that it sets. */
gboolean dh_change_is_of_feedback_alone (const DhChange *change);

/* "Pid = 4711, Enabled = true": for the log. Returns: (transfer full). */
char *dh_change_describe (const DhChange *change);
