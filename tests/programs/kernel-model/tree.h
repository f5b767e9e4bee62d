/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>
#include <sys/stat.h>

/* The files of the mount. All functions are called with the model's mutex held. */
typedef struct _Model Model;
typedef struct _Node Node;

/* What a file does; both with the model's mutex held, which they give up while they wait. */
typedef struct {
  /* Appends what reading from the beginning gives. Returns: 0 or -errno. */
  int (*read) (Model *model, Node *node, GString *text);
  /* @text ends with a NUL that is not in @length. Returns: 0 or -errno. */
  int (*write) (Model *model, Node *node, const char *text, gsize length);
  gboolean locked; /* a module's parameter: one at a time of all of them */
  gboolean logged; /* a parameter of damon_hugepage */
} NodeOperations;

typedef enum {
  ACTION_OPEN,
  ACTION_READ,
  ACTION_WRITE,
} Action;

#define N_ACTIONS (ACTION_WRITE + 1)

/* What a test makes go wrong with a file; see faults.h. */
typedef struct {
  char *content; /* what reading gives; NULL: what is there */
  gsize content_length;
  int failure[N_ACTIONS];      /* errno; 0: none */
  guint n_failures[N_ACTIONS]; /* how many are left; G_MAXUINT: any number */
  gboolean blocked[N_ACTIONS];
  gssize short_write; /* bytes that are taken; -1: all */
} NodeFaults;

struct _Node {
  char *path; /* from the mount point, begins with a slash */
  mode_t mode;
  uid_t uid;
  gid_t gid;
  gboolean removed;                 /* by a command: as if it had never been there */
  gboolean gone;                    /* for good; only open descriptors are left */
  char *link;                       /* of a symbolic link: where it points */
  const NodeOperations *operations; /* of a file */
  gpointer data;                    /* theirs */
  guint number;                     /* theirs */
  NodeFaults faults;
};

typedef struct _Tree Tree;

Tree *tree_new (void);

/* Folders on the way are made. Returns: (transfer none) */
Node *tree_add_folder (Tree *self, const char *path);
Node *tree_add_link (Tree *self, const char *path, const char *destination);
Node *tree_add_file (Tree *self, const char *path, mode_t mode, const NodeOperations *operations,
                     gpointer data, guint number);

/* Returns: (transfer none) (nullable): also one that a command removed, or whose folder was. */
Node *tree_find (Tree *self, const char *path);

/* The same, but only what can be seen. */
Node *tree_look_up (Tree *self, const char *path);

/* Whether the node, or a folder that it is in, was removed. */
gboolean tree_is_hidden (Tree *self, Node *node);

/* Takes away @path, if it is there, and all that is below. */
void tree_remove (Tree *self, const char *path);

/* Calls @function with the name of each that can be seen directly below the folder. */
void tree_list (Tree *self, Node *folder, void (*function) (const char *name, gpointer data),
                gpointer data);

/* For every node there is. */
void tree_for_each (Tree *self, void (*function) (Node *node, gpointer data), gpointer data);

/* Without the trailing part of the path. (transfer none) */
const char *node_get_name (const Node *node);

/* The node outlives its place in the tree. */
Node *node_ref (Node *node);
void node_unref (Node *node);
