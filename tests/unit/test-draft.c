/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "draft.h"

#include "target-case.h"

#define N_TARGETS 3

typedef struct {
  DhTargetList *list;
  Child *children[N_TARGETS];
  DhTarget *targets[N_TARGETS]; /* ids 1, 2, 3: running, disabled, failed */
} DraftCase;

static void
set_up (DraftCase *self, gconstpointer data)
{
  static const DhTargetState states[N_TARGETS] = { DH_TARGET_RUNNING, DH_TARGET_DISABLED,
                                                   DH_TARGET_FAILED };

  self->list = dh_target_list_new ();
  for (guint i = 0; i < N_TARGETS; i++) {
    self->children[i] = child_new (NULL);
    self->targets[i] = new_target_in (states[i], i + 1, self->children[i]);
    self->targets[i]->goals = (DhGoals){ .ratio = 100 * (i + 1), .feedback = i };
    self->targets[i]->added = TRUE;
    dh_target_list_add (self->list, self->targets[i]);
  }
}

static void
tear_down (DraftCase *self, gconstpointer data)
{
  dh_target_list_free (self->list);
  for (guint i = 0; i < N_TARGETS; i++) {
    dh_target_unref (self->targets[i]);
    child_free (self->children[i]);
  }
}

static void
test_begins_with_what_there_is (DraftCase *self, gconstpointer data)
{
  g_autoptr (DhDraft) draft = dh_draft_new (self->list, self->targets[1]);

  g_assert_cmpuint (dh_draft_get_size (draft), ==, N_TARGETS);
  for (guint i = 0; i < N_TARGETS; i++) {
    const DhDraftTarget *entry = dh_draft_get (draft, i);

    g_assert_true (entry->target == self->targets[i]);
    g_assert_true (dh_draft_find (draft, i + 1) == entry);
    g_assert_false (entry->is_new);
    g_assert_cmpint (entry->state, ==, self->targets[i]->state);
    g_assert_true (dh_owner_equal (&entry->owner, &self->targets[i]->owner));
    g_assert_cmpuint (entry->goals.ratio, ==, 100 * (i + 1));
    g_assert_cmpuint (entry->goals.feedback, ==, i);
    g_assert_true (entry->added && !entry->set);
    g_assert_cmpuint (entry->n_events, ==, 0);
  }
  g_assert_true (dh_draft_get_primary (draft) == dh_draft_get (draft, 1));
  g_assert_null (dh_draft_find (draft, N_TARGETS + 1));
}

static void
test_begins_without_a_primary (DraftCase *self, gconstpointer data)
{
  g_autoptr (DhDraft) draft = dh_draft_new (self->list, NULL);

  g_assert_null (dh_draft_get_primary (draft));
  g_assert_cmpuint (dh_draft_get_size (draft), ==, N_TARGETS);
}

/* Which is in no list any more, and whose number can be another process's. */
static void
test_has_a_primary_that_has_exited (DraftCase *self, gconstpointer data)
{
  g_autoptr (DhTarget) exited = new_target_in (DH_TARGET_EXITED, 9, self->children[0]);
  g_autoptr (DhDraft) draft = dh_draft_new (self->list, exited);

  g_assert_cmpuint (dh_draft_get_size (draft), ==, N_TARGETS + 1);
  g_assert_true (dh_draft_get_primary (draft)->target == exited);
  g_assert_true (dh_draft_find_process (draft, exited->process) == dh_draft_get (draft, 0));
  dh_target_list_remove (self->list, self->targets[0]);
  g_clear_pointer (&draft, dh_draft_free);
  draft = dh_draft_new (self->list, exited);
  g_assert_null (dh_draft_find_process (draft, exited->process));
  g_assert_cmpuint (dh_draft_count (draft), ==, N_TARGETS - 1);
}

/* A change that fails has changed nothing. */
static void
test_leaves_the_targets_as_they_are (DraftCase *self, gconstpointer data)
{
  DhDraft *draft = dh_draft_new (self->list, self->targets[0]);
  DhDraftTarget *entry = dh_draft_get_primary (draft);

  dh_draft_handle (entry, DH_EVENT_DISABLE);
  dh_draft_handle (entry, DH_EVENT_UNDO);
  entry->goals.ratio = 1;
  entry->set = TRUE;
  entry->added = FALSE;
  dh_draft_set_primary (draft, NULL);
  dh_draft_free (draft);
  g_assert_cmpint (self->targets[0]->state, ==, DH_TARGET_RUNNING);
  g_assert_cmpuint (self->targets[0]->goals.ratio, ==, 100);
  g_assert_true (self->targets[0]->added && !self->targets[0]->set);
  g_assert_cmpuint (dh_target_list_get_size (self->list), ==, N_TARGETS);
}

/* For the target itself, later. */
static void
test_keeps_the_events_in_order (DraftCase *self, gconstpointer data)
{
  static const DhTargetEvent events[] = { DH_EVENT_ENABLE, DH_EVENT_DISABLE, DH_EVENT_REMOVE };
  static const DhTargetState states[] = { DH_TARGET_STARTING, DH_TARGET_DISABLED, DH_TARGET_GONE };
  g_autoptr (DhDraft) draft = dh_draft_new (self->list, NULL);
  DhDraftTarget *entry = dh_draft_get (draft, 1);

  G_STATIC_ASSERT (G_N_ELEMENTS (events) == DH_DRAFT_MAX_EVENTS);
  for (guint i = 0; i < G_N_ELEMENTS (events); i++) {
    dh_draft_handle (entry, events[i]);
    g_assert_cmpint (entry->state, ==, states[i]);
  }
  g_assert_cmpuint (entry->n_events, ==, G_N_ELEMENTS (events));
  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    g_assert_cmpint (entry->events[i], ==, events[i]);
}

static void
test_takes_a_new_one (DraftCase *self, gconstpointer data)
{
  g_autoptr (Child) child = child_new (NULL);
  DhDraft *draft = dh_draft_new (self->list, self->targets[0]);
  g_autoptr (DhTarget) target = new_target (8, child, 1000);
  DhDraftTarget *entry = dh_draft_add (draft, dh_target_ref (target));

  g_assert_true (entry->is_new);
  g_assert_cmpint (entry->state, ==, DH_TARGET_GONE);
  g_assert_cmpuint (dh_draft_count (draft), ==, N_TARGETS);
  dh_draft_handle (entry, DH_EVENT_SET);
  dh_draft_set_primary (draft, entry);
  g_assert_cmpuint (dh_draft_count (draft), ==, N_TARGETS + 1);
  g_assert_cmpuint (dh_draft_count_of (draft, 1000), ==, 1);
  g_assert_cmpuint (dh_draft_count_of (draft, 0), ==, N_TARGETS);
  g_assert_true (dh_draft_get_primary (draft)->target == target);
  g_assert_true (dh_draft_find_process (draft, target->process) == entry);
  dh_draft_free (draft);
  g_assert_cmpuint (dh_target_list_get_size (self->list), ==, N_TARGETS);
}

/* Only the last one who wants it ends it. */
static void
test_lets_go_of_what_nobody_wants (DraftCase *self, gconstpointer data)
{
  static const struct {
    gboolean set, added, goes;
  } rows[] = { { FALSE, FALSE, TRUE }, { TRUE, FALSE, FALSE }, { FALSE, TRUE, FALSE } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (DhDraft) draft = dh_draft_new (self->list, NULL);
    DhDraftTarget *entry = dh_draft_get (draft, 0);

    entry->set = rows[i].set;
    entry->added = rows[i].added;
    dh_draft_let_go (entry, DH_EVENT_CLIENT_GONE);
    g_assert_cmpint (entry->state, ==, rows[i].goes ? DH_TARGET_GONE : DH_TARGET_RUNNING);
    g_assert_cmpuint (entry->n_events, ==, rows[i].goes ? 1 : 0);
    g_assert_cmpuint (dh_draft_count (draft), ==, rows[i].goes ? N_TARGETS - 1 : N_TARGETS);
  }
}

static void
add (const char *path, void (*test) (DraftCase *, gconstpointer))
{
  g_test_add (path, DraftCase, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/draft/begins-with-what-there-is", test_begins_with_what_there_is);
  add ("/draft/begins-without-a-primary", test_begins_without_a_primary);
  add ("/draft/has-a-primary-that-has-exited", test_has_a_primary_that_has_exited);
  add ("/draft/leaves-the-targets-as-they-are", test_leaves_the_targets_as_they_are);
  add ("/draft/keeps-the-events-in-order", test_keeps_the_events_in_order);
  add ("/draft/takes-a-new-one", test_takes_a_new_one);
  add ("/draft/lets-go-of-what-nobody-wants", test_lets_go_of_what_nobody_wants);

  return g_test_run ();
}
