/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "module-state.h"
#include "process.h"
#include "statistics.h"

/* The process that the module works on, and what has to be looked at for as long as it does. No
 * timer runs without one. Main thread only. */
typedef struct _DhModuleSession DhModuleSession;

typedef struct {
  void (*look) (gpointer user_data);          /* it is time to read the parameters */
  void (*owner_changed) (gpointer user_data); /* once; may free the session */
} DhModuleSessionFuncs;

/* @owner: as it was authorized; NULL: somebody else began it, and answers for it. @view: as last
 * seen. @funcs: (transfer none). Returns: (transfer full). */
DhModuleSession *dh_module_session_new (DhProcess *process, const DhOwner *owner,
                                        const DhModuleView *view, const DhModuleSessionFuncs *funcs,
                                        gpointer user_data);
void dh_module_session_free (DhModuleSession *session);

/* (transfer none) */
DhProcess *dh_module_session_get_process (const DhModuleSession *session);
gboolean dh_module_session_is_ours (const DhModuleSession *session);

/* Whether @view shows it, or something else at work. */
gboolean dh_module_session_is_shown (const DhModuleSession *session, const DhModuleView *view);

/* How often it is looked, in microseconds of StatisticsIntervalUSec: at least every 5 s, also for
 * 0. */
void dh_module_session_set_interval (DhModuleSession *session, guint64 interval);

/* Authorized anew, with other settings perhaps. */
void dh_module_session_renew (DhModuleSession *session, const DhOwner *owner);

/* Returns: whether @view shows that the module does nothing for it (see DhStallWatch). */
gboolean dh_module_session_is_stalled (DhModuleSession *session, const DhModuleView *view);

/* The kernel's counters in @view, since it began, and what was measured of the process. */
void dh_module_session_get_statistics (const DhModuleSession *session, const DhModuleView *view,
                                       DhStatistics *ret_statistics);
