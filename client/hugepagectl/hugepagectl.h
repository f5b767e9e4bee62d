/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <gio/gio.h>

/* The command line tool: one command is one call of a verb on one connection. A verb is a file and
 * a row in hugepagectl.c; it parses its arguments, speaks by bus.h, and prints by print.h.
 * Everything is synchronous, on the main thread. */

typedef struct {
  GDBusConnection *bus; /* the same for the whole command: polkit may bind an authorization to it */
  gboolean json;
  gboolean ask; /* whether polkit may ask a person */
} HctlContext;

typedef struct {
  const char *name;
  const char *arguments; /* as the help shows them, after the name: none, or with a blank first */
  guint min_arguments;
  guint max_arguments;
  gboolean reads; /* has something to print as JSON */
  const char *summary;
  const char *example;

  /* @arguments: NULL-terminated, as many as allowed. Errors: what the service or the bus says, and
   * G_OPTION_ERROR for what was wrong on the command line. */
  gboolean (*run) (HctlContext *context, char **arguments, GError **error);
} HctlVerb;

gboolean hctl_status (HctlContext *context, char **arguments, GError **error);
gboolean hctl_engines (HctlContext *context, char **arguments, GError **error);
gboolean hctl_enable (HctlContext *context, char **arguments, GError **error);
gboolean hctl_disable (HctlContext *context, char **arguments, GError **error);
gboolean hctl_get (HctlContext *context, char **arguments, GError **error);
gboolean hctl_set (HctlContext *context, char **arguments, GError **error);
gboolean hctl_reset (HctlContext *context, char **arguments, GError **error);
gboolean hctl_monitor (HctlContext *context, char **arguments, GError **error);
