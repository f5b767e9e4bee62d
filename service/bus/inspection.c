/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "inspection.h"

#include "error.h"
#include "properties.h"

typedef struct {
  gboolean has_id;
  guint64 id;
  DhInspectFunc func;
  gpointer user_data;
} Inspection;

static DhTarget *
find_target (DhRequest *request)
{
  const Inspection *data = dh_request_get_data (request);
  DhManager *manager = dh_request_get_context (request)->manager;

  return data->has_id ? dh_target_list_find (dh_manager_get_targets (manager), data->id)
                      : dh_manager_get_primary (manager);
}

static gboolean
check (DhRequest *request, GError **error)
{
  const Inspection *data = dh_request_get_data (request);

  if (find_target (request))
    return TRUE;
  if (data->has_id)
    g_set_error_literal (error, DH_ERROR, DH_ERROR_UNKNOWN_TARGET,
                         "There is no such target, or no longer");
  else
    g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_SUCH_PROCESS,
                         "There are no figures without a process: set Pid first");
  return FALSE;
}

static gboolean
get_required (DhRequest *request, DhActions *ret_actions, GError **error)
{
  *ret_actions = dh_rights_to_inspect (find_target (request), dh_request_get_caller (request));
  return TRUE;
}

static DhProcess *
get_subject (DhRequest *request)
{
  return dh_target_get_live_process (find_target (request));
}

static void
act (DhRequest *request, DhActions required)
{
  const Inspection *data = dh_request_get_data (request);
  g_autoptr (GError) error = NULL;
  GVariant *answer =
    data->func (dh_request_get_context (request), find_target (request), data->user_data, &error);

  if (answer)
    dh_request_reply (request, answer);
  else
    dh_request_fail (request, error);
}

void
dh_request_inspection (const DhRequestContext *context, GDBusMethodInvocation *invocation,
                       gboolean has_id, guint64 id, DhInspectFunc func, gpointer user_data)
{
  static const DhOperation operation = {
    .needs_engine = TRUE,
    .check = check,
    .get_required = get_required,
    .get_subject = get_subject,
    .act = act,
  };
  Inspection *data = g_new (Inspection, 1);

  *data = (Inspection){ has_id, id, func, user_data };
  dh_request_start (context, invocation, &operation, data, g_free);
}

GVariant *
dh_inspect_statistics (const DhRequestContext *context, DhTarget *target, gpointer user_data,
                       GError **error)
{
  DhStatistics figures;

  if (!dh_manager_get_statistics (context->manager, target, &figures))
    return g_variant_new ("(a{sv})", NULL);
  return g_variant_new ("(@a{sv})", dh_statistics_to_variant (&figures, FALSE));
}

static void
add_text (GVariantDict *dict, const char *key, const char *text)
{
  if (text && *text)
    g_variant_dict_insert (dict, key, "s", text);
}

GVariant *
dh_inspect_details (const DhRequestContext *context, DhTarget *target, gpointer user_data,
                    GError **error)
{
  g_autofree char *name = dh_process_dup_name (target->process);
  g_autofree char *unit = dh_process_dup_unit (target->process);
  g_autofree char *user_unit = dh_process_dup_user_unit (target->process);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  add_text (&dict, "name", name);
  add_text (&dict, "unit", unit);
  add_text (&dict, "user-unit", user_unit);
  add_text (&dict, "application-id", target->application_id);
  add_text (&dict, "reason", target->reason);
  return g_variant_new ("(@a{sv})", g_variant_dict_end (&dict));
}
