/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "module-parameters.h"
#include "module-record.h"

/* The module as it is: its parameters, and what an earlier run left word of. Blocks; one thread,
 * but for the reference count. */
typedef struct {
  char *root;
  char *record_path;
  char *boot_id;
  DhParameterFiles *files;
  DhModuleRecord record;
  gboolean settled;   /* what the files hold is what is in force */
  gboolean astray;    /* what is in force is not what the last change left, and was to leave */
  gboolean inherited; /* what is held was changed by an earlier run, which crashed */
} DhModule;

/* The module as it was found by reading. */
typedef struct {
  DhParameterValues values;
  gboolean running;   /* enabled, and its kdamond lives */
  gboolean begun;     /* running, and started by us: for the process of record */
  guint32 pid;        /* the process it works on, if running, as far as can be told */
  gint kdamond_pid;   /* -1: none that lives */
  gboolean astray;    /* see DhModule, … */
  gboolean inherited; /* … and there */
  DhModuleRecord record;
} DhModuleView;

/* Whether it runs by somebody else's doing. */
static inline gboolean
dh_module_view_is_foreign (const DhModuleView *view)
{
  return view->running && !view->begun;
}

/* @root: where /sys and /proc are found. @record_path: the state file. Opens the folder and reads
 * what an earlier run left. Errors: DH_UNAVAILABLE. Returns: (transfer full). */
DhModule *dh_module_open (const char *root, const char *record_path, GError **error);
DhModule *dh_module_ref (DhModule *module);
void dh_module_unref (DhModule *module);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhModule, dh_module_unref)

/* For what does not change while it is open. (transfer none) */
const DhParameterFiles *dh_module_get_files (const DhModule *module);

/* Reads everything. */
gboolean dh_module_look (DhModule *module, DhModuleView *ret_view, GError **error);

/* Writes the record; a failure is a warning. */
void dh_module_save_record (DhModule *module);
