/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "module.h"

#include "model.h"
#include "parameters.h"

#include <errno.h>
#include <string.h>

enum {
  ENABLED,
  COMMIT_INPUTS,
  FIRST_INPUT,
  KDAMOND_PID = FIRST_INPUT + N_INPUTS,
  FIRST_STATISTIC,
};

typedef struct {
  const char *name;
  ParameterKind kind;
  mode_t mode;
  guint64 initial;
} ParameterInfo;

static const ParameterInfo parameters[] = {
  { "enabled", PARAMETER_BOOL, 0600, FALSE },
  { "commit_inputs", PARAMETER_BOOL, 0600, FALSE },
  { "monitored_pid", PARAMETER_ULONG, 0600, 0 },
  { "min_age", PARAMETER_ULONG, 0600, 100000 },
  { "quota_ms", PARAMETER_ULONG, 0600, 10 },
  { "quota_sz", PARAMETER_ULONG, 0600, 134217728 },
  { "quota_reset_interval_ms", PARAMETER_ULONG, 0600, 1000 },
  { "quota_percentage_hugepage", PARAMETER_ULONG, 0600, 100 },
  { "quota_autotune_feedback", PARAMETER_ULONG, 0600, 0 },
  { "sample_interval", PARAMETER_ULONG, 0600, 5000 },
  { "aggr_interval", PARAMETER_ULONG, 0600, 100000 },
  { "min_nr_regions", PARAMETER_ULONG, 0600, 10 },
  { "max_nr_regions", PARAMETER_ULONG, 0600, 1000 },
  { "addr_unit", PARAMETER_ULONG, 0600, 1 },
  { "kdamond_pid", PARAMETER_INT, 0400, (guint64) -1 },
  { "nr_hugepage_tried_regions", PARAMETER_ULONG, 0400, 0 },
  { "bytes_hugepage_tried_regions", PARAMETER_ULONG, 0400, 0 },
  { "nr_hugepage_regions", PARAMETER_ULONG, 0400, 0 },
  { "bytes_hugepage_regions", PARAMETER_ULONG, 0400, 0 },
  { "nr_quota_exceeds", PARAMETER_ULONG, 0400, 0 },
};

G_STATIC_ASSERT (G_N_ELEMENTS (parameters) == N_PARAMETERS);

const guint64 *
module_get_inputs (const Module *self)
{
  return self->values + FIRST_INPUT;
}

const char *
module_get_input_name (Input input)
{
  return parameters[FIRST_INPUT + input].name;
}

void
module_set_statistics (Module *self, const guint64 *statistics)
{
  memcpy (self->values + FIRST_STATISTIC, statistics, N_STATISTICS * sizeof *statistics);
}

gboolean
module_get_commit_inputs (const Module *self)
{
  return self->values[COMMIT_INPUTS] != 0;
}

void
module_clear_commit_inputs (Module *self)
{
  self->values[COMMIT_INPUTS] = FALSE;
}

static int
turn_on (Model *model)
{
  int result = kdamond_commit (model, model->writer);

  if (result == 0)
    result = kdamond_start (model);
  if (result < 0)
    return result;
  model->module.values[KDAMOND_PID] = (guint64) model->kdamond.thread.pid;
  /* One from before is taken now. */
  model->module.commit_unread = model->module.values[COMMIT_INPUTS] != 0;
  return 0;
}

static void
turn_off (Model *model)
{
  Kdamond *kdamond = &model->kdamond;
  g_autoptr (Target) target = target_ref (kdamond->target);
  const guint serial = kdamond->target_serial;

  kdamond_stop (model);
  model->module.values[KDAMOND_PID] = (guint64) -1;
  /* The next start will do nothing, and this could have been prevented. */
  if (kdamond->scheme.mark_target == serial && target_is_alive (target))
    model_hurt (model, "undrained: stopped while the quota's mark pointed at process %d",
                target_get_id (target));
}

static int
store_enabled (Model *model, gboolean enable)
{
  guint64 *enabled = &model->module.values[ENABLED];
  int result = 0;

  if (*enabled == (guint64) enable)
    return 0;
  if (enable)
    result = turn_on (model);
  else if (model->kdamond.running)
    turn_off (model);
  if (result == 0)
    *enabled = enable;
  return result;
}

static void
store_commit_inputs (Model *model, gboolean commit)
{
  model->module.values[COMMIT_INPUTS] = commit;
  model->module.commit_unread = commit && model->kdamond.running;
  model->kdamond.commit_requested = g_get_monotonic_time ();
}

/* What no caller in his senses writes. */
static void
look_for_hurts (Model *model, guint parameter, guint64 value)
{
  const char *name = parameters[parameter].name;

  if (parameter == FIRST_INPUT + INPUT_MONITORED_PID && value > G_MAXINT32)
    model_hurt (model, "pid: %" G_GUINT64_FORMAT " is beyond 31 bits", value);
  if (parameter == FIRST_INPUT + INPUT_ADDR_UNIT
      && (value == 0 || value > 4096 || (value & (value - 1)) != 0))
    model_hurt (model, "addr_unit: %" G_GUINT64_FORMAT " is no power of two from 1 to 4096", value);
  if (model->module.commit_unread && model->kdamond.running)
    model_hurt (model, "early: %s was written before commit_inputs had been read as N", name);
}

static int
store_input (Model *model, guint parameter, guint64 value)
{
  look_for_hurts (model, parameter, value);
  if (parameter == FIRST_INPUT + INPUT_ADDR_UNIT && value == 0)
    return -EINVAL;
  model->module.values[parameter] = value;
  return 0;
}

static int
write_parameter (Model *model, Node *node, const char *text, gsize length)
{
  guint64 value;
  int result = parameter_parse (parameters[node->number].kind, text, &value);

  if (result < 0)
    return result;
  if (node->number == ENABLED)
    return store_enabled (model, value != 0);
  if (node->number == COMMIT_INPUTS)
    store_commit_inputs (model, value != 0);
  else if (node->number < KDAMOND_PID)
    return store_input (model, node->number, value);
  else
    model->module.values[node->number] = value;
  return 0;
}

static int
read_parameter (Model *model, Node *node, GString *text)
{
  const guint64 value = model->module.values[node->number];

  if (node->number == COMMIT_INPUTS && value == 0)
    model->module.commit_unread = FALSE;
  parameter_print (parameters[node->number].kind, value, text);
  return 0;
}

void
module_init (Model *model)
{
  static const NodeOperations operations = { read_parameter, write_parameter, TRUE, TRUE };

  for (guint i = 0; i < N_PARAMETERS; i++) {
    g_autofree char *path = g_strconcat (MODULE_FOLDER "/parameters/", parameters[i].name, NULL);

    model->module.values[i] = parameters[i].initial;
    tree_add_file (model->tree, path, parameters[i].mode, &operations, NULL, i);
  }
}
