/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "test-seams.h"

#include <sys/mman.h>

static char *root;
static int stall;

static const GOptionEntry entries[] = {
  { "root", 0, 0, G_OPTION_ARG_FILENAME, &root, "Where /proc and /sys are found", "DIRECTORY" },
  { "stall-collapse", 0, 0, G_OPTION_ARG_INT, &stall, "Each collapse first blocks so long",
    "SECONDS" },
  { NULL },
};

/* As a collapse does that waits for memory or a lock: nothing of it can be interrupted. */
static gssize
advise_late (gpointer data, int pidfd, const struct iovec *ranges, gsize n_ranges, int advice)
{
  if (advice == MADV_COLLAPSE)
    g_usleep ((gulong) stall * G_USEC_PER_SEC);
  return dh_kernel_advisor.advise (data, pidfd, ranges, n_ranges, advice);
}

GOptionGroup *
dh_test_seams_get_options (void)
{
  GOptionGroup *group =
    g_option_group_new ("test", "Test options", "Show test options", NULL, NULL);

  g_option_group_add_entries (group, entries);
  return group;
}

void
dh_test_seams_apply (DhDaemonOptions *options)
{
  static const DhAdvisor late = { .advise = advise_late };

  if (root)
    options->root = root;
  if (stall > 0)
    options->advisor = &late;
}
