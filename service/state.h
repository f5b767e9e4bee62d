/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "target-state.h"

/* The words of State: of a target, or why there is no primary one. */
typedef enum {
  DH_STATE_UNAVAILABLE, /* no engine works here */
  DH_STATE_DISABLED,
  DH_STATE_STARTING, /* the engines are being probed, or work on the target has not begun */
  DH_STATE_RUNNING,
  DH_STATE_TARGET_EXITED,
  DH_STATE_FAILED,
} DhState;

const char *dh_state_to_string (DhState state);

DhState dh_state_of_target (DhTargetState state);
