/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "hugepages/advisor.h"

#include <glib.h>

/* The whole service: builds its parts, owns the name, tells the service manager how it stands, and
 * ends in order. */
typedef struct {
  const char *configuration; /* path */
  const char *state_directory;
  const char *engine; /* (nullable): overrides the configuration's */
  guint idle_exit;    /* seconds; 0 never */
  const char *root;   /* where /proc and /sys are found */
  const DhAdvisor *advisor;
} DhDaemonOptions;

/* Runs until a signal, idleness or the bus ends it. Returns: the exit code. */
int dh_daemon_run (const DhDaemonOptions *options);
