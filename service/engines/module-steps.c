/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-steps.h"

#include "damon-users.h"
#include "error.h"
#include "kdamond.h"
#include "module-settings.h"

#include <string.h>

/* Before the first write: what is found is what will be given back. */
void
dh_module_hold (DhSequence *sequence)
{
  DhModuleRecord *record = &sequence->module->record;

  if (record->held)
    return;
  record->held = TRUE;
  memset (&record->found, 0, sizeof record->found);
  for (DhParameter i = DH_PARAMETER_MONITORED_PID; i <= DH_PARAMETER_MAX_NR_REGIONS; i++)
    if (sequence->view.values.known[i])
      dh_parameter_values_set (&record->found, i, sequence->view.values.values[i]);
  record->in_force = record->found;
  dh_module_save_record (sequence->module);
}

gboolean
dh_module_check_alive (DhProcess *process, GError **error)
{
  if (dh_process_is_alive (process))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_PROCESS_EXITED, "Process %d has exited",
               dh_process_get_pid (process));
  return FALSE;
}

void
dh_module_explain_end (DhSequence *sequence, DhProcess *process, GError **error)
{
  const DhParameterFiles *files = sequence->module->files;
  guint64 enabled = TRUE;

  if (process && !dh_process_is_alive (process)) {
    g_clear_error (error);
    dh_module_check_alive (process, error);
  } else if (dh_parameter_files_read (files, DH_PARAMETER_ENABLED, &enabled, NULL) && !enabled) {
    g_clear_error (error);
    g_set_error (error, DH_ERROR, DH_ERROR_CONFLICT,
                 "%s/enabled reads N: somebody else has switched the module off",
                 dh_parameter_files_get_path (files));
  }
}

/* What keeps a start from working after a stop is undone while the kernel thread still lives.
 * Returns: FALSE if it could not be done; @error only where the stop has to be given up. */
static gboolean
drain (DhSequence *sequence, GError **error)
{
  DhTransaction *transaction = sequence->transaction;
  gint kdamond = sequence->view.kdamond_pid;
  DhParameterValues values;
  guint64 usec;

  if (!dh_module_drain_values (dh_transaction_get_current (transaction), &values, &usec))
    return FALSE;
  /* A number that somebody else wrote would be taken with it. */
  if (sequence->view.begun
      && !dh_transaction_put (transaction, DH_PARAMETER_MONITORED_PID, sequence->module->record.pid,
                              error))
    return FALSE;
  if (dh_transaction_put_inputs (transaction, &values, error)
      && dh_transaction_commit (transaction, kdamond, error))
    return dh_transaction_sleep (transaction, usec, kdamond);
  if (!dh_kdamond_lives (sequence->module->root, kdamond))
    g_clear_error (error);
  return FALSE;
}

static void
note_stop (DhModule *module, const DhModuleView *after, gboolean drained)
{
  DhModuleRecord *record = &module->record;
  const guint64 *values = after->values.values;

  /* What was unable from its start is not mended by how it ends. */
  if (record->suspect
      && record->base.values[DH_PARAMETER_TRIED_REGIONS] == values[DH_PARAMETER_TRIED_REGIONS])
    drained = FALSE;
  record->pid = record->kdamond_pid = 0;
  record->left_clean = drained;
  record->clean_tried_regions = values[DH_PARAMETER_TRIED_REGIONS];
  record->clean_quota_exceeds = values[DH_PARAMETER_QUOTA_EXCEEDS];
  dh_module_save_record (module);
}

/* Ends what runs. What was written for the drain stands: the caller writes what is to stand. */
gboolean
dh_module_end (DhSequence *sequence, GError **error)
{
  DhModuleView after = { 0 };
  g_autoptr (GError) cause = NULL;
  gboolean drained = FALSE;

  if (sequence->view.running) {
    drained = drain (sequence, &cause);
    if (cause) {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  }
  if (!dh_transaction_put (sequence->transaction, DH_PARAMETER_ENABLED, FALSE, error))
    return FALSE;
  /* Nobody is there to take it: it would wait for the next start. */
  if (!dh_transaction_put (sequence->transaction, DH_PARAMETER_COMMIT_INPUTS, FALSE, NULL)
      || !dh_parameter_files_read_all (sequence->module->files, &after.values, NULL))
    drained = FALSE;
  note_stop (sequence->module, &after, drained);
  return TRUE;
}

/* Whether the kernel thread that is about to be started may find itself unable: one of before may
 * have ended in the midst of a round, and was not seen to end well. */
static gboolean
is_suspect (const DhModuleRecord *record, const guint64 *values)
{
  if (values[DH_PARAMETER_TRIED_REGIONS] == 0 && values[DH_PARAMETER_QUOTA_EXCEEDS] == 0)
    return FALSE;
  return !record->left_clean || record->clean_tried_regions != values[DH_PARAMETER_TRIED_REGIONS]
         || record->clean_quota_exceeds != values[DH_PARAMETER_QUOTA_EXCEEDS];
}

static void
note_start (DhSequence *sequence, DhProcess *process)
{
  DhModuleRecord *record = &sequence->module->record;
  DhModuleView now = { 0 };

  if (!dh_parameter_files_read_all (sequence->module->files, &now.values, NULL))
    now.values = sequence->view.values;
  record->pid = (guint32) dh_process_get_pid (process);
  record->start_time = dh_process_get_start_time (process);
  record->kdamond_pid = 0;
  record->suspect = is_suspect (record, now.values.values);
  record->left_clean = FALSE;
  memset (&record->base, 0, sizeof record->base);
  for (DhParameter i = DH_PARAMETER_TRIED_REGIONS; i <= DH_PARAMETER_QUOTA_EXCEEDS; i++)
    if (now.values.known[i])
      dh_parameter_values_set (&record->base, i, now.values.values[i]);
  dh_module_save_record (sequence->module);
}

/* Says who has DAMON, if that is why the kernel refused. */
static void
name_holder (const DhModule *module, GError **error)
{
  g_autofree char *holder = NULL;

  if (!error || !g_error_matches (*error, DH_ERROR, DH_ERROR_CONFLICT))
    return;
  holder = dh_damon_users_describe (module->root, "damon_hugepage");
  g_clear_error (error);
  g_set_error (error, DH_ERROR, DH_ERROR_CONFLICT, "DAMON is in use by %s",
               holder ? holder : "somebody who cannot be seen");
}

gboolean
dh_module_switch_on (DhSequence *sequence, DhProcess *process, GError **error)
{
  DhModule *module = sequence->module;

  if (!dh_module_check_alive (process, error)
      || !dh_transaction_put (sequence->transaction, DH_PARAMETER_MONITORED_PID,
                              (guint64) dh_process_get_pid (process), error)
      || !dh_module_check_alive (process, error))
    return FALSE;
  note_start (sequence, process);
  if (!dh_transaction_put (sequence->transaction, DH_PARAMETER_ENABLED, TRUE, error)) {
    /* The number is looked up by the kernel now: that fails once the process has gone. */
    if (!dh_process_is_alive (process)) {
      g_clear_error (error);
      return dh_module_check_alive (process, error);
    }
    name_holder (module, error);
    return FALSE;
  }
  return dh_module_check_alive (process, error);
}

static gboolean
check_running (DhSequence *sequence, DhProcess *process, GError **error)
{
  DhModuleView *view = &sequence->view;

  if (!dh_module_look (sequence->module, view, error))
    return FALSE;
  if (view->begun) {
    sequence->module->record.kdamond_pid = (guint32) view->kdamond_pid;
    dh_module_save_record (sequence->module);
  }
  if (view->begun)
    return dh_transaction_verify (sequence->transaction, error)
           && dh_module_check_alive (process, error);
  g_set_error (error, DH_ERROR, DH_ERROR_KERNEL_REJECTED,
               "%s/enabled accepted Y, but the kernel does not work on process %d",
               dh_parameter_files_get_path (sequence->module->files), dh_process_get_pid (process));
  dh_module_explain_end (sequence, process, error);
  return FALSE;
}

gboolean
dh_module_start (DhSequence *sequence, DhProcess *process, const DhParameterValues *values,
                 GError **error)
{
  return dh_transaction_put_inputs (sequence->transaction, values, error)
         && dh_module_switch_on (sequence, process, error)
         && check_running (sequence, process, error);
}

/* The parameters, and what runs, are somebody else's again. */
void
dh_module_let_go (DhModule *module)
{
  if (!module->record.held && module->record.pid == 0)
    return;
  module->record.held = FALSE;
  module->record.pid = module->record.kdamond_pid = 0;
  dh_module_save_record (module);
}

/* As far as it goes: each that cannot be written is a warning. */
void
dh_module_put_back (DhSequence *sequence, const DhParameterValues *values)
{
  for (DhParameter i = DH_PARAMETER_MONITORED_PID; i <= DH_PARAMETER_MAX_NR_REGIONS; i++) {
    g_autoptr (GError) error = NULL;

    if (values->known[i]
        && !dh_transaction_put (sequence->transaction, i, values->values[i], &error))
      g_warning ("What was changed stays: %s", error->message);
  }
}
