/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "state.h"

static const char *const names[] = {
  [DH_STATE_UNAVAILABLE] = "unavailable",     [DH_STATE_DISABLED] = "disabled",
  [DH_STATE_STARTING] = "starting",           [DH_STATE_RUNNING] = "running",
  [DH_STATE_TARGET_EXITED] = "target-exited", [DH_STATE_FAILED] = "failed",
};

const char *
dh_state_to_string (DhState state)
{
  return names[state];
}

DhState
dh_state_of_target (DhTargetState state)
{
  static const DhState states[DH_N_TARGET_STATES] = {
    [DH_TARGET_GONE] = DH_STATE_DISABLED,        [DH_TARGET_DISABLED] = DH_STATE_DISABLED,
    [DH_TARGET_STARTING] = DH_STATE_STARTING,    [DH_TARGET_RUNNING] = DH_STATE_RUNNING,
    [DH_TARGET_EXITED] = DH_STATE_TARGET_EXITED, [DH_TARGET_FAILED] = DH_STATE_FAILED,
  };

  return states[state];
}
