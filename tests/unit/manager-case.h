/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "manager.h"

#include "child.h"
#include "fake-engine.h"
#include "store-fixture.h"

/* The service without its bus and without a kernel: a manager over an engine on paper, and what it
 * tells. */

#define CASE_CLIENT ":1.7"
#define CASE_SECONDS 10

typedef struct {
  StoreFixture store;
  FakeEngine *engine;
  DhManager *manager;
  Child *child;
  GString *signals; /* "added ", "removed ", "exited " (of an object), "primary-exited " */
  guint64 id;       /* of the last target that was added */
  gboolean stopped;
} ManagerCase;

void manager_case_set_up (ManagerCase *self, gconstpointer data);
void manager_case_tear_down (ManagerCase *self, gconstpointer data);

/* What a call comes to. */
typedef struct {
  GAsyncResult *result; /* NULL: it is under way */
} Answer;

/* Makes the change as root. @change: (transfer full). @answer: until manager_case_finish(). Errors:
 * those of the check, with no answer to come. */
gboolean manager_case_begin (ManagerCase *self, DhChange *change, Answer *answer, GError **error);
gboolean manager_case_finish (ManagerCase *self, Answer *answer, GError **error);

/* Both. */
gboolean manager_case_apply (ManagerCase *self, DhChange *change, GError **error);

/* The same, which must succeed. */
void manager_case_make (ManagerCase *self, DhChange *change);

/* The child as a target that is bound to CASE_CLIENT, and served. */
void manager_case_add (ManagerCase *self, gboolean primary);

/* Of the target that was added; an undo is answered at once. */
DhChange *manager_case_change_of (ManagerCase *self, DhChangeKind kind);
gboolean manager_case_undo (ManagerCase *self, GError **error);

/* The same in two steps: until the engine is at it, if it comes to that, and the rest. */
gboolean manager_case_begin_undo (ManagerCase *self, Answer *answer, GError **error);
gboolean manager_case_finish_undo (ManagerCase *self, Answer *answer, GError **error);

DhChange *manager_case_set_pid (ManagerCase *self, pid_t pid);
DhChange *manager_case_set_enabled (ManagerCase *self, gboolean enabled);

/* The engine tells it of the child; with an error where one belongs to it. */
void manager_case_tell (ManagerCase *self, DhEngineEvent event);

/* The child exits, and that is noticed. */
void manager_case_exit (ManagerCase *self);

/* An orderly stop; the manager is not used after it. */
void manager_case_stop (ManagerCase *self);

/* (transfer none) (nullable): the target that was added, as one of the targets. */
DhTarget *manager_case_find (ManagerCase *self);

/* Targets that the next start would take up again. */
guint manager_case_count_remembered (ManagerCase *self);
