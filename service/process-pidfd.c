/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "process.h"

#include "error.h"
#include "process-files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>

#define FDINFO_BYTES 4096

/* Asks the kernel, because what it shows of a descriptor is for some kinds, DMA buffers among them,
 * partly their owner's text. Nothing is waited for, and nothing reaped. */
static gboolean
is_pidfd (int fd)
{
  siginfo_t info;

  return fd >= 0
         && (waitid (P_PIDFD, (id_t) fd, &info, WEXITED | WNOHANG | WNOWAIT) == 0
             || errno != EBADF);
}

static void
refuse_descriptor (GError **error)
{
  g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID_ARGS,
                       "The descriptor is no pidfd, as pidfd_open(2) returns it");
}

static gboolean
has_exited (int pidfd)
{
  struct pollfd pollfd = { .fd = pidfd, .events = POLLIN };

  return poll (&pollfd, 1, 0) != 0;
}

/* Reads the line "Pid:" of what the kernel shows of the descriptor: -1 where the process is gone, 0
 * where it has no number here. */
static gboolean
read_number (const char *root, int pidfd, gint64 *ret_number, GError **error)
{
  g_autofree char *name = g_strdup_printf ("%d", pidfd);
  g_autofree char *path = g_build_filename (root, "proc", "self", "fdinfo", name, NULL);
  char text[FDINFO_BYTES];
  const int errnum = dh_process_files_read (AT_FDCWD, path, text, sizeof text);
  const char *number = errnum == 0 ? dh_process_files_find (text, "\nPid:\t") : NULL;

  if (errnum != 0) {
    const gboolean scarce = errnum == EMFILE || errnum == ENFILE || errnum == ENOMEM;

    g_set_error (error, DH_ERROR, scarce ? DH_ERROR_LIMIT_EXCEEDED : DH_ERROR_NOT_AVAILABLE,
                 "The process of the pidfd cannot be found out: %s", g_strerror (errnum));
    return FALSE;
  }
  if (number == NULL) {
    refuse_descriptor (error);
    return FALSE;
  }
  *ret_number = g_ascii_strtoll (number, NULL, 10);
  return TRUE;
}

DhProcess *
dh_process_open_pidfd (const char *root, int pidfd, GError **error)
{
  g_autoptr (DhProcess) process = NULL;
  g_autoptr (GError) open_error = NULL;
  gint64 number;

  if (!is_pidfd (pidfd)) {
    refuse_descriptor (error);
    return NULL;
  }
  if (!read_number (root, pidfd, &number, error))
    return NULL;
  if (number == 0) {
    g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_SUCH_PROCESS,
                         "The process is of a PID namespace that cannot be seen from here");
    return NULL;
  }
  if (number > 0)
    process = dh_process_open (root, (guint64) number, &open_error);

  /* As long as it has not exited nobody else can have got its number: what was found out is about
   * it. One that is not found is a zombie, or its leader is. */
  if (number < 0 || has_exited (pidfd)
      || g_error_matches (open_error, DH_ERROR, DH_ERROR_NO_SUCH_PROCESS)) {
    g_set_error_literal (error, DH_ERROR, DH_ERROR_PROCESS_EXITED,
                         "The process of the pidfd has exited");
    return NULL;
  }
  if (process == NULL)
    g_propagate_error (error, g_steal_pointer (&open_error));
  return g_steal_pointer (&process);
}
