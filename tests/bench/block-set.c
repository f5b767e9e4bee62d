/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "block-set.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* since Linux 6.1 */
#endif

/* A block that is busy at one time need not be at the next. */
#define ATTEMPTS 3

typedef enum { BLOCKS_HUGE, BLOCKS_ALL } Wanted;

static void
add_blocks (GArray *set, PageTables *tables, guint64 start, guint64 end, Wanted wanted)
{
  guint64 block = (start + PAGE_TABLES_BLOCK_SIZE - 1) & ~(PAGE_TABLES_BLOCK_SIZE - 1);

  for (; block + PAGE_TABLES_BLOCK_SIZE <= end; block += PAGE_TABLES_BLOCK_SIZE) {
    g_autoptr (GError) error = NULL;
    gboolean huge = TRUE;

    if (wanted == BLOCKS_HUGE)
      page_tables_is_huge (tables, block, &huge, &error);
    g_assert_no_error (error);
    if (huge)
      g_array_append_val (set, block);
  }
}

/* Most address space holds nothing: only mappings that do are walked. */
static GArray *
read_blocks (GPid pid, Wanted wanted)
{
  const char *field = wanted == BLOCKS_HUGE ? "AnonHugePages:" : "Anonymous:";
  g_autofree char *path = g_strdup_printf ("/proc/%d/smaps", pid), *text = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (PageTables) tables = page_tables_open (pid, &error);
  GArray *set = g_array_new (FALSE, FALSE, sizeof (guint64));
  guint64 start = 0, end = 0, inode = 1, first, last;
  char *position;

  g_assert_no_error (error);
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  position = text;
  for (char *line; (line = strsep (&position, "\n")) != NULL;) {
    if (sscanf (line, "%lx-%lx %*s %*s %*s %lu", &first, &last, &inode) == 3) {
      start = first;
      end = last;
    } else if (inode == 0 && g_str_has_prefix (line, field)
               && g_ascii_strtoull (line + strlen (field), NULL, 10) > 0) {
      add_blocks (set, tables, start, end, wanted);
    }
  }
  return set;
}

GArray *
block_set_read_huge (GPid pid)
{
  return read_blocks (pid, BLOCKS_HUGE);
}

GArray *
block_set_read_all (GPid pid)
{
  return read_blocks (pid, BLOCKS_ALL);
}

/* Returns: whether one is left that was refused. */
static gboolean
collapse_once (GArray *set, int pidfd)
{
  gboolean refused = FALSE;

  for (guint i = 0; i < set->len; i++) {
    const guint64 block = g_array_index (set, guint64, i);
    struct iovec range = { .iov_base = (void *) (guintptr) block,
                           .iov_len = PAGE_TABLES_BLOCK_SIZE };

    refused |= syscall (SYS_process_madvise, pidfd, &range, 1, MADV_COLLAPSE, 0) < 0;
  }
  return refused;
}

void
block_set_collapse (GArray *set, GPid pid)
{
  const int pidfd = (int) syscall (SYS_pidfd_open, pid, 0);

  g_assert_no_errno (pidfd);
  for (guint i = 0; i < ATTEMPTS && collapse_once (set, pidfd); i++)
    ;
  close (pidfd);
}

void
block_set_split (GPid pid)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PageTables) tables = page_tables_open (pid, &error);
  guint64 bytes;

  g_assert_no_error (error);
  page_tables_split (tables, &bytes, &error);
  g_assert_no_error (error);
}
