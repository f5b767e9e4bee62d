/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "kdamond.h"
#include "tree.h"

/* The module DAMON_HUGEPAGE as RFC v3 has it: its files and what writing to them does. */

#define MODULE_FOLDER "/module/damon_hugepage"

/* enabled, commit_inputs, the inputs, kdamond_pid, the statistics. */
#define N_PARAMETERS (2 + N_INPUTS + 1 + N_STATISTICS)

typedef struct {
  guint64 values[N_PARAMETERS];
  gboolean commit_unread; /* nobody has yet seen that the last commit was taken */
} Module;

void module_init (Model *model);

/* Twelve of them. (transfer none) */
const guint64 *module_get_inputs (const Module *self);
const char *module_get_input_name (Input input);
void module_set_statistics (Module *self, const guint64 *statistics);
gboolean module_get_commit_inputs (const Module *self);
void module_clear_commit_inputs (Module *self);
