/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "module-parameters.h"

/* What the service has to know of the module after a crash, in a file of the state directory,
 * written before the kernel is. It is of use in the boot that it was written in, and no longer. */
typedef struct {
  gboolean held;               /* the parameters are ours: `found` stands for what to give back */
  DhParameterValues found;     /* the writable parameters as they were before */
  guint32 pid;                 /* served, or about to be; 0: none */
  guint64 start_time;          /* of pid, clock ticks since boot */
  guint32 kdamond_pid;         /* that was started for it; 0: not known */
  DhParameterValues in_force;  /* the inputs as they were last applied as a whole */
  DhParameterValues base;      /* the counters when serving it began */
  gboolean suspect;            /* an earlier kdamond may have left the one that serves pid unable */
  gboolean needs_reboot;       /* the module was seen to do nothing any more */
  gboolean left_clean;         /* it was last stopped in order, … */
  guint64 clean_tried_regions; /* … the counters then standing at these */
  guint64 clean_quota_exceeds;
} DhModuleRecord;

/* Reads the record of the boot @boot_id from @path. One that is missing, of another boot, not to be
 * trusted or nonsense gives an empty record, the latter two with a warning. */
void dh_module_record_load (DhModuleRecord *record, const char *path, const char *boot_id);

/* Writes it, mode 0600, replacing the file in one step: of `found` only what is writable, of `base`
 * only counters. Blocks. Errors: G_FILE_ERROR. */
gboolean dh_module_record_save (const DhModuleRecord *record, const char *path, const char *boot_id,
                                GError **error);
