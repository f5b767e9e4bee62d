/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "access.h"

#include "faults.h"
#include "model.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

/* sysfs takes and gives a page at most. */
#define PAGE_LENGTH 4096

static void
begin (Model *model, const Node *node)
{
  if (node->operations->locked)
    g_mutex_lock (&model->lock);
  g_mutex_lock (&model->mutex);
}

static void
end (Model *model, const Node *node)
{
  g_mutex_unlock (&model->mutex);
  if (node->operations->locked)
    g_mutex_unlock (&model->lock);
}

/* The mode's own bits bind root as well. */
int
access_open (Model *model, Node *node, int flags)
{
  const int how = flags & O_ACCMODE;
  int result;

  g_mutex_lock (&model->mutex);
  result = faults_take_failure (node, ACTION_OPEN);
  if (result == 0
      && ((how != O_WRONLY && (node->mode & 0444) == 0)
          || (how != O_RDONLY && (node->mode & 0222) == 0)))
    result = -EACCES;
  g_mutex_unlock (&model->mutex);
  return result;
}

/* What comes before a file's own doing. */
static int
prepare (Model *model, Node *node, Action action)
{
  if (tree_is_hidden (model->tree, node))
    return -ENODEV;
  if (node->operations->locked && model->crashed)
    return -EIO;
  faults_wait (model, node, action);
  return faults_take_failure (node, action);
}

int
access_read (Model *model, Node *node, GString *text)
{
  int result;

  begin (model, node);
  result = prepare (model, node, ACTION_READ);
  if (result == 0 && !faults_get_content (node, text))
    result = node->operations->read (model, node, text);
  if (model->log_reads && node->operations->logged)
    g_string_append_printf (model->log, "read %s\n", node_get_name (node));
  end (model, node);
  return result;
}

static void
log_write (Model *model, Node *node, const char *text, gsize length, const char *result)
{
  g_autofree char *value = NULL, *escaped = NULL;

  if (!node->operations->logged)
    return;
  if (length > 0 && text[length - 1] == '\n')
    length--;
  value = g_strndup (text, length);
  escaped = g_strescape (value, NULL);
  g_string_append_printf (model->log, "write %s %s %s\n", node_get_name (node), escaped, result);
}

/* Returns: whether this is the write whose writer is to be killed. */
static gboolean
count_down (Model *model, const Node *node)
{
  if (!node->operations->logged || model->kill_order.countdown == 0)
    return FALSE;
  return --model->kill_order.countdown == 0;
}

/* Returns: 0 or -errno. */
static int
store (Model *model, Node *node, pid_t writer, const char *text, gsize length)
{
  int result = prepare (model, node, ACTION_WRITE);

  model->writer = writer;
  if (result == 0)
    result = node->operations->write (model, node, text, length);
  log_write (model, node, text, length, result == 0 ? "ok" : strerrorname_np (-result));
  return result;
}

int
access_write (Model *model, Node *node, pid_t writer, const char *buffer, gsize length)
{
  gsize taken = node->operations->locked ? MIN (length, PAGE_LENGTH) : length;
  g_autofree char *text = NULL;
  gboolean deadly, after;
  int result = -EINTR;

  begin (model, node);
  if (node->faults.short_write >= 0)
    taken = MIN (taken, (gsize) node->faults.short_write);
  text = g_strndup (buffer, taken);
  memcpy (text, buffer, taken);
  deadly = count_down (model, node);
  after = model->kill_order.after;
  if (deadly && !after)
    log_write (model, node, text, taken, "killed");
  else
    result = store (model, node, writer, text, taken);
  if (deadly)
    kill (writer, SIGKILL);
  end (model, node);
  return result == 0 ? (int) taken : result;
}
