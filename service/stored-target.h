/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "process.h"

#include <glib.h>

/* The target as it was recorded. */
typedef struct {
  guint32 pid;
  guint64 start_time; /* clock ticks since boot */
  DhOwner owner;
  gboolean enabled;
  guint64 ratio; /* the target's own, basis points; 0: the stored one */
} DhStoredTarget;

/* The record as a key file's text. Returns: (transfer full). */
char *dh_stored_target_format (const DhStoredTarget *target, const char *boot_id);

/* Whether the record names @boot_id: in another boot its numbers mean nothing. */
gboolean dh_stored_target_is_of_boot (GKeyFile *file, const char *boot_id);

/* Reads a record: whole, every number in its range, or not at all.
 * Errors: DH_ERROR_INVALID_VALUE, naming the key. */
gboolean dh_stored_target_parse (GKeyFile *file, DhStoredTarget *ret_target, GError **error);
