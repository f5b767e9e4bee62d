/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "change.h"
#include "draft.h"
#include "engines/engine.h"
#include "rights.h"
#include "target-list.h"

/* What a change comes to, as things stand: whether it can be, and the whole state that it leads to.
 * Opens and looks at processes; changes nothing else. */

/* How things stand. */
typedef struct {
  const char *root; /* where /proc is found */
  DhEngine *engine;
  DhTargetList *targets;
  DhTarget *primary;   /* (nullable); may have exited, and then is none of them */
  DhSettings settings; /* in force; its goals are the primary's */
  DhSettings stored;   /* what the next start begins with */
  DhSettings defaults; /* of the engine, by the configuration */
  guint max_targets;
  guint max_targets_per_user; /* of those whose uid is not 0 */
  gboolean own_suffices;      /* see DhRightsRules */
  gboolean foreign;           /* the same */
} DhSituation;

DhRightsRules dh_situation_get_rules (const DhSituation *situation, const DhChange *change,
                                      const DhCaller *caller);

/* Whether @change could be made by somebody who may do everything: ranges, what the engine
 * supports, the process or target, limits. Opens @change's process the first time, and looks at it
 * again later: what was authorized is what is set. @caller: (nullable): not known yet, or the
 * service itself. Errors: DH_ERROR. */
gboolean dh_plan_check (const DhSituation *situation, DhChange *change, const DhCaller *caller,
                        GError **error);

/* What is to be. */
typedef struct {
  DhPlan plan;       /* for the engine */
  DhSettings stored; /* to be */
  DhDraft *draft;    /* (nullable) */
} DhOutcome;

void dh_outcome_clear (DhOutcome *outcome);

/* The state after @change. @caller: (nullable): the service itself. @granted: what he was allowed;
 * a Ratio of the root object's set with `tune` is stored. @ret_outcome: (transfer full). Errors:
 * DH_ERROR, also where more is needed by now than was granted. */
gboolean dh_plan_make (const DhSituation *situation, DhChange *change, const DhCaller *caller,
                       DhActions granted, DhOutcome *ret_outcome, GError **error);
