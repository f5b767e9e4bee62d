/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "change.h"
#include "engines/engine.h"
#include "rights.h"
#include "target.h"

/* What a change comes to, as things stand: whether it can be, and the whole state that it leads to.
 * Opens and looks at processes; changes nothing else. */

/* How things stand. */
typedef struct {
  const char *root; /* where /proc is found */
  DhEngine *engine;
  const DhTarget *target; /* (nullable) */
  DhSettings settings;    /* in force */
  DhSettings stored;      /* what the next start begins with */
  DhSettings defaults;    /* of the engine, by the configuration */
  gboolean own_suffices;  /* see DhRightsRules */
  gboolean foreign;       /* the same */
} DhSituation;

DhRightsRules dh_situation_get_rules (const DhSituation *situation);

/* Whether @change could be made by somebody who may do everything: ranges, what the engine
 * supports, the process. Opens @change's process the first time, and looks at it again later: what
 * was authorized is what is set. Errors: DH_ERROR. */
gboolean dh_plan_check (const DhSituation *situation, DhChange *change, GError **error);

/* The state after @change. @caller: (nullable): the service itself. @granted: what he was allowed;
 * a Ratio set with `tune` is stored. @ret_plan: its process is (transfer full) (nullable).
 * @ret_stored: what is to be stored. Errors: DH_ERROR, also where more is needed by now than was
 * granted. */
gboolean dh_plan_make (const DhSituation *situation, DhChange *change, const DhCaller *caller,
                       DhActions granted, DhPlan *ret_plan, DhSettings *ret_stored, GError **error);
