/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "store-file.h"

#include <gio/gio.h>
#include <glib/gstdio.h>

#include <errno.h>

struct _DhStoreFile {
  char *path;
  GMutex mutex; /* guards what follows */
  GCond idle;
  char *content; /* NULL: none, the file is to be deleted */
  gboolean pending;
  gboolean working;
};

DhStoreFile *
dh_store_file_new (const char *path)
{
  DhStoreFile *file = g_atomic_rc_box_new0 (DhStoreFile);

  file->path = g_strdup (path);
  g_mutex_init (&file->mutex);
  g_cond_init (&file->idle);
  return file;
}

DhStoreFile *
dh_store_file_ref (DhStoreFile *file)
{
  return g_atomic_rc_box_acquire (file);
}

static void
free_contents (gpointer data)
{
  DhStoreFile *file = data;

  g_free (file->path);
  g_free (file->content);
  g_mutex_clear (&file->mutex);
  g_cond_clear (&file->idle);
}

void
dh_store_file_unref (DhStoreFile *file)
{
  g_atomic_rc_box_release_full (file, free_contents);
}

const char *
dh_store_file_get_path (const DhStoreFile *file)
{
  return file->path;
}

static void
write_content (const char *path, const char *content)
{
  g_autoptr (GError) error = NULL;

  if (content == NULL) {
    if (g_unlink (path) < 0 && errno != ENOENT)
      g_warning ("%s cannot be deleted: %s", path, g_strerror (errno));
    return;
  }
  if (!g_file_set_contents_full (path, content, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
    g_warning ("%s cannot be written: %s", path, error->message);
}

/* Returns: FALSE when there is no more to write; whoever gives more then starts a new worker. */
static gboolean
take_content (DhStoreFile *file, char **ret_content)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&file->mutex);

  if (!file->pending) {
    file->working = FALSE;
    g_cond_broadcast (&file->idle);
    return FALSE;
  }
  file->pending = FALSE;
  *ret_content = g_steal_pointer (&file->content);
  return TRUE;
}

static void
write_in_thread (GTask *task, gpointer source G_GNUC_UNUSED, gpointer task_data,
                 GCancellable *cancellable G_GNUC_UNUSED)
{
  DhStoreFile *file = task_data;
  char *content = NULL;

  while (take_content (file, &content)) {
    write_content (file->path, content);
    g_clear_pointer (&content, g_free);
  }
  g_task_return_boolean (task, TRUE);
}

/* Returns: whether a worker is needed. */
static gboolean
give_content (DhStoreFile *file, char *content)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&file->mutex);
  const gboolean needed = !file->working;

  g_free (file->content);
  file->content = content;
  file->pending = TRUE;
  file->working = TRUE;
  return needed;
}

void
dh_store_file_write (DhStoreFile *file, char *content)
{
  if (!give_content (file, content))
    return;

  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

  g_task_set_task_data (task, dh_store_file_ref (file), (GDestroyNotify) dh_store_file_unref);
  g_task_run_in_thread (task, write_in_thread);
}

void
dh_store_file_wait (DhStoreFile *file)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&file->mutex);

  while (file->working)
    g_cond_wait (&file->idle, &file->mutex);
}
