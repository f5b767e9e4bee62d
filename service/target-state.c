/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "target-state.h"

#define GONE DH_TARGET_GONE
#define DISABLED DH_TARGET_DISABLED
#define STARTING DH_TARGET_STARTING
#define RUNNING DH_TARGET_RUNNING
#define FAILED DH_TARGET_FAILED
#define EXITED DH_TARGET_EXITED

#define BEGIN DH_EFFECT_BEGIN
#define END DH_EFFECT_END
#define SPLIT DH_EFFECT_SPLIT
#define TELL DH_EFFECT_TELL_EXIT
#define DROP DH_EFFECT_DROP

/* News that come late, of what has been ended meanwhile, change nothing. */
static const DhTransition transitions[DH_N_TARGET_STATES][DH_N_TARGET_EVENTS] = {
  /* clang-format off */
  [GONE] = {
    [DH_EVENT_SET]           = { DISABLED, 0 },
    [DH_EVENT_ENABLE]        = { GONE,     0 },
    [DH_EVENT_DISABLE]       = { GONE,     0 },
    [DH_EVENT_SERVING]       = { GONE,     0 },
    [DH_EVENT_EXIT]          = { GONE,     0 },
    [DH_EVENT_OWNER_CHANGED] = { GONE,     0 },
    [DH_EVENT_REMOVE]        = { GONE,     0 },
    [DH_EVENT_UNDO]          = { GONE,     0 },
    [DH_EVENT_ENGINE_FAILED] = { GONE,     0 },
    [DH_EVENT_CLIENT_GONE]   = { GONE,     0 },
    [DH_EVENT_STOP]          = { GONE,     0 },
  },
  [DISABLED] = {
    [DH_EVENT_SET]           = { DISABLED, 0 },
    [DH_EVENT_ENABLE]        = { STARTING, BEGIN },
    [DH_EVENT_DISABLE]       = { DISABLED, 0 },
    [DH_EVENT_SERVING]       = { DISABLED, 0 },
    [DH_EVENT_EXIT]          = { EXITED,   TELL | DROP },
    [DH_EVENT_OWNER_CHANGED] = { GONE,     DROP },
    [DH_EVENT_REMOVE]        = { GONE,     DROP },
    [DH_EVENT_UNDO]          = { DISABLED, SPLIT },
    [DH_EVENT_ENGINE_FAILED] = { DISABLED, 0 },
    [DH_EVENT_CLIENT_GONE]   = { GONE,     DROP },
    [DH_EVENT_STOP]          = { GONE,     DROP },
  },
  [STARTING] = {
    [DH_EVENT_SET]           = { STARTING, 0 },
    [DH_EVENT_ENABLE]        = { STARTING, 0 },
    [DH_EVENT_DISABLE]       = { DISABLED, END },
    [DH_EVENT_SERVING]       = { RUNNING,  0 },
    [DH_EVENT_EXIT]          = { EXITED,   END | TELL | DROP },
    [DH_EVENT_OWNER_CHANGED] = { GONE,     END | DROP },
    [DH_EVENT_REMOVE]        = { GONE,     END | DROP },
    [DH_EVENT_UNDO]          = { DISABLED, END | SPLIT },
    [DH_EVENT_ENGINE_FAILED] = { FAILED,   END },
    [DH_EVENT_CLIENT_GONE]   = { GONE,     END | DROP },
    [DH_EVENT_STOP]          = { GONE,     END | DROP },
  },
  [RUNNING] = {
    [DH_EVENT_SET]           = { RUNNING,  0 },
    [DH_EVENT_ENABLE]        = { RUNNING,  0 },
    [DH_EVENT_DISABLE]       = { DISABLED, END },
    [DH_EVENT_SERVING]       = { RUNNING,  0 },
    [DH_EVENT_EXIT]          = { EXITED,   END | TELL | DROP },
    [DH_EVENT_OWNER_CHANGED] = { GONE,     END | DROP },
    [DH_EVENT_REMOVE]        = { GONE,     END | DROP },
    [DH_EVENT_UNDO]          = { DISABLED, END | SPLIT },
    [DH_EVENT_ENGINE_FAILED] = { FAILED,   END },
    [DH_EVENT_CLIENT_GONE]   = { GONE,     END | DROP },
    [DH_EVENT_STOP]          = { GONE,     END | DROP },
  },
  [FAILED] = {
    [DH_EVENT_SET]           = { FAILED,   0 },
    [DH_EVENT_ENABLE]        = { STARTING, BEGIN },
    [DH_EVENT_DISABLE]       = { DISABLED, 0 },
    [DH_EVENT_SERVING]       = { FAILED,   0 },
    [DH_EVENT_EXIT]          = { EXITED,   TELL | DROP },
    [DH_EVENT_OWNER_CHANGED] = { GONE,     DROP },
    [DH_EVENT_REMOVE]        = { GONE,     DROP },
    [DH_EVENT_UNDO]          = { DISABLED, SPLIT },
    [DH_EVENT_ENGINE_FAILED] = { FAILED,   0 },
    [DH_EVENT_CLIENT_GONE]   = { GONE,     DROP },
    [DH_EVENT_STOP]          = { GONE,     DROP },
  },
  [EXITED] = {
    [DH_EVENT_SET]           = { EXITED,   0 },
    [DH_EVENT_ENABLE]        = { EXITED,   0 },
    [DH_EVENT_DISABLE]       = { EXITED,   0 },
    [DH_EVENT_SERVING]       = { EXITED,   0 },
    [DH_EVENT_EXIT]          = { EXITED,   0 },
    [DH_EVENT_OWNER_CHANGED] = { EXITED,   0 },
    [DH_EVENT_REMOVE]        = { GONE,     0 },
    [DH_EVENT_UNDO]          = { EXITED,   0 },
    [DH_EVENT_ENGINE_FAILED] = { EXITED,   0 },
    [DH_EVENT_CLIENT_GONE]   = { EXITED,   0 },
    [DH_EVENT_STOP]          = { GONE,     0 },
  },
  /* clang-format on */
};

DhTransition
dh_target_state_handle (DhTargetState state, DhTargetEvent event)
{
  return transitions[state][event];
}

gboolean
dh_target_state_is_enabled (DhTargetState state)
{
  return state == STARTING || state == RUNNING;
}

const char *
dh_target_state_to_string (DhTargetState state)
{
  static const char *const names[DH_N_TARGET_STATES] = {
    [GONE] = "gone",       [DISABLED] = "disabled", [STARTING] = "starting",
    [RUNNING] = "running", [FAILED] = "failed",     [EXITED] = "target-exited",
  };

  return names[state];
}

const char *
dh_target_event_to_string (DhTargetEvent event)
{
  static const char *const names[DH_N_TARGET_EVENTS] = {
    [DH_EVENT_SET] = "set",
    [DH_EVENT_ENABLE] = "enable",
    [DH_EVENT_DISABLE] = "disable",
    [DH_EVENT_SERVING] = "serving",
    [DH_EVENT_EXIT] = "exit",
    [DH_EVENT_OWNER_CHANGED] = "owner-changed",
    [DH_EVENT_REMOVE] = "remove",
    [DH_EVENT_UNDO] = "undo",
    [DH_EVENT_ENGINE_FAILED] = "engine-failed",
    [DH_EVENT_CLIENT_GONE] = "client-gone",
    [DH_EVENT_STOP] = "stop",
  };

  return names[event];
}
