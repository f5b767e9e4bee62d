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
  DhBudget *budget;          /* (nullable): until something is applied */
  DhPace *pace;
  DhSlumber *slumber;
  GPtrArray *places; /* of Place */
};

/* A target that is served, or was: what was made huge in it can be taken back for as long as it is
 * a target. */
typedef struct {
  DhBpfEngine *engine;
  DhProcess *process;
  DhOwner owner; /* as the lane knows it */
  gboolean enabled;
  DhLane *lane;
} Place;

static void dh_bpf_engine_iface_init (DhEngineInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DhBpfEngine, dh_bpf_engine, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DH_TYPE_ENGINE, dh_bpf_engine_iface_init))

static const DhEngineInfo *
get_info (DhEngine *engine)
{
  static const DhEngineInfo info = {
    .name = "bpf",
    .default_ratio = 10000,
    .free_ratio = G_MAXUINT64,
  };

  return &info;
}

static const char *const *
get_capabilities (DhEngine *engine)
{
  static const char *const words[] = { "collapse", "ratio-goal",       "feedback-goal",
                                       "hot-only", "multiple-targets", "heat-map",
                                       "undo",     "statistics",       NULL };

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
free_place (gpointer data)
{
  Place *place = data;

  dh_lane_stop (place->lane);
  dh_process_unref (place->process);
  g_free (place);
}

static Place *
find_place (DhBpfEngine *self, const DhProcess *process)
{
  for (guint i = 0; i < self->places->len; i++) {
    Place *place = g_ptr_array_index (self->places, i);

    if (dh_process_equal (place->process, process))
      return place;
  }
  return NULL;
}

static void
on_lane_event (DhLane *lane, DhLaneEvent event, const GError *error, gpointer user_data)
{
  static const DhEngineEvent events[] = {
    [DH_LANE_SERVING] = DH_ENGINE_SERVING,     [DH_LANE_OWNER_CHANGED] = DH_ENGINE_DROPPED,
    [DH_LANE_FAILED] = DH_ENGINE_FAILED,       [DH_LANE_HAMPERED] = DH_ENGINE_HAMPERED,
    [DH_LANE_RECOVERED] = DH_ENGINE_RECOVERED,
  };
  Place *place = user_data;
  g_autoptr (DhBpfEngine) self = g_object_ref (place->engine);
  g_autoptr (DhProcess) process = dh_process_ref (place->process);

  if (event == DH_LANE_FAILED)
    place->enabled = FALSE;
  else if (event == DH_LANE_OWNER_CHANGED)
    g_ptr_array_remove_fast (self->places, place);
  dh_engine_emit_event (DH_ENGINE (self), events[event], process, error);
}

static DhLaneGoals
get_goals (const DhPlan *plan, const DhPlanTarget *target)
{
  return (DhLaneGoals){
    .ratio = target->goals.ratio,
    .feedback = target->goals.feedback,
    .min_age = plan->settings.values[DH_SETTING_MIN_AGE],
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

static Place *
place_new (DhBpfEngine *self, DhProcess *process, GError **error)
{
  const DhLaneShares shares = { .advisor = self->advisor,
                                .budget = self->budget,
                                .pace = self->pace,
                                .slumber = self->slumber };
  DhEye *eye = dh_page_table_eye_new (self->walker, dh_process_get_pid (process),
                                      dh_process_get_pidfd (process), error);
  Place *place;

  if (!eye)
    return NULL;
  place = g_new0 (Place, 1);
  place->engine = self;
  place->process = dh_process_ref (process);
  place->lane = dh_lane_new (process, eye, &shares, on_lane_event, place);
  return place;
}

/* Returns: places for what is to be served and has none yet: all of them, or NULL with @error. */
static GPtrArray *
make_places (DhBpfEngine *self, const DhPlan *plan, GError **error)
{
  g_autoptr (GPtrArray) places = g_ptr_array_new_with_free_func (free_place);

  for (guint i = 0; i < plan->targets->len; i++) {
    const DhPlanTarget *target = &g_array_index (plan->targets, DhPlanTarget, i);
    Place *place;

    if (!target->enabled || find_place (self, target->process))
      continue;
    place = place_new (self, target->process, error);
    if (!place)
      return NULL;
    g_ptr_array_add (places, place);
  }
  return g_steal_pointer (&places);
}

static gboolean
is_planned (const DhPlan *plan, const Place *place)
{
  for (guint i = 0; i < plan->targets->len; i++)
    if (dh_process_equal (g_array_index (plan->targets, DhPlanTarget, i).process, place->process))
      return TRUE;
  return FALSE;
}

static void
update_place (Place *place, const DhPlan *plan, const DhPlanTarget *target)
{
  const DhLaneGoals goals = get_goals (plan, target);

  if (!target->enabled)
    dh_lane_rest (place->lane);
  else if (!place->enabled || !dh_owner_equal (&place->owner, &target->owner))
    dh_lane_serve (place->lane, &target->owner, &goals);
  else
    dh_lane_set_goals (place->lane, &goals);
  place->enabled = target->enabled;
  place->owner = target->owner;
}

static void
update_places (DhBpfEngine *self, const DhPlan *plan)
{
  for (guint i = self->places->len; i-- > 0;)
    if (!is_planned (plan, g_ptr_array_index (self->places, i)))
      g_ptr_array_remove_index_fast (self->places, i);
  for (guint i = 0; i < plan->targets->len; i++) {
    const DhPlanTarget *target = &g_array_index (plan->targets, DhPlanTarget, i);
    Place *place = find_place (self, target->process);

    if (place)
      update_place (place, plan, target);
  }
}

/* What can fail comes first, so that a failure changes nothing. */
static gboolean
apply (DhBpfEngine *self, const DhPlan *plan, GError **error)
{
  g_autoptr (GPtrArray) places = NULL;

  if (!self->walker) {
    g_set_error_literal (error, DH_ERROR, DH_ERROR_NOT_AVAILABLE,
                         "The engine bpf is not available here");
    return FALSE;
  }
  if (plan->releases) {
    g_ptr_array_set_size (self->places, 0);
    return TRUE;
  }
  if (!self->budget)
    set_limits (self, &plan->settings);
  places = make_places (self, plan, error);
  if (!places)
    return FALSE;
  set_limits (self, &plan->settings);
  g_ptr_array_extend_and_steal (self->places, g_steal_pointer (&places));
  update_places (self, plan);
  return TRUE;
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
get_statistics (DhEngine *engine, DhProcess *process, DhStatistics *ret_statistics)
{
  const Place *place = find_place (DH_BPF_ENGINE (engine), process);

  return place && place->enabled && dh_lane_get_statistics (place->lane, ret_statistics);
}

static DhHeatMap *
dup_heat_map (DhEngine *engine, DhProcess *process)
{
  const Place *place = find_place (DH_BPF_ENGINE (engine), process);

  return place ? dh_lane_dup_heat_map (place->lane) : NULL;
}

static void
on_undone (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DhUndoResult undone;
  GError *error = NULL;

  if (dh_lane_undo_finish (result, &undone, &error))
    g_task_return_pointer (task, g_memdup2 (&undone, sizeof undone), g_free);
  else
    g_task_return_error (task, error);
}

static void
undo_async (DhEngine *engine, DhProcess *process, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (engine, NULL, callback, user_data);
  const Place *place = find_place (DH_BPF_ENGINE (engine), process);

  if (place) {
    dh_lane_undo_async (place->lane, on_undone, task);
    return;
  }
  /* Never served: nothing was made huge. */
  g_task_return_pointer (task, g_new0 (DhUndoResult, 1), g_free);
  g_object_unref (task);
}

static gboolean
undo_finish (DhEngine *engine, GAsyncResult *result, DhUndoResult *ret_result, GError **error)
{
  g_autofree DhUndoResult *undone = g_task_propagate_pointer (G_TASK (result), error);

  if (undone)
    *ret_result = *undone;
  return undone != NULL;
}

static void
dh_bpf_engine_finalize (GObject *object)
{
  DhBpfEngine *self = DH_BPF_ENGINE (object);

  g_ptr_array_unref (self->places);
  g_clear_object (&self->walker);
  g_clear_pointer (&self->budget, dh_budget_unref);
  dh_pace_unref (self->pace);
  dh_slumber_unref (self->slumber);
  g_free (self->root);
  G_OBJECT_CLASS (dh_bpf_engine_parent_class)->finalize (object);
}

static void
dh_bpf_engine_init (DhBpfEngine *self)
{
  self->places = g_ptr_array_new_with_free_func (free_place);
  self->pace = dh_pace_new ();
  self->slumber = dh_slumber_new ();
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
  iface->dup_heat_map = dup_heat_map;
  iface->undo_async = undo_async;
  iface->undo_finish = undo_finish;
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
