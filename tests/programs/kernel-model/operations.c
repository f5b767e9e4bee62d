/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "operations.h"

#include "access.h"
#include "model.h"

#include <errno.h>
#include <string.h>

/* sysfs says so of every file. */
#define FILE_SIZE 4096

/* An open file. What it reads is made when reading begins, and stays until it begins again. */
typedef struct {
  Node *node;
  GMutex mutex;
  GString *text; /* NULL: not yet made */
} Handle;

static Model *
get_model (void)
{
  return fuse_get_context ()->private_data;
}

static Handle *
get_handle (const struct fuse_file_info *file)
{
  return (Handle *) (guintptr) file->fh;
}

/* Returns: (transfer full) (nullable) */
static Node *
look_up (const char *path)
{
  Model *model = get_model ();
  Node *node;

  g_mutex_lock (&model->mutex);
  node = tree_look_up (model->tree, path);
  if (node != NULL)
    node_ref (node);
  g_mutex_unlock (&model->mutex);
  return node;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Node, node_unref)

/* An open folder has no handle. */
static Node *
find (const char *path, const struct fuse_file_info *file)
{
  return file != NULL && file->fh != 0 ? node_ref (get_handle (file)->node) : look_up (path);
}

static int
do_getattr (const char *path, struct stat *attributes, struct fuse_file_info *file)
{
  g_autoptr (Node) node = find (path, file);
  Model *model = get_model ();

  if (node == NULL)
    return -ENOENT;
  g_mutex_lock (&model->mutex);
  memset (attributes, 0, sizeof *attributes);
  attributes->st_mode = node->mode;
  attributes->st_uid = node->uid;
  attributes->st_gid = node->gid;
  attributes->st_nlink = S_ISDIR (node->mode) ? 2 : 1;
  if (S_ISREG (node->mode))
    attributes->st_size = FILE_SIZE;
  g_mutex_unlock (&model->mutex);
  return 0;
}

static int
do_readlink (const char *path, char *buffer, size_t size)
{
  g_autoptr (Node) node = look_up (path);

  if (node == NULL)
    return -ENOENT;
  if (node->link == NULL)
    return -EINVAL;
  g_strlcpy (buffer, node->link, size);
  return 0;
}

typedef struct {
  void *buffer;
  fuse_fill_dir_t fill;
} Listing;

static void
add_name (const char *name, gpointer data)
{
  const Listing *listing = data;

  listing->fill (listing->buffer, name, NULL, 0, 0);
}

static int
do_readdir (const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
            struct fuse_file_info *file, enum fuse_readdir_flags flags)
{
  Listing listing = { buffer, fill };
  g_autoptr (Node) node = look_up (path);
  Model *model = get_model ();

  if (node == NULL)
    return -ENOENT;
  fill (buffer, ".", NULL, 0, 0);
  fill (buffer, "..", NULL, 0, 0);
  g_mutex_lock (&model->mutex);
  tree_list (model->tree, node, add_name, &listing);
  g_mutex_unlock (&model->mutex);
  return 0;
}

static int
do_open (const char *path, struct fuse_file_info *file)
{
  g_autoptr (Node) node = look_up (path);
  Handle *handle;
  int result;

  if (node == NULL)
    return -ENOENT;
  result = access_open (get_model (), node, file->flags);
  if (result < 0)
    return result;
  handle = g_new0 (Handle, 1);
  handle->node = g_steal_pointer (&node);
  g_mutex_init (&handle->mutex);
  file->fh = (guintptr) handle;
  file->direct_io = TRUE;
  return 0;
}

static int
do_release (const char *path, struct fuse_file_info *file)
{
  Handle *handle = get_handle (file);

  node_unref (handle->node);
  g_mutex_clear (&handle->mutex);
  if (handle->text != NULL)
    g_string_free (handle->text, TRUE);
  g_free (handle);
  return 0;
}

/* Returns: 0 or -errno. */
static int
fill (Handle *handle)
{
  GString *text = g_string_new (NULL);
  int result = access_read (get_model (), handle->node, text);

  if (result < 0) {
    g_string_free (text, TRUE);
    return result;
  }
  if (handle->text != NULL)
    g_string_free (handle->text, TRUE);
  handle->text = text;
  return 0;
}

static int
do_read (const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *file)
{
  Handle *handle = get_handle (file);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&handle->mutex);
  int result = 0;
  gsize length;

  if (offset == 0 || handle->text == NULL)
    result = fill (handle);
  if (result < 0)
    return result;
  if ((gsize) offset >= handle->text->len)
    return 0;
  length = MIN (size, handle->text->len - (gsize) offset);
  memcpy (buffer, handle->text->str + offset, length);
  return (int) length;
}

static int
do_write (const char *path, const char *buffer, size_t size, off_t offset,
          struct fuse_file_info *file)
{
  return access_write (get_model (), get_handle (file)->node, fuse_get_context ()->pid, buffer,
                       size);
}

/* As of sysfs: taken, and without effect. */
static int
do_truncate (const char *path, off_t size, struct fuse_file_info *file)
{
  g_autoptr (Node) node = find (path, file);

  return node != NULL ? 0 : -ENOENT;
}

static int
do_utimens (const char *path, const struct timespec times[2], struct fuse_file_info *file)
{
  return 0;
}

static int
do_chmod (const char *path, mode_t mode, struct fuse_file_info *file)
{
  g_autoptr (Node) node = find (path, file);
  Model *model = get_model ();

  if (node == NULL)
    return -ENOENT;
  g_mutex_lock (&model->mutex);
  node->mode = (node->mode & S_IFMT) | (mode & 07777);
  g_mutex_unlock (&model->mutex);
  return 0;
}

static int
do_chown (const char *path, uid_t uid, gid_t gid, struct fuse_file_info *file)
{
  g_autoptr (Node) node = find (path, file);
  Model *model = get_model ();

  if (node == NULL)
    return -ENOENT;
  g_mutex_lock (&model->mutex);
  if (uid != (uid_t) -1)
    node->uid = uid;
  if (gid != (gid_t) -1)
    node->gid = gid;
  g_mutex_unlock (&model->mutex);
  return 0;
}

static void *
do_init (struct fuse_conn_info *connection, struct fuse_config *config)
{
  /* Nothing may be remembered: what is there changes without a word. */
  config->entry_timeout = 0;
  config->negative_timeout = 0;
  config->attr_timeout = 0;
  config->direct_io = TRUE;
  /* A file that is cut when it is opened is one that is cut and one that is opened: that is what
   * inotify says of sysfs. */
  connection->want &= ~(unsigned) FUSE_CAP_ATOMIC_O_TRUNC;
  return get_model ();
}

const struct fuse_operations model_operations = {
  .init = do_init,
  .getattr = do_getattr,
  .readlink = do_readlink,
  .readdir = do_readdir,
  .open = do_open,
  .release = do_release,
  .read = do_read,
  .write = do_write,
  .truncate = do_truncate,
  .utimens = do_utimens,
  .chmod = do_chmod,
  .chown = do_chown,
};
