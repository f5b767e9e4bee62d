/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

enum {
  HCTL_EXIT_DONE = 0,
  HCTL_EXIT_FAILED = 1,
  HCTL_EXIT_USAGE = 2,
  HCTL_EXIT_DENIED = 3,
  HCTL_EXIT_UNAVAILABLE = 4,
  HCTL_EXIT_NO_PROCESS = 5,
};

/* The domain of errors that mean: there is no bus to speak on. */
#define HCTL_NO_BUS (hctl_no_bus_quark ())
GQuark hctl_no_bus_quark (void);

/* What @error, of any call here, means to whoever runs this command. */
int hctl_failure_get_exit_code (const GError *error);

/* Tells on stderr what went wrong and what to do. Returns: the exit code for it. */
int hctl_failure_report (const GError *error);

/* What to do about the D-Bus error @name. Returns: a sentence, or NULL where the error's own
 * message says all. */
const char *hctl_failure_get_remedy (const char *name);

/* What to do about @word, an UnavailableReason. Returns: a sentence, never NULL. */
const char *hctl_failure_get_reason_remedy (const char *word);
