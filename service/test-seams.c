/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "test-seams.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static char *root;
static int stall;
static int stall_uid = -1;

static const GOptionEntry entries[] = {
  { "root", 0, 0, G_OPTION_ARG_FILENAME, &root, "Where /proc and /sys are found", "DIRECTORY" },
  { "stall-collapse", 0, 0, G_OPTION_ARG_INT, &stall, "Each collapse first blocks so long",
    "SECONDS" },
  { "stall-uid", 0, 0, G_OPTION_ARG_INT, &stall_uid, "… of this user's processes alone", "UID" },
  { NULL },
};

/* Whose process @pidfd is, by the number that the kernel gives for it. */
static gboolean
is_of_user (int pidfd, uid_t uid)
{
  g_autofree char *info_path = g_strdup_printf ("/proc/self/fdinfo/%d", pidfd);
  g_autofree char *info = NULL;
  g_autofree char *process = NULL;
  const char *pid;
  struct stat status;

  if (!g_file_get_contents (info_path, &info, NULL, NULL) || !(pid = strstr (info, "Pid:\t")))
    return FALSE;
  process = g_strdup_printf ("/proc/%" G_GINT64_FORMAT, g_ascii_strtoll (pid + 5, NULL, 10));
  return stat (process, &status) == 0 && status.st_uid == uid;
}

/* As a collapse does that waits for memory or a lock: nothing of it can be interrupted. */
static gssize
advise_late (gpointer data, int pidfd, const struct iovec *ranges, gsize n_ranges, int advice)
{
  if (advice == MADV_COLLAPSE && (stall_uid < 0 || is_of_user (pidfd, (uid_t) stall_uid)))
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
