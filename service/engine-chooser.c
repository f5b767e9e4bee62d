/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engine-chooser.h"

struct _DhEngineChooser {
  GObject parent_instance;

  GPtrArray *statuses; /* DhEngineStatus */
  char *wanted;
  guint pending;
};

G_DEFINE_FINAL_TYPE (DhEngineChooser, dh_engine_chooser, G_TYPE_OBJECT)

static void
free_status (gpointer data)
{
  DhEngineStatus *status = data;

  g_object_unref (status->engine);
  g_free (status->detail);
  g_free (status);
}

static gboolean
is_wanted (DhEngineChooser *self, const DhEngineStatus *status)
{
  return g_str_equal (self->wanted, "auto")
         || g_str_equal (self->wanted, dh_engine_get_name (status->engine));
}

static DhEngineStatus *
choose (DhEngineChooser *self, gboolean available)
{
  for (guint i = 0; i < self->statuses->len; i++) {
    DhEngineStatus *status = g_ptr_array_index (self->statuses, i);

    if (is_wanted (self, status) && status->probed && status->available == available)
      return status;
  }
  return NULL;
}

static DhEngineStatus *
find_status (DhEngineChooser *self, DhEngine *engine)
{
  for (guint i = 0; i < self->statuses->len; i++) {
    DhEngineStatus *status = g_ptr_array_index (self->statuses, i);

    if (status->engine == engine)
      return status;
  }
  return NULL;
}

/* @error: (nullable): it can work. */
static void
set_status (DhEngineStatus *status, const GError *error)
{
  DhUnavailable code = DH_UNAVAILABLE_KERNEL_SUPPORT;
  gboolean differs;

  if (error && error->domain == DH_UNAVAILABLE)
    code = (DhUnavailable) error->code;
  differs = error && g_strcmp0 (status->detail, error->message) != 0;
  status->available = !error;
  status->probed = TRUE;
  status->reason = error ? dh_unavailable_to_word (code) : "";
  status->coarse_reason = error ? dh_unavailable_to_reason (code) : "";
  g_free (status->detail);
  status->detail = g_strdup (error ? error->message : "");
  if (differs)
    g_message ("Engine %s is not available (%s): %s", dh_engine_get_name (status->engine),
               status->reason, status->detail);
}

void
dh_engine_chooser_note_unavailable (DhEngineChooser *self, DhEngine *engine, const GError *error)
{
  set_status (find_status (self, engine), error);
}

static void
on_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DhEngineChooser *self = g_task_get_source_object (task);
  DhEngineStatus *status = find_status (self, DH_ENGINE (source));
  g_autoptr (GError) error = NULL;

  dh_engine_probe_finish (status->engine, result, &error);
  set_status (status, error);
  if (--self->pending == 0)
    g_task_return_boolean (task, TRUE);
}

void
dh_engine_chooser_probe_async (DhEngineChooser *self, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);

  self->pending = self->statuses->len;
  for (guint i = 0; i < self->statuses->len; i++) {
    DhEngineStatus *status = g_ptr_array_index (self->statuses, i);

    dh_engine_probe_async (status->engine, NULL, on_probed, g_object_ref (task));
  }
}

DhEngine *
dh_engine_chooser_probe_finish (DhEngineChooser *self, GAsyncResult *result)
{
  DhEngineStatus *status = choose (self, TRUE);

  g_task_propagate_boolean (G_TASK (result), NULL);
  return status ? status->engine : NULL;
}

GPtrArray *
dh_engine_chooser_get_engines (DhEngineChooser *self)
{
  return self->statuses;
}

const char *
dh_engine_chooser_get_reason (DhEngineChooser *self)
{
  DhEngineStatus *status = choose (self, TRUE) ? NULL : choose (self, FALSE);

  return status ? status->coarse_reason : "";
}

const char *
dh_engine_chooser_get_reason_of (DhEngineChooser *self, DhEngine *engine)
{
  return find_status (self, engine)->coarse_reason;
}

static void
dh_engine_chooser_finalize (GObject *object)
{
  DhEngineChooser *self = DH_ENGINE_CHOOSER (object);

  g_ptr_array_unref (self->statuses);
  g_free (self->wanted);
  G_OBJECT_CLASS (dh_engine_chooser_parent_class)->finalize (object);
}

static void
dh_engine_chooser_init (DhEngineChooser *self)
{
  self->statuses = g_ptr_array_new_with_free_func (free_status);
}

static void
dh_engine_chooser_class_init (DhEngineChooserClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dh_engine_chooser_finalize;
}

DhEngineChooser *
dh_engine_chooser_new (GPtrArray *engines, const char *wanted)
{
  DhEngineChooser *self = g_object_new (DH_TYPE_ENGINE_CHOOSER, NULL);

  for (guint i = 0; i < engines->len; i++) {
    DhEngineStatus *status = g_new0 (DhEngineStatus, 1);

    status->engine = g_object_ref (g_ptr_array_index (engines, i));
    status->reason = status->coarse_reason = "";
    status->detail = g_strdup ("");
    g_ptr_array_add (self->statuses, status);
  }
  g_ptr_array_unref (engines);
  self->wanted = g_strdup (wanted);
  return self;
}
