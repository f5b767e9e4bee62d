/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "options.h"

#include <gio/gio.h>

/* The command line tool: one command is one call of a verb on one connection. A verb is a file and
 * a row in verbs.c; it takes its arguments from the options, speaks by bus.h, about targets by
 * targets.h, and prints by print.h. Everything is synchronous, on the main thread; what waits
 * (monitor, run, feedback) runs the default main context meanwhile. */

typedef struct {
  GDBusConnection *bus; /* the same for the whole command: polkit may bind an authorization to it */
  HctlOptions options;
  int status; /* how the command ends if its verb succeeds, as waitpid() would say it: of a verb
                 that runs a program the program's, else 0 */
} HctlContext;

struct _HctlVerb {
  const char *name;
  const char *arguments; /* as the help shows them, after the name: none, or with a blank first */
  guint min_arguments;
  guint max_arguments;
  guint options;          /* of HctlOption: those that it takes */
  gboolean takes_command; /* after its arguments, of which it has @max_arguments then */
  gboolean connects;      /* itself, by hctl_bus_open(): it has something to do before */
  const char *summary;    /* the general help shows its first sentence */
  const char *example;

  /* Errors: what the service or the bus says, G_OPTION_ERROR for what was wrong on the command
   * line, and those of failure.h. */
  gboolean (*run) (HctlContext *context, char **arguments, GError **error);
};

gboolean hctl_status (HctlContext *context, char **arguments, GError **error);
gboolean hctl_engines (HctlContext *context, char **arguments, GError **error);
gboolean hctl_list (HctlContext *context, char **arguments, GError **error);
gboolean hctl_enable (HctlContext *context, char **arguments, GError **error);
gboolean hctl_disable (HctlContext *context, char **arguments, GError **error);
gboolean hctl_targets (HctlContext *context, char **arguments, GError **error);
gboolean hctl_add (HctlContext *context, char **arguments, GError **error);
gboolean hctl_remove (HctlContext *context, char **arguments, GError **error);
gboolean hctl_run (HctlContext *context, char **arguments, GError **error);
gboolean hctl_feedback (HctlContext *context, char **arguments, GError **error);
gboolean hctl_stats (HctlContext *context, char **arguments, GError **error);
gboolean hctl_heatmap (HctlContext *context, char **arguments, GError **error);
gboolean hctl_undo (HctlContext *context, char **arguments, GError **error);
gboolean hctl_get (HctlContext *context, char **arguments, GError **error);
gboolean hctl_set (HctlContext *context, char **arguments, GError **error);
gboolean hctl_reset (HctlContext *context, char **arguments, GError **error);
gboolean hctl_monitor (HctlContext *context, char **arguments, GError **error);
