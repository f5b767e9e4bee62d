/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "fake-engine.h"

#include "error.h"

typedef struct {
  gboolean holds;
  gboolean refuses;
  int code;        /* of a refusal */
  GTask *applying; /* (nullable): waits for the test */
  DhPlan asked;    /* what it is about */
  DhPlan made;
  guint plans;
  GTask *undoing; /* (nullable) */
  pid_t undone;   /* what it is about */
} FakeEnginePrivate;

static void fake_engine_iface_init (DhEngineInterface *iface);

G_DEFINE_TYPE_WITH_CODE (FakeEngine, fake_engine, G_TYPE_OBJECT,
                         G_ADD_PRIVATE (FakeEngine)
                           G_IMPLEMENT_INTERFACE (DH_TYPE_ENGINE, fake_engine_iface_init))

static FakeEnginePrivate *
get_private (FakeEngine *self)
{
  return fake_engine_get_instance_private (self);
}

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
  static const char *const words[] = { NULL };

  return words;
}

static gboolean
get_range (DhEngine *engine, DhSetting setting, DhRange *ret_range)
{
  *ret_range = dh_setting_info (setting)->range;
  return setting != DH_SETTING_ADDRESS_UNIT;
}

static gboolean
check_settings (DhEngine *engine, const DhSettings *settings, GError **error)
{
  if (settings->values[DH_SETTING_MIN_REGIONS] <= settings->values[DH_SETTING_MAX_REGIONS])
    return TRUE;
  g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID_VALUE, "They do not go together");
  return FALSE;
}

static void
probe_async (DhEngine *engine, GCancellable *cancellable, GAsyncReadyCallback callback,
             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (engine, cancellable, callback, user_data);

  g_task_return_boolean (task, TRUE);
}

static gboolean
finish_boolean (DhEngine *engine, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
clear_target (gpointer data)
{
  dh_process_unref (((DhPlanTarget *) data)->process);
}

static void
clear_plan (DhPlan *plan)
{
  g_clear_pointer (&plan->targets, g_array_unref);
}

/* Into an empty one. */
static void
copy_plan (DhPlan *to, const DhPlan *from)
{
  *to = *from;
  to->targets = g_array_new (FALSE, FALSE, sizeof (DhPlanTarget));
  g_array_set_clear_func (to->targets, clear_target);
  for (guint i = 0; from->targets && i < from->targets->len; i++) {
    DhPlanTarget target = g_array_index (from->targets, DhPlanTarget, i);

    dh_process_ref (target.process);
    g_array_append_val (to->targets, target);
  }
}

static void
apply_async (DhEngine *engine, const DhPlan *plan, GAsyncReadyCallback callback, gpointer user_data)
{
  FakeEngine *self = FAKE_ENGINE (engine);
  FakeEnginePrivate *private = get_private (self);

  g_assert_null (private->applying);
  private->applying = g_task_new (engine, NULL, callback, user_data);
  private->plans++;
  copy_plan (&private->asked, plan);
  if (private->refuses)
    fake_engine_fail (self, private->code);
  else if (!private->holds)
    fake_engine_finish (self);
}

static gboolean
get_statistics (DhEngine *engine, DhProcess *process, DhStatistics *ret_statistics)
{
  if (!fake_engine_serves (FAKE_ENGINE (engine), dh_process_get_pid (process)))
    return FALSE;
  *ret_statistics = (DhStatistics){ .counts_failures = TRUE };
  dh_statistics_set (ret_statistics, DH_STATISTIC_TIMESTAMP, 1);
  return TRUE;
}

static void
undo_async (DhEngine *engine, DhProcess *process, GAsyncReadyCallback callback, gpointer user_data)
{
  FakeEnginePrivate *private = get_private (FAKE_ENGINE (engine));

  g_assert_null (private->undoing);
  private->undoing = g_task_new (engine, NULL, callback, user_data);
  private->undone = dh_process_get_pid (process);
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
fake_engine_finalize (GObject *object)
{
  FakeEnginePrivate *private = get_private (FAKE_ENGINE (object));

  g_assert_true (!private->applying && !private->undoing);
  clear_plan (&private->made);
  G_OBJECT_CLASS (fake_engine_parent_class)->finalize (object);
}

static void
fake_engine_init (FakeEngine *self)
{
}

static void
fake_engine_class_init (FakeEngineClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = fake_engine_finalize;
}

static void
fake_engine_iface_init (DhEngineInterface *iface)
{
  iface->get_info = get_info;
  iface->get_capabilities = get_capabilities;
  iface->get_range = get_range;
  iface->check_settings = check_settings;
  iface->probe_async = probe_async;
  iface->probe_finish = finish_boolean;
  iface->apply_async = apply_async;
  iface->apply_finish = finish_boolean;
  iface->get_statistics = get_statistics;
  iface->undo_async = undo_async;
  iface->undo_finish = undo_finish;
}

FakeEngine *
fake_engine_new (void)
{
  return g_object_new (FAKE_TYPE_ENGINE, NULL);
}

typedef FakeEngine FakeEngineForOne;
typedef FakeEngineClass FakeEngineForOneClass;

GType fake_engine_for_one_get_type (void);
static void fake_engine_for_one_iface_init (DhEngineInterface *iface);

G_DEFINE_TYPE_WITH_CODE (FakeEngineForOne, fake_engine_for_one, FAKE_TYPE_ENGINE,
                         G_IMPLEMENT_INTERFACE (DH_TYPE_ENGINE, fake_engine_for_one_iface_init))

static const DhEngineInfo *
get_info_for_one (DhEngine *engine)
{
  static const DhEngineInfo info = {
    .name = "module",
    .max_targets = 1,
    .machine_wide = TRUE,
    .default_ratio = 100,
    .free_ratio = 1000,
  };

  return &info;
}

static void
fake_engine_for_one_init (FakeEngineForOne *self)
{
}

static void
fake_engine_for_one_class_init (FakeEngineForOneClass *klass)
{
}

static void
fake_engine_for_one_iface_init (DhEngineInterface *iface)
{
  iface->get_info = get_info_for_one;
  iface->undo_async = NULL;
  iface->undo_finish = NULL;
}

FakeEngine *
fake_engine_new_for_one (void)
{
  return g_object_new (fake_engine_for_one_get_type (), NULL);
}

void
fake_engine_hold (FakeEngine *self)
{
  get_private (self)->holds = TRUE;
}

gboolean
fake_engine_is_held (FakeEngine *self)
{
  return get_private (self)->applying != NULL;
}

void
fake_engine_finish (FakeEngine *self)
{
  FakeEnginePrivate *private = get_private (self);
  g_autoptr (GTask) task = g_steal_pointer (&private->applying);

  clear_plan (&private->made);
  private->made = private->asked;
  private->asked.targets = NULL;
  g_task_return_boolean (task, TRUE);
}

void
fake_engine_fail (FakeEngine *self, int code)
{
  FakeEnginePrivate *private = get_private (self);
  g_autoptr (GTask) task = g_steal_pointer (&private->applying);

  clear_plan (&private->asked);
  g_task_return_new_error (task, DH_ERROR, code, "The engine cannot");
}

void
fake_engine_refuse (FakeEngine *self, int code)
{
  get_private (self)->refuses = TRUE;
  get_private (self)->code = code;
}

void
fake_engine_comply (FakeEngine *self)
{
  get_private (self)->refuses = FALSE;
}

void
fake_engine_release (FakeEngine *self)
{
  get_private (self)->holds = FALSE;
  if (fake_engine_is_held (self))
    fake_engine_finish (self);
}

guint
fake_engine_count_plans (FakeEngine *self)
{
  return get_private (self)->plans;
}

guint
fake_engine_count_targets (FakeEngine *self)
{
  const GArray *targets = get_private (self)->made.targets;

  return targets ? targets->len : 0;
}

/* Returns: (nullable) */
static DhPlanTarget *
find_target (FakeEngine *self, pid_t pid)
{
  const GArray *targets = get_private (self)->made.targets;

  for (guint i = 0; targets && i < targets->len; i++) {
    DhPlanTarget *target = &g_array_index (targets, DhPlanTarget, i);

    if (dh_process_get_pid (target->process) == pid)
      return target;
  }
  return NULL;
}

gboolean
fake_engine_has (FakeEngine *self, pid_t pid)
{
  return find_target (self, pid) != NULL;
}

gboolean
fake_engine_serves (FakeEngine *self, pid_t pid)
{
  const DhPlanTarget *target = find_target (self, pid);

  return target && target->enabled;
}

gboolean
fake_engine_has_released (FakeEngine *self)
{
  return get_private (self)->made.releases;
}

void
fake_engine_end (FakeEngine *self, pid_t pid)
{
  DhPlanTarget *target = find_target (self, pid);

  if (target)
    target->enabled = FALSE;
}

gboolean
fake_engine_is_undoing (FakeEngine *self, pid_t pid)
{
  const FakeEnginePrivate *private = get_private (self);

  return private->undoing && private->undone == pid;
}

void
fake_engine_undo (FakeEngine *self, guint64 split_bytes, guint64 kept_bytes)
{
  FakeEnginePrivate *private = get_private (self);
  g_autoptr (GTask) task = g_steal_pointer (&private->undoing);
  const DhUndoResult result = { .split_bytes = split_bytes, .kept_bytes = kept_bytes };

  g_task_return_pointer (task, g_memdup2 (&result, sizeof result), g_free);
}
