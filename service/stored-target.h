/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "process.h"

#include <glib.h>

/* A target as it was recorded. */
typedef struct {
  guint32 pid;
  guint64 start_time; /* clock ticks since boot */
  DhOwner owner;
  guint32 adder; /* uid of who asked for it */
  gboolean enabled;
  gboolean primary;
  gboolean set;         /* wanted by Pid */
  gboolean added;       /* wanted by AddTarget */
  guint64 ratio;        /* basis points */
  char *application_id; /* (nullable) */
  char *reason;         /* (nullable) */
} DhStoredTarget;

/* The strings, not @target itself. */
void dh_stored_target_clear (DhStoredTarget *target);

/* Writes the record into the group @group of @file. */
void dh_stored_target_write (GKeyFile *file, const char *group, const DhStoredTarget *target);

/* Reads a record: whole, every number in its range, or not at all. @ret_target: (transfer full).
 * Errors: DH_ERROR_INVALID_VALUE, naming the key. */
gboolean dh_stored_target_parse (GKeyFile *file, const char *group, DhStoredTarget *ret_target,
                                 GError **error);
