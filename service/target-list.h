/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "target.h"

/* The targets there are, in the order in which they came. Each process is in it once. Main thread
 * only. */
typedef struct _DhTargetList DhTargetList;

DhTargetList *dh_target_list_new (void);
void dh_target_list_free (DhTargetList *targets);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhTargetList, dh_target_list_free)

/* For the next one: microseconds since boot when the service began, and one more each time, so that
 * none comes twice in a boot, whatever was stored of it. */
guint64 dh_target_list_next_id (DhTargetList *targets);

/* @target gets a reference. */
void dh_target_list_add (DhTargetList *targets, DhTarget *target);
void dh_target_list_remove (DhTargetList *targets, DhTarget *target);

guint dh_target_list_get_size (const DhTargetList *targets);
DhTarget *dh_target_list_get (const DhTargetList *targets, guint index);

/* (transfer none) (nullable) */
DhTarget *dh_target_list_find (const DhTargetList *targets, guint64 id);
DhTarget *dh_target_list_find_process (const DhTargetList *targets, const DhProcess *process);

/* How many @uid asked for. */
guint dh_target_list_count_of (const DhTargetList *targets, guint32 uid);

/* How many are being served. */
guint dh_target_list_count_enabled (const DhTargetList *targets);
