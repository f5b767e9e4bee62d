/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engine.h"

G_DEFINE_INTERFACE (DhEngine, dh_engine, G_TYPE_OBJECT)

static guint event_signal;

static void
dh_engine_default_init (DhEngineInterface *iface)
{
  event_signal = g_signal_new ("event", DH_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                               G_TYPE_NONE, 3, G_TYPE_UINT, G_TYPE_POINTER, G_TYPE_ERROR);
}

const DhEngineInfo *
dh_engine_get_info (DhEngine *self)
{
  return DH_ENGINE_GET_IFACE (self)->get_info (self);
}

const char *
dh_engine_get_name (DhEngine *self)
{
  return dh_engine_get_info (self)->name;
}

const char *const *
dh_engine_get_capabilities (DhEngine *self)
{
  return DH_ENGINE_GET_IFACE (self)->get_capabilities (self);
}

gboolean
dh_engine_get_range (DhEngine *self, DhSetting setting, DhRange *ret_range)
{
  return DH_ENGINE_GET_IFACE (self)->get_range (self, setting, ret_range);
}

gboolean
dh_engine_check_settings (DhEngine *self, const DhSettings *settings, GError **error)
{
  DhEngineInterface *iface = DH_ENGINE_GET_IFACE (self);

  return !iface->check_settings || iface->check_settings (self, settings, error);
}

void
dh_engine_probe_async (DhEngine *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer user_data)
{
  DH_ENGINE_GET_IFACE (self)->probe_async (self, cancellable, callback, user_data);
}

gboolean
dh_engine_probe_finish (DhEngine *self, GAsyncResult *result, GError **error)
{
  return DH_ENGINE_GET_IFACE (self)->probe_finish (self, result, error);
}

void
dh_engine_apply_async (DhEngine *self, const DhPlan *plan, GAsyncReadyCallback callback,
                       gpointer user_data)
{
  DH_ENGINE_GET_IFACE (self)->apply_async (self, plan, callback, user_data);
}

gboolean
dh_engine_apply_finish (DhEngine *self, GAsyncResult *result, GError **error)
{
  return DH_ENGINE_GET_IFACE (self)->apply_finish (self, result, error);
}

gboolean
dh_engine_get_statistics (DhEngine *self, DhProcess *process, DhStatistics *ret_statistics)
{
  return DH_ENGINE_GET_IFACE (self)->get_statistics (self, process, ret_statistics);
}

gint
dh_engine_get_kdamond_pid (DhEngine *self)
{
  DhEngineInterface *iface = DH_ENGINE_GET_IFACE (self);

  return iface->get_kdamond_pid ? iface->get_kdamond_pid (self) : -1;
}

gboolean
dh_engine_get_found (DhEngine *self, DhFound *ret_found)
{
  DhEngineInterface *iface = DH_ENGINE_GET_IFACE (self);

  return iface->get_found && iface->get_found (self, ret_found);
}

gboolean
dh_engine_has_heat_map (DhEngine *self)
{
  return DH_ENGINE_GET_IFACE (self)->dup_heat_map != NULL;
}

DhHeatMap *
dh_engine_dup_heat_map (DhEngine *self, DhProcess *process)
{
  return DH_ENGINE_GET_IFACE (self)->dup_heat_map (self, process);
}

gboolean
dh_engine_has_undo (DhEngine *self)
{
  return DH_ENGINE_GET_IFACE (self)->undo_async != NULL;
}

void
dh_engine_undo_async (DhEngine *self, DhProcess *process, GAsyncReadyCallback callback,
                      gpointer user_data)
{
  DH_ENGINE_GET_IFACE (self)->undo_async (self, process, callback, user_data);
}

gboolean
dh_engine_undo_finish (DhEngine *self, GAsyncResult *result, DhUndoResult *ret_result,
                       GError **error)
{
  return DH_ENGINE_GET_IFACE (self)->undo_finish (self, result, ret_result, error);
}

void
dh_engine_emit_event (DhEngine *self, DhEngineEvent event, DhProcess *process, const GError *error)
{
  g_signal_emit (self, event_signal, 0, (guint) event, process, error);
}
