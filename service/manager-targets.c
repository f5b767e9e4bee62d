/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "manager-private.h"

static void
record_target (DhManager *self, const DhTarget *target, GArray *records)
{
  const gboolean primary = target == self->primary;
  const DhStoredTarget record = {
    .pid = (guint32) dh_process_get_pid (target->process),
    .start_time = dh_process_get_start_time (target->process),
    .owner = target->owner,
    .adder = target->adder,
    .enabled = dh_target_is_enabled (target),
    .primary = primary,
    .set = target->set,
    .added = target->added && !target->client,
    .ratio = target->goals.ratio,
    .application_id = target->application_id,
    .reason = target->reason,
  };

  /* What somebody else began is not ours to take up again, nor is what was bound. */
  if (!(primary && self->foreign) && (record.set || record.added))
    g_array_append_val (records, record);
}

void
dh_manager_remember_targets (DhManager *self)
{
  g_autoptr (GArray) records = g_array_new (FALSE, FALSE, sizeof (DhStoredTarget));

  g_clear_handle_id (&self->remember_timer, g_source_remove);
  for (guint i = 0; i < dh_target_list_get_size (self->targets); i++)
    record_target (self, dh_target_list_get (self->targets, i), records);
  dh_store_save_targets (self->store, records);
}

static gboolean
on_remember_timer (gpointer user_data)
{
  DhManager *self = user_data;

  self->remember_timer = 0;
  dh_manager_remember_targets (self);
  return G_SOURCE_REMOVE;
}

void
dh_manager_remember_targets_soon (DhManager *self)
{
  if (self->remember_timer == 0)
    self->remember_timer = g_timeout_add (DH_STORE_DELAY_MSEC, on_remember_timer, self);
}

static void
note_statistics_of (DhManager *self, DhTarget *target)
{
  if (self->engine && dh_target_is_enabled (target)
      && dh_engine_get_statistics (self->engine, target->process, &target->statistics))
    target->has_statistics = TRUE;
}

void
dh_manager_note_statistics (DhManager *self)
{
  for (guint i = 0; i < dh_target_list_get_size (self->targets); i++)
    note_statistics_of (self, dh_target_list_get (self->targets, i));
}

gboolean
dh_manager_get_statistics (DhManager *self, DhTarget *target, DhStatistics *ret_statistics)
{
  note_statistics_of (self, target);
  *ret_statistics = target->statistics;
  return target->has_statistics;
}

static gboolean
on_statistics_timer (gpointer user_data)
{
  DhManager *self = user_data;

  g_signal_emit_by_name (self, "statistics");
  return G_SOURCE_CONTINUE;
}

/* No timer but while the primary is served. */
void
dh_manager_update_statistics_timer (DhManager *self)
{
  guint64 interval = self->settings.current.values[DH_SETTING_STATISTICS_INTERVAL];

  if (!self->primary || !dh_target_is_enabled (self->primary))
    interval = 0;
  if (interval == self->statistics_interval)
    return;
  self->statistics_interval = interval;
  g_clear_handle_id (&self->statistics_timer, g_source_remove);
  if (interval > 0)
    self->statistics_timer = g_timeout_add (MAX (interval / 1000, 1), on_statistics_timer, self);
}

void
dh_manager_set_primary (DhManager *self, DhTarget *target)
{
  DhTarget *last = self->primary;

  self->primary = target ? dh_target_ref (target) : NULL;
  g_clear_pointer (&last, dh_target_unref);
}

void
dh_manager_handle_all (DhManager *self, DhTarget *target, const DhTargetEvent *events,
                       guint n_events)
{
  const gboolean was_enabled = dh_target_is_enabled (target);
  const DhTargetState before = target->state;
  g_autoptr (DhTarget) held = dh_target_ref (target);
  guint effects = 0;

  note_statistics_of (self, target);
  for (guint i = 0; i < n_events; i++)
    effects |= dh_target_handle (target, events[i]);
  if (!was_enabled && dh_target_is_enabled (target))
    target->has_statistics = FALSE;
  if (before == DH_TARGET_GONE && target->state != DH_TARGET_GONE)
    g_signal_emit_by_name (self, "target-added", target);
  if (!(effects & DH_EFFECT_DROP))
    return;
  dh_target_unwatch (target);
  dh_target_list_remove (self->targets, target);
  g_signal_emit_by_name (self, "target-removed", target, (effects & DH_EFFECT_TELL_EXIT) != 0);
}

void
dh_manager_handle (DhManager *self, DhTarget *target, DhTargetEvent event)
{
  dh_manager_handle_all (self, target, &event, 1);
}
