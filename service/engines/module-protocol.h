/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "module-state.h"
#include "process.h"
#include "writer.h"

/* How the module is started, changed and stopped so that nothing is lost, refused in silence or
 * broken: whole sequences of writes. Everything here blocks, and belongs into one thread. Errors:
 * DH_ERROR, unless another domain is named. */

typedef enum {
  DH_MODULE_SERVE,   /* process, with values */
  DH_MODULE_IDLE,    /* nobody; values stand ready */
  DH_MODULE_ADJUST,  /* values for what somebody else has begun, which stays his */
  DH_MODULE_RELEASE, /* nobody, and what was found is given back; what is somebody else's stays */
} DhModuleMode;

typedef struct {
  DhModuleMode mode;
  DhProcess *process;       /* to serve; IDLE: the one that is set (nullable) */
  DhParameterValues values; /* of the settings */
  gboolean takes_over;      /* what somebody else has begun may be ended */
} DhModuleGoal;

/* Makes @goal the state of things. @writer: whose job this is, told how long each step may take
 * (nullable). On failure what was written is taken back, and a process that was served before is
 * again; @ret_view says what came of it, also then, as far as it could be read. */
gboolean dh_module_apply (DhModule *module, DhWriter *writer, const DhModuleGoal *goal,
                          DhModuleView *ret_view, GError **error);

/* The module does nothing any more: stops it, gives back what was found, and notes it for the rest
 * of this boot. */
gboolean dh_module_give_up (DhModule *module, DhWriter *writer, GError **error);
