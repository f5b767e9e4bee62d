/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>
#include <sys/mman.h>
#include <sys/uio.h>

#ifndef MADV_COLD
#define MADV_COLD 20 /* linux/mman.h, since 5.4 */
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* linux/mman.h, since 6.1 */
#endif

/* process_madvise(2) on other processes, behind a table so that tests can make it block or fail as
 * the kernel's does. Callable from every thread. */
typedef struct {
  /* Returns bytes advised, or -errno. A call stops at its first failing range. */
  gssize (*advise) (gpointer data, int pidfd, const struct iovec *ranges, gsize n_ranges,
                    int advice);
  gpointer data;
} DhAdvisor;

/* The kernel's. */
extern const DhAdvisor dh_kernel_advisor;

/* Makes [@address, @address + @size) huge. The return value is no measure of success: a range
 * without a whole block "succeeds" too. Returns: 0 or -errno. */
int dh_advisor_collapse (const DhAdvisor *advisor, int pidfd, guint64 address, guint64 size);

/* Clears the accessed bits of the ranges (MADV_COLD, which flushes the TLB). Side effect: the pages
 * become the first to be reclaimed. Returns: how many of the leading ranges were advised. */
gsize dh_advisor_forget (const DhAdvisor *advisor, int pidfd, const struct iovec *ranges,
                         gsize n_ranges);

/* Takes the huge page at @address apart: MADV_COLD on one of its 4 KiB pages splits it, and since
 * Linux 6.12 gives back what is all zeros. Not where another process maps it too, nor where it is
 * locked; the return value does not tell. Returns: 0 or -errno. */
int dh_advisor_split (const DhAdvisor *advisor, int pidfd, guint64 address);
