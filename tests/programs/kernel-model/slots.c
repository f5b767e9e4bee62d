/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "slots.h"

#include "model.h"
#include "parameters.h"

#include <errno.h>
#include <string.h>

#define SLOTS_FOLDER "/kernel/mm/damon/admin/kdamonds"

static const char *const all_operations[] = { "vaddr", "fvaddr", "paddr" };

typedef enum {
  FILE_STATE,
  FILE_PID,
  FILE_NR_CONTEXTS,
  FILE_AVAIL_OPERATIONS,
  FILE_OPERATIONS,
  FILE_NR_TARGETS,
  FILE_PID_TARGET, /* the first one's */
} SlotFile;

static int
read_slot (Model *model, Node *node, GString *text)
{
  const Slot *slot = node->data;

  switch (node->number) {
  case FILE_STATE:
    g_string_append (text, slot->thread.pid > 0 ? "on\n" : "off\n");
    break;
  case FILE_PID:
    parameter_print (PARAMETER_INT, (guint64) slot->thread.pid, text);
    break;
  case FILE_NR_CONTEXTS:
    parameter_print (PARAMETER_INT, slot->n_contexts, text);
    break;
  case FILE_AVAIL_OPERATIONS:
    for (guint i = 0; i < G_N_ELEMENTS (all_operations); i++)
      g_string_append_printf (text, "%s\n", all_operations[i]);
    break;
  case FILE_OPERATIONS:
    g_string_append_printf (text, "%s\n", slot->operations);
    break;
  case FILE_NR_TARGETS:
    parameter_print (PARAMETER_INT, slot->n_targets, text);
    break;
  default:
    parameter_print (PARAMETER_INT, slot->targets[node->number - FILE_PID_TARGET], text);
  }
  return 0;
}

/* As sysfs_streq(): one newline at the end is none. */
static gboolean
is_word (const char *text, const char *word)
{
  const gsize length = strlen (word);

  return strncmp (text, word, length) == 0
         && (text[length] == '\0' || strcmp (text + length, "\n") == 0);
}

static gboolean
has_all_targets (const Model *model, const Slot *slot)
{
  for (guint i = 0; i < slot->n_targets && strcmp (slot->operations, "paddr") != 0; i++) {
    g_autoptr (Target) target = target_new (slot->targets[i], model->writer);

    if (target == NULL)
      return FALSE;
  }
  return slot->n_contexts == 1;
}

static int
write_state (Model *model, Slot *slot, const char *text)
{
  const gboolean running = slot->thread.pid > 0;

  if (is_word (text, "on")) {
    if (running)
      return -EBUSY;
    return has_all_targets (model, slot) ? damon_start (model, FALSE, &slot->thread) : -EINVAL;
  }
  if (!is_word (text, "off") || !running)
    return -EINVAL;
  damon_end (model, &slot->thread);
  return 0;
}

static int
write_operations (Slot *slot, const char *text)
{
  for (guint i = 0; i < G_N_ELEMENTS (all_operations); i++) {
    if (is_word (text, all_operations[i])) {
      slot->operations = all_operations[i];
      return 0;
    }
  }
  return -EINVAL;
}

static int write_slot (Model *model, Node *node, const char *text, gsize length);

static const NodeOperations slot_operations = { read_slot, write_slot, FALSE, FALSE };

static void
add_file (Model *model, guint i, const char *name, mode_t mode, guint file)
{
  g_autofree char *path = g_strdup_printf (SLOTS_FOLDER "/%u/%s", i, name);

  tree_add_file (model->tree, path, mode, &slot_operations, &model->others.slots[i], file);
}

static int
write_n_targets (Model *model, Slot *slot, const char *text)
{
  const guint i = (guint) (slot - model->others.slots);
  guint64 number;
  int result = parameter_parse (PARAMETER_INT, text, &number);

  if (result < 0 || number > MAX_SLOT_TARGETS)
    return result < 0 ? result : -EINVAL;
  if (slot->thread.pid > 0)
    return -EBUSY;
  for (guint j = 0; j < slot->n_targets; j++) {
    g_autofree char *folder = g_strdup_printf (SLOTS_FOLDER "/%u/contexts/0/targets/%u", i, j);

    tree_remove (model->tree, folder);
  }
  slot->n_targets = (guint) number;
  for (guint j = 0; j < number; j++) {
    g_autofree char *name = g_strdup_printf ("contexts/0/targets/%u/pid_target", j);

    slot->targets[j] = 0;
    add_file (model, i, name, 0600, FILE_PID_TARGET + j);
  }
  return 0;
}

static int
write_n_contexts (Model *model, Slot *slot, const char *text)
{
  const guint i = (guint) (slot - model->others.slots);
  g_autofree char *folder = g_strdup_printf (SLOTS_FOLDER "/%u/contexts/0", i);
  guint64 number;
  int result = parameter_parse (PARAMETER_INT, text, &number);

  if (result < 0 || number > 1)
    return result < 0 ? result : -EINVAL;
  if (slot->thread.pid > 0)
    return -EBUSY;
  slot->n_contexts = (guint) number;
  slot->operations = "vaddr";
  slot->n_targets = 0;
  tree_remove (model->tree, folder);
  if (number == 1) {
    add_file (model, i, "contexts/0/avail_operations", 0400, FILE_AVAIL_OPERATIONS);
    add_file (model, i, "contexts/0/operations", 0600, FILE_OPERATIONS);
    add_file (model, i, "contexts/0/targets/nr_targets", 0600, FILE_NR_TARGETS);
  }
  return 0;
}

static int
write_slot (Model *model, Node *node, const char *text, gsize length)
{
  Slot *slot = node->data;

  switch (node->number) {
  case FILE_STATE:
    return write_state (model, slot, text);
  case FILE_NR_CONTEXTS:
    return write_n_contexts (model, slot, text);
  case FILE_OPERATIONS:
    return write_operations (slot, text);
  case FILE_NR_TARGETS:
    return write_n_targets (model, slot, text);
  default:
    return parameter_parse (PARAMETER_INT, text, &slot->targets[node->number - FILE_PID_TARGET]);
  }
}

static void
add_slot (Model *model, guint i)
{
  model->others.slots[i] = (Slot){ .thread = DAMON_THREAD_NONE, .operations = "vaddr" };
  add_file (model, i, "state", 0600, FILE_STATE);
  add_file (model, i, "pid", 0400, FILE_PID);
  add_file (model, i, "contexts/nr_contexts", 0600, FILE_NR_CONTEXTS);
}

static int
read_number (Model *model, Node *node, GString *text)
{
  parameter_print (PARAMETER_INT, model->others.n_slots, text);
  return 0;
}

/* Whatever the number, all that was there goes. */
static int
write_number (Model *model, Node *node, const char *text, gsize length)
{
  guint64 number;
  int result = parameter_parse (PARAMETER_INT, text, &number);

  if (result < 0 || (gint64) number < 0)
    return result < 0 ? result : -EINVAL;
  if (number > MAX_SLOTS)
    return -ENOMEM;
  for (guint i = 0; i < model->others.n_slots; i++) {
    if (model->others.slots[i].thread.pid > 0)
      return -EBUSY;
  }
  for (guint i = 0; i < model->others.n_slots; i++) {
    g_autofree char *folder = g_strdup_printf (SLOTS_FOLDER "/%u", i);

    tree_remove (model->tree, folder);
  }
  model->others.n_slots = (guint) number;
  for (guint i = 0; i < number; i++)
    add_slot (model, i);
  return 0;
}

void
slots_init (Model *model)
{
  static const NodeOperations operations = { read_number, write_number, FALSE, FALSE };

  tree_add_file (model->tree, SLOTS_FOLDER "/nr_kdamonds", 0600, &operations, NULL, 0);
}
