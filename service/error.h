/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* What can go wrong, in the words of the D-Bus API. Nothing below bus/ knows D-Bus: there each code
 * gets its name on the bus. Every message names the subject, the value and the cause, in one
 * sentence that may be shown to a person. */
typedef enum {
  DH_ERROR_NOT_AVAILABLE,         /* no engine can work here */
  DH_ERROR_INVALID_VALUE,         /* outside the range */
  DH_ERROR_NOT_SUPPORTED,         /* not on the engine in use */
  DH_ERROR_NO_SUCH_PROCESS,       /* there is none, or none was set */
  DH_ERROR_PROCESS_EXITED,        /* it was there when the call began */
  DH_ERROR_PROCESS_NOT_PERMITTED, /* kernel thread, thread, PID 1, the service itself */
  DH_ERROR_BUSY,
  DH_ERROR_CONFLICT,
  DH_ERROR_LIMIT_EXCEEDED,
  DH_ERROR_KERNEL_REJECTED,
  DH_ERROR_TIMEOUT, /* the outcome is unknown */
  DH_ERROR_UNKNOWN_TARGET,
  DH_ERROR_ALREADY_TARGET,
  DH_ERROR_ACCESS_DENIED,
  DH_ERROR_INTERACTION_REQUIRED, /* denied, but asking the user could help */
  DH_ERROR_INVALID_ARGS,         /* wrong type, unknown or read-only key */
} DhError;

#define DH_N_ERRORS (DH_ERROR_INVALID_ARGS + 1)

#define DH_ERROR (dh_error_quark ())
GQuark dh_error_quark (void);
