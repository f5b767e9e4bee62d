/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "target.h"

#include "child.h"

/* Targets over real processes. */

/* Returns: (transfer full). */
static inline DhProcess *
open_process (const Child *child)
{
  g_autoptr (GError) error = NULL;
  DhProcess *process = dh_process_open ("/", (guint64) child->pid, &error);

  g_assert_no_error (error);
  return process;
}

/* One that nobody wants yet; its owner is as it is. Returns: (transfer full). */
static inline DhTarget *
new_target (guint64 id, const Child *child, guint32 adder)
{
  g_autoptr (DhProcess) process = open_process (child);
  g_autoptr (GError) error = NULL;
  DhOwner owner;

  g_assert_true (dh_process_read_owner (process, &owner, &error));
  g_assert_no_error (error);
  return dh_target_new (id, process, &owner, adder);
}

/* The same, in that state. */
static inline DhTarget *
new_target_in (DhTargetState state, guint64 id, const Child *child)
{
  DhTarget *target = new_target (id, child, 0);

  target->state = state;
  return target;
}
