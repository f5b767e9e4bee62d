/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "tree.h"

#include <string.h>

struct _Tree {
  GHashTable *nodes; /* path to node */
};

static void
node_clear (gpointer data)
{
  Node *self = data;

  g_free (self->path);
  g_free (self->link);
  g_free (self->faults.content);
}

Node *
node_ref (Node *node)
{
  return g_atomic_rc_box_acquire (node);
}

void
node_unref (Node *node)
{
  g_atomic_rc_box_release_full (node, node_clear);
}

const char *
node_get_name (const Node *node)
{
  return strrchr (node->path, '/') + 1;
}

Tree *
tree_new (void)
{
  Tree *self = g_new0 (Tree, 1);

  self->nodes = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) node_unref);
  tree_add_folder (self, "/");
  return self;
}

static Node *
add (Tree *self, const char *path, mode_t mode)
{
  Node *node = g_atomic_rc_box_new0 (Node);
  g_autofree char *folder = g_path_get_dirname (path);

  if (!g_hash_table_contains (self->nodes, folder) && strcmp (path, "/") != 0)
    tree_add_folder (self, folder);
  node->path = g_strdup (path);
  node->mode = mode;
  node->faults.short_write = -1;
  g_hash_table_replace (self->nodes, node->path, node);
  return node;
}

Node *
tree_add_folder (Tree *self, const char *path)
{
  return add (self, path, S_IFDIR | 0755);
}

Node *
tree_add_link (Tree *self, const char *path, const char *destination)
{
  Node *node = add (self, path, S_IFLNK | 0777);

  node->link = g_strdup (destination);
  return node;
}

Node *
tree_add_file (Tree *self, const char *path, mode_t mode, const NodeOperations *operations,
               gpointer data, guint number)
{
  Node *node = add (self, path, S_IFREG | mode);

  node->operations = operations;
  node->data = data;
  node->number = number;
  return node;
}

Node *
tree_find (Tree *self, const char *path)
{
  return g_hash_table_lookup (self->nodes, path);
}

gboolean
tree_is_hidden (Tree *self, Node *node)
{
  g_autofree char *path = g_strdup (node->path);

  if (node->gone || node->removed)
    return TRUE;
  for (char *slash = strrchr (path, '/'); slash != NULL && slash > path;
       slash = strrchr (path, '/')) {
    const Node *folder;

    *slash = '\0';
    folder = tree_find (self, path);
    if (folder == NULL || folder->removed)
      return TRUE;
  }
  return FALSE;
}

Node *
tree_look_up (Tree *self, const char *path)
{
  Node *node = tree_find (self, path);

  return node != NULL && !tree_is_hidden (self, node) ? node : NULL;
}

/* Returns: (nullable): what of @path is below @folder. */
static const char *
get_rest (const char *path, const char *folder)
{
  const gsize length = strcmp (folder, "/") == 0 ? 0 : strlen (folder);

  if (strncmp (path, folder, length) != 0 || path[length] != '/' || path[length + 1] == '\0')
    return NULL;
  return path + length + 1;
}

static gboolean
take_out (gpointer key, gpointer value, gpointer path)
{
  Node *node = value;

  node->gone = strcmp (node->path, path) == 0 || get_rest (node->path, path) != NULL;
  return node->gone;
}

void
tree_remove (Tree *self, const char *path)
{
  g_hash_table_foreach_remove (self->nodes, take_out, (gpointer) path);
}

void
tree_list (Tree *self, Node *folder, void (*function) (const char *name, gpointer data),
           gpointer data)
{
  GHashTableIter iterator;
  gpointer value;

  g_hash_table_iter_init (&iterator, self->nodes);
  while (g_hash_table_iter_next (&iterator, NULL, &value)) {
    const Node *node = value;
    const char *name = get_rest (node->path, folder->path);

    if (name != NULL && strchr (name, '/') == NULL && !node->removed)
      function (name, data);
  }
}

void
tree_for_each (Tree *self, void (*function) (Node *node, gpointer data), gpointer data)
{
  GHashTableIter iterator;
  gpointer value;

  g_hash_table_iter_init (&iterator, self->nodes);
  while (g_hash_table_iter_next (&iterator, NULL, &value))
    function (value, data);
}
