/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "model.h"

#include "control.h"
#include "host.h"

#include <string.h>

Model *
model_new (void)
{
  Model *self = g_new0 (Model, 1);

  g_mutex_init (&self->lock);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  self->tree = tree_new ();
  self->log = g_string_new (NULL);
  self->hurts = g_ptr_array_new_with_free_func (g_free);
  self->allowed = g_ptr_array_new_with_free_func (g_free);
  host_init (self);
  module_init (self);
  kdamond_init (&self->kdamond);
  other_users_init (self);
  control_init (self);
  return self;
}

void
model_end (Model *self)
{
  g_mutex_lock (&self->mutex);
  if (self->kdamond.running)
    damon_end (self, &self->kdamond.thread);
  other_users_end (self);
}

void
model_hurt (Model *self, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_ptr_array_add (self->hurts, g_strdup_vprintf (format, arguments));
  va_end (arguments);
}

void
model_crash (Model *self, const char *why)
{
  model_hurt (self, "crash: %s", why);
  self->crashed = TRUE;
  g_cond_broadcast (&self->changed);
}

gboolean
model_allows (Model *self, const char *hurt)
{
  for (guint i = 0; i < self->allowed->len; i++) {
    const char *word = g_ptr_array_index (self->allowed, i);

    if (g_str_has_prefix (hurt, word) && (*word == '\0' || hurt[strlen (word)] == ':'))
      return TRUE;
  }
  return FALSE;
}

void
model_sleep (Model *self, guint64 milliseconds)
{
  const gint64 end = g_get_monotonic_time () + (gint64) milliseconds * 1000;

  while (g_get_monotonic_time () < end)
    g_cond_wait_until (&self->changed, &self->mutex, end);
}
