/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "memory-meter.h"

#include "thread-clock.h"

#include <gio/gio.h>

#define MIN_SPACING 100 /* times what the last reading cost */

struct _DhMemoryMeter {
  DhProcess *process;
  GCancellable *cancellable;
  gboolean reading;
  gint64 not_before;
  DhMemory memory;
  gboolean has_memory;
};

typedef struct {
  DhProcess *process;
  DhMemory memory;
  guint64 cost; /* processor time; it may have waited for long */
} Reading;

static void
free_reading (gpointer data)
{
  Reading *reading = data;

  dh_process_unref (reading->process);
  g_free (reading);
}

DhMemoryMeter *
dh_memory_meter_new (DhProcess *process)
{
  DhMemoryMeter *meter = g_new0 (DhMemoryMeter, 1);

  meter->process = dh_process_ref (process);
  meter->cancellable = g_cancellable_new ();
  return meter;
}

void
dh_memory_meter_free (DhMemoryMeter *meter)
{
  g_cancellable_cancel (meter->cancellable);
  g_object_unref (meter->cancellable);
  dh_process_unref (meter->process);
  g_free (meter);
}

static void
read_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Reading *reading = task_data;
  const guint64 begin = dh_thread_cpu_usec ();
  GError *error = NULL;

  if (dh_process_read_memory (reading->process, &reading->memory.anonymous_bytes,
                              &reading->memory.hugepage_bytes, &error)) {
    reading->cost = dh_thread_cpu_usec () - begin;
    g_task_return_boolean (task, TRUE);
  } else {
    g_task_return_error (task, error);
  }
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = G_TASK (result);
  const Reading *reading = g_task_get_task_data (task);
  DhMemoryMeter *meter = user_data;

  if (g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    return;
  meter->reading = FALSE;
  /* It has exited: whoever watches it knows. */
  if (!g_task_propagate_boolean (task, NULL))
    return;
  meter->memory = reading->memory;
  meter->has_memory = TRUE;
  meter->not_before = g_get_monotonic_time () + MIN_SPACING * (gint64) reading->cost;
}

void
dh_memory_meter_read (DhMemoryMeter *meter)
{
  g_autoptr (GTask) task = NULL;
  Reading *reading;

  if (meter->reading || g_get_monotonic_time () < meter->not_before)
    return;
  meter->reading = TRUE;
  reading = g_new0 (Reading, 1);
  reading->process = dh_process_ref (meter->process);
  task = g_task_new (NULL, meter->cancellable, on_read, meter);
  g_task_set_task_data (task, reading, free_reading);
  g_task_run_in_thread (task, read_in_thread);
}

gboolean
dh_memory_meter_get (const DhMemoryMeter *meter, DhMemory *ret_memory)
{
  *ret_memory = meter->memory;
  return meter->has_memory;
}
