/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "manager.h"

#include "error.h"
#include "gate.h"
#include "plan.h"
#include "target.h"

struct _DhManager {
  GObject parent_instance;

  DhConfiguration *configuration;
  DhStore *store;
  DhEngineChooser *chooser;
  char *root;

  DhGate *ready;    /* opens when the engines have been probed */
  DhEngine *engine; /* (nullable), of chooser */

  DhSettings defaults;
  DhSettings settings; /* in force */
  DhSettings stored;   /* what the next start begins with */

  DhTarget *target; /* (nullable) */
  gboolean dropped; /* the last target became somebody else's and is held no longer */
  gboolean has_error;
  DhError last_error;
  DhStatistics statistics; /* the last that were seen */
  gboolean has_statistics;
  guint statistics_timer;
  guint64 statistics_interval; /* of the timer */

  GQueue jobs; /* GTask: changes in the order in which they were authorized */
  GTask *job;  /* under way (nullable) */
};

G_DEFINE_FINAL_TYPE (DhManager, dh_manager, G_TYPE_OBJECT)

enum { SIGNAL_CHANGED, SIGNAL_STATISTICS, SIGNAL_TARGET_EXITED, N_SIGNALS };

static guint signals[N_SIGNALS];

/* What a change comes to, computed when its turn has come. */
typedef struct {
  DhChange *change;
  DhCaller caller; /* sender NULL: the service itself */
  DhActions granted;
  DhPlan plan;
  DhSettings stored;
} Job;

static void start_next_job (DhManager *self);

static void
free_job (gpointer data)
{
  Job *job = data;

  g_clear_pointer (&job->plan.process, dh_process_unref);
  dh_change_free (job->change);
  g_free (job);
}

static void
emit_changed (DhManager *self)
{
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static DhProcess *
get_live_process (DhManager *self)
{
  return self->target && dh_target_is_alive (self->target) ? dh_target_get_process (self->target)
                                                           : NULL;
}

static void
set_error (DhManager *self, const GError *error)
{
  self->has_error = error != NULL;
  if (!error)
    return;
  self->last_error = error->domain == DH_ERROR ? (DhError) error->code : DH_ERROR_KERNEL_REJECTED;
  g_warning ("%s", error->message);
}

static void
remember_target (DhManager *self)
{
  DhStoredTarget record = { .pid = 0 };
  DhProcess *process = get_live_process (self);

  if (process) {
    record.pid = (guint32) dh_process_get_pid (process);
    record.start_time = dh_process_get_start_time (process);
    record.owner = *dh_target_get_owner (self->target);
    record.enabled = dh_target_is_enabled (self->target);
    record.ratio = self->settings.values[DH_SETTING_RATIO];
  }
  dh_store_save_target (self->store, process ? &record : NULL);
}

static void
note_statistics (DhManager *self)
{
  if (self->engine && dh_engine_get_statistics (self->engine, &self->statistics))
    self->has_statistics = TRUE;
}

static gboolean
on_statistics_timer (gpointer user_data)
{
  DhManager *self = user_data;

  note_statistics (self);
  g_signal_emit (self, signals[SIGNAL_STATISTICS], 0);
  return G_SOURCE_CONTINUE;
}

/* No timer but while the target is served. */
static void
update_statistics_timer (DhManager *self)
{
  guint64 interval = self->settings.values[DH_SETTING_STATISTICS_INTERVAL];

  if (!self->target || !dh_target_is_enabled (self->target))
    interval = 0;
  if (interval == self->statistics_interval)
    return;
  self->statistics_interval = interval;
  g_clear_handle_id (&self->statistics_timer, g_source_remove);
  if (interval > 0)
    self->statistics_timer = g_timeout_add (MAX (interval / 1000, 1), on_statistics_timer, self);
}

static void
queue_job (DhManager *self, DhChange *change, const DhCaller *caller, DhActions granted,
           GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  Job *job = g_new0 (Job, 1);

  job->change = change;
  if (caller)
    job->caller = *caller;
  job->granted = granted;
  g_task_set_task_data (task, job, free_job);
  g_queue_push_tail (&self->jobs, task);
  start_next_job (self);
}

static void
on_target_exited (DhTarget *target, gpointer user_data)
{
  g_autoptr (DhManager) self = g_object_ref (user_data);

  note_statistics (self);
  g_message ("Process %d has exited", dh_process_get_pid (dh_target_get_process (target)));
  remember_target (self);
  update_statistics_timer (self);
  emit_changed (self);
  g_signal_emit (self, signals[SIGNAL_TARGET_EXITED], 0,
                 (guint) dh_process_get_pid (dh_target_get_process (target)));
  /* Nothing is different for the settings; the engine learns that there is no process any more. */
  queue_job (self, dh_change_new (), NULL, 0, NULL, NULL);
}

static void
drop_target (DhManager *self)
{
  g_clear_pointer (&self->target, dh_target_free);
  self->dropped = TRUE;
  self->has_statistics = FALSE; /* nobody knows any more whose they are */
}

static void
on_engine_event (DhEngine *engine, guint event, const GError *error, gpointer user_data)
{
  DhManager *self = user_data;

  if (engine != self->engine || !self->target || !dh_target_is_enabled (self->target))
    return;
  note_statistics (self);
  switch ((DhEngineEvent) event) {
  case DH_ENGINE_SERVING:
    dh_target_set_state (self->target, DH_TARGET_RUNNING);
    break;
  case DH_ENGINE_DROPPED:
    set_error (self, error);
    drop_target (self);
    remember_target (self);
    break;
  case DH_ENGINE_FAILED:
    set_error (self, error);
    dh_target_set_state (self->target, DH_TARGET_FAILED);
    remember_target (self);
    break;
  case DH_ENGINE_HAMPERED:
    set_error (self, error);
    break;
  case DH_ENGINE_RECOVERED:
    set_error (self, NULL);
    break;
  }
  update_statistics_timer (self);
  emit_changed (self);
}

static DhSituation
get_situation (DhManager *self)
{
  const char *engine = dh_engine_get_name (self->engine);

  return (DhSituation){
    .root = self->root,
    .engine = self->engine,
    .target = self->target,
    .settings = self->settings,
    .stored = self->stored,
    .defaults = self->defaults,
    /* Where the engine takes a resource of the whole machine, owning the process is not enough. */
    .own_suffices =
      g_str_equal (engine, "bpf")
      || g_strv_contains ((const char *const *) self->configuration->allow_own_on, engine),
  };
}

gboolean
dh_manager_check (DhManager *self, DhChange *change, GError **error)
{
  gboolean ready = dh_gate_is_open (self->ready);
  DhSituation situation;

  if (!self->engine) {
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_AVAILABLE,
                 ready ? "No engine works here (%s): Engines has the details"
                       : "The engines are still being looked at%s",
                 ready ? dh_manager_get_unavailable_reason (self) : "");
    return FALSE;
  }
  situation = get_situation (self);
  return dh_plan_check (&situation, change, error);
}

gboolean
dh_manager_get_required (DhManager *self, DhChange *change, const DhCaller *caller,
                         DhActions *ret_actions, GError **error)
{
  DhSituation situation = get_situation (self);

  return dh_rights_for_change (self->target, situation.own_suffices, change, caller, ret_actions,
                               error);
}

DhActions
dh_manager_get_required_to_inspect (DhManager *self, const DhCaller *caller)
{
  return dh_rights_to_inspect (self->target, caller);
}

DhProcess *
dh_manager_get_subject (DhManager *self, const DhChange *change)
{
  if (change && change->process)
    return change->process;
  return get_live_process (self);
}

static void
commit_target (DhManager *self, Job *job)
{
  const DhPlan *plan = &job->plan;
  DhProcess *current = self->target ? dh_target_get_process (self->target) : NULL;
  gboolean was_enabled = self->target && dh_target_is_enabled (self->target);

  if (plan->process != current && (plan->process || job->change->has_pid)) {
    g_clear_pointer (&self->target, dh_target_free);
    if (plan->process)
      self->target = dh_target_new (plan->process, &plan->owner, on_target_exited, self);
    self->has_statistics = FALSE;
    was_enabled = FALSE;
  } else if (plan->process) {
    dh_target_set_owner (self->target, &plan->owner);
  }
  if (!job->change->has_pid && !job->change->has_enabled)
    return;
  self->dropped = FALSE;
  self->has_error = FALSE;
  if (!self->target || !dh_target_is_alive (self->target))
    return;
  if (!plan->enabled)
    dh_target_set_state (self->target, DH_TARGET_DISABLED);
  else if (!was_enabled)
    dh_target_set_state (self->target, DH_TARGET_STARTING);
}

static void
on_applied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DhManager) self = user_data;
  g_autoptr (GTask) task = g_steal_pointer (&self->job);
  g_autoptr (GError) error = NULL;
  Job *job = g_task_get_task_data (task);

  if (dh_engine_apply_finish (DH_ENGINE (source), result, &error)) {
    self->settings = job->plan.settings;
    self->stored = job->stored;
    commit_target (self, job);
    dh_store_save_settings (self->store, dh_engine_get_name (self->engine), &self->stored,
                            &self->defaults);
    remember_target (self);
    update_statistics_timer (self);
    emit_changed (self);
    g_task_return_boolean (task, TRUE);
  } else {
    g_task_return_error (task, g_steal_pointer (&error));
  }
  start_next_job (self);
}

static gboolean
plan_job (DhManager *self, Job *job, GError **error)
{
  DhSituation situation;

  if (!dh_manager_check (self, job->change, error))
    return FALSE;
  situation = get_situation (self);
  return dh_plan_make (&situation, job->change, job->caller.sender ? &job->caller : NULL,
                       job->granted, &job->plan, &job->stored, error);
}

static void
start_next_job (DhManager *self)
{
  while (!self->job && (self->job = g_queue_pop_head (&self->jobs))) {
    Job *job = g_task_get_task_data (self->job);
    g_autoptr (GError) error = NULL;

    if (plan_job (self, job, &error)) {
      note_statistics (self);
      dh_engine_apply_async (self->engine, &job->plan, on_applied, g_object_ref (self));
    } else {
      g_autoptr (GTask) task = g_steal_pointer (&self->job);

      g_task_return_error (task, g_steal_pointer (&error));
    }
  }
}

void
dh_manager_apply_async (DhManager *self, DhChange *change, const DhCaller *caller,
                        DhActions granted, GAsyncReadyCallback callback, gpointer user_data)
{
  queue_job (self, change, caller, granted, callback, user_data);
}

gboolean
dh_manager_apply_finish (DhManager *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* After a crash, in the same boot, the same process of the same owner is served again. */
static void
take_up_target (DhManager *self)
{
  g_autoptr (DhChange) change = dh_change_new ();
  DhStoredTarget record;
  DhOwner owner;

  if (!dh_store_load_target (self->store, &record))
    return;
  change->has_pid = change->has_enabled = TRUE;
  change->pid = record.pid;
  change->enabled = record.enabled;
  change->process = dh_process_open (self->root, record.pid, NULL);
  change->has_owner = TRUE;
  change->owner = record.owner;
  if (!change->process || dh_process_get_start_time (change->process) != record.start_time
      || !dh_process_read_owner (change->process, &owner, NULL)
      || !dh_owner_equal (&owner, &record.owner)) {
    g_message ("Process %u, served before, is not there any more", record.pid);
    dh_store_save_target (self->store, NULL);
    return;
  }
  change->has_setting[DH_SETTING_RATIO] = record.ratio != 0;
  change->settings[DH_SETTING_RATIO] = record.ratio;
  g_message ("Taking up process %u again, which was served before a crash", record.pid);
  queue_job (self, g_steal_pointer (&change), NULL, DH_ACTION_TARGET_ANY, NULL, NULL);
}

static void
on_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DhManager) self = user_data;

  self->engine = dh_engine_chooser_probe_finish (self->chooser, result);
  if (self->engine) {
    const char *name = dh_engine_get_name (self->engine);

    dh_configuration_get_defaults (self->configuration, name, &self->defaults);
    self->stored = self->defaults;
    dh_store_load_settings (self->store, name, &self->stored);
    self->settings = self->stored;
    g_signal_connect_object (self->engine, "event", G_CALLBACK (on_engine_event), self, 0);
    take_up_target (self);
  }
  dh_gate_open (self->ready);
  emit_changed (self);
}

void
dh_manager_start (DhManager *self)
{
  dh_engine_chooser_probe_async (self->chooser, on_probed, g_object_ref (self));
}

void
dh_manager_stop (DhManager *self)
{
  DhPlan nothing = { .settings = self->settings };

  if (self->engine)
    dh_engine_apply_async (self->engine, &nothing, NULL, NULL);
  g_clear_pointer (&self->target, dh_target_free);
  update_statistics_timer (self);
  dh_store_save_target (self->store, NULL);
  dh_store_flush (self->store);
}

gboolean
dh_manager_is_ready (DhManager *self)
{
  return dh_gate_is_open (self->ready);
}

void
dh_manager_wait_ready_async (DhManager *self, GAsyncReadyCallback callback, gpointer user_data)
{
  dh_gate_wait_async (self->ready, self, callback, user_data);
}

gboolean
dh_manager_wait_ready_finish (DhManager *self, GAsyncResult *result, GError **error)
{
  return dh_gate_wait_finish (result, error);
}

gboolean
dh_manager_get_enabled (DhManager *self)
{
  return self->target && dh_target_is_enabled (self->target);
}

guint32
dh_manager_get_pid (DhManager *self)
{
  return self->target ? (guint32) dh_process_get_pid (dh_target_get_process (self->target)) : 0;
}

guint64
dh_manager_get_setting (DhManager *self, DhSetting setting)
{
  return self->settings.values[setting];
}

static const char *const state_names[] = {
  [DH_STATE_UNAVAILABLE] = "unavailable",     [DH_STATE_DISABLED] = "disabled",
  [DH_STATE_STARTING] = "starting",           [DH_STATE_RUNNING] = "running",
  [DH_STATE_TARGET_EXITED] = "target-exited", [DH_STATE_FAILED] = "failed",
};

const char *
dh_state_to_string (DhState state)
{
  return state_names[state];
}

DhState
dh_manager_get_state (DhManager *self)
{
  static const DhState of_target[] = {
    [DH_TARGET_DISABLED] = DH_STATE_DISABLED, [DH_TARGET_STARTING] = DH_STATE_STARTING,
    [DH_TARGET_RUNNING] = DH_STATE_RUNNING,   [DH_TARGET_EXITED] = DH_STATE_TARGET_EXITED,
    [DH_TARGET_FAILED] = DH_STATE_FAILED,
  };

  if (!dh_gate_is_open (self->ready))
    return DH_STATE_STARTING;
  if (!self->engine)
    return DH_STATE_UNAVAILABLE;
  if (!self->target)
    return self->dropped ? DH_STATE_FAILED : DH_STATE_DISABLED;
  return of_target[dh_target_get_state (self->target)];
}

guint
dh_manager_get_active_targets (DhManager *self)
{
  return dh_manager_get_enabled (self) ? 1 : 0;
}

gboolean
dh_manager_get_last_error (DhManager *self, DhError *ret_code)
{
  *ret_code = self->last_error;
  return self->has_error;
}

const char *
dh_manager_get_unavailable_reason (DhManager *self)
{
  return self->engine ? "" : dh_engine_chooser_get_reason (self->chooser);
}

DhEngine *
dh_manager_get_engine (DhManager *self)
{
  return self->engine;
}

gboolean
dh_manager_get_range (DhManager *self, DhSetting setting, DhRange *ret_range)
{
  if (!self->engine || !dh_engine_get_range (self->engine, setting, ret_range))
    return FALSE;
  ret_range->fallback = self->defaults.values[setting];
  return TRUE;
}

GPtrArray *
dh_manager_get_engines (DhManager *self)
{
  return dh_engine_chooser_get_engines (self->chooser);
}

gboolean
dh_manager_get_statistics (DhManager *self, DhStatistics *ret_statistics)
{
  note_statistics (self);
  *ret_statistics = self->statistics;
  return self->has_statistics;
}

gboolean
dh_manager_has_target (DhManager *self)
{
  return get_live_process (self) != NULL;
}

static void
dh_manager_finalize (GObject *object)
{
  DhManager *self = DH_MANAGER (object);

  g_clear_handle_id (&self->statistics_timer, g_source_remove);
  g_clear_pointer (&self->target, dh_target_free);
  g_queue_clear_full (&self->jobs, g_object_unref);
  dh_gate_free (self->ready);
  g_object_unref (self->chooser);
  g_object_unref (self->store);
  dh_configuration_free (self->configuration);
  g_free (self->root);
  G_OBJECT_CLASS (dh_manager_parent_class)->finalize (object);
}

static void
dh_manager_init (DhManager *self)
{
  g_queue_init (&self->jobs);
  self->ready = dh_gate_new (DH_MANAGER_READY_SEC);
  dh_settings_init_defaults (&self->defaults);
  self->settings = self->stored = self->defaults;
}

static void
dh_manager_class_init (DhManagerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dh_manager_finalize;
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", DH_TYPE_MANAGER, G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_STATISTICS] = g_signal_new ("statistics", DH_TYPE_MANAGER, G_SIGNAL_RUN_LAST, 0,
                                             NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_TARGET_EXITED] = g_signal_new ("target-exited", DH_TYPE_MANAGER, G_SIGNAL_RUN_LAST,
                                                0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

DhManager *
dh_manager_new (DhConfiguration *configuration, DhStore *store, GPtrArray *engines,
                const char *root)
{
  DhManager *self = g_object_new (DH_TYPE_MANAGER, NULL);

  self->configuration = configuration;
  self->store = g_object_ref (store);
  self->chooser = dh_engine_chooser_new (engines, configuration->engine);
  self->root = g_strdup (root);
  return self;
}
