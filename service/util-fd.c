/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "util-fd.h"

#include <errno.h>

gssize
dh_fd_read (int fd, char *buffer, gsize size)
{
  gsize done = 0;

  while (done < size) {
    const gssize n = read (fd, buffer + done, size - done);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -1;
    if (n == 0)
      break;
    done += n;
  }
  return done;
}
