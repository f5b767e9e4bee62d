/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "request.h"

#include "accounts.h"
#include "error-names.h"
#include "log.h"
#include "properties.h"

/* In the place of a group that is not known: nobody's. */
#define NO_GROUP ((guint32) -1)

typedef struct {
  const DhRequestContext *context;
  GDBusMethodInvocation *invocation;
  DhChange *change; /* NULL: the figures are asked for */
  gboolean dry_run;
  gboolean prepared; /* the engines are known */

  DhCaller caller;
  gboolean has_uid;
  gboolean has_gid;
  DhActions granted;
  DhAction asked; /* the question that is open */

  DhActions required; /* for the log: what the change was allowed by, … */
  guint32 subject;    /* … which process it is about, … */
  char *what;         /* … and what it says */

  DhAccount *owner; /* of the process that polkit is asked about (nullable) */
  guint32 owner_uid;
  gboolean has_owner; /* looked up, if in vain */
} Request;

static void advance (Request *request);

static void
free_request (Request *request)
{
  dh_idle_release (request->context->idle);
  g_clear_pointer (&request->change, dh_change_free);
  g_clear_pointer (&request->owner, dh_account_free);
  g_free (request->what);
  g_free (request);
}

static void
fail (Request *request, const GError *error)
{
  dh_return_error (g_steal_pointer (&request->invocation), error);
  free_request (request);
}

static void
reply (Request *request, GVariant *value)
{
  g_dbus_method_invocation_return_value (g_steal_pointer (&request->invocation), value);
  free_request (request);
}

static void
on_prepared (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Request *request = user_data;
  g_autoptr (GError) error = NULL;

  if (dh_manager_prepare_finish (DH_MANAGER (source), result, &error))
    advance (request);
  else
    fail (request, error);
}

static void
on_uid (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Request *request = user_data;
  g_autoptr (GError) error = NULL;

  if (!dh_authority_get_uid_finish (DH_AUTHORITY (source), result, &request->caller.uid, &error)) {
    fail (request, error);
    return;
  }
  request->has_uid = TRUE;
  if (request->caller.uid == 0)
    request->granted = DH_ACTIONS_ALL;
  advance (request);
}

static void
on_caller_account (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Request *request = user_data;
  g_autoptr (DhAccount) account = dh_accounts_lookup_finish (result, NULL);

  request->caller.gid = account ? account->gid : NO_GROUP;
  request->has_gid = TRUE;
  advance (request);
}

static void
on_owner_account (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Request *request = user_data;

  request->owner = dh_accounts_lookup_finish (result, NULL);
  advance (request);
}

static void
on_authorized (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Request *request = user_data;
  g_autoptr (GError) error = NULL;

  if (!dh_authority_check_finish (DH_AUTHORITY (source), result, &error)) {
    fail (request, error);
    return;
  }
  request->granted |= request->asked;
  if (request->asked == DH_ACTION_TARGET_ANY)
    request->granted |= DH_ACTION_TARGET_OWN;
  advance (request);
}

static void
on_applied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Request *request = user_data;
  g_autoptr (GError) error = NULL;

  if (!dh_manager_apply_finish (DH_MANAGER (source), result, &error)) {
    fail (request, error);
    return;
  }
  dh_log_change (request->caller.sender, request->caller.uid, request->required, request->subject,
                 request->what);
  reply (request, NULL);
}

static DhAction
lowest_action (DhActions actions)
{
  return actions & (~actions + 1);
}

/* Puts the question to polkit; first looks up the name that goes with the process's uid, if need
 * be. */
static void
ask (Request *request, DhActions missing)
{
  const DhRequestContext *context = request->context;
  DhProcess *subject = dh_manager_get_subject (context->manager, request->change);
  g_autofree char *unit = subject ? dh_process_dup_unit (subject) : NULL;
  g_autofree char *user_unit = subject ? dh_process_dup_user_unit (subject) : NULL;
  gboolean interactive =
    g_dbus_message_get_flags (g_dbus_method_invocation_get_message (request->invocation))
    & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION;
  DhActionDetails details = { .unit = unit, .user_unit = user_unit };
  DhOwner owner;

  if (subject && dh_process_read_owner (subject, &owner, NULL)) {
    if (!request->has_owner || request->owner_uid != owner.uids[1]) {
      request->has_owner = TRUE;
      request->owner_uid = owner.uids[1];
      g_clear_pointer (&request->owner, dh_account_free);
      dh_accounts_lookup_async (owner.uids[1], NULL, on_owner_account, request);
      return;
    }
    details.pid = (guint32) dh_process_get_pid (subject);
    details.uid = owner.uids[1];
    details.user = request->owner ? request->owner->name : "";
  }
  request->asked = lowest_action (missing);
  dh_authority_check_async (context->authority, request->caller.sender, request->asked, &details,
                            interactive, NULL, on_authorized, request);
}

static void
reply_statistics (Request *request)
{
  DhManager *manager = request->context->manager;
  g_autoptr (GError) error = NULL;
  DhStatistics figures;
  gboolean known = dh_manager_get_statistics (manager, &figures);

  if (dh_manager_get_pid (manager) == 0) {
    g_set_error_literal (&error, DH_ERROR, DH_ERROR_NO_SUCH_PROCESS,
                         "There are no figures without a process: set Pid first");
    fail (request, error);
    return;
  }
  reply (request, g_variant_new ("(@a{sv})", known ? dh_statistics_to_variant (&figures, FALSE)
                                                   : g_variant_new ("a{sv}", NULL)));
}

static void
apply (Request *request, DhActions required)
{
  DhManager *manager = request->context->manager;
  DhProcess *subject = dh_manager_get_subject (manager, request->change);

  request->required = required;
  request->subject = subject ? (guint32) dh_process_get_pid (subject) : 0;
  request->what = dh_change_describe (request->change);
  dh_manager_apply_async (manager, g_steal_pointer (&request->change), &request->caller,
                          request->granted, on_applied, request);
}

static gboolean
get_required (Request *request, DhActions *ret_required, GError **error)
{
  DhManager *manager = request->context->manager;

  if (request->change)
    return dh_manager_get_required (manager, request->change, &request->caller, ret_required,
                                    error);
  *ret_required = dh_manager_get_required_to_inspect (manager, &request->caller);
  return TRUE;
}

/* The whole way, from the beginning, as far as it goes without waiting. */
static void
advance (Request *request)
{
  const DhRequestContext *context = request->context;
  g_autoptr (GError) error = NULL;
  DhActions required = 0;

  if (!request->prepared) {
    request->prepared = TRUE;
    dh_manager_prepare_async (context->manager, request->change, on_prepared, request);
  } else if (request->change && !dh_manager_check (context->manager, request->change, &error)) {
    fail (request, error);
  } else if (!request->has_uid) {
    dh_authority_get_uid_async (context->authority, request->caller.sender, NULL, on_uid, request);
  } else if (request->caller.uid != 0 && !request->has_gid) {
    dh_accounts_lookup_async (request->caller.uid, NULL, on_caller_account, request);
  } else if (!get_required (request, &required, &error)) {
    fail (request, error);
  } else if (required & ~request->granted) {
    ask (request, required & ~request->granted);
  } else if (!request->change) {
    reply_statistics (request);
  } else if (request->dry_run) {
    reply (request, NULL);
  } else {
    apply (request, required);
  }
}

static Request *
new_request (const DhRequestContext *context, GDBusMethodInvocation *invocation)
{
  Request *request = g_new0 (Request, 1);

  request->context = context;
  request->invocation = invocation;
  request->caller.sender = g_dbus_method_invocation_get_sender (invocation);
  request->caller.gid = NO_GROUP;
  dh_idle_hold (context->idle);
  return request;
}

void
dh_request_change (const DhRequestContext *context, GDBusMethodInvocation *invocation,
                   DhChange *change, gboolean dry_run)
{
  Request *request = new_request (context, invocation);

  request->change = change;
  request->dry_run = dry_run;
  advance (request);
}

void
dh_request_statistics (const DhRequestContext *context, GDBusMethodInvocation *invocation)
{
  advance (new_request (context, invocation));
}
