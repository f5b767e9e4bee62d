/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "control.h"

#include "order.h"
#include "state.h"

#include <errno.h>
#include <string.h>

#define FOLDER "/.model"

/* Returns: (nullable): what follows the first two words and one blank. */
static const char *
find_text (const char *line)
{
  const char *blank = strchr (line, ' ');

  blank = blank != NULL ? strchr (blank + 1, ' ') : NULL;
  return blank != NULL ? blank + 1 : NULL;
}

/* Returns: (nullable) */
static const OrderKind *
find_kind (const OrderKind *kinds, const char *name)
{
  while (kinds->name != NULL && g_strcmp0 (kinds->name, name) != 0)
    kinds++;
  return kinds->name != NULL ? kinds : NULL;
}

static int
write_control (Model *model, Node *node, const char *text, gsize length)
{
  g_autofree char *line = g_strndup (text, length);
  g_auto (GStrv) words = NULL;
  Order order = { .model = model };
  const OrderKind *kind;

  if (g_str_has_suffix (line, "\n"))
    line[strlen (line) - 1] = '\0';
  words = g_strsplit (line, " ", -1);
  order.words = words;
  order.n_words = g_strv_length (words);
  order.text = find_text (line);
  kind = find_kind (file_orders, words[0]);
  if (kind == NULL)
    kind = find_kind (other_orders, words[0]);
  return kind != NULL ? kind->carry_out (&order) : -EINVAL;
}

static int
refuse_read (Model *model, Node *node, GString *text)
{
  return -EINVAL;
}

static int
refuse_write (Model *model, Node *node, const char *text, gsize length)
{
  return -EINVAL;
}

static int
read_log (Model *model, Node *node, GString *text)
{
  g_string_append_len (text, model->log->str, (gssize) model->log->len);
  return 0;
}

static int
read_state (Model *model, Node *node, GString *text)
{
  state_print (model, text);
  return 0;
}

void
control_init (Model *model)
{
  static const NodeOperations control = { refuse_read, write_control, FALSE, FALSE };
  static const NodeOperations log = { read_log, refuse_write, FALSE, FALSE };
  static const NodeOperations state = { read_state, refuse_write, FALSE, FALSE };

  tree_add_folder (model->tree, FOLDER)->mode = S_IFDIR | 0700;
  tree_add_file (model->tree, FOLDER "/control", 0600, &control, NULL, 0);
  tree_add_file (model->tree, FOLDER "/log", 0600, &log, NULL, 0);
  tree_add_file (model->tree, FOLDER "/state", 0600, &state, NULL, 0);
}
