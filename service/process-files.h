/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "process.h"

/* The files of /proc/PID and what they say. For every thread. */

/* The groups' line is long where somebody is in a thousand of them. */
#define DH_PROCESS_STATUS_BYTES 16384

/* What of /proc/PID/stat matters. */
typedef struct {
  char state;
  guint64 flags; /* PF_* of the kernel */
  guint64 start_time;
} DhProcessStat;

/* Reads as much of the file as fits into @size, with a NUL after it. @directory: an open /proc/PID,
 * or AT_FDCWD where @name is a path. Returns: 0 or an errno. */
int dh_process_files_read (int directory, const char *name, char *buffer, gsize size);

/* Returns: 0 or an errno, EBADMSG for what is no such file. */
int dh_process_files_read_stat (int directory, DhProcessStat *ret_stat);

/* What comes after @key in @text, which is of lines like "Key:\tvalue"; @key with newline, colon
 * and, where there is just one, tab. Returns: (transfer none) (nullable). */
const char *dh_process_files_find (const char *text, const char *key);

/* The owner by /proc/PID/status, all but `dumpable`, which it does not know. Returns: FALSE where
 * an ID is missing. */
gboolean dh_process_files_parse_owner (const char *status, DhOwner *ret_owner);
