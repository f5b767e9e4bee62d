/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "hugepages/heat-map.h"
#include "hugepages/undo.h"
#include "process.h"
#include "settings.h"
#include "statistics.h"
#include "unavailable.h"

#include <gio/gio.h>

/* One way of making hot memory huge. An engine is one file and a row where the service makes its
 * list; it knows the kernel's side, and nothing of buses, callers or what is stored. Processes are
 * told apart by dh_process_equal(). All functions are called from the main thread; none blocks it.
 */
#define DH_TYPE_ENGINE (dh_engine_get_type ())
G_DECLARE_INTERFACE (DhEngine, dh_engine, DH, ENGINE, GObject)

/* What does not change about an engine. */
typedef struct {
  const char *name;  /* "bpf": as in Engine, Engines, --engine= and the configuration */
  guint max_targets; /* 0: as many as the configuration allows */
  /* It takes what the machine has once: to own the process is not enough to use it, unless the
   * administrator says so. */
  gboolean machine_wide;
  guint64 default_ratio;
  guint64 free_ratio; /* a Ratio above it is not the target's owner's to set */
} DhEngineInfo;

/* What the kernel has, where somebody else than this service changed it, or it is not known whether
 * the service did. */
typedef struct {
  gboolean serving; /* pid's memory is worked on */
  gboolean foreign; /* somebody else began that: it goes on when this service ends */
  guint32 pid;
  gboolean has_setting[DH_N_SETTINGS]; /* which of the settings the kernel has */
  DhSettings settings;
} DhFound;

/* What a target is to be. */
typedef struct {
  DhProcess *process;
  DhOwner owner;    /* as it was authorized: the engine drops a process that has another */
  gboolean enabled; /* whether it is served */
  DhGoals goals;
} DhPlanTarget;

/* The whole wanted state: what to serve and how. A process that is not in it any more is forgotten.
 */
typedef struct {
  GArray *targets;     /* DhPlanTarget, each process once */
  DhSettings settings; /* valid for this engine; its goals are the primary target's */
  /* The service ends, or goes on with another engine: what it changed in the kernel is given back,
   * what somebody else began goes on. Without targets. */
  gboolean releases;
} DhPlan;

typedef enum {
  DH_ENGINE_SERVING,  /* work on the process has begun */
  DH_ENGINE_DROPPED,  /* it has become somebody else's: it is no longer served, and forgotten */
  DH_ENGINE_FAILED,   /* it can no longer be served */
  DH_ENGINE_HAMPERED, /* served, but for the time being without success */
  DH_ENGINE_RECOVERED,
  DH_ENGINE_FOUND, /* things are not as they were applied: dh_engine_get_found() says how */
} DhEngineEvent;

struct _DhEngineInterface {
  GTypeInterface parent_iface;

  const DhEngineInfo *(*get_info) (DhEngine *self);
  const char *const *(*get_capabilities) (DhEngine *self);
  gboolean (*get_range) (DhEngine *self, DhSetting setting, DhRange *ret_range);
  gboolean (*check_settings) (DhEngine *self, const DhSettings *settings, GError **error);
  void (*probe_async) (DhEngine *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer user_data);
  gboolean (*probe_finish) (DhEngine *self, GAsyncResult *result, GError **error);
  void (*apply_async) (DhEngine *self, const DhPlan *plan, GAsyncReadyCallback callback,
                       gpointer user_data);
  gboolean (*apply_finish) (DhEngine *self, GAsyncResult *result, GError **error);
  gboolean (*get_statistics) (DhEngine *self, DhProcess *process, DhStatistics *ret_statistics);
  gint (*get_kdamond_pid) (DhEngine *self);
  gboolean (*get_found) (DhEngine *self, DhFound *ret_found);

  /* An engine that cannot has none of these. */
  DhHeatMap *(*dup_heat_map) (DhEngine *self, DhProcess *process);
  void (*undo_async) (DhEngine *self, DhProcess *process, GAsyncReadyCallback callback,
                      gpointer user_data);
  gboolean (*undo_finish) (DhEngine *self, GAsyncResult *result, DhUndoResult *ret_result,
                           GError **error);
};

/* Signal "event" (guint DhEngineEvent, DhProcess *process, GError *error (nullable)): something
 * happened to what is served; @process is NULL with DH_ENGINE_FOUND. In the main thread, and never
 * before the dh_engine_apply_async() that began serving has finished. */

/* (transfer none): as long as the program runs. */
const DhEngineInfo *dh_engine_get_info (DhEngine *self);
const char *dh_engine_get_name (DhEngine *self);

/* The words of Capabilities. (transfer none) */
const char *const *dh_engine_get_capabilities (DhEngine *self);

/* Returns: FALSE where this engine does not have @setting. */
gboolean dh_engine_get_range (DhEngine *self, DhSetting setting, DhRange *ret_range);

/* Whether @settings, each in its range, go together. Errors: DH_ERROR_INVALID_VALUE. */
gboolean dh_engine_check_settings (DhEngine *self, const DhSettings *settings, GError **error);

/* Finds out whether it can work here, by trying, without changing anything. Errors: DH_UNAVAILABLE.
 */
void dh_engine_probe_async (DhEngine *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer user_data);
gboolean dh_engine_probe_finish (DhEngine *self, GAsyncResult *result, GError **error);

/* Makes @plan (copied) the state of things. On failure all stays as it was. Called again only after
 * the last call has finished. Errors: DH_ERROR. */
void dh_engine_apply_async (DhEngine *self, const DhPlan *plan, GAsyncReadyCallback callback,
                            gpointer user_data);
gboolean dh_engine_apply_finish (DhEngine *self, GAsyncResult *result, GError **error);

/* The last figures of @process since it is served; never causes a walk. Returns: FALSE where there
 * are none. */
gboolean dh_engine_get_statistics (DhEngine *self, DhProcess *process,
                                   DhStatistics *ret_statistics);

/* The kernel thread that works for it; -1: none. */
gint dh_engine_get_kdamond_pid (DhEngine *self);

/* What the kernel has, as last seen. Returns: FALSE where only what was applied can be. */
gboolean dh_engine_get_found (DhEngine *self, DhFound *ret_found);

/* Whether it has heat maps. */
gboolean dh_engine_has_heat_map (DhEngine *self);

/* As last seen; never causes a walk. Returns: (transfer full) (nullable): NULL where @process was
 * not looked at yet, or never is. */
DhHeatMap *dh_engine_dup_heat_map (DhEngine *self, DhProcess *process);

/* Whether it can take back what it did. */
gboolean dh_engine_has_undo (DhEngine *self);

/* Takes back what was made huge in @process, which the last plan has, and not enabled. Beside other
 * calls; answered also where a later plan does not have it. Errors: DH_ERROR. */
void dh_engine_undo_async (DhEngine *self, DhProcess *process, GAsyncReadyCallback callback,
                           gpointer user_data);
gboolean dh_engine_undo_finish (DhEngine *self, GAsyncResult *result, DhUndoResult *ret_result,
                                GError **error);

/* For engines: emits "event". @process: (nullable), @error: (nullable). */
void dh_engine_emit_event (DhEngine *self, DhEngineEvent event, DhProcess *process,
                           const GError *error);
