/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "target.h"

#include "namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define MAX_REGIONS 10000

struct _Target {
  pid_t id;
  int folder; /* in /proc: it stays this task's */
  int pidfd;  /* for process_madvise(2); -1: of a thread, or a zombie */
};

/* What the kernel makes of it when the number becomes a pid_t. */
static pid_t
cut (guint64 number)
{
  return (pid_t) (gint32) (guint32) number;
}

Target *
target_new (guint64 number, pid_t who)
{
  const pid_t id = cut (number) > 0 ? namespaces_translate (cut (number), who) : 0;
  g_autofree char *path = g_strdup_printf ("/proc/%d", id);
  Target *self;
  int folder = id > 0 ? open (path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

  if (folder < 0)
    return NULL;
  self = g_atomic_rc_box_new0 (Target);
  self->id = id;
  self->folder = folder;
  self->pidfd = (int) syscall (SYS_pidfd_open, self->id, 0);
  return self;
}

Target *
target_ref (Target *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  Target *self = data;

  close (self->folder);
  if (self->pidfd >= 0)
    close (self->pidfd);
}

void
target_unref (Target *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

pid_t
target_get_id (Target *self)
{
  return self->id;
}

/* Returns: (transfer full) (nullable): NULL if it was reaped. */
static char *
read_file (Target *self, const char *name)
{
  GString *text = g_string_new (NULL);
  char buffer[4096];
  ssize_t length = -1;
  int fd = openat (self->folder, name, O_RDONLY | O_CLOEXEC);

  while (fd >= 0 && (length = read (fd, buffer, sizeof buffer)) > 0)
    g_string_append_len (text, buffer, length);
  if (fd >= 0)
    close (fd);
  return g_string_free (text, fd < 0 || length < 0);
}

gboolean
target_exists (Target *self)
{
  return faccessat (self->folder, "stat", F_OK, 0) == 0;
}

gboolean
target_is_alive (Target *self)
{
  g_autofree char *status = read_file (self, "stat");
  const char *state = status != NULL ? strrchr (status, ')') : NULL;

  return state != NULL && strncmp (state, ") Z", 3) != 0 && strncmp (state, ") X", 3) != 0;
}

gboolean
target_equal (Target *self, Target *other)
{
  return self->id == other->id && target_exists (self) && target_exists (other);
}

/* Appends the mappings as they are, by address. */
static void
read_mappings (Target *self, GArray *mappings)
{
  g_autofree char *text = read_file (self, "maps");
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++) {
    Region region = { 0 };

    if (sscanf (lines[i], "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x", &region.start,
                &region.end)
          == 2
        && strstr (lines[i], "[vsyscall]") == NULL)
      g_array_append_val (mappings, region);
  }
}

static guint64
get_gap (GArray *mappings, guint i)
{
  return g_array_index (mappings, Region, i + 1).start - g_array_index (mappings, Region, i).end;
}

/* Of the mapping before it; @except: another such. */
static guint
find_widest_gap (GArray *mappings, guint except)
{
  guint widest = except == 0 ? 1 : 0;

  for (guint i = widest; i + 1 < mappings->len; i++) {
    if (i != except && get_gap (mappings, i) > get_gap (mappings, widest))
      widest = i;
  }
  return widest;
}

static void
append_pieces (GArray *regions, guint64 start, guint64 end, guint64 size, guint64 since)
{
  const guint64 n_pieces = MAX ((end - start) / size, 1);

  for (guint64 i = 0; i < n_pieces; i++) {
    const Region piece = {
      start + i * size,
      i + 1 < n_pieces ? start + (i + 1) * size : end,
      since,
    };

    g_array_append_val (regions, piece);
  }
}

GArray *
target_get_regions (Target *self, guint64 n_regions, guint64 since)
{
  g_autoptr (GArray) mappings = g_array_new (FALSE, FALSE, sizeof (Region));
  GArray *regions = g_array_new (FALSE, FALSE, sizeof (Region));
  guint64 start[3], end[3], total = 0;
  guint first, second;

  read_mappings (self, mappings);
  if (mappings->len < 3)
    return regions;
  first = find_widest_gap (mappings, G_MAXUINT);
  second = find_widest_gap (mappings, first);
  start[0] = g_array_index (mappings, Region, 0).start;
  end[0] = g_array_index (mappings, Region, MIN (first, second)).end;
  start[1] = g_array_index (mappings, Region, MIN (first, second) + 1).start;
  end[1] = g_array_index (mappings, Region, MAX (first, second)).end;
  start[2] = g_array_index (mappings, Region, MAX (first, second) + 1).start;
  end[2] = g_array_index (mappings, Region, mappings->len - 1).end;
  for (guint i = 0; i < G_N_ELEMENTS (start); i++)
    total += end[i] - start[i];
  for (guint i = 0; i < G_N_ELEMENTS (start); i++)
    append_pieces (regions, start[i], end[i], MAX (total / CLAMP (n_regions, 1, MAX_REGIONS), 4096),
                   since);
  return regions;
}

/* Returns: whether all whole blocks of the range have become huge. */
static gboolean
collapse_range (Target *self, guint64 start, guint64 end)
{
  const guint64 first = (start + BLOCK_SIZE - 1) / BLOCK_SIZE * BLOCK_SIZE;
  const struct iovec range = { (void *) (guintptr) start, end - start };

  if (first + BLOCK_SIZE > end)
    return TRUE;
  return syscall (SYS_process_madvise, self->pidfd, &range, 1, MADV_COLLAPSE, 0)
         == (ssize_t) range.iov_len;
}

/* A mapping that is unfit for huge pages ends the kernel's call for a region. But DAMON's regions
 * change at random, and another begins behind it before long: here that is at once. */
gboolean
target_collapse (Target *self, guint64 start, guint64 length)
{
  g_autoptr (GArray) mappings = g_array_new (FALSE, FALSE, sizeof (Region));
  guint64 mapped = 0;
  gboolean done = TRUE;

  read_mappings (self, mappings);
  for (guint i = 0; i < mappings->len; i++) {
    const Region *mapping = &g_array_index (mappings, Region, i);
    const guint64 first = MAX (start, mapping->start);
    const guint64 last = MIN (start + length, mapping->end);

    if (first >= last)
      continue;
    mapped += last - first;
    done = collapse_range (self, first, last) && done;
  }
  return done && mapped == length;
}

static guint64
find_kibibytes (const char *text, const char *key)
{
  const char *line = strstr (text, key);

  return line != NULL ? g_ascii_strtoull (line + strlen (key), NULL, 10) : 0;
}

guint64
target_get_huge_ratio (Target *self)
{
  g_autofree char *text = read_file (self, "smaps_rollup");
  guint64 anonymous;

  if (text == NULL)
    return 0;
  anonymous = find_kibibytes (text, "\nAnonymous:");
  return anonymous > 0 ? find_kibibytes (text, "\nAnonHugePages:") * 10000 / anonymous : 0;
}
