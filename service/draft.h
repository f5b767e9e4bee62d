/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "target-list.h"

/* All targets as they would be after a change: events are tried on it, and happen to the targets
 * themselves only once the engine has made the change. Main thread only. */
typedef struct _DhDraft DhDraft;

#define DH_DRAFT_MAX_EVENTS 3

typedef struct {
  DhTarget *target; /* new ones too */
  gboolean is_new;
  DhTargetState state;
  DhOwner owner;
  DhGoals goals;
  gboolean set;
  gboolean added;
  DhTargetEvent events[DH_DRAFT_MAX_EVENTS];
  guint n_events;
} DhDraftTarget;

/* Those that are there, and @primary (nullable), which may have exited. */
DhDraft *dh_draft_new (const DhTargetList *targets, DhTarget *primary);
void dh_draft_free (DhDraft *draft);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhDraft, dh_draft_free)

guint dh_draft_get_size (const DhDraft *draft);
DhDraftTarget *dh_draft_get (const DhDraft *draft, guint index);

/* (transfer none) (nullable): valid until the next is added. */
DhDraftTarget *dh_draft_find (const DhDraft *draft, guint64 id);
DhDraftTarget *dh_draft_find_process (const DhDraft *draft, const DhProcess *process);
DhDraftTarget *dh_draft_get_primary (const DhDraft *draft);

/* @target: (transfer full): not one of the targets yet. Returns: as above. */
DhDraftTarget *dh_draft_add (DhDraft *draft, DhTarget *target);

/* @entry: (nullable): none is the primary. */
void dh_draft_set_primary (DhDraft *draft, const DhDraftTarget *entry);

void dh_draft_handle (DhDraftTarget *entry, DhTargetEvent event);

/* One of those who want it does so no longer; with none left, @event ends it. */
void dh_draft_let_go (DhDraftTarget *entry, DhTargetEvent event);

/* How many there would be, and how many of @uid's. */
guint dh_draft_count (const DhDraft *draft);
guint dh_draft_count_of (const DhDraft *draft, guint32 uid);
