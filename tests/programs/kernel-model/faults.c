/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "faults.h"

#include "model.h"

#define LONGEST_BLOCK (60 * G_USEC_PER_SEC)

void
faults_wait (Model *model, Node *node, Action action)
{
  const gint64 end = g_get_monotonic_time () + LONGEST_BLOCK;

  if (!node->faults.blocked[action])
    return;
  model->n_blocked++;
  while (node->faults.blocked[action] && g_get_monotonic_time () < end)
    g_cond_wait_until (&model->changed, &model->mutex, end);
  model->n_blocked--;
}

static void
release (Node *node, gpointer data)
{
  for (guint i = 0; i < N_ACTIONS; i++)
    node->faults.blocked[i] = FALSE;
}

void
faults_release (Model *model)
{
  tree_for_each (model->tree, release, NULL);
  g_cond_broadcast (&model->changed);
}

int
faults_take_failure (Node *node, Action action)
{
  guint *left = &node->faults.n_failures[action];

  if (*left == 0)
    return 0;
  if (*left != G_MAXUINT)
    (*left)--;
  return -node->faults.failure[action];
}

void
faults_set_failure (Node *node, Action action, int number, guint count)
{
  node->faults.failure[action] = number;
  node->faults.n_failures[action] = count;
}

/* Returns: the byte that @text, behind a backslash, stands for; moves @text behind it. */
static char
unescape (const char **text)
{
  const char c = *(*text)++;
  char byte;

  switch (c) {
  case 'n':
    return '\n';
  case '0':
    return '\0';
  case 'x':
    if (!g_ascii_isxdigit ((*text)[0]) || !g_ascii_isxdigit ((*text)[1]))
      return c;
    byte = (char) (g_ascii_xdigit_value ((*text)[0]) << 4 | g_ascii_xdigit_value ((*text)[1]));
    *text += 2;
    return byte;
  default:
    return c;
  }
}

void
faults_set_content (Node *node, const char *text)
{
  GString *bytes;

  g_clear_pointer (&node->faults.content, g_free);
  if (text == NULL)
    return;
  bytes = g_string_new (NULL);
  while (*text != '\0') {
    const char c = *text++;

    g_string_append_c (bytes, c == '\\' && *text != '\0' ? unescape (&text) : c);
  }
  node->faults.content_length = bytes->len;
  node->faults.content = g_string_free (bytes, FALSE);
}

gboolean
faults_get_content (const Node *node, GString *text)
{
  if (node->faults.content == NULL)
    return FALSE;
  g_string_append_len (text, node->faults.content, (gssize) node->faults.content_length);
  return TRUE;
}
