/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "change-request.h"

#include "log.h"
#include "target-path.h"

typedef struct {
  DhChange *change; /* (nullable): given away once it is made */
  gboolean dry_run;

  /* For the log: what it was allowed by, which process it is about, and what it says. */
  DhActions required;
  guint32 subject;
  char *what;
  gboolean is_routine; /* not worth a line */
} ChangeData;

static void
free_data (gpointer pointer)
{
  ChangeData *data = pointer;

  g_clear_pointer (&data->change, dh_change_free);
  g_free (data->what);
  g_free (data);
}

static gboolean
check (DhRequest *request, GError **error)
{
  const ChangeData *data = dh_request_get_data (request);
  const DhCaller *caller = dh_request_has_caller (request) ? dh_request_get_caller (request) : NULL;

  return dh_manager_check (dh_request_get_context (request)->manager, data->change, caller, error);
}

static gboolean
get_required (DhRequest *request, DhActions *ret_actions, GError **error)
{
  const ChangeData *data = dh_request_get_data (request);

  return dh_manager_get_required (dh_request_get_context (request)->manager, data->change,
                                  dh_request_get_caller (request), ret_actions, error);
}

static DhProcess *
get_subject (DhRequest *request)
{
  const ChangeData *data = dh_request_get_data (request);

  return dh_manager_get_subject (dh_request_get_context (request)->manager, data->change);
}

static const DhChange *
get_change (DhRequest *request)
{
  return ((const ChangeData *) dh_request_get_data (request))->change;
}

/* Who measures writes every window: that it begins and that it ends is worth a line. */
static gboolean
is_routine (DhManager *manager, const DhChange *change)
{
  const DhTarget *target =
    change->kind == DH_CHANGE_GOALS
      ? dh_target_list_find (dh_manager_get_targets (manager), change->target)
      : dh_manager_get_primary (manager);

  if (!dh_change_is_of_feedback_alone (change) || !target)
    return FALSE;
  return target->goals.feedback != 0 && change->settings[DH_SETTING_FEEDBACK] != 0;
}

/* After the answer, for which nobody need wait until it is written. */
static void
log_change (const DhRequest *request)
{
  const ChangeData *data = dh_request_get_data (request);
  const DhCaller *caller = dh_request_get_caller (request);

  if (data->is_routine)
    return;
  dh_log_change (caller->sender, caller->uid, data->required, data->subject, data->what);
}

static void
on_applied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DhRequest *request = user_data;
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  guint64 target;

  if (!dh_manager_apply_finish (DH_MANAGER (source), result, &target, &error)) {
    dh_request_fail (request, error);
    return;
  }
  path = dh_target_path_new (target);
  dh_request_reply_and_then (request, g_variant_new ("(o)", path), log_change);
}

static void
on_changed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DhRequest *request = user_data;
  g_autoptr (GError) error = NULL;

  if (!dh_manager_apply_finish (DH_MANAGER (source), result, NULL, &error)) {
    dh_request_fail (request, error);
    return;
  }
  dh_request_reply_and_then (request, NULL, log_change);
}

static void
on_undone (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DhRequest *request = user_data;
  DhUndoResult undone;
  g_autoptr (GError) error = NULL;

  if (!dh_manager_undo_finish (DH_MANAGER (source), result, &undone, &error)) {
    dh_request_fail (request, error);
    return;
  }
  dh_request_reply_and_then (request, g_variant_new ("(tt)", undone.split_bytes, undone.kept_bytes),
                             log_change);
}

static void
act (DhRequest *request, DhActions required)
{
  ChangeData *data = dh_request_get_data (request);
  DhManager *manager = dh_request_get_context (request)->manager;
  const DhCaller *caller = dh_request_get_caller (request);
  const DhActions granted = dh_request_get_granted (request);
  DhProcess *subject = get_subject (request);
  const DhChangeKind kind = data->change->kind;
  DhChange *change;

  if (data->dry_run) {
    dh_request_reply (request, NULL);
    return;
  }
  data->required = required;
  data->subject = subject ? (guint32) dh_process_get_pid (subject) : 0;
  data->what = dh_change_describe (data->change);
  data->is_routine = is_routine (manager, data->change);
  change = g_steal_pointer (&data->change);
  if (kind == DH_CHANGE_UNDO)
    dh_manager_undo_async (manager, change, caller, granted, on_undone, request);
  else
    dh_manager_apply_async (manager, change, caller, granted,
                            kind == DH_CHANGE_ADD ? on_applied : on_changed, request);
}

void
dh_request_change (const DhRequestContext *context, GDBusMethodInvocation *invocation,
                   DhChange *change, gboolean dry_run)
{
  static const DhOperation operation = {
    .needs_engine = TRUE,
    .check = check,
    .get_required = get_required,
    .get_subject = get_subject,
    .get_change = get_change,
    .act = act,
  };
  ChangeData *data = g_new0 (ChangeData, 1);

  dh_manager_hold_process (context->manager, change);
  data->change = change;
  data->dry_run = dry_run;
  dh_request_start (context, invocation, &operation, data, free_data);
}
