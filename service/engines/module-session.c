/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-session.h"

#include "hugepages/tuner.h"
#include "memory-meter.h"
#include "owner-watch.h"
#include "stall-watch.h"

#define USEC_PER_MSEC 1000

/* How often at least the parameters are read, and how often while it is not yet known whether the
 * module works. */
#define LOOK_MSEC 5000
#define SUSPECT_LOOK_MSEC 1000

struct _DhModuleSession {
  DhProcess *process;
  DhOwnerWatch *owner_watch; /* (nullable): if ours */
  DhMemoryMeter *meter;
  DhStallWatch stall;
  guint64 interval;
  guint timer;
  guint timer_msec;
  const DhModuleSessionFuncs *funcs;
  gpointer user_data;
};

static gboolean
on_timer (gpointer user_data)
{
  DhModuleSession *session = user_data;

  dh_memory_meter_read (session->meter);
  session->funcs->look (session->user_data);
  return G_SOURCE_CONTINUE;
}

static void
update_timer (DhModuleSession *session)
{
  const guint64 interval = session->interval / USEC_PER_MSEC;
  guint msec = interval > 0 && interval < LOOK_MSEC ? (guint) interval : LOOK_MSEC;

  if (session->stall.doubt > 0)
    msec = MIN (msec, SUSPECT_LOOK_MSEC);
  if (msec == session->timer_msec)
    return;
  session->timer_msec = msec;
  g_clear_handle_id (&session->timer, g_source_remove);
  session->timer = g_timeout_add (msec, on_timer, session);
}

static void
on_owner_changed (gpointer user_data)
{
  DhModuleSession *session = user_data;

  session->funcs->owner_changed (session->user_data);
}

static guint
get_doubt (const DhModuleRecord *record)
{
  const guint64 *base = record->base.values;

  if (record->suspect)
    return DH_STALL_LIKELY;
  /* Where nothing was ever done nothing can have been left. */
  return base[DH_PARAMETER_TRIED_REGIONS] > 0 || base[DH_PARAMETER_QUOTA_EXCEEDS] > 0
           ? DH_STALL_UNLIKELY
           : 0;
}

DhModuleSession *
dh_module_session_new (DhProcess *process, const DhOwner *owner, const DhModuleView *view,
                       const DhModuleSessionFuncs *funcs, gpointer user_data)
{
  DhModuleSession *session = g_new0 (DhModuleSession, 1);

  session->process = dh_process_ref (process);
  session->funcs = funcs;
  session->user_data = user_data;
  if (owner)
    session->owner_watch = dh_owner_watch_new (process, owner, on_owner_changed, session);
  session->meter = dh_memory_meter_new (process);
  dh_memory_meter_read (session->meter);
  dh_stall_watch_begin (&session->stall, owner ? get_doubt (&view->record) : 0, &view->record.base,
                        (guint64) g_get_monotonic_time ());
  update_timer (session);
  return session;
}

void
dh_module_session_free (DhModuleSession *session)
{
  g_clear_handle_id (&session->timer, g_source_remove);
  g_clear_pointer (&session->owner_watch, dh_owner_watch_free);
  dh_memory_meter_free (session->meter);
  dh_process_unref (session->process);
  g_free (session);
}

DhProcess *
dh_module_session_get_process (const DhModuleSession *session)
{
  return session->process;
}

gboolean
dh_module_session_is_ours (const DhModuleSession *session)
{
  return session->owner_watch != NULL;
}

gboolean
dh_module_session_is_shown (const DhModuleSession *session, const DhModuleView *view)
{
  return view->running && dh_module_session_is_ours (session) == view->begun
         && (guint32) dh_process_get_pid (session->process) == view->pid;
}

void
dh_module_session_set_interval (DhModuleSession *session, guint64 interval)
{
  session->interval = interval;
  update_timer (session);
}

void
dh_module_session_renew (DhModuleSession *session, const DhOwner *owner)
{
  dh_owner_watch_set_owner (session->owner_watch, owner);
  dh_stall_watch_defer (&session->stall, (guint64) g_get_monotonic_time ());
}

gboolean
dh_module_session_is_stalled (DhModuleSession *session, const DhModuleView *view)
{
  gboolean stalled = dh_stall_watch_look (&session->stall, &view->record.base, &view->values,
                                          (guint64) g_get_monotonic_time ());

  update_timer (session);
  return stalled && dh_process_is_alive (session->process);
}

static void
set_counters (const DhModuleSession *session, const DhModuleView *view, DhStatistics *figures)
{
  static const struct {
    DhStatistic statistic;
    DhParameter parameter;
  } rows[] = {
    { DH_STATISTIC_TRIED_REGIONS, DH_PARAMETER_TRIED_REGIONS },
    { DH_STATISTIC_TRIED_BYTES, DH_PARAMETER_TRIED_BYTES },
    { DH_STATISTIC_COLLAPSED_REGIONS, DH_PARAMETER_COLLAPSED_REGIONS },
    { DH_STATISTIC_COLLAPSED_BYTES, DH_PARAMETER_COLLAPSED_BYTES },
    { DH_STATISTIC_QUOTA_EXCEEDS, DH_PARAMETER_QUOTA_EXCEEDS },
  };
  gboolean has_base = dh_module_session_is_ours (session);

  /* Sums since boot. What they were when somebody else enabled his target, nobody knows. */
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const DhParameter parameter = rows[i].parameter;
    const guint64 base = has_base ? view->record.base.values[parameter] : 0;

    if (view->values.known[parameter])
      dh_statistics_set (figures, rows[i].statistic, view->values.values[parameter] - base);
  }
}

void
dh_module_session_get_statistics (const DhModuleSession *session, const DhModuleView *view,
                                  DhStatistics *ret_statistics)
{
  DhMemory memory;

  set_counters (session, view, ret_statistics);
  if (!dh_memory_meter_get (session->meter, &memory))
    return;
  dh_statistics_set (ret_statistics, DH_STATISTIC_ANONYMOUS_BYTES, memory.anonymous_bytes);
  dh_statistics_set (ret_statistics, DH_STATISTIC_HUGEPAGE_BYTES, memory.hugepage_bytes);
  dh_statistics_set (ret_statistics, DH_STATISTIC_RATIO,
                     dh_measured_ratio (memory.hugepage_bytes, memory.anonymous_bytes));
}
