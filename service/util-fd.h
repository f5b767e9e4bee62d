/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>
#include <unistd.h>

/* Closes a descriptor when it leaves its scope; a negative one is none. */
static inline void
dh_close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
}

#define _cleanup_close_ __attribute__ ((cleanup (dh_close_fd)))

/* Reads from @fd until its end or until @size bytes are there, through interruptions and short
 * reads. Returns: the bytes read, or -1 with errno. */
gssize dh_fd_read (int fd, char *buffer, gsize size);
