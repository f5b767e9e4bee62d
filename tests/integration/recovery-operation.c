/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "recovery-case.h"

#define SECONDS 15
#define QUIET_MSEC 300

void
recovery_case_begin_call (RecoveryCase *self, guint32 pid, const char *settings)
{
  g_autofree char *arguments = g_strdup_printf ("({'Pid': <@u %u>%s}, @a{sv} {})", pid, settings);

  self->call = call_begin (self->module.fixture.connection, SERVICE_INTERFACE, "Configure",
                           g_variant_new_parsed (arguments), CALL_PLAIN);
}

void
recovery_case_finish_call (RecoveryCase *self)
{
  assert_answer (g_steal_pointer (&self->call), NULL);
}

static void
prepare (RecoveryCase *self, const RecoveryOperation *operation)
{
  recovery_case_begin_round (self);
  if (operation->prepare)
    operation->prepare (self);
  kernel_model_command (self->module.model, "clear-log");
}

typedef struct {
  KernelModel *model;
  guint n_writes;
  gint64 since;
} Quiet;

static gboolean
is_quiet (gpointer data)
{
  Quiet *quiet = data;
  const guint n_writes = kernel_model_count_writes (quiet->model, NULL);

  if (n_writes != quiet->n_writes)
    quiet->since = g_get_monotonic_time ();
  quiet->n_writes = n_writes;
  return n_writes > 0 && g_get_monotonic_time () - quiet->since > QUIET_MSEC * 1000;
}

guint
recovery_case_count_writes (RecoveryCase *self, const RecoveryOperation *operation)
{
  Quiet quiet = { .since = g_get_monotonic_time () };
  g_autofree char *writes = NULL;

  prepare (self, operation);
  quiet.model = self->module.model;
  operation->begin (self);
  if (operation->finish)
    operation->finish (self);
  g_assert_true (wait_until (is_quiet, &quiet, SECONDS));
  writes = module_case_take_writes (&self->module);
  g_test_message ("%s: %s", operation->name, writes);
  assert_parameter (self->module.model, "commit_inputs", "N");
  if (!self->module.fixture.service)
    recovery_case_start_again (self);
  recovery_case_end_round (self);
  return quiet.n_writes;
}

void
recovery_case_die_at (RecoveryCase *self, const RecoveryOperation *operation, guint step,
                      const char *when)
{
  g_test_message ("%s, killed %s write %u", operation->name, when, step);
  prepare (self, operation);
  kernel_model_command (self->module.model, "kill %u %s", step, when);
  operation->begin (self);
  recovery_case_wait_killed (self);
  if (self->call)
    call_forget (g_steal_pointer (&self->call));
}

static void
test_operation (RecoveryCase *self, gconstpointer operation)
{
  static const char *const moments[] = { "before", "after" };
  const guint n_writes = recovery_case_count_writes (self, operation);

  for (guint step = 1; step <= n_writes; step++)
    for (guint i = 0; i < G_N_ELEMENTS (moments); i++) {
      recovery_case_die_at (self, operation, step, moments[i]);
      recovery_case_assert_recovered (self);
      recovery_case_end_round (self);
    }
}

int
recovery_case_run (int argc, char **argv, const RecoveryOperation *operations, guint n_operations)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < n_operations; i++) {
    g_autofree char *path = g_strconcat ("/module/killed-in-a/", operations[i].name, NULL);

    g_test_add (path, RecoveryCase, &operations[i], recovery_case_set_up, test_operation,
                recovery_case_tear_down);
  }
  return g_test_run ();
}
