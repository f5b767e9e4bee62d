/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "process.h"

/* Looks once a second whether a process is still the same owner's: exec of a set-user-ID program
 * and setuid(2) make it somebody else's. Main thread only. */
typedef struct _DhOwnerWatch DhOwnerWatch;

/* Called once, when it is not. May free the watch. */
typedef void (*DhOwnerWatchFunc) (gpointer user_data);

/* @owner: as it was authorized. Returns: (transfer full). */
DhOwnerWatch *dh_owner_watch_new (DhProcess *process, const DhOwner *owner, DhOwnerWatchFunc func,
                                  gpointer user_data);
void dh_owner_watch_free (DhOwnerWatch *watch);

/* As it was when it was authorized anew. */
void dh_owner_watch_set_owner (DhOwnerWatch *watch, const DhOwner *owner);
