/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "target-objects.h"
#include "targets.h"

/* Calls under which their process is going to die. */

/* A way in which a process becomes a target. */
typedef struct {
  const char *name;
  gboolean by_pidfd; /* which the caller has opened in time */
  Call *(*begin) (GDBusConnection *connection, guint32 pid, int pidfd);
} Addition;

extern const Addition additions[];
extern const guint n_additions;

/* A process that will die. */
typedef struct {
  Child *child;
  guint32 pid;
  int pidfd;
} Mortal;

Mortal mortal_new (Fixture *fixture, const char *user);
/* It is gone, and nobody's zombie. */
void mortal_die (Mortal *self);
void mortal_clear (Mortal *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Mortal, mortal_clear)

Call *addition_begin (const Addition *addition, GDBusConnection *connection, const Mortal *process);

/* What a method of the target at @path answers, in the background. */
Call *call_target_begin (GDBusConnection *connection, const char *path, const char *method);

/* Until there are no targets any more. */
void assert_no_targets (Fixture *fixture);
