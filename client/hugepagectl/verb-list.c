/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bus.h"
#include "print.h"
#include "values.h"

static GVariant *
list_processes (HctlContext *context, GError **error)
{
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);
  HctlCall call = { .interface = HCTL_INTERFACE,
                    .method = "ListProcesses",
                    .reply_type = "(aa{sv})",
                    .ask = HCTL_ASK_IF_REFUSED };
  g_autoptr (GVariant) reply = NULL;

  if (context->options.all)
    g_variant_dict_insert (&options, "all", "b", TRUE);
  call.parameters = g_variant_new ("(@a{sv})", g_variant_dict_end (&options));
  reply = hctl_bus_call (context, &call, error);
  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

static void
add_process (HctlTable *table, GVariant *process)
{
  guint32 pid = 0, uid = 0;
  gboolean has_uid = g_variant_lookup (process, "uid", "u", &uid);
  g_autofree char *user = has_uid ? hctl_user_to_text (uid) : g_strdup ("");
  g_autofree char *unit = hctl_value_lookup_unit (process);
  g_autofree char *memory = hctl_value_lookup_size (process, "anonymous-bytes");
  g_autofree char *huge = hctl_value_lookup_size (process, "hugepage-bytes");
  g_autofree char *number = NULL;
  gboolean targeted = FALSE;
  const char *name = "";

  g_variant_lookup (process, "pid", "u", &pid);
  g_variant_lookup (process, "name", "&s", &name);
  g_variant_lookup (process, "targeted", "b", &targeted);
  number = g_strdup_printf ("%u", pid);
  hctl_table_add (table, number, name, user, unit, memory, huge, targeted ? "yes" : "", NULL);
}

static void
print_text (GVariant *processes)
{
  g_autoptr (HctlTable) table = hctl_table_new ();

  hctl_table_add (table, "PID", "NAME", "USER", "UNIT", "MEMORY", "HUGE", "TARGET", NULL);
  for (gsize i = 0; i < g_variant_n_children (processes); i++) {
    g_autoptr (GVariant) process = g_variant_get_child_value (processes, i);

    add_process (table, process);
  }
  hctl_table_print (table);
}

gboolean
hctl_list (HctlContext *context, char **arguments, GError **error)
{
  g_autoptr (GVariant) processes = list_processes (context, error);

  if (processes == NULL)
    return FALSE;
  if (context->options.json)
    hctl_print_json (processes, TRUE);
  else
    print_text (processes);
  return TRUE;
}
