/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "recovery-case.h"

#include <signal.h>

/* The service is killed, and once more before and after each write that it takes to recover; and
 * while a read or a write of a parameter does not come back. */

#define SECONDS 10

static void
begin_start (RecoveryCase *self)
{
  recovery_case_begin_call (self, self->pids[0],
                            ", 'Enabled': <true>, 'Ratio': <@u 5000>, 'Feedback': <@u 100>");
}

static void
begin_change (RecoveryCase *self)
{
  recovery_case_begin_call (self, self->pids[0], ", 'Ratio': <@u 6000>, 'QuotaSize': <@t 8388608>");
}

static void
begin_change_of_process (RecoveryCase *self)
{
  recovery_case_begin_call (self, self->pids[1], ", 'Enabled': <true>");
}

static const RecoveryOperation start = { "start", NULL, begin_start, recovery_case_finish_call };
static const RecoveryOperation change = { "change", recovery_case_serve, begin_change,
                                          recovery_case_finish_call };
static const RecoveryOperation change_of_process = { "change-of-process", recovery_case_serve,
                                                     begin_change_of_process,
                                                     recovery_case_finish_call };

/* Returns: how many writes it takes to recover. */
static guint
recover_undisturbed (RecoveryCase *self, const RecoveryOperation *operation, guint step)
{
  g_autofree char *writes = NULL;
  guint n_writes;

  recovery_case_die_at (self, operation, step, "after");
  kernel_model_command (self->module.model, "clear-log");
  recovery_case_assert_recovered (self);
  n_writes = kernel_model_count_writes (self->module.model, NULL);
  writes = module_case_take_writes (&self->module);
  g_test_message ("recovers with %u writes: %s", n_writes, writes);
  recovery_case_end_round (self);
  return n_writes;
}

static void
die_again (RecoveryCase *self, const RecoveryOperation *operation, guint step, guint second_step,
           const char *when)
{
  recovery_case_die_at (self, operation, step, "after");
  g_test_message ("and %s write %u of recovering", when, second_step);
  kernel_model_command (self->module.model, "kill %u %s", second_step, when);
  recovery_case_spawn (self);
  recovery_case_wait_killed (self);
  recovery_case_assert_recovered (self);
  recovery_case_end_round (self);
}

static void
test_killed_twice (RecoveryCase *self, gconstpointer data)
{
  const RecoveryOperation *operation = data;
  const guint n_steps = recovery_case_count_writes (self, operation);

  for (guint step = 1; step <= n_steps; step++) {
    const guint n_writes = recover_undisturbed (self, operation, step);

    for (guint second_step = 1; second_step <= n_writes; second_step++) {
      die_again (self, operation, step, second_step, "before");
      die_again (self, operation, step, second_step, "after");
    }
  }
}

/* Where the kernel does not answer. */
typedef struct {
  const RecoveryOperation *operation;
  const char *action;
  const char *file;
} Block;

static const Block blocks[] = {
  { &start, "read", "min_age" },
  { &start, "write", "quota_percentage_hugepage" },
  { &start, "write", "enabled" },
  { &change, "write", "commit_inputs" },
  { &change_of_process, "write", "commit_inputs" },
  { &change_of_process, "write", "enabled" },
  { &change_of_process, "write", "monitored_pid" },
};

/* Killed, it stays until the kernel lets go, and then does what it was about to do. */
static void
test_killed_while_blocked (RecoveryCase *self, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (blocks); i++) {
    const Block *block = &blocks[i];

    g_test_message ("%s, blocked in a %s of %s", block->operation->name, block->action,
                    block->file);
    recovery_case_begin_round (self);
    if (block->operation->prepare)
      block->operation->prepare (self);
    kernel_model_command (self->module.model, "block %s %s", block->action, block->file);
    block->operation->begin (self);
    kernel_model_wait (self->module.model, "blocked", "1", SECONDS);
    child_signal (self->module.fixture.service, SIGKILL);
    wait_for (50);
    kernel_model_command (self->module.model, "release");
    recovery_case_wait_killed (self);
    call_forget (g_steal_pointer (&self->call));
    recovery_case_assert_recovered (self);
    recovery_case_end_round (self);
  }
}

static void
add (const char *path, gconstpointer data, void (*test) (RecoveryCase *, gconstpointer))
{
  g_test_add (path, RecoveryCase, data, recovery_case_set_up, test, recovery_case_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/module/killed-twice/start", &start, test_killed_twice);
  add ("/module/killed-twice/change", &change, test_killed_twice);
  add ("/module/killed-while-blocked", NULL, test_killed_while_blocked);
  return g_test_run ();
}
