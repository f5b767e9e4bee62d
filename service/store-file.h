/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* One file that a worker writes: the content last given wins, no two writes of it overlap, a failed
 * one is a warning. Reference-counted, for the worker may outlive its user. Main thread only. */
typedef struct _DhStoreFile DhStoreFile;

DhStoreFile *dh_store_file_new (const char *path);
DhStoreFile *dh_store_file_ref (DhStoreFile *file);
void dh_store_file_unref (DhStoreFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhStoreFile, dh_store_file_unref)

const char *dh_store_file_get_path (const DhStoreFile *file);

/* Replaces the file, mode 0600, by @content (transfer full); NULL deletes it. Does not wait. */
void dh_store_file_write (DhStoreFile *file, char *content);

/* Waits until everything given is written, or has failed. */
void dh_store_file_wait (DhStoreFile *file);
