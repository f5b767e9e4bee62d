/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "log.h"

#include "text.h"

#define SENDER_MAX_BYTES 255 /* of any name on the bus */
#define WHAT_MAX_BYTES 1024

void
dh_log_init (void)
{
  /* GLib's writer finds out by itself whether stderr is the journal. Where it is not, debug
   * messages go there too, and stdout is left to what was asked for. */
  g_log_writer_default_set_use_stderr (TRUE);
}

static char *
join_action_names (DhActions actions)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (guint bit = 1; bit <= DH_ACTIONS_ALL; bit <<= 1) {
    if (actions & bit)
      g_ptr_array_add (names, (gpointer) dh_action_get_name (bit));
  }
  g_ptr_array_add (names, NULL);
  return g_strjoinv (" ", (char **) names->pdata);
}

/* For a person who reads the log; who searches it has the fields. */
static char *
describe_change (const char *caller, guint32 uid, const char *actions, guint32 target_pid,
                 const char *change)
{
  g_autoptr (GString) text = g_string_new (change);

  g_string_append_printf (text, " by uid %" G_GUINT32_FORMAT " (%s)", uid, caller);
  if (target_pid != 0)
    g_string_append_printf (text, ", target PID %" G_GUINT32_FORMAT, target_pid);
  if (actions[0] != '\0')
    g_string_append_printf (text, ", allowed by %s", actions);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

void
dh_log_change (const char *sender, guint32 uid, DhActions actions, guint32 target_pid,
               const char *what)
{
  g_autofree char *caller = dh_text_printable (sender, -1, SENDER_MAX_BYTES);
  g_autofree char *change = dh_text_printable (what, -1, WHAT_MAX_BYTES);
  g_autofree char *names = join_action_names (actions);
  g_autofree char *message = describe_change (caller, uid, names, target_pid, change);
  g_autofree char *uid_text = g_strdup_printf ("%" G_GUINT32_FORMAT, uid);
  g_autofree char *pid_text = g_strdup_printf ("%" G_GUINT32_FORMAT, target_pid);

  /* A message, since GLib leaves lower levels out unless G_MESSAGES_DEBUG asks for them. */
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", DH_LOG_MESSAGE_ID_CHANGE,
                    "DAMON_HUGEPAGE_SENDER", caller, "DAMON_HUGEPAGE_UID", uid_text,
                    "DAMON_HUGEPAGE_ACTION", names, "DAMON_HUGEPAGE_PID", pid_text,
                    "DAMON_HUGEPAGE_CHANGE", change, "MESSAGE", "%s", message);
}
