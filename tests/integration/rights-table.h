/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "fixture.h"

/* Who may do what: a row or more for each method and each writable property, and a call that shows
 * it. Actions without org.damon.Hugepage.; "": everybody may. */

#define RIGHT_ACTIONS "target-own target-any tune inspect manage-targets"

typedef struct {
  const char *interface;
  const char *member;
  gboolean is_property; /* it is written */
  gboolean on_target;   /* the object is the target */
  /* In GVariant's format: of a method, or the value. TARGET, OWN and SAME: see RightWorld. */
  const char *arguments;

  /* What the caller needs where the process is his own, … */
  const char *own;
  const char *others; /* … another's, or what he runs is more than he is, … */
  const char *added;  /* … or another's, and he has added it. */

  gboolean of_damon; /* engines without DAMON do not have it */
} Right;

extern const Right rights[];
extern const guint n_rights;

/* What calls are about. */
typedef struct {
  char *target; /* the path of the primary target, whose process they are about */
  guint32 own;  /* a process of the caller's own that is no target */
  guint32 same; /* the same, whose relation to him is that of the target's process */
} RightWorld;

/* Whether a call of the row is allowed to who has just @action and needs @need. */
gboolean right_suffices (const char *action, const char *need);

/* "org.damon.Hugepage1.Target Undo ()": for messages. Returns: (transfer full) */
char *right_describe (const Right *right);

/* Returns: whether it succeeded. */
gboolean right_call (const Right *right, GDBusConnection *connection, const RightWorld *world,
                     CallMode mode, GError **error);

/* Whether it was carried out, and at most found nothing to look at yet. Clears @error. */
gboolean right_was_granted (GError **error);

/* A rule that grants bob these, and nobody anything else. */
void rights_allow_bob (Fixture *fixture, const char *actions);

/* The definition of the two interfaces. Returns: (transfer full) */
GDBusNodeInfo *rights_load_interfaces (void);

/* Counts the answers that a connection gets. */
typedef struct {
  GDBusConnection *connection;
  guint filter;
  guint calls;
  guint replies;
} ReplyCount;

void reply_count_begin (ReplyCount *count, GDBusConnection *connection);
/* There has been one for each of the calls. */
void reply_count_end (ReplyCount *count);

/* To the caller whose answers are counted, with and without interaction. */
void assert_right_refused (const Right *right, ReplyCount *count, const RightWorld *world);
