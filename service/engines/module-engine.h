/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "engine.h"

/* The engine "module": the kernel module DAMON_HUGEPAGE does the work, one process at a time, and
 * is told by its parameters. */
#define DH_TYPE_MODULE_ENGINE (dh_module_engine_get_type ())
G_DECLARE_FINAL_TYPE (DhModuleEngine, dh_module_engine, DH, MODULE_ENGINE, GObject)

/* @root: where /sys and /proc are found. @state_directory: for what has to be known after a crash.
 * @time_ceiling: microseconds of collapsing per second that no quota exceeds. Returns: (transfer
 * full). */
DhEngine *dh_module_engine_new (const char *root, const char *state_directory, guint time_ceiling);
