/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* Loads a key file that decides what a privileged service does: a regular file (no link) that
 * belongs to the service's uid or root, writable by nobody else, UTF-8, at most 64 KiB. Read
 * through one descriptor, so what was checked is what is read. Errors, each message naming @path:
 * G_FILE_ERROR (NOENT where there is none), G_KEY_FILE_ERROR, or G_FILE_ERROR_PERM where it may not
 * be trusted. Returns: (transfer full). */
GKeyFile *dh_trusted_file_load (const char *path, GError **error);

/* Warns that @key of @group (nullable: all of @group) in the file @path is ignored, and says why.
 * Group and key are made printable; @cause must be. */
void dh_trusted_file_warn (const char *path, const char *group, const char *key, const char *cause);
