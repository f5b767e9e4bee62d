/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "state.h"

#include "model.h"

static void
print (GString *text, const char *key, gint64 value)
{
  g_string_append_printf (text, "%s=%" G_GINT64_FORMAT "\n", key, value);
}

static void
print_scheme (const Kdamond *kdamond, GString *text)
{
  const Scheme *scheme = &kdamond->scheme;

  print (text, "mark", scheme->mark_target != 0);
  print (text, "trapped", scheme_is_trapped (scheme, kdamond_get_serial (kdamond)));
  print (text, "windows", (gint64) scheme->n_windows);
  print (text, "quota", (gint64) scheme->quota);
  print (text, "height", (gint64) (scheme->height / 10000));
}

static void
print_in_force (const Kdamond *kdamond, GString *text)
{
  for (guint i = 0; i < N_INPUTS; i++)
    g_string_append_printf (text, "in-force.%s=%" G_GUINT64_FORMAT "\n", module_get_input_name (i),
                            kdamond->in_force[i]);
}

static void
print_hurts (Model *model, GString *text)
{
  guint n_reproaches = 0;

  for (guint i = 0; i < model->hurts->len; i++)
    n_reproaches += !model_allows (model, g_ptr_array_index (model->hurts, i));
  print (text, "hurts", n_reproaches);
  for (guint i = 0; i < model->hurts->len; i++) {
    const char *hurt = g_ptr_array_index (model->hurts, i);

    g_string_append_printf (text, "%s: %s\n", model_allows (model, hurt) ? "allowed" : "hurts",
                            hurt);
  }
}

void
state_print (Model *model, GString *text)
{
  const Kdamond *kdamond = &model->kdamond;

  print (text, "running", kdamond->running);
  print (text, "target-pid", kdamond->running ? target_get_id (kdamond->target) : 0);
  print (text, "kdamond-pid", kdamond->running ? kdamond->thread.pid : -1);
  print_in_force (kdamond, text);
  print_scheme (kdamond, text);
  print (text, "stale-ranges", kdamond->stale);
  print (text, "aggregations", (gint64) kdamond->schedule.n_aggregations);
  print (text, "blocked", model->n_blocked);
  print (text, "crashed", model->crashed);
  print_hurts (model, text);
}
