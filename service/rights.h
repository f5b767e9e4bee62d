/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "authority.h"
#include "change.h"
#include "target.h"

/* What somebody needs for what he asks, as things stand now: the rules of who may do what. Reads
 * the owners of processes, and nothing else. */

/* Who asks. */
typedef struct {
  const char *sender;
  guint32 uid;
  guint32 gid; /* primary group, by the user database */
} DhCaller;

/* What the rules depend on. */
typedef struct {
  const DhTarget *primary; /* (nullable) */
  const DhTarget *target;  /* that the change is about (nullable) */
  /* Whether target-own is enough for one's own process on the engine in use: not where it takes a
   * resource of the whole machine. */
  gboolean own_suffices;
  gboolean foreign; /* what the primary one is served by was begun outside of this service */
  gboolean
    unlimited; /* the caller may do everything: whose a process is, is read only to be noted */
  guint64 free_ratio; /* a Ratio above it needs tune */
} DhRightsRules;

/* Notes in @change whose the process is. @ret_actions: 0: none is needed. Errors: those of
 * dh_process_read_owner(). */
gboolean dh_rights_for_change (const DhRightsRules *rules, DhChange *change, const DhCaller *caller,
                               DhActions *ret_actions, GError **error);

/* To see @target's (nullable) figures and heat: 0 where none is needed. */
DhActions dh_rights_to_inspect (const DhTarget *target, const DhCaller *caller);
