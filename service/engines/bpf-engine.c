/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bpf-engine.h"

#include "error.h"
#include "hugepages/lane.h"
#include "walk-verification.h"

struct _DhBpfEngine {
  GObject parent_instance;

  char *root;
  const DhAdvisor *advisor;
  guint time_ceiling;

  DhPageTableWalker *walker; /* (nullable): until probed, and where it cannot work */
  DhBudget *budget;
  DhProcess *process; /* (nullable): served by lane */
  DhOwner owner;      /* of process, as lane knows it */
  DhLane *lane;
};

static void dh_bpf_engine_iface_init (DhEngineInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DhBpfEngine, dh_bpf_engine, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DH_TYPE_ENGINE, dh_bpf_engine_iface_init))

static const DhEngineInfo *
get_info (DhEngine *engine)
{
  static const DhEngineInfo info = {
    .name = "bpf",
    .max_targets = 1,
    .default_ratio = 10000,
    .free_ratio = G_MAXUINT64,
  };

  return &info;
}

static const char *const *
get_capabilities (DhEngine *engine)
{
  static const char *const words[] = { "collapse", "ratio-goal", "feedback-goal",
                                       "hot-only", "statistics", NULL };

  return words;
}

static gboolean
get_range (DhEngine *engine, DhSetting setting, DhRange *ret_range)
{
  switch (setting) {
  case DH_SETTING_SAMPLE_INTERVAL:
  case DH_SETTING_AGGREGATION_INTERVAL:
  case DH_SETTING_MIN_REGIONS:
  case DH_SETTING_MAX_REGIONS:
  case DH_SETTING_ADDRESS_UNIT:
    return FALSE;
  default:
    *ret_range = dh_setting_info (setting)->range;
    return TRUE;
  }
}

static void
probe_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  DhBpfEngine *self = source;
  GError *error = NULL;
  DhPageTableWalker *walker = dh_verified_walker_new (self->root, &error);

  if (walker)
    g_task_return_pointer (task, walker, g_object_unref);
  else
    g_task_return_error (task, error);
}

static void
probe_async (DhEngine *engine, GCancellable *cancellable, GAsyncReadyCallback callback,
             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (engine, cancellable, callback, user_data);
  DhBpfEngine *self = DH_BPF_ENGINE (engine);

  /* What has once been shown to work does so until the next boot. */
  if (self->walker)
    g_task_return_pointer (task, g_object_ref (self->walker), g_object_unref);
  else
    g_task_run_in_thread (task, probe_in_thread);
}

static gboolean
probe_finish (DhEngine *engine, GAsyncResult *result, GError **error)
{
  DhBpfEngine *self = DH_BPF_ENGINE (engine);
  g_autoptr (DhPageTableWalker) walker = g_task_propagate_pointer (G_TASK (result), error);

  g_set_object (&self->walker, walker);
  return walker != NULL;
}

static void
stop_serving (DhBpfEngine *self)
{
  g_clear_pointer (&self->lane, dh_lane_stop);
  g_clear_pointer (&self->process, dh_process_unref);
}

static void
on_lane_event (DhLane *lane, DhLaneEvent event, const GError *error, gpointer user_data)
{
  g_autoptr (DhBpfEngine) self = g_object_ref (user_data);

  switch (event) {
  case DH_LANE_SERVING:
    dh_engine_emit_event (DH_ENGINE (self), DH_ENGINE_SERVING, NULL);
    break;
  case DH_LANE_HAMPERED:
    dh_engine_emit_event (DH_ENGINE (self), DH_ENGINE_HAMPERED, error);
    break;
  case DH_LANE_RECOVERED:
    dh_engine_emit_event (DH_ENGINE (self), DH_ENGINE_RECOVERED, NULL);
    break;
  case DH_LANE_OWNER_CHANGED:
  case DH_LANE_FAILED:
    dh_engine_emit_event (DH_ENGINE (self),
                          event == DH_LANE_FAILED ? DH_ENGINE_FAILED : DH_ENGINE_DROPPED, error);
    stop_serving (self);
    break;
  }
}

static DhLaneGoals
get_goals (const DhSettings *settings)
{
  return (DhLaneGoals){
    .ratio = (guint) settings->values[DH_SETTING_RATIO],
    .feedback = (guint) settings->values[DH_SETTING_FEEDBACK],
    .min_age = settings->values[DH_SETTING_MIN_AGE],
  };
}

static void
set_limits (DhBpfEngine *self, const DhSettings *settings)
{
  DhQuotaLimits limits = {
    .time = settings->values[DH_SETTING_QUOTA_TIME],
    .size = settings->values[DH_SETTING_QUOTA_SIZE],
    .interval = settings->values[DH_SETTING_QUOTA_RESET_INTERVAL],
    .ceiling = self->time_ceiling,
  };

  if (self->budget)
    dh_budget_set_limits (self->budget, &limits);
  else
    self->budget = dh_budget_new (&limits);
}

/* The new lane stands before the old one ends, so that a failure changes nothing. */
static gboolean
serve (DhBpfEngine *self, const DhPlan *plan, GError **error)
{
  DhLaneGoals goals = get_goals (&plan->settings);
  DhLane *lane;
  DhEye *eye;

  eye = dh_page_table_eye_new (self->walker, dh_process_get_pid (plan->process),
                               dh_process_get_pidfd (plan->process), error);
  if (!eye)
    return FALSE;
  lane = dh_lane_start (plan->process, &plan->owner, eye, self->advisor, self->budget, &goals,
                        on_lane_event, self);
  stop_serving (self);
  self->process = dh_process_ref (plan->process);
  self->owner = plan->owner;
  self->lane = lane;
  return TRUE;
}

static gboolean
apply (DhBpfEngine *self, const DhPlan *plan, GError **error)
{
  DhLaneGoals goals = get_goals (&plan->settings);
  gboolean good = TRUE;

  if (!self->walker) {
    g_set_error_literal (error, DH_ERROR, DH_ERROR_NOT_AVAILABLE,
                         "The engine bpf is not available here");
    return FALSE;
  }
  if (plan->releases) {
    stop_serving (self);
    return TRUE;
  }
  if (!self->budget)
    set_limits (self, &plan->settings);
  if (!plan->process || !plan->enabled)
    stop_serving (self);
  else if (plan->process != self->process || !dh_owner_equal (&plan->owner, &self->owner))
    good = serve (self, plan, error);
  else
    dh_lane_set_goals (self->lane, &goals);
  if (good)
    set_limits (self, &plan->settings);
  return good;
}

static void
apply_async (DhEngine *engine, const DhPlan *plan, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (engine, NULL, callback, user_data);
  g_autoptr (GError) error = NULL;

  if (apply (DH_BPF_ENGINE (engine), plan, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static gboolean
apply_finish (DhEngine *engine, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
get_statistics (DhEngine *engine, DhStatistics *ret_statistics)
{
  DhBpfEngine *self = DH_BPF_ENGINE (engine);

  if (!self->lane)
    return FALSE;
  dh_lane_get_statistics (self->lane, ret_statistics);
  return TRUE;
}

static void
dh_bpf_engine_finalize (GObject *object)
{
  DhBpfEngine *self = DH_BPF_ENGINE (object);

  stop_serving (self);
  g_clear_object (&self->walker);
  g_clear_pointer (&self->budget, dh_budget_unref);
  g_free (self->root);
  G_OBJECT_CLASS (dh_bpf_engine_parent_class)->finalize (object);
}

static void
dh_bpf_engine_init (DhBpfEngine *self)
{
}

static void
dh_bpf_engine_class_init (DhBpfEngineClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dh_bpf_engine_finalize;
}

static void
dh_bpf_engine_iface_init (DhEngineInterface *iface)
{
  iface->get_info = get_info;
  iface->get_capabilities = get_capabilities;
  iface->get_range = get_range;
  iface->probe_async = probe_async;
  iface->probe_finish = probe_finish;
  iface->apply_async = apply_async;
  iface->apply_finish = apply_finish;
  iface->get_statistics = get_statistics;
}

DhEngine *
dh_bpf_engine_new (const char *root, const DhAdvisor *advisor, guint time_ceiling)
{
  DhBpfEngine *self = g_object_new (DH_TYPE_BPF_ENGINE, NULL);

  self->root = g_strdup (root);
  self->advisor = advisor;
  self->time_ceiling = time_ceiling;
  return DH_ENGINE (self);
}
