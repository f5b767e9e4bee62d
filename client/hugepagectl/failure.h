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

  /* As shells have it, of a program that is to be run. */
  HCTL_EXIT_NOT_EXECUTABLE = 126,
  HCTL_EXIT_NOT_FOUND = 127,
};

/* Names of errors of the service that this tool finds out by itself, too. */
#define HCTL_ERROR_NO_SUCH_PROCESS "org.damon.Hugepage.Error.NoSuchProcess"
#define HCTL_ERROR_PROCESS_NOT_PERMITTED "org.damon.Hugepage.Error.ProcessNotPermitted"
#define HCTL_ERROR_UNKNOWN_TARGET "org.damon.Hugepage.Error.UnknownTarget"
#define HCTL_ERROR_ALREADY_TARGET "org.damon.Hugepage.Error.AlreadyTarget"
#define HCTL_ERROR_NOT_AVAILABLE "org.damon.Hugepage.Error.NotAvailable"

/* The domain of errors that mean: there is no bus to speak on. */
#define HCTL_NO_BUS (hctl_no_bus_quark ())
GQuark hctl_no_bus_quark (void);

/* Sets @error as if the service had answered with the D-Bus error @name. */
void hctl_failure_set (GError **error, const char *name, const char *format, ...)
  G_GNUC_PRINTF (3, 4);

/* Whether @error is the D-Bus error @name. */
gboolean hctl_failure_is (const GError *error, const char *name);

/* What @error, of any call here, means to whoever runs this command. G_SPAWN_ERROR, of a program
 * that cannot be run, counts as not found if it is G_SPAWN_ERROR_NOENT. */
int hctl_failure_get_exit_code (const GError *error);

/* Tells on stderr what went wrong and what to do. Returns: the exit code for it. */
int hctl_failure_report (const GError *error);

/* Tells on stderr what went wrong while the command goes on. @consequence: a sentence without its
 * end. */
void hctl_failure_warn (const GError *error, const char *consequence);

/* What to do about the D-Bus error @name. Returns: a sentence, or NULL where the error's own
 * message says all. */
const char *hctl_failure_get_remedy (const char *name);

/* What to do about @word, an UnavailableReason. Returns: a sentence, never NULL. */
const char *hctl_failure_get_reason_remedy (const char *word);
