/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-protocol.h"

#include "error.h"
#include "kdamond.h"
#include "module-steps.h"
#include "unavailable.h"

#include <string.h>

/* The process that is served now, if it can still be had. */
static DhProcess *
open_served (DhSequence *sequence)
{
  const DhModule *module = sequence->module;
  const DhModuleView *view = &sequence->view;
  g_autoptr (DhProcess) process = NULL;

  if (!view->running)
    return NULL;
  process = dh_process_open (module->root, view->pid, NULL);
  if (process && !dh_module_view_is_foreign (view)
      && dh_process_get_start_time (process) != module->record.start_time)
    return NULL;
  return g_steal_pointer (&process);
}

static void
set_settled (DhModule *module)
{
  module->settled = TRUE;
  module->astray = FALSE;
}

/* What cannot be is tried again when there is an opportunity. */
static void
take_back (DhSequence *sequence)
{
  if (dh_transaction_take_back (sequence->transaction, sequence->view.kdamond_pid))
    return;
  sequence->module->settled = FALSE;
  sequence->module->astray = TRUE;
}

/* After a start that failed: what was begun ends, and what stood and ran before does again. */
static void
recover (DhSequence *sequence, const DhModuleView *before, DhProcess *served)
{
  g_autoptr (GError) error = NULL;

  if (dh_transaction_get_current (sequence->transaction)->values[DH_PARAMETER_ENABLED]
      && (!dh_module_look (sequence->module, &sequence->view, &error)
          || !dh_module_end (sequence, &error)))
    g_warning ("What was begun goes on: %s", error->message);
  g_clear_error (&error);
  sequence->module->record.pid = sequence->module->record.kdamond_pid = 0;
  dh_module_save_record (sequence->module);
  dh_module_put_back (sequence, &before->values);
  if (served && !dh_module_switch_on (sequence, served, &error))
    g_warning ("Process %d is no longer served: %s", dh_process_get_pid (served), error->message);
  g_clear_error (&error);
  if (served && dh_module_view_is_foreign (before))
    dh_module_let_go (sequence->module);
  if (!dh_transaction_verify (sequence->transaction, &error))
    g_warning ("After changing back: %s", error->message);
}

/* Another process, or none before. */
static gboolean
serve_anew (DhSequence *sequence, const DhModuleGoal *goal, GError **error)
{
  const DhModuleView before = sequence->view;
  g_autoptr (DhProcess) served = open_served (sequence);

  if (before.values.values[DH_PARAMETER_ENABLED] && !dh_module_end (sequence, error)) {
    take_back (sequence);
    return FALSE;
  }
  dh_transaction_keep (sequence->transaction);
  if (dh_module_start (sequence, goal->process, &goal->values, error)) {
    set_settled (sequence->module);
    return TRUE;
  }
  recover (sequence, &before, served);
  return FALSE;
}

static gboolean
commit_values (DhSequence *sequence, const DhParameterValues *values, DhProcess *process,
               GError **error)
{
  DhTransaction *transaction = sequence->transaction;

  if (!dh_transaction_put_inputs (transaction, values, error))
    return FALSE;
  /* What somebody else has begun needs no commit of ours. */
  if ((sequence->module->settled || !process) && !dh_transaction_has_written (transaction))
    return TRUE;
  /* The kernel looks the number up again. */
  if (process
      && (!dh_module_check_alive (process, error)
          || !dh_transaction_put (transaction, DH_PARAMETER_MONITORED_PID,
                                  (guint64) dh_process_get_pid (process), error)))
    return FALSE;
  if (!dh_transaction_commit (transaction, sequence->view.kdamond_pid, error)) {
    dh_module_explain_end (sequence, process, error);
    return FALSE;
  }
  return (!process || dh_module_check_alive (process, error))
         && dh_transaction_verify (transaction, error);
}

/* The kernel thread that runs goes on with other values. @process: (nullable): somebody else's. */
static gboolean
change (DhSequence *sequence, const DhParameterValues *values, DhProcess *process, GError **error)
{
  if (commit_values (sequence, values, process, error)) {
    set_settled (sequence->module);
    return TRUE;
  }
  take_back (sequence);
  return FALSE;
}

/* Whoever asked has the right to it only if it was known by then. */
static gboolean
check_foreign (DhSequence *sequence, const DhModuleGoal *goal, GError **error)
{
  if (!dh_module_view_is_foreign (&sequence->view) || goal->takes_over)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_CONFLICT,
               "Somebody else has just enabled the module for process %u (%s/enabled)",
               sequence->view.pid, dh_parameter_files_get_path (sequence->module->files));
  return FALSE;
}

static gboolean
serve (DhSequence *sequence, const DhModuleGoal *goal, GError **error)
{
  const DhModuleRecord *record = &sequence->module->record;

  if (!check_foreign (sequence, goal, error))
    return FALSE;
  dh_module_hold (sequence);
  if (sequence->view.running && !dh_module_view_is_foreign (&sequence->view)
      && record->start_time == dh_process_get_start_time (goal->process)
      && record->pid == (guint32) dh_process_get_pid (goal->process))
    return change (sequence, &goal->values, goal->process, error);
  return serve_anew (sequence, goal, error);
}

static gboolean
adjust (DhSequence *sequence, const DhModuleGoal *goal, GError **error)
{
  return change (sequence, &goal->values, NULL, error);
}

static guint64
idle_pid (const DhSequence *sequence, const DhModuleGoal *goal)
{
  const DhModuleRecord *record = &sequence->module->record;

  if (goal->process)
    return (guint64) dh_process_get_pid (goal->process);
  return (record->held ? &record->found : &sequence->view.values)
    ->values[DH_PARAMETER_MONITORED_PID];
}

/* Whether the files are to be touched at all: as long as nothing was changed, they stay whose they
 * are. */
static gboolean
is_untouched (const DhSequence *sequence, const DhModuleGoal *goal)
{
  const DhParameterValues *found = &sequence->view.values;

  if (sequence->module->record.held || sequence->view.running)
    return FALSE;
  for (DhParameter i = DH_PARAMETER_MIN_AGE; i <= DH_PARAMETER_MAX_NR_REGIONS; i++)
    if (found->known[i] && goal->values.known[i] && found->values[i] != goal->values.values[i])
      return FALSE;
  return found->values[DH_PARAMETER_MONITORED_PID] == idle_pid (sequence, goal);
}

static gboolean
idle (DhSequence *sequence, const DhModuleGoal *goal, GError **error)
{
  DhTransaction *transaction = sequence->transaction;
  guint64 pid = idle_pid (sequence, goal);

  if (is_untouched (sequence, goal))
    return TRUE;
  if (!check_foreign (sequence, goal, error))
    return FALSE;
  dh_module_hold (sequence);
  if (sequence->view.values.values[DH_PARAMETER_ENABLED] && !dh_module_end (sequence, error)) {
    take_back (sequence);
    return FALSE;
  }
  if (dh_transaction_put_inputs (transaction, &goal->values, error)
      && dh_transaction_put (transaction, DH_PARAMETER_MONITORED_PID, pid, error)
      && dh_transaction_verify (transaction, error))
    return TRUE;
  dh_module_put_back (sequence, &sequence->view.values);
  return FALSE;
}

static gboolean
release (DhSequence *sequence, const DhModuleGoal *goal, GError **error)
{
  DhModule *module = sequence->module;

  if (module->inherited)
    g_message ("What was changed in the module's parameters before a crash is given back");
  if (module->record.held && (!sequence->view.running || sequence->view.begun)) {
    if (sequence->view.values.values[DH_PARAMETER_ENABLED] && !dh_module_end (sequence, error)) {
      take_back (sequence);
      return FALSE;
    }
    dh_module_put_back (sequence, &module->record.found);
    if (!dh_transaction_put (sequence->transaction, DH_PARAMETER_COMMIT_INPUTS, FALSE, error))
      return FALSE;
  }
  dh_module_let_go (module);
  return TRUE;
}

/* Nothing is written while the kernel may be reading. Errors: as dh_module_look(). */
static gboolean
begin (DhSequence *sequence, DhWriter *writer, GError **error)
{
  DhModule *module = sequence->module;
  DhModuleView *view = &sequence->view;
  gboolean pending;

  if (!dh_module_look (module, view, error))
    return FALSE;
  sequence->transaction = dh_transaction_new (module->files, module->root, &view->values, writer);
  pending = view->running && view->values.values[DH_PARAMETER_COMMIT_INPUTS];
  if (!pending || dh_transaction_wait_taken (sequence->transaction, view->kdamond_pid, NULL))
    return TRUE;
  return dh_module_look (module, view, error);
}

/* After a crash in the midst of the next change this is what stands. Feedback, which may change
 * many times a second, is nothing to go back to. */
static void
note_in_force (DhModule *module, const DhParameterValues *values)
{
  DhParameterValues inputs = { 0 };

  for (DhParameter i = DH_PARAMETER_MIN_AGE; i <= DH_PARAMETER_MAX_NR_REGIONS; i++)
    if (values->known[i] && i != DH_PARAMETER_FEEDBACK)
      dh_parameter_values_set (&inputs, i, values->values[i]);
  if (memcmp (&inputs, &module->record.in_force, sizeof inputs) == 0)
    return;
  module->record.in_force = inputs;
  dh_module_save_record (module);
}

gboolean
dh_module_apply (DhModule *module, DhWriter *writer, const DhModuleGoal *goal,
                 DhModuleView *ret_view, GError **error)
{
  static gboolean (*const modes[]) (DhSequence *, const DhModuleGoal *, GError **) = {
    [DH_MODULE_SERVE] = serve,
    [DH_MODULE_IDLE] = idle,
    [DH_MODULE_ADJUST] = adjust,
    [DH_MODULE_RELEASE] = release,
  };
  DhSequence sequence = { .module = module };
  gboolean good;

  good = begin (&sequence, writer, error);
  *ret_view = sequence.view;
  good = good && modes[goal->mode](&sequence, goal, error);
  if (good && module->record.held)
    note_in_force (module, dh_transaction_get_current (sequence.transaction));
  g_clear_pointer (&sequence.transaction, dh_transaction_free);
  if (good)
    module->inherited = FALSE;
  return dh_module_look (module, ret_view, good ? error : NULL) && good;
}

gboolean
dh_module_give_up (DhModule *module, DhWriter *writer, GError **error)
{
  DhModuleGoal nothing = { .mode = DH_MODULE_RELEASE };
  DhModuleView view;

  module->record.needs_reboot = TRUE;
  dh_module_save_record (module);
  return dh_module_apply (module, writer, &nothing, &view, error);
}
