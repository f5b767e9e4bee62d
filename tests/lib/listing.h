/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "calls.h"

/* ListProcesses. @options: a text in GVariant's format for a{sv}, or NULL. Returns: (transfer
 * full): aa{sv}. */
GVariant *list_processes (GDBusConnection *connection, const char *options, GError **error);

/* The same, which must succeed; @all: those of others as well. */
GVariant *listed_processes (GDBusConnection *connection, gboolean all);

/* Returns: (transfer full) (nullable): the entry of @pid, a{sv}. */
GVariant *find_listed (GVariant *processes, guint32 pid);

#define assert_listed(processes, pid, listed)                                                      \
  check_listed (G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC, processes, pid, listed)
void check_listed (const char *domain, const char *file, int line, const char *function,
                   GVariant *processes, guint32 pid, gboolean listed);
