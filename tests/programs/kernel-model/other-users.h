/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "damon.h"

/* Who else uses DAMON: the modules of the kernel, RFC v4's own, and the sysfs interface, each as
 * far as it takes to stand in the way, and to be stood in the way of. All are off at first. */

#define N_OTHER_MODULES 4
#define MAX_SLOTS 64
#define MAX_SLOT_TARGETS 8

typedef struct {
  guint64 values[4]; /* of its files */
  DamonThread thread;
} OtherModule;

/* One of kernel/mm/damon/admin/kdamonds/. */
typedef struct {
  DamonThread thread;
  guint n_contexts;
  const char *operations;
  guint n_targets;
  guint64 targets[MAX_SLOT_TARGETS]; /* as written */
} Slot;

typedef struct {
  OtherModule modules[N_OTHER_MODULES];
  Slot slots[MAX_SLOTS];
  guint n_slots;
} OtherUsers;

/* With the model's mutex held. */
void other_users_init (Model *model);
void other_users_end (Model *model);

/* Shows RFC v3's folder, RFC v4's, both or neither. */
void other_users_set_shape (Model *model, gboolean v3, gboolean v4);
