/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "listing.h"

GVariant *
list_processes (GDBusConnection *connection, const char *options, GError **error)
{
  g_autoptr (GError) malformed = NULL;
  g_autoptr (GVariant) parsed = g_variant_parse (
    G_VARIANT_TYPE_VARDICT, options != NULL ? options : "{}", NULL, NULL, &malformed);
  g_autoptr (GVariant) reply = NULL;

  g_assert_no_error (malformed);
  reply = call_method (connection, "ListProcesses", g_variant_new ("(@a{sv})", parsed), CALL_PLAIN,
                       error);
  if (reply == NULL)
    return NULL;
  g_assert_true (g_variant_is_of_type (reply, G_VARIANT_TYPE ("(aa{sv})")));
  return g_variant_get_child_value (reply, 0);
}

GVariant *
listed_processes (GDBusConnection *connection, gboolean all)
{
  g_autoptr (GError) error = NULL;
  GVariant *processes = list_processes (connection, all ? "{'all': <true>}" : NULL, &error);

  g_assert_no_error (error);
  return processes;
}

GVariant *
find_listed (GVariant *processes, guint32 pid)
{
  GVariantIter iter;
  GVariant *process;

  g_variant_iter_init (&iter, processes);
  while ((process = g_variant_iter_next_value (&iter)) != NULL) {
    guint32 number;

    g_assert_true (g_variant_lookup (process, "pid", "u", &number));
    if (number == pid)
      return process;
    g_variant_unref (process);
  }
  return NULL;
}

void
check_listed (const char *domain, const char *file, int line, const char *function,
              GVariant *processes, guint32 pid, gboolean listed)
{
  g_autoptr (GVariant) process = find_listed (processes, pid);
  g_autofree char *text = NULL;

  if ((process != NULL) == listed)
    return;
  text = g_strdup_printf ("process %u should %sbe listed", pid, listed ? "" : "not ");
  g_assertion_message (domain, file, line, function, text);
}
