/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "trusted-file.h"

#include "text.h"
#include "util-fd.h"

#include <gio/gio.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define MAX_FILE_BYTES 65536
#define MAX_MESSAGE_BYTES 256
#define MAX_NAME_BYTES 64

static void
set_errno_error (GError **error, const char *path, int errnum)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errnum), "%s cannot be read: %s", path,
               g_strerror (errnum));
}

static gboolean
distrust (GError **error, const char *path, const char *cause)
{
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_PERM, "%s is not trusted: %s", path, cause);
  return FALSE;
}

static int
open_untrusted (const char *path, GError **error)
{
  const int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

  if (fd >= 0)
    return fd;

  if (errno == ELOOP)
    distrust (error, path, "it is a symbolic link");
  else if (errno == ENXIO)
    distrust (error, path, "it is not a regular file");
  else
    set_errno_error (error, path, errno);
  return -1;
}

static gboolean
check_trust (const char *path, int fd, GError **error)
{
  struct stat status;

  if (fstat (fd, &status) < 0) {
    set_errno_error (error, path, errno);
    return FALSE;
  }
  if (!S_ISREG (status.st_mode))
    return distrust (error, path, "it is not a regular file");
  if (status.st_uid != 0 && status.st_uid != geteuid ())
    return distrust (error, path, "it belongs to another user");
  /* Whom an access control list lets write shows here too: the group bits are its mask. */
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return distrust (error, path, "others may write to it");
  if (status.st_size > MAX_FILE_BYTES)
    return distrust (error, path, "it is larger than 64 KiB");
  return TRUE;
}

static GKeyFile *
parse (const char *path, const char *data, gsize size, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) failure = NULL;
  g_autofree char *cause = NULL;

  if (!g_utf8_validate (data, size, NULL)) {
    g_set_error (error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_UNKNOWN_ENCODING,
                 "%s is not a key file: it is not UTF-8 text", path);
    return NULL;
  }
  if (size == 0 || g_key_file_load_from_data (file, data, size, G_KEY_FILE_NONE, &failure))
    return g_steal_pointer (&file);

  /* The parser quotes the line that it did not understand. */
  cause = dh_text_printable (failure->message, -1, MAX_MESSAGE_BYTES);
  g_set_error (error, failure->domain, failure->code, "%s is not a key file: %s", path, cause);
  return NULL;
}

GKeyFile *
dh_trusted_file_load (const char *path, GError **error)
{
  _cleanup_close_ int fd = open_untrusted (path, error);
  g_autofree char *data = NULL;
  gssize size;

  if (fd < 0 || !check_trust (path, fd, error))
    return NULL;

  /* One byte more than allowed: the file may have grown since it was checked. */
  data = g_malloc (MAX_FILE_BYTES + 1);
  size = dh_fd_read (fd, data, MAX_FILE_BYTES + 1);
  if (size < 0) {
    set_errno_error (error, path, errno);
    return NULL;
  }
  if (size > MAX_FILE_BYTES) {
    distrust (error, path, "it is larger than 64 KiB");
    return NULL;
  }
  return parse (path, data, size, error);
}

void
dh_trusted_file_warn (const char *path, const char *group, const char *key, const char *cause)
{
  g_autofree char *shown_group = dh_text_printable (group, -1, MAX_NAME_BYTES);
  g_autofree char *shown_key = key != NULL ? dh_text_printable (key, -1, MAX_NAME_BYTES) : NULL;

  g_warning ("%s: [%s]%s%s is ignored: %s", path, shown_group, key != NULL ? " " : "",
             key != NULL ? shown_key : "", cause);
}
