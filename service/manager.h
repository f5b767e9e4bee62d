/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "authority.h"
#include "change.h"
#include "configuration.h"
#include "engine-chooser.h"
#include "error.h"
#include "rights.h"
#include "state.h"
#include "store.h"
#include "target-list.h"

/* The service without its bus: the engines, the settings in force, the targets and their states.
 * Main thread only. */
#define DH_TYPE_MANAGER (dh_manager_get_type ())
G_DECLARE_FINAL_TYPE (DhManager, dh_manager, DH, MANAGER, GObject)

/* Signals:
 * "changed" (): something that has a getter here may read differently.
 * "statistics" (): the interval has passed, the primary target being served.
 * "target-added" (DhTarget *target): there is one more.
 * "target-removed" (DhTarget *target, gboolean exited): there is one less.
 * "target-exited" (guint pid): once for each primary target. */

/* @engines: (transfer container) (element-type DhEngine) in the order of preference. @root: where
 * /proc is found. */
DhManager *dh_manager_new (DhConfiguration *configuration, DhStore *store, GPtrArray *engines,
                           const char *root);

/* Probes the engines, off the main loop; then takes up again what was served before a crash. */
void dh_manager_start (DhManager *self);

/* An orderly stop: ends serving, gives back what was changed in the kernel, forgets the targets.
 * From now on nothing is changed any more. Errors: DH_ERROR, if the kernel did not let it, also
 * after DH_MANAGER_STOP_SEC. */
#define DH_MANAGER_STOP_SEC 30
void dh_manager_stop_async (DhManager *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean dh_manager_stop_finish (DhManager *self, GAsyncResult *result, GError **error);

/* Before the first question about @change (nullable): answers when the engines have been probed, at
 * once if they have; where @change concerns a process and none is served, they are probed again.
 * Errors: DH_ERROR_NOT_AVAILABLE after DH_MANAGER_READY_SEC. */
#define DH_MANAGER_READY_SEC 2
void dh_manager_prepare_async (DhManager *self, const DhChange *change,
                               GAsyncReadyCallback callback, gpointer user_data);
/* Whether dh_manager_prepare_async() would have nothing to wait for: there is no need to call it.
 */
gboolean dh_manager_is_prepared (DhManager *self, const DhChange *change);
gboolean dh_manager_prepare_finish (DhManager *self, GAsyncResult *result, GError **error);

/* Takes the process that the caller holds by @pidfd, which stays his, for @change. Errors: those of
 * dh_process_open_pidfd(). */
gboolean dh_manager_take_pidfd (DhManager *self, DhChange *change, int pidfd, GError **error);

/* Opens the process that @change names by its PID, before anything is waited for: a number may be
 * given to another one. Where that fails dh_manager_check() says why. */
void dh_manager_hold_process (DhManager *self, DhChange *change);

/* Whether @change could be made by somebody who may do everything: ranges, what the engine
 * supports, the process or target, limits. Opens @change's process on the first call, and looks at
 * it again on later ones. @caller: (nullable): not known yet. Errors: DH_ERROR. */
gboolean dh_manager_check (DhManager *self, DhChange *change, const DhCaller *caller,
                           GError **error);

/* What @caller needs for @change as things stand now; 0: nothing. Notes in @change whose the
 * process is. Errors: DH_ERROR_PROCESS_EXITED. */
gboolean dh_manager_get_required (DhManager *self, DhChange *change, const DhCaller *caller,
                                  DhActions *ret_actions, GError **error);

/* The process a question to polkit is about: the one to be set, or that of the target, or the
 * primary one. (transfer none) (nullable); @change (nullable). */
DhProcess *dh_manager_get_subject (DhManager *self, const DhChange *change);

/* Makes the change, all or nothing, after those that came before. @granted: what @caller was
 * allowed. @change: (transfer full). Errors: DH_ERROR; DH_ERROR_ACCESS_DENIED where one that came
 * before has made more necessary. @ret_target: (nullable): the target that was added. */
void dh_manager_apply_async (DhManager *self, DhChange *change, const DhCaller *caller,
                             DhActions granted, GAsyncReadyCallback callback, gpointer user_data);
gboolean dh_manager_apply_finish (DhManager *self, GAsyncResult *result, guint64 *ret_target,
                                  GError **error);

/* The same for a change of DH_CHANGE_UNDO, and takes back what was done. Errors: as above;
 * DH_ERROR_BUSY after DH_MANAGER_UNDO_SEC: it goes on then. */
#define DH_MANAGER_UNDO_SEC 20
void dh_manager_undo_async (DhManager *self, DhChange *change, const DhCaller *caller,
                            DhActions granted, GAsyncReadyCallback callback, gpointer user_data);
gboolean dh_manager_undo_finish (DhManager *self, GAsyncResult *result, DhUndoResult *ret_result,
                                 GError **error);

/* Who asked for targets to be bound to him has left. */
void dh_manager_note_client_left (DhManager *self, const char *client);

/* (transfer none) (nullable): the primary target, which may have exited. */
DhTarget *dh_manager_get_primary (DhManager *self);

/* (transfer none): those that live. */
const DhTargetList *dh_manager_get_targets (DhManager *self);

gboolean dh_manager_get_enabled (DhManager *self);
guint32 dh_manager_get_pid (DhManager *self);
guint64 dh_manager_get_setting (DhManager *self, DhSetting setting);
DhState dh_manager_get_state (DhManager *self);
DhState dh_manager_get_state_of (DhManager *self, const DhTarget *target);
guint dh_manager_get_active_targets (DhManager *self);
guint dh_manager_get_max_targets (DhManager *self);

/* Returns: whether serving was ended or is hampered by an error. */
gboolean dh_manager_get_last_error (DhManager *self, DhError *ret_code);

/* Why there is no engine, or the one in use can do nothing: a word, or "". */
const char *dh_manager_get_unavailable_reason (DhManager *self);

/* The engine in use. (transfer none) (nullable) */
DhEngine *dh_manager_get_engine (DhManager *self);

/* The range of @setting on the engine in use, the default being the configuration's. Returns: FALSE
 * where there is none. */
gboolean dh_manager_get_range (DhManager *self, DhSetting setting, DhRange *ret_range);

/* (transfer none) (element-type DhEngineStatus) */
GPtrArray *dh_manager_get_engines (DhManager *self);

/* The last figures of @target, also if it is no longer served. Returns: FALSE where there never
 * were any. */
gboolean dh_manager_get_statistics (DhManager *self, DhTarget *target,
                                    DhStatistics *ret_statistics);

/* Returns: (transfer full). Errors: NotAvailable where no engine works, or @target was not looked
 * at yet; NotSupported by the engine. */
DhHeatMap *dh_manager_dup_heat_map (DhManager *self, DhTarget *target, GError **error);

/* Whether engines are being looked at, so that what is told of them may change. */
gboolean dh_manager_is_probing (DhManager *self);

/* Whether a living process is a target: the service is needed. */
gboolean dh_manager_has_target (DhManager *self);
