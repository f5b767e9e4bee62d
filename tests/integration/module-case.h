/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "kernel-model.h"
#include "targets.h"

/* The service with the engine "module" over the kernel's model. */
typedef struct {
  Fixture fixture;
  KernelModel *model;
} ModuleCase;

/* Bus, polkitd with ALLOW_OWN, and the model. */
void module_case_set_up_model (ModuleCase *self, gconstpointer data);
/* The same, and the service, whose configuration lets users have their own served by the module. */
void module_case_set_up (ModuleCase *self, gconstpointer data);
/* The service must stop in order, and nothing must have been done that hurts a kernel. */
void module_case_tear_down (ModuleCase *self, gconstpointer data);

/* Writes the configuration of services started from now on. */
void module_case_configure_service (ModuleCase *self, const char *text);

/* Settings with which the module works in milliseconds, for module_case_serve(). */
#define MODULE_QUICKLY                                                                             \
  ", 'SampleIntervalUSec': <@t 1000>, 'AggregationIntervalUSec': <@t 5000>,"                       \
  " 'QuotaResetIntervalUSec': <@t 10000>, 'MinAgeUSec': <@t 10000>"

/* Starts it over the model, with --engine=module unless another is given, and waits until the
 * engines are probed. */
void module_case_start (ModuleCase *self, ...) G_GNUC_NULL_TERMINATED;
/* Stops it in order. */
void module_case_stop (ModuleCase *self);

/* As root, over the bus: a text in GVariant's format for a{sv}. */
void module_case_configure (ModuleCase *self, const char *settings);
/* The same in the background. */
Call *module_case_configure_begin (ModuleCase *self, const char *settings);
/* The same, which must fail with SERVICE_ERROR and this name; nothing may change. */
void module_case_configure_fails (ModuleCase *self, const char *settings, const char *error);

/* Pid, Enabled and more settings (", 'Ratio': <@u 5>" or ""), as root; until State is "running". */
void module_case_serve (ModuleCase *self, guint32 pid, const char *settings);

void module_case_wait_state (ModuleCase *self, const char *state, guint seconds);

/* What all inputs of the module hold, one a line. Returns: (transfer full) */
char *module_case_dup_inputs (ModuleCase *self);

/* Somebody else sets and enables it in the files, to work in milliseconds. The log is empty then.
 */
void module_case_begin_foreign (ModuleCase *self, guint32 pid);
/* Nothing has been written since; and the kernel works on @pid. */
void module_case_assert_left_alone (ModuleCase *self, guint32 pid);
/* No parameter has been written since the log was cleared. */
void module_case_assert_unwritten (ModuleCase *self);

/* Until the quota's mark points at the target: a stop without a drain would shut the module. Helps
 * the quota to climb. */
void module_case_wait_mark (ModuleCase *self);

/* What was written to the module since the last call, "FILE VALUE" each, with ", " between, and the
 * errno's name behind one that failed. Returns: (transfer full) */
char *module_case_take_writes (ModuleCase *self);

/* While it runs: what its inputs hold is what it goes by. */
void module_case_assert_in_force (ModuleCase *self);

/* What Engines says of the module: a reason, "" where it can work, and a part of the detail. */
void module_case_assert_module (ModuleCase *self, const char *reason, const char *part);
/* A new process, until State is "running", by this engine. Returns: its PID. */
guint32 module_case_serve_another (ModuleCase *self, const char *engine);
/* A process is refused with NotAvailable. */
void module_case_assert_not_served (ModuleCase *self);
