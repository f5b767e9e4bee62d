/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "change.h"

DhChange *
dh_change_new (DhChangeKind kind)
{
  DhChange *change = g_new0 (DhChange, 1);

  change->kind = kind;
  return change;
}

void
dh_change_free (DhChange *change)
{
  g_clear_pointer (&change->process, dh_process_unref);
  g_free (change->client);
  g_free (change->application_id);
  g_free (change->reason);
  g_free (change);
}

gboolean
dh_change_is_of_target (const DhChange *change)
{
  return change->kind == DH_CHANGE_GOALS || change->kind == DH_CHANGE_REMOVE
         || change->kind == DH_CHANGE_UNDO;
}

gboolean
dh_change_is_of_goals_alone (const DhChange *change)
{
  gboolean of_goals = FALSE;

  if (change->kind != DH_CHANGE_SERVICE && change->kind != DH_CHANGE_GOALS)
    return FALSE;
  if (change->has_pid || change->has_enabled || change->resets)
    return FALSE;
  for (DhSetting i = 0; i < DH_N_SETTINGS; i++) {
    if (change->has_setting[i] && !dh_setting_info (i)->of_target)
      return FALSE;
    of_goals = of_goals || change->has_setting[i];
  }
  return of_goals;
}

gboolean
dh_change_is_of_feedback_alone (const DhChange *change)
{
  if (change->kind != DH_CHANGE_SERVICE && change->kind != DH_CHANGE_GOALS)
    return FALSE;
  if (change->has_pid || change->has_enabled || change->resets)
    return FALSE;
  for (DhSetting i = 0; i < DH_N_SETTINGS; i++)
    if (change->has_setting[i] != (i == DH_SETTING_FEEDBACK))
      return FALSE;
  return TRUE;
}

static void append (GString *text, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
append (GString *text, const char *format, ...)
{
  va_list args;

  if (text->len > 0)
    g_string_append (text, ", ");
  va_start (args, format);
  g_string_append_vprintf (text, format, args);
  va_end (args);
}

char *
dh_change_describe (const DhChange *change)
{
  static const char *const verbs[] = { [DH_CHANGE_ADD] = "AddTarget",
                                       [DH_CHANGE_REMOVE] = "Remove",
                                       [DH_CHANGE_UNDO] = "Undo",
                                       [DH_CHANGE_LEAVE] = NULL };
  const char *verb = verbs[change->kind];
  g_autoptr (GString) text = g_string_new (verb);

  if (change->resets)
    append (text, "Reset");
  if (change->primary)
    append (text, "primary");
  if (change->client)
    append (text, "bound");
  if (change->has_pid && change->kind == DH_CHANGE_SERVICE)
    append (text, "Pid = %u", change->pid);
  if (change->has_enabled && change->kind == DH_CHANGE_SERVICE)
    append (text, "Enabled = %s", change->enabled ? "true" : "false");
  for (guint i = 0; i < DH_N_SETTINGS; i++)
    if (change->has_setting[i] && !change->resets)
      append (text, "%s = %" G_GUINT64_FORMAT, dh_setting_info (i)->name, change->settings[i]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}
