/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "process-listing.h"

static gboolean
is_all (DhRequest *request)
{
  return GPOINTER_TO_INT (dh_request_get_data (request));
}

static gboolean
get_required (DhRequest *request, DhActions *ret_actions, GError **error)
{
  *ret_actions = is_all (request) ? DH_ACTION_INSPECT : 0;
  return TRUE;
}

/* (transfer none) (nullable). A live target's number is nobody else's. */
static DhTarget *
find_target (const DhTargetList *targets, guint32 pid)
{
  for (guint i = 0; i < dh_target_list_get_size (targets); i++) {
    DhTarget *target = dh_target_list_get (targets, i);

    if ((guint32) dh_process_get_pid (target->process) == pid)
      return target;
  }
  return NULL;
}

static GVariant *
describe (DhManager *manager, const DhListedProcess *process)
{
  DhTarget *target = find_target (dh_manager_get_targets (manager), process->pid);
  DhStatistics figures;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "pid", "u", process->pid);
  g_variant_dict_insert (&dict, "name", "s", process->name);
  g_variant_dict_insert (&dict, "uid", "u", process->owner.uids[1]);
  if (process->unit)
    g_variant_dict_insert (&dict, "unit", "s", process->unit);
  if (process->user_unit)
    g_variant_dict_insert (&dict, "user-unit", "s", process->user_unit);
  g_variant_dict_insert (&dict, "anonymous-bytes", "t", process->anonymous_bytes);
  /* For others it would take a walk of their page tables. */
  if (target && dh_manager_get_statistics (manager, target, &figures)
      && figures.known[DH_STATISTIC_HUGEPAGE_BYTES])
    g_variant_dict_insert (&dict, "hugepage-bytes", "t",
                           figures.values[DH_STATISTIC_HUGEPAGE_BYTES]);
  g_variant_dict_insert (&dict, "targeted", "b", target != NULL);
  return g_variant_dict_end (&dict);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DhRequest *request = user_data;
  const DhRequestContext *context = dh_request_get_context (request);
  const DhCaller *caller = dh_request_get_caller (request);
  g_autoptr (GPtrArray) processes = NULL;
  g_autoptr (GError) error = NULL;
  GVariantBuilder builder;

  processes = dh_process_list_read_finish (context->processes, result, &error);
  if (!processes) {
    dh_request_fail (request, error);
    return;
  }
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < processes->len; i++) {
    const DhListedProcess *process = g_ptr_array_index (processes, i);

    if (is_all (request) || dh_owner_is_own (&process->owner, caller->uid, caller->gid))
      g_variant_builder_add_value (&builder, describe (context->manager, process));
  }
  dh_request_reply (request, g_variant_new ("(aa{sv})", &builder));
}

static void
act (DhRequest *request, DhActions required)
{
  dh_process_list_read_async (dh_request_get_context (request)->processes, NULL, on_listed,
                              request);
}

void
dh_request_process_list (const DhRequestContext *context, GDBusMethodInvocation *invocation,
                         gboolean all)
{
  static const DhOperation operation = { .get_required = get_required, .act = act };

  dh_request_start (context, invocation, &operation, GINT_TO_POINTER (all), NULL);
}
