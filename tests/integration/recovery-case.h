/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "module-case.h"

/* A service that drives the module is killed, started again, and has to make sense of what it
 * finds. Many rounds in one test: bus and polkitd stay, everything else is new in each. */
typedef struct {
  ModuleCase module;
  char *found;       /* the module's inputs before the service came */
  Child *targets[2]; /* alice's */
  guint32 pids[2];   /* of them */
  gsize log_length;  /* of the service's log when the last one died */
  guint n_kills;
  Call *call; /* under way (nullable) */
} RecoveryCase;

void recovery_case_set_up (RecoveryCase *self, gconstpointer data);
/* Says how many were killed. */
void recovery_case_tear_down (RecoveryCase *self, gconstpointer data);

/* A new kernel, somebody's values in it, two processes, a service that knows nothing. */
void recovery_case_begin_round (RecoveryCase *self);
/* The first process is served, and has filled a window: who ends that carelessly is found out. */
void recovery_case_serve (RecoveryCase *self);

/* The service has been killed, by the model or by recovery_case_kill(). */
void recovery_case_wait_killed (RecoveryCase *self);
void recovery_case_kill (RecoveryCase *self);

/* Of a key in one of the files that it left: "targets" or "module". Returns: 0 without that. */
guint64 recovery_case_get_recorded (RecoveryCase *self, const char *file, const char *key);

/* Starts it again, as module_case_start() does but without waiting. */
void recovery_case_spawn (RecoveryCase *self);
/* The same, and waits. */
void recovery_case_start_again (RecoveryCase *self);

/* What was recorded when it died has come about again: the same process served, or set, or neither
 * and all inputs as they were found. What the bus says is what the kernel has. */
void recovery_case_assert_recovered (RecoveryCase *self);

/* Something that is asked of the service, or happens to it. */
typedef struct {
  const char *name;
  void (*prepare) (RecoveryCase *self); /* recovery_case_serve(), or NULL */
  void (*begin) (RecoveryCase *self);
  void (*finish) (RecoveryCase *self); /* if it is not disturbed; NULL: nothing tells */
} RecoveryOperation;

/* Pid, and more settings as module_case_serve() takes them, in the background. */
void recovery_case_begin_call (RecoveryCase *self, guint32 pid, const char *settings);
void recovery_case_finish_call (RecoveryCase *self);

/* A round in which nothing is killed. Returns: how many writes the operation takes. */
guint recovery_case_count_writes (RecoveryCase *self, const RecoveryOperation *operation);
/* Begins a round in which the service is killed @when, "before" or "after", it writes for the
 * @step-th time, from 1. */
void recovery_case_die_at (RecoveryCase *self, const RecoveryOperation *operation, guint step,
                           const char *when);

/* For main(): a test for each operation, with a round for each write, and for each moment of it. */
int recovery_case_run (int argc, char **argv, const RecoveryOperation *operations,
                       guint n_operations);

/* Stops it in order: all inputs are as they were found. Ends the processes. */
void recovery_case_end_round (RecoveryCase *self);
