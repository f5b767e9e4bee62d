/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "other-users.h"

#include "model.h"
#include "parameters.h"
#include "slots.h"

#include <errno.h>

/* The first is always `enabled`. */
typedef struct {
  const char *name;
  ParameterKind kind;
  mode_t mode;
  guint64 initial;
} File;

typedef struct {
  const char *folder;
  File files[4];
} ModuleInfo;

#define KDAMOND_PID                                                                                \
  {                                                                                                \
    "kdamond_pid", PARAMETER_INT, 0400, (guint64) -1                                               \
  }

static const ModuleInfo modules[] = {
  { "/module/damon_stat", { { "enabled", PARAMETER_BOOL, 0600, 0 }, KDAMOND_PID } },
  { "/module/damon_reclaim",
    { { "enabled", PARAMETER_BOOL, 0600, 0 },
      { "commit_inputs", PARAMETER_BOOL, 0600, 0 },
      KDAMOND_PID } },
  { "/module/damon_lru_sort",
    { { "enabled", PARAMETER_BOOL, 0600, 0 },
      { "commit_inputs", PARAMETER_BOOL, 0600, 0 },
      KDAMOND_PID } },
  { "/module/damon_sample_hugepage",
    { { "enabled", PARAMETER_BOOL, 0600, 0 },
      { "target_pid", PARAMETER_ULONG, 0600, 0 },
      { "quota_percentage_hugepage", PARAMETER_ULONG, 0600, 1000 },
      { "quota_autotune_feedback", PARAMETER_ULONG, 0600, 0 } } },
};

G_STATIC_ASSERT (G_N_ELEMENTS (modules) == N_OTHER_MODULES);

static int
turn (Model *model, OtherModule *self, gboolean on)
{
  if (on == (self->thread.pid > 0))
    return 0;
  if (!on) {
    damon_end (model, &self->thread);
    return 0;
  }
  return damon_start (model, TRUE, &self->thread);
}

static int
write_parameter (Model *model, Node *node, const char *text, gsize length)
{
  OtherModule *self = node->data;
  const File *files = modules[self - model->others.modules].files;
  guint64 value;
  int result = parameter_parse (files[node->number].kind, text, &value);

  if (result == 0 && node->number == 0)
    result = turn (model, self, value != 0);
  if (result == 0)
    self->values[node->number] = value;
  return result;
}

static int
read_parameter (Model *model, Node *node, GString *text)
{
  const OtherModule *self = node->data;
  const File *file = &modules[self - model->others.modules].files[node->number];
  const gboolean is_pid = file->kind == PARAMETER_INT;

  parameter_print (file->kind, is_pid ? (guint64) self->thread.pid : self->values[node->number],
                   text);
  return 0;
}

static void
add_module (Model *model, guint i)
{
  static const NodeOperations operations = { read_parameter, write_parameter, TRUE, FALSE };
  const ModuleInfo *info = &modules[i];
  OtherModule *self = &model->others.modules[i];

  self->thread = DAMON_THREAD_NONE;
  for (guint j = 0; j < G_N_ELEMENTS (info->files) && info->files[j].name != NULL; j++) {
    const File *file = &info->files[j];
    g_autofree char *path = g_strdup_printf ("%s/parameters/%s", info->folder, file->name);

    self->values[j] = file->initial;
    tree_add_file (model->tree, path, file->mode, &operations, self, j);
  }
}

void
other_users_set_shape (Model *model, gboolean v3, gboolean v4)
{
  tree_find (model->tree, MODULE_FOLDER)->removed = !v3;
  tree_find (model->tree, "/module/damon_sample_hugepage")->removed = !v4;
}

void
other_users_init (Model *model)
{
  for (guint i = 0; i < N_OTHER_MODULES; i++)
    add_module (model, i);
  slots_init (model);
  other_users_set_shape (model, TRUE, FALSE);
}

static void
end (Model *model, DamonThread *thread)
{
  if (thread->pid > 0)
    damon_end (model, thread);
}

void
other_users_end (Model *model)
{
  for (guint i = 0; i < N_OTHER_MODULES; i++)
    end (model, &model->others.modules[i].thread);
  for (guint i = 0; i < model->others.n_slots; i++)
    end (model, &model->others.slots[i].thread);
}
