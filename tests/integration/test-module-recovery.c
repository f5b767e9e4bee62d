/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "recovery-case.h"

/* The service is killed before and after each of its writes to the module, while it begins serving
 * or changes what is served. */

static void
begin_start (RecoveryCase *self)
{
  recovery_case_begin_call (self, self->pids[0],
                            ", 'Enabled': <true>, 'Ratio': <@u 5000>, 'Feedback': <@u 100>,"
                            " 'QuotaSize': <@t 2097152>, 'AggregationIntervalUSec': <@t 6000>");
}

static void
begin_change (RecoveryCase *self)
{
  recovery_case_begin_call (self, self->pids[0],
                            ", 'Ratio': <@u 6000>, 'QuotaSize': <@t 8388608>,"
                            " 'SampleIntervalUSec': <@t 2000>");
}

static void
begin_change_of_process (RecoveryCase *self)
{
  recovery_case_begin_call (self, self->pids[1], ", 'Enabled': <true>, 'Ratio': <@u 700>");
}

static const RecoveryOperation operations[] = {
  { "start", NULL, begin_start, recovery_case_finish_call },
  { "change", recovery_case_serve, begin_change, recovery_case_finish_call },
  { "change-of-process", recovery_case_serve, begin_change_of_process, recovery_case_finish_call },
};

int
main (int argc, char **argv)
{
  return recovery_case_run (argc, argv, operations, G_N_ELEMENTS (operations));
}
