/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "advisor.h"

#include "block.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

static gssize
kernel_advise (gpointer data, int pidfd, const struct iovec *ranges, gsize n_ranges, int advice)
{
  gssize done = syscall (SYS_process_madvise, pidfd, ranges, n_ranges, advice, 0u);

  return done < 0 ? -errno : done;
}

const DhAdvisor dh_kernel_advisor = { .advise = kernel_advise };

static int
advise_range (const DhAdvisor *advisor, int pidfd, guint64 address, guint64 size, int advice)
{
  struct iovec range = { .iov_base = (void *) (guintptr) address, .iov_len = size };
  gssize done = advisor->advise (advisor->data, pidfd, &range, 1, advice);

  return done < 0 ? (int) done : 0;
}

int
dh_advisor_collapse (const DhAdvisor *advisor, int pidfd, guint64 address, guint64 size)
{
  return advise_range (advisor, pidfd, address, size, MADV_COLLAPSE);
}

int
dh_advisor_split (const DhAdvisor *advisor, int pidfd, guint64 address)
{
  return advise_range (advisor, pidfd, address, DH_PAGE_SIZE, MADV_COLD);
}

gsize
dh_advisor_forget (const DhAdvisor *advisor, int pidfd, const struct iovec *ranges, gsize n_ranges)
{
  gssize done = advisor->advise (advisor->data, pidfd, ranges, n_ranges, MADV_COLD);
  gsize whole = 0;

  while (done > 0 && whole < n_ranges && (gsize) done >= ranges[whole].iov_len)
    done -= (gssize) ranges[whole++].iov_len;
  return whole;
}
