/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "draft.h"

struct _DhDraft {
  GArray *entries; /* DhDraftTarget */
  guint64 primary; /* id */
  gboolean has_primary;
};

static void
clear_entry (gpointer data)
{
  dh_target_unref (((DhDraftTarget *) data)->target);
}

/* @target: (transfer full). */
static DhDraftTarget *
append (DhDraft *draft, DhTarget *target, gboolean is_new)
{
  const DhDraftTarget entry = {
    .target = target,
    .is_new = is_new,
    .state = target->state,
    .owner = target->owner,
    .goals = target->goals,
    .set = target->set,
    .added = target->added,
  };

  g_array_append_val (draft->entries, entry);
  return dh_draft_get (draft, draft->entries->len - 1);
}

DhDraft *
dh_draft_new (const DhTargetList *targets, DhTarget *primary)
{
  DhDraft *draft = g_new0 (DhDraft, 1);

  draft->entries = g_array_new (FALSE, FALSE, sizeof (DhDraftTarget));
  g_array_set_clear_func (draft->entries, clear_entry);
  for (guint i = 0; i < dh_target_list_get_size (targets); i++)
    append (draft, dh_target_ref (dh_target_list_get (targets, i)), FALSE);
  if (primary && !dh_draft_find (draft, primary->id))
    append (draft, dh_target_ref (primary), FALSE);
  draft->has_primary = primary != NULL;
  draft->primary = primary ? primary->id : 0;
  return draft;
}

void
dh_draft_free (DhDraft *draft)
{
  g_array_unref (draft->entries);
  g_free (draft);
}

guint
dh_draft_get_size (const DhDraft *draft)
{
  return draft->entries->len;
}

DhDraftTarget *
dh_draft_get (const DhDraft *draft, guint index)
{
  return &g_array_index (draft->entries, DhDraftTarget, index);
}

DhDraftTarget *
dh_draft_find (const DhDraft *draft, guint64 id)
{
  for (guint i = 0; i < draft->entries->len; i++)
    if (dh_draft_get (draft, i)->target->id == id)
      return dh_draft_get (draft, i);
  return NULL;
}

DhDraftTarget *
dh_draft_find_process (const DhDraft *draft, const DhProcess *process)
{
  for (guint i = 0; i < draft->entries->len; i++) {
    DhDraftTarget *entry = dh_draft_get (draft, i);

    if (entry->state != DH_TARGET_EXITED && dh_process_equal (entry->target->process, process))
      return entry;
  }
  return NULL;
}

DhDraftTarget *
dh_draft_get_primary (const DhDraft *draft)
{
  return draft->has_primary ? dh_draft_find (draft, draft->primary) : NULL;
}

DhDraftTarget *
dh_draft_add (DhDraft *draft, DhTarget *target)
{
  return append (draft, target, TRUE);
}

void
dh_draft_set_primary (DhDraft *draft, const DhDraftTarget *entry)
{
  draft->has_primary = entry != NULL;
  draft->primary = entry ? entry->target->id : 0;
}

void
dh_draft_handle (DhDraftTarget *entry, DhTargetEvent event)
{
  g_return_if_fail (entry->n_events < DH_DRAFT_MAX_EVENTS);

  entry->state = dh_target_state_handle (entry->state, event).next;
  entry->events[entry->n_events++] = event;
}

void
dh_draft_let_go (DhDraftTarget *entry, DhTargetEvent event)
{
  if (!entry->set && !entry->added)
    dh_draft_handle (entry, event);
}

static gboolean
is_there (const DhDraftTarget *entry)
{
  return entry->state != DH_TARGET_GONE && entry->state != DH_TARGET_EXITED;
}

guint
dh_draft_count (const DhDraft *draft)
{
  guint n = 0;

  for (guint i = 0; i < draft->entries->len; i++)
    n += is_there (dh_draft_get (draft, i)) ? 1 : 0;
  return n;
}

guint
dh_draft_count_of (const DhDraft *draft, guint32 uid)
{
  guint n = 0;

  for (guint i = 0; i < draft->entries->len; i++) {
    const DhDraftTarget *entry = dh_draft_get (draft, i);

    n += is_there (entry) && entry->target->adder == uid ? 1 : 0;
  }
  return n;
}
