/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "page-tables.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <limits.h>
#include <linux/ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define SMALL_PAGE G_GUINT64_CONSTANT (4096)
#define PAGES_PER_BLOCK (PAGE_TABLES_BLOCK_SIZE / SMALL_PAGE)

/* Debian 12's kernel headers are older than the call. */
struct scan_region {
  guint64 start;
  guint64 end;
  guint64 categories;
};

struct scan_arguments {
  guint64 size;
  guint64 flags;
  guint64 start;
  guint64 end;
  guint64 walk_end;
  guint64 regions;
  guint64 n_regions;
  guint64 max_pages;
  guint64 category_inverted;
  guint64 category_mask;
  guint64 category_anyof_mask;
  guint64 return_mask;
};

#define SCAN_PAGEMAP _IOWR ('f', 16, struct scan_arguments)
#define SCAN_ZERO_PAGE (1 << 5)
#define SCAN_HUGE (1 << 6)

#define PAGEMAP_PRESENT (G_GUINT64_CONSTANT (1) << 63)
#define PAGEMAP_FRAME ((G_GUINT64_CONSTANT (1) << 55) - 1)
#define FRAME_THP (G_GUINT64_CONSTANT (1) << 22)
#define FRAME_ZERO_PAGE (G_GUINT64_CONSTANT (1) << 24)

struct _PageTables {
  pid_t pid;
  int pagemap;
  int frame_flags; /* -1 where PAGEMAP_SCAN works */
};

typedef struct {
  guint64 start;
  guint64 end;
  guint64 anonymous;
  guint64 huge;
} Mapping;

static gboolean
fail_errno (GError **error, const char *what, pid_t pid)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "Cannot %s of process %d: %s", what,
               pid, g_strerror (code));
  return FALSE;
}

/* Returns: the number of regions found, or -1. */
static int
scan (PageTables *self, guint64 start, guint64 end, struct scan_region *ret_region)
{
  struct scan_arguments arguments = {
    .size = sizeof arguments,
    .start = start,
    .end = end,
    .regions = (guintptr) ret_region,
    .n_regions = 1,
    .category_inverted = SCAN_ZERO_PAGE,
    .category_mask = SCAN_HUGE | SCAN_ZERO_PAGE,
    .return_mask = SCAN_HUGE,
  };

  return ioctl (self->pagemap, SCAN_PAGEMAP, &arguments);
}

static gboolean
can_scan (PageTables *self)
{
  struct scan_region region;

  return scan (self, 0, SMALL_PAGE, &region) >= 0;
}

PageTables *
page_tables_open (pid_t pid, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/pagemap", pid);
  g_autoptr (PageTables) self = g_new0 (PageTables, 1);

  self->pid = pid;
  self->frame_flags = -1;
  self->pagemap = open (path, O_RDONLY | O_CLOEXEC);
  if (self->pagemap < 0) {
    fail_errno (error, "open the page map", pid);
    return NULL;
  }
  if (can_scan (self))
    return g_steal_pointer (&self);
  self->frame_flags = open ("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
  if (self->frame_flags < 0) {
    fail_errno (error, "open the page frames' flags", pid);
    return NULL;
  }
  return g_steal_pointer (&self);
}

void
page_tables_close (PageTables *self)
{
  if (self->pagemap >= 0)
    close (self->pagemap);
  if (self->frame_flags >= 0)
    close (self->frame_flags);
  g_free (self);
}

/* One huge page: 512 frames in a row that begin at a multiple of 512, in a compound page. */
static gboolean
is_huge_by_frames (PageTables *self, guint64 address, gboolean *ret_huge, GError **error)
{
  guint64 entries[PAGES_PER_BLOCK], flags, frame;
  off_t offset = (off_t) (address / SMALL_PAGE * sizeof *entries);

  if (pread (self->pagemap, entries, sizeof entries, offset) != sizeof entries)
    return fail_errno (error, "read the page map", self->pid);
  *ret_huge = FALSE;
  frame = entries[0] & PAGEMAP_FRAME;
  for (guint i = 0; i < PAGES_PER_BLOCK; i++) {
    if (!(entries[i] & PAGEMAP_PRESENT) || (entries[i] & PAGEMAP_FRAME) != frame + i)
      return TRUE;
  }
  if (frame == 0 || frame % PAGES_PER_BLOCK != 0)
    return TRUE;
  if (pread (self->frame_flags, &flags, sizeof flags, (off_t) (frame * sizeof flags))
      != sizeof flags)
    return fail_errno (error, "read the page frames' flags", self->pid);
  *ret_huge = (flags & FRAME_THP) && !(flags & FRAME_ZERO_PAGE);
  return TRUE;
}

gboolean
page_tables_is_huge (PageTables *self, guint64 address, gboolean *ret_huge, GError **error)
{
  struct scan_region region;
  int n;

  g_return_val_if_fail (address % PAGE_TABLES_BLOCK_SIZE == 0, FALSE);
  if (self->frame_flags >= 0)
    return is_huge_by_frames (self, address, ret_huge, error);

  n = scan (self, address, address + PAGE_TABLES_BLOCK_SIZE, &region);
  if (n < 0)
    return fail_errno (error, "scan the page tables", self->pid);
  *ret_huge = n == 1 && region.end - region.start == PAGE_TABLES_BLOCK_SIZE;
  return TRUE;
}

/* Returns: (element-type Mapping): the mappings without a file. */
static GArray *
read_mappings (PageTables *self, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/smaps", self->pid);
  g_autoptr (GArray) mappings = g_array_new (FALSE, FALSE, sizeof (Mapping));
  g_autofree char *text = NULL;
  Mapping *mapping = NULL;
  char *position;

  if (!g_file_get_contents (path, &text, NULL, error))
    return NULL;
  position = text;
  for (char *line; (line = strsep (&position, "\n")) != NULL;) {
    Mapping next = { 0 };
    guint64 inode, kibibytes;

    if (sscanf (line, "%lx-%lx %*s %*s %*s %lu", &next.start, &next.end, &inode) == 3) {
      mapping = NULL;
      if (inode == 0) {
        g_array_append_val (mappings, next);
        mapping = &g_array_index (mappings, Mapping, mappings->len - 1);
      }
    } else if (mapping != NULL && sscanf (line, "Anonymous: %lu kB", &kibibytes) == 1) {
      mapping->anonymous = kibibytes * 1024;
    } else if (mapping != NULL && sscanf (line, "AnonHugePages: %lu kB", &kibibytes) == 1) {
      mapping->huge = kibibytes * 1024;
    }
  }
  return g_steal_pointer (&mappings);
}

gboolean
page_tables_get_totals (PageTables *self, guint64 *ret_anonymous, guint64 *ret_huge, GError **error)
{
  g_autoptr (GArray) mappings = read_mappings (self, error);
  guint64 anonymous = 0, huge = 0;

  if (mappings == NULL)
    return FALSE;
  for (guint i = 0; i < mappings->len; i++) {
    anonymous += g_array_index (mappings, Mapping, i).anonymous;
    huge += g_array_index (mappings, Mapping, i).huge;
  }
  *ret_anonymous = anonymous;
  *ret_huge = huge;
  return TRUE;
}

static gboolean
is_gone_or_small (PageTables *self, guint64 block)
{
  gboolean huge;

  return !page_tables_is_huge (self, block, &huge, NULL) || !huge;
}

/* Advice for a part of a huge page that is about its age makes the kernel split it first. */
static gboolean
split_block (PageTables *self, int pidfd, guint64 block, guint64 *bytes, GError **error)
{
  struct iovec part = { .iov_base = (void *) (guintptr) block, .iov_len = SMALL_PAGE };
  gboolean huge;

  if (!page_tables_is_huge (self, block, &huge, error))
    return FALSE;
  if (!huge)
    return TRUE;
  if (syscall (SYS_process_madvise, pidfd, &part, 1, MADV_COLD, 0) < 0 && errno != ENOMEM)
    return fail_errno (error, "split a huge page", self->pid);
  if (is_gone_or_small (self, block))
    *bytes += PAGE_TABLES_BLOCK_SIZE;
  return TRUE;
}

gboolean
page_tables_split (PageTables *self, guint64 *ret_bytes, GError **error)
{
  g_autoptr (GArray) mappings = read_mappings (self, error);
  int pidfd;
  gboolean done = TRUE;

  if (mappings == NULL)
    return FALSE;
  pidfd = (int) syscall (SYS_pidfd_open, self->pid, 0);
  if (pidfd < 0)
    return fail_errno (error, "get a descriptor", self->pid);
  *ret_bytes = 0;
  for (guint i = 0; i < mappings->len && done; i++) {
    const Mapping *mapping = &g_array_index (mappings, Mapping, i);
    guint64 block = (mapping->start + PAGE_TABLES_BLOCK_SIZE - 1) & ~(PAGE_TABLES_BLOCK_SIZE - 1);

    /* Most address space holds nothing: only mappings with huge pages are walked. */
    if (mapping->huge == 0)
      continue;
    for (; block + PAGE_TABLES_BLOCK_SIZE <= mapping->end && done; block += PAGE_TABLES_BLOCK_SIZE)
      done = split_block (self, pidfd, block, ret_bytes, error);
  }
  close (pidfd);
  return done;
}
