/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "turns.h"

struct _DhTurns {
  guint most;
  guint most_per_user;
  guint n_under_way;
  GHashTable *users; /* uid → number of those under way, never 0 */
  GQueue waiting;    /* DhTurn */
};

struct _DhTurn {
  DhTurns *turns;
  uid_t uid;
  void (*func) (gpointer user_data);
  gpointer user_data;
  gboolean under_way;
};

DhTurns *
dh_turns_new (guint most, guint most_per_user)
{
  DhTurns *self = g_new0 (DhTurns, 1);

  self->most = most;
  self->most_per_user = most_per_user;
  self->users = g_hash_table_new (NULL, NULL);
  g_queue_init (&self->waiting);
  return self;
}

void
dh_turns_free (DhTurns *self)
{
  g_assert (self->n_under_way == 0 && g_queue_is_empty (&self->waiting));
  g_hash_table_unref (self->users);
  g_free (self);
}

static guint
count_of_user (const DhTurns *self, uid_t uid)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->users, GUINT_TO_POINTER (uid)));
}

/* An entry lives as long as its user has one, so that passing users leave nothing behind. */
static void
set_under_way (DhTurn *turn, gboolean under_way)
{
  DhTurns *self = turn->turns;
  const guint n = count_of_user (self, turn->uid) + (under_way ? 1 : -1);

  turn->under_way = under_way;
  self->n_under_way += under_way ? 1 : -1;
  if (n == 0)
    g_hash_table_remove (self->users, GUINT_TO_POINTER (turn->uid));
  else
    g_hash_table_insert (self->users, GUINT_TO_POINTER (turn->uid), GUINT_TO_POINTER (n));
}

/* Whose turn it is next; NULL: nobody's, or that of nobody who waits. */
static DhTurn *
find_next (const DhTurns *self)
{
  if (self->n_under_way >= self->most)
    return NULL;
  for (const GList *link = self->waiting.head; link; link = link->next) {
    DhTurn *turn = link->data;

    if (count_of_user (self, turn->uid) < self->most_per_user)
      return turn;
  }
  return NULL;
}

static void
begin_next (DhTurns *self)
{
  DhTurn *turn;

  while ((turn = find_next (self))) {
    g_queue_remove (&self->waiting, turn);
    set_under_way (turn, TRUE);
    turn->func (turn->user_data);
  }
}

DhTurn *
dh_turns_wait (DhTurns *self, uid_t uid, void (*func) (gpointer user_data), gpointer user_data)
{
  DhTurn *turn = g_new (DhTurn, 1);

  *turn = (DhTurn){ self, uid, func, user_data, FALSE };
  g_queue_push_tail (&self->waiting, turn);
  begin_next (self);
  return turn;
}

void
dh_turn_end (DhTurn *turn)
{
  DhTurns *self = turn->turns;

  if (turn->under_way)
    set_under_way (turn, FALSE);
  else
    g_queue_remove (&self->waiting, turn);
  g_free (turn);
  begin_next (self);
}
