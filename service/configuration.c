/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "configuration.h"

#include "settings-file.h"
#include "text.h"
#include "trusted-file.h"

#include <gio/gio.h>

#define GROUP_SERVICE "Service"
#define GROUP_DEFAULTS "Defaults "
#define USEC_PER_PERCENT 10000
#define DEFAULT_TIME_CEILING (50 * USEC_PER_PERCENT)
#define MAX_TARGETS 64
#define DEFAULT_MAX_TARGETS_PER_USER 16
#define MAX_QUOTED_BYTES 64

static const char *const engine_names[] = { "module", "bpf", NULL };

/* In place of a default that the file does not give: no setting may be it. */
#define NOT_GIVEN G_MAXUINT64

gboolean
dh_configuration_is_engine (const char *name)
{
  return g_str_equal (name, "auto") || g_strv_contains (engine_names, name);
}

/* Returns: NULL, or why @text is not valid (transfer full). */
typedef char *(*ReadKey) (DhConfiguration *configuration, GKeyFile *file, const char *key,
                          const char *text);

static char *
explain_unknown (const char *name, const char *kind)
{
  g_autofree char *quoted = dh_text_printable (name, -1, MAX_QUOTED_BYTES);
  g_autofree char *known = g_strjoinv (", ", (GStrv) engine_names);

  return g_strdup_printf ("“%s” is not %s: %s", quoted, kind, known);
}

static char *
read_engine (DhConfiguration *configuration, GKeyFile *file G_GNUC_UNUSED,
             const char *key G_GNUC_UNUSED, const char *text)
{
  if (!dh_configuration_is_engine (text))
    return explain_unknown (text, "auto or one of the engines");

  g_free (configuration->engine);
  configuration->engine = g_strdup (text);
  return NULL;
}

static char *
read_time_ceiling (DhConfiguration *configuration, GKeyFile *file G_GNUC_UNUSED,
                   const char *key G_GNUC_UNUSED, const char *text)
{
  g_autofree char *digits = g_strdup (text);
  const gsize length = strlen (digits);
  guint64 percent;

  if (length > 0 && digits[length - 1] == '%') {
    digits[length - 1] = '\0';
    if (g_ascii_string_to_unsigned (digits, 10, 1, 100, &percent, NULL)) {
      configuration->time_ceiling = percent * USEC_PER_PERCENT;
      return NULL;
    }
  }

  g_autofree char *quoted = dh_text_printable (text, -1, MAX_QUOTED_BYTES);

  return g_strdup_printf ("“%s” is not a whole percentage from 1%% to 100%%", quoted);
}

static char *
read_allow_own_on (DhConfiguration *configuration, GKeyFile *file, const char *key,
                   const char *text G_GNUC_UNUSED)
{
  g_auto (GStrv) names = g_key_file_get_string_list (file, GROUP_SERVICE, key, NULL, NULL);

  for (guint i = 0; names != NULL && names[i] != NULL; i++) {
    g_strstrip (names[i]);
    if (!g_strv_contains (engine_names, names[i]))
      return explain_unknown (names[i], "one of the engines");
  }
  if (names != NULL) {
    g_strfreev (configuration->allow_own_on);
    configuration->allow_own_on = g_steal_pointer (&names);
  }
  return NULL;
}

/* Each has a thread and some descriptors of its own: more are not meant to be served. */
static char *
read_number_of_targets (const char *text, guint *ret_number)
{
  g_autofree char *quoted = NULL;
  guint64 number;

  if (g_ascii_string_to_unsigned (text, 10, 1, MAX_TARGETS, &number, NULL)) {
    *ret_number = (guint) number;
    return NULL;
  }
  quoted = dh_text_printable (text, -1, MAX_QUOTED_BYTES);
  return g_strdup_printf ("“%s” is not a number from 1 to %d", quoted, MAX_TARGETS);
}

static char *
read_max_targets (DhConfiguration *configuration, GKeyFile *file G_GNUC_UNUSED,
                  const char *key G_GNUC_UNUSED, const char *text)
{
  return read_number_of_targets (text, &configuration->max_targets);
}

static char *
read_max_targets_per_user (DhConfiguration *configuration, GKeyFile *file G_GNUC_UNUSED,
                           const char *key G_GNUC_UNUSED, const char *text)
{
  return read_number_of_targets (text, &configuration->max_targets_per_user);
}

static const struct {
  const char *name;
  ReadKey read;
} service_keys[] = {
  { "engine", read_engine },
  { "time-ceiling", read_time_ceiling },
  { "allow-own-on", read_allow_own_on },
  { "max-targets", read_max_targets },
  { "max-targets-per-user", read_max_targets_per_user },
};

static char *
read_service_key (DhConfiguration *configuration, GKeyFile *file, const char *key)
{
  g_autofree char *text = g_strchomp (g_key_file_get_value (file, GROUP_SERVICE, key, NULL));

  for (gsize i = 0; i < G_N_ELEMENTS (service_keys); i++) {
    if (g_str_equal (service_keys[i].name, key))
      return service_keys[i].read (configuration, file, key, text);
  }
  return g_strdup ("there is no such key");
}

static void
read_service (DhConfiguration *configuration, GKeyFile *file, const char *path)
{
  g_auto (GStrv) keys = g_key_file_get_keys (file, GROUP_SERVICE, NULL, NULL);

  for (guint i = 0; keys != NULL && keys[i] != NULL; i++) {
    g_autofree char *cause = read_service_key (configuration, file, keys[i]);

    if (cause != NULL)
      dh_trusted_file_warn (path, GROUP_SERVICE, keys[i], cause);
  }
}

static void
read_defaults (DhConfiguration *configuration, GKeyFile *file, const char *path, const char *group)
{
  const char *engine = group + strlen (GROUP_DEFAULTS);
  DhSettings *settings;

  if (!g_strv_contains (engine_names, engine)) {
    g_autofree char *cause = explain_unknown (engine, "one of the engines");

    dh_trusted_file_warn (path, group, NULL, cause);
    return;
  }
  settings = g_new (DhSettings, 1);
  for (guint i = 0; i < DH_N_SETTINGS; i++)
    settings->values[i] = NOT_GIVEN;
  dh_settings_load_group (settings, file, path, group, FALSE);
  g_hash_table_insert (configuration->defaults, g_strdup (engine), settings);
}

static DhConfiguration *
new_with_defaults (void)
{
  DhConfiguration *configuration = g_new0 (DhConfiguration, 1);

  configuration->engine = g_strdup ("auto");
  configuration->time_ceiling = DEFAULT_TIME_CEILING;
  configuration->allow_own_on = g_new0 (char *, 1);
  configuration->max_targets = MAX_TARGETS;
  configuration->max_targets_per_user = DEFAULT_MAX_TARGETS_PER_USER;
  configuration->defaults = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return configuration;
}

DhConfiguration *
dh_configuration_load (const char *path)
{
  DhConfiguration *configuration = new_with_defaults ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GKeyFile) file = dh_trusted_file_load (path, &error);
  g_auto (GStrv) groups = NULL;

  if (file == NULL) {
    if (!g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
      g_warning ("The defaults are used: %s", error->message);
    return configuration;
  }

  groups = g_key_file_get_groups (file, NULL);
  for (guint i = 0; groups[i] != NULL; i++) {
    if (g_str_equal (groups[i], GROUP_SERVICE))
      read_service (configuration, file, path);
    else if (g_str_has_prefix (groups[i], GROUP_DEFAULTS))
      read_defaults (configuration, file, path, groups[i]);
    else
      dh_trusted_file_warn (path, groups[i], NULL, "there is no such group");
  }
  return configuration;
}

void
dh_configuration_free (DhConfiguration *configuration)
{
  g_free (configuration->engine);
  g_strfreev (configuration->allow_own_on);
  g_hash_table_unref (configuration->defaults);
  g_free (configuration);
}

void
dh_configuration_get_defaults (const DhConfiguration *configuration, const char *engine,
                               DhSettings *settings)
{
  const DhSettings *given = g_hash_table_lookup (configuration->defaults, engine);

  for (guint i = 0; given != NULL && i < DH_N_SETTINGS; i++)
    if (given->values[i] != NOT_GIVEN)
      settings->values[i] = given->values[i];
}
