/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engine-settings.h"

void
dh_engine_settings_init (DhEngineSettings *settings)
{
  dh_settings_init_defaults (&settings->defaults);
  settings->stored = settings->current = settings->defaults;
}

static void
init_defaults (DhSettings *defaults, DhEngine *engine)
{
  dh_settings_init_defaults (defaults);
  defaults->values[DH_SETTING_RATIO] = dh_engine_get_info (engine)->default_ratio;
  for (DhSetting i = 0; i < DH_N_SETTINGS; i++) {
    DhRange range;

    if (dh_engine_get_range (engine, i, &range))
      defaults->values[i] = range.fallback;
  }
}

/* Files know the widest ranges alone. */
static void
pass_over_unfit (DhSettings *settings, const DhSettings *instead, DhEngine *engine)
{
  g_autoptr (GError) error = NULL;

  for (DhSetting i = 0; i < DH_N_SETTINGS; i++) {
    DhRange range;

    if (settings->values[i] == instead->values[i])
      continue;
    if (dh_engine_get_range (engine, i, &range)
        && dh_setting_check (i, &range, settings->values[i], &error))
      continue;
    g_warning ("The engine %s is not used with what a file says: %s", dh_engine_get_name (engine),
               error ? error->message : dh_setting_info (i)->name);
    g_clear_error (&error);
    settings->values[i] = instead->values[i];
  }
  if (!dh_engine_check_settings (engine, settings, &error)) {
    g_warning ("The engine %s is not used with what a file says: %s", dh_engine_get_name (engine),
               error->message);
    *settings = *instead;
  }
}

void
dh_engine_settings_load (DhEngineSettings *settings, DhEngine *engine,
                         const DhConfiguration *configuration, DhStore *store)
{
  const char *name = dh_engine_get_name (engine);
  DhSettings own;

  init_defaults (&own, engine);
  settings->defaults = own;
  dh_configuration_get_defaults (configuration, name, &settings->defaults);
  pass_over_unfit (&settings->defaults, &own, engine);
  settings->stored = settings->defaults;
  dh_store_load_settings (store, name, &settings->stored);
  pass_over_unfit (&settings->stored, &settings->defaults, engine);
  settings->current = settings->stored;
}

void
dh_engine_settings_adopt (DhEngineSettings *settings, const DhFound *found)
{
  /* What is served, but not by somebody else, a crash has left: its Feedback is nobody's any more.
   */
  gboolean crashed = found->serving && !found->foreign;

  for (DhSetting i = 0; i < DH_N_SETTINGS; i++)
    if (found->has_setting[i] && (dh_setting_info (i)->stored || !crashed)
        && (found->foreign || settings->stored.values[i] == settings->defaults.values[i]))
      settings->current.values[i] = found->settings.values[i];
  settings->found = found->settings;
}

void
dh_engine_settings_follow (DhEngineSettings *settings, const DhFound *found)
{
  for (DhSetting i = 0; i < DH_N_SETTINGS; i++)
    if (found->has_setting[i] && found->settings.values[i] != settings->found.values[i])
      settings->current.values[i] = found->settings.values[i];
  settings->found = found->settings;
}
