/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "target-options.h"

#include "error.h"
#include "options.h"

#define MAX_REASON_BYTES 128
#define MAX_APPLICATION_ID_BYTES 255

enum {
  OPTION_PRIMARY,
  OPTION_RATIO,
  OPTION_FEEDBACK,
  OPTION_BIND,
  OPTION_APPLICATION_ID,
  OPTION_REASON,
  N_OPTIONS
};

static void
take_setting (const DhOption *option, DhSetting setting, DhChange *change)
{
  change->has_setting[setting] = option->value != NULL;
  change->settings[setting] = option->value ? g_variant_get_uint32 (option->value) : 0;
}

/* As desktop files are named. */
static gboolean
is_of_application_id (char c)
{
  return g_ascii_isalnum (c) || c == '.' || c == '-' || c == '_';
}

static gboolean
take_options (const DhOption *options, const char *sender, DhChange *change, GError **error)
{
  change->has_pid = TRUE;
  change->has_enabled = change->enabled = TRUE;
  change->primary = dh_option_is_true (&options[OPTION_PRIMARY]);
  take_setting (&options[OPTION_RATIO], DH_SETTING_RATIO, change);
  take_setting (&options[OPTION_FEEDBACK], DH_SETTING_FEEDBACK, change);
  if (dh_option_is_true (&options[OPTION_BIND]))
    change->client = g_strdup (sender);
  return dh_option_dup_text (&options[OPTION_APPLICATION_ID], MAX_APPLICATION_ID_BYTES,
                             is_of_application_id, &change->application_id, error)
         && dh_option_dup_text (&options[OPTION_REASON], MAX_REASON_BYTES, NULL, &change->reason,
                                error);
}

gboolean
dh_target_options_parse (GVariant *options, const char *sender, DhChange *change, GError **error)
{
  DhOption wanted[N_OPTIONS] = {
    [OPTION_PRIMARY] = { "primary", "b", NULL },
    [OPTION_RATIO] = { "ratio", "u", NULL },
    [OPTION_FEEDBACK] = { "feedback", "u", NULL },
    [OPTION_BIND] = { "bind", "b", NULL },
    [OPTION_APPLICATION_ID] = { "application-id", "s", NULL },
    [OPTION_REASON] = { "reason", "s", NULL },
  };
  gboolean good = dh_options_parse (options, wanted, N_OPTIONS, error)
                  && take_options (wanted, sender, change, error);

  dh_options_clear (wanted, N_OPTIONS);
  return good;
}

int
dh_target_options_get_descriptor (GDBusMethodInvocation *invocation, gint32 handle, GError **error)
{
  GUnixFDList *list =
    g_dbus_message_get_unix_fd_list (g_dbus_method_invocation_get_message (invocation));
  gint n_descriptors = 0;
  const gint *descriptors = list ? g_unix_fd_list_peek_fds (list, &n_descriptors) : NULL;

  if (n_descriptors == 1 && handle == 0)
    return descriptors[0];
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID_ARGS,
               "AddTarget takes one descriptor, there are %d", n_descriptors);
  return -1;
}
