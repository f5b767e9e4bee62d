/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "recovery-case.h"

#include <signal.h>

/* The service is killed before and after each of its writes to the module, when the process that is
 * served has exited. */

#define SECONDS 10

/* Microseconds: the kernel looks so rarely whether the process is there. */
#define RARE_SAMPLES "{'SampleIntervalUSec': <@t 300000>, 'AggregationIntervalUSec': <@t 300000>}"

/* It has filled a window: that its kdamond ends in the midst of it is nobody's fault. */
static void
end_target (RecoveryCase *self)
{
  child_signal (self->targets[0], SIGKILL);
  g_assert_true (child_wait (self->targets[0], SECONDS, NULL));
}

static void
serve_with_rare_samples (RecoveryCase *self)
{
  recovery_case_serve (self);
  module_case_configure (&self->module, RARE_SAMPLES);
}

static void
begin_exit_before_the_kernel_knows (RecoveryCase *self)
{
  end_target (self);
}

/* The service looks when all is over. */
static void
begin_exit_after_the_kernel_knows (RecoveryCase *self)
{
  child_signal (self->module.fixture.service, SIGSTOP);
  end_target (self);
  kernel_model_wait (self->module.model, "running", "0", SECONDS);
  child_signal (self->module.fixture.service, SIGCONT);
}

static const RecoveryOperation operations[] = {
  { "exit-before-the-kernel-knows", serve_with_rare_samples, begin_exit_before_the_kernel_knows,
    NULL },
  { "exit-after-the-kernel-knows", recovery_case_serve, begin_exit_after_the_kernel_knows, NULL },
};

int
main (int argc, char **argv)
{
  return recovery_case_run (argc, argv, operations, G_N_ELEMENTS (operations));
}
