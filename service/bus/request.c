/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "request.h"

#include "accounts.h"
#include "error-names.h"

/* In the place of a group that is not known: nobody's. */
#define NO_GROUP ((guint32) -1)

struct _DhRequest {
  const DhRequestContext *context;
  GDBusMethodInvocation *invocation;
  const DhOperation *operation;
  gpointer data;
  GDestroyNotify free_data;
  gboolean prepared; /* the engines are known */

  DhCaller caller;
  gboolean has_uid;
  gboolean has_gid;
  DhActions granted;
  DhActions refused; /* of an operation that asks nobody */
  DhAction asked;    /* the question that is open */

  DhAccount *owner; /* of the process that polkit is asked about (nullable) */
  guint32 owner_uid;
  gboolean has_owner; /* looked up, if in vain */
};

static void advance (DhRequest *request);

static void
free_request (DhRequest *request)
{
  dh_idle_release (request->context->idle);
  g_clear_pointer (&request->owner, dh_account_free);
  if (request->free_data)
    request->free_data (request->data);
  g_free (request);
}

void
dh_request_fail (DhRequest *request, const GError *error)
{
  dh_return_error (g_steal_pointer (&request->invocation), error);
  free_request (request);
}

void
dh_request_reply_and_then (DhRequest *request, GVariant *value,
                           void (*func) (const DhRequest *request))
{
  /* The caller's name is the invocation's. */
  g_autoptr (GDBusMethodInvocation) invocation = g_object_ref (request->invocation);

  g_dbus_method_invocation_return_value (g_steal_pointer (&request->invocation), value);
  if (func)
    func (request);
  free_request (request);
}

void
dh_request_reply (DhRequest *request, GVariant *value)
{
  dh_request_reply_and_then (request, value, NULL);
}

const DhRequestContext *
dh_request_get_context (const DhRequest *request)
{
  return request->context;
}

gpointer
dh_request_get_data (const DhRequest *request)
{
  return request->data;
}

const DhCaller *
dh_request_get_caller (const DhRequest *request)
{
  return &request->caller;
}

DhActions
dh_request_get_granted (const DhRequest *request)
{
  return request->granted;
}

gboolean
dh_request_has_caller (const DhRequest *request)
{
  return request->has_uid && request->has_gid;
}

static void
on_prepared (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DhRequest *request = user_data;
  g_autoptr (GError) error = NULL;

  if (dh_manager_prepare_finish (DH_MANAGER (source), result, &error))
    advance (request);
  else
    dh_request_fail (request, error);
}

static void
on_uid (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DhRequest *request = user_data;
  g_autoptr (GError) error = NULL;

  if (!dh_authority_get_uid_finish (DH_AUTHORITY (source), result, &request->caller.uid, &error)) {
    dh_request_fail (request, error);
    return;
  }
  request->has_uid = TRUE;
  if (request->caller.uid == 0) {
    request->granted = DH_ACTIONS_ALL;
    request->has_gid = TRUE;
  }
  advance (request);
}

static void
note_caller_account (DhRequest *request, const DhAccount *account)
{
  request->caller.gid = account ? account->gid : NO_GROUP;
  request->has_gid = TRUE;
}

static void
on_caller_account (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DhRequest *request = user_data;
  g_autoptr (DhAccount) account = dh_accounts_lookup_finish (result, NULL);

  note_caller_account (request, account);
  advance (request);
}

static void
look_up_caller (DhRequest *request)
{
  g_autoptr (DhAccount) account = dh_accounts_find_kept (request->caller.uid);

  if (!account) {
    dh_accounts_lookup_async (request->caller.uid, NULL, on_caller_account, request);
    return;
  }
  note_caller_account (request, account);
  advance (request);
}

static void
on_owner_account (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DhRequest *request = user_data;

  request->owner = dh_accounts_lookup_finish (result, NULL);
  advance (request);
}

static void
on_authorized (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DhRequest *request = user_data;
  g_autoptr (GError) error = NULL;

  if (dh_authority_check_finish (DH_AUTHORITY (source), result, &error)) {
    request->granted |= request->asked;
    if (request->asked == DH_ACTION_TARGET_ANY)
      request->granted |= DH_ACTION_TARGET_OWN;
  } else if (request->operation->asks_nobody) {
    request->refused |= request->asked;
  } else {
    dh_request_fail (request, error);
    return;
  }
  advance (request);
}

static DhAction
lowest_action (DhActions actions)
{
  return actions & (~actions + 1);
}

static gboolean
is_interactive (const DhRequest *request)
{
  GDBusMessage *message = g_dbus_method_invocation_get_message (request->invocation);

  return !request->operation->asks_nobody
         && g_dbus_message_get_flags (message)
              & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION;
}

/* Returns: whether it is known who has @uid, the owner of the process; else that is being found
 * out. */
static gboolean
look_up_owner (DhRequest *request, guint32 uid)
{
  if (request->has_owner && request->owner_uid == uid)
    return TRUE;
  request->has_owner = TRUE;
  request->owner_uid = uid;
  g_clear_pointer (&request->owner, dh_account_free);
  request->owner = dh_accounts_find_kept (uid);
  if (!request->owner)
    dh_accounts_lookup_async (uid, NULL, on_owner_account, request);
  return request->owner != NULL;
}

/* Puts the question to polkit; first looks up the name that goes with the process's uid, if need
 * be. */
static void
ask (DhRequest *request, DhActions missing)
{
  const DhOperation *operation = request->operation;
  DhProcess *subject = operation->get_subject ? operation->get_subject (request) : NULL;
  g_autofree char *unit = NULL, *user_unit = NULL;
  DhActionDetails details = { .pid = 0 };
  DhOwner owner;

  if (subject && dh_process_read_owner (subject, &owner, NULL)) {
    if (!look_up_owner (request, owner.uids[1]))
      return;
    details.pid = (guint32) dh_process_get_pid (subject);
    details.uid = owner.uids[1];
    details.user = request->owner ? request->owner->name : "";
  }
  if (subject) {
    details.unit = unit = dh_process_dup_unit (subject);
    details.user_unit = user_unit = dh_process_dup_user_unit (subject);
  }
  request->asked = lowest_action (missing);
  dh_authority_check_async (request->context->authority, request->caller.sender,
                            request->caller.uid, request->asked, &details, is_interactive (request),
                            NULL, on_authorized, request);
}

static void
prepare (DhRequest *request)
{
  const DhOperation *operation = request->operation;
  const DhChange *change = operation->get_change ? operation->get_change (request) : NULL;

  request->prepared = TRUE;
  if (dh_manager_is_prepared (request->context->manager, change)) {
    advance (request);
    return;
  }
  dh_manager_prepare_async (request->context->manager, change, on_prepared, request);
}

/* The whole way, from the beginning, as far as it goes without waiting. */
static void
advance (DhRequest *request)
{
  const DhOperation *operation = request->operation;
  DhAuthority *authority = request->context->authority;
  g_autoptr (GError) error = NULL;
  DhActions required = 0, missing;

  if (operation->needs_engine && !request->prepared) {
    prepare (request);
  } else if (operation->check && !operation->check (request, &error)) {
    dh_request_fail (request, error);
  } else if (!request->has_uid) {
    dh_authority_get_uid_async (authority, request->caller.sender, on_uid, request);
  } else if (!request->has_gid) {
    look_up_caller (request);
  } else if (!operation->get_required (request, &required, &error)) {
    dh_request_fail (request, error);
  } else {
    missing = required & ~request->granted & ~request->refused;
    if (missing)
      ask (request, missing);
    else
      operation->act (request, required);
  }
}

void
dh_request_start (const DhRequestContext *context, GDBusMethodInvocation *invocation,
                  const DhOperation *operation, gpointer data, GDestroyNotify free_data)
{
  DhRequest *request = g_new0 (DhRequest, 1);

  request->context = context;
  request->invocation = invocation;
  request->operation = operation;
  request->data = data;
  request->free_data = free_data;
  request->caller.sender = g_dbus_method_invocation_get_sender (invocation);
  request->caller.gid = NO_GROUP;
  dh_idle_hold (context->idle);
  advance (request);
}
