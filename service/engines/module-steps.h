/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "module-state.h"
#include "module-transaction.h"
#include "process.h"

/* The steps that the sequences of module-protocol.c are made of. In the writer's thread; each
 * blocks. Errors: DH_ERROR. */

/* One sequence under way. */
typedef struct {
  DhModule *module;
  DhTransaction *transaction;
  DhModuleView view; /* as last looked at */
} DhSequence;

/* Before the first write: what is found is what will be given back. */
void dh_module_hold (DhSequence *sequence);

/* The parameters, and what runs, are somebody else's again. */
void dh_module_let_go (DhModule *module);

/* Errors: DH_ERROR_PROCESS_EXITED. */
gboolean dh_module_check_alive (DhProcess *process, GError **error);

/* After @error: why the kernel does not work on @process (nullable: somebody else's) any more, if
 * that is so: the process has exited, or somebody else has switched the module off. */
void dh_module_explain_end (DhSequence *sequence, DhProcess *process, GError **error);

/* Ends what runs, in a way that the next start works. What was written for that stands: the caller
 * writes what is to stand. */
gboolean dh_module_end (DhSequence *sequence, GError **error);

/* Has the kernel work on @process, with the inputs as they are. Errors: DH_ERROR_PROCESS_EXITED;
 * DH_ERROR_CONFLICT with the other user of DAMON. */
gboolean dh_module_switch_on (DhSequence *sequence, DhProcess *process, GError **error);

/* The same with @values, verified by reading. */
gboolean dh_module_start (DhSequence *sequence, DhProcess *process, const DhParameterValues *values,
                          GError **error);

/* Inputs and monitored_pid, as far as it goes: each that cannot be written is a warning. */
void dh_module_put_back (DhSequence *sequence, const DhParameterValues *values);
