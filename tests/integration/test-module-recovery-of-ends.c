/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "recovery-case.h"

#include <signal.h>

/* The service is killed before and after each of its writes to the module, while it ends serving.
 */

#define SECONDS 10

static void
begin_stop (RecoveryCase *self)
{
  recovery_case_begin_call (self, self->pids[0], ", 'Enabled': <false>");
}

static void
begin_end (RecoveryCase *self)
{
  child_signal (self->module.fixture.service, SIGTERM);
}

static void
finish_end (RecoveryCase *self)
{
  g_assert_cmpint (fixture_service_wait_exit (&self->module.fixture, SECONDS), ==, 0);
}

static const RecoveryOperation operations[] = {
  { "stop", recovery_case_serve, begin_stop, recovery_case_finish_call },
  { "end", recovery_case_serve, begin_end, finish_end },
};

int
main (int argc, char **argv)
{
  return recovery_case_run (argc, argv, operations, G_N_ELEMENTS (operations));
}
