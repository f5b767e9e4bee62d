/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "page-table-walker-private.h"

#include "error.h"
#include "system-ram.h"
#include "unavailable.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct _DhPageTableWalker {
  GObject parent_instance;

  struct page_table_walk *programs;
  GMutex lock; /* of the programs' shared memory */
  gboolean slots[DH_WALK_MAX_SLOTS];
  guint64 tables;
  guint levels; /* of page tables */
};

G_DEFINE_FINAL_TYPE (DhPageTableWalker, dh_page_table_walker, G_TYPE_OBJECT)

void
dh_walk_link_free (DhWalkLink *link)
{
  bpf_link__destroy (link);
}

DhWalkLink *
dh_walk_link_new (struct bpf_program *program, pid_t pid, GError **error)
{
  union bpf_iter_link_info info = { .task.tid = (__u32) pid };
  struct bpf_iter_attach_opts options;
  DhWalkLink *link;

  /* Not LIBBPF_OPTS: it leaves the padding at the end undefined, which libbpf then refuses. */
  memset (&options, 0, sizeof options);
  options.sz = sizeof options;
  options.link_info = &info;
  options.link_info_len = sizeof info;
  link = bpf_program__attach_iter (program, &options);
  if (!link)
    g_set_error (error, DH_ERROR, DH_ERROR_KERNEL_REJECTED,
                 "The kernel does not let the task iterator \"%s\" watch process %d: %s",
                 bpf_program__name (program), pid, g_strerror (errno));
  return link;
}

static gboolean
read_all (int fd, DhWalkFunc func, gpointer data)
{
  g_autoptr (GByteArray) output = g_byte_array_new ();
  guint8 buffer[8192];

  for (;;) {
    gssize n = read (fd, buffer, sizeof buffer);

    if (n == 0)
      return TRUE;
    if (n < 0 && errno != EINTR && errno != EAGAIN)
      return FALSE;
    if (n < 0 || !func)
      continue;
    g_byte_array_append (output, buffer, (guint) n);
    if (!func (output, data))
      return TRUE;
  }
}

gboolean
dh_walk_link_run (DhWalkLink *link, DhWalkFunc func, gpointer data, GError **error)
{
  int fd = bpf_iter_create (bpf_link__fd (link));
  gboolean done = fd >= 0 && read_all (fd, func, data);
  int saved = errno;

  if (fd >= 0)
    close (fd);
  if (!done)
    g_set_error (error, DH_ERROR,
                 saved == EMFILE || saved == ENFILE ? DH_ERROR_LIMIT_EXCEEDED
                                                    : DH_ERROR_KERNEL_REJECTED,
                 "Cannot run the task iterator: %s", g_strerror (saved));
  return done;
}

struct page_table_walk *
dh_page_table_walker_lock (DhPageTableWalker *self)
{
  g_mutex_lock (&self->lock);
  return self->programs;
}

void
dh_page_table_walker_unlock (DhPageTableWalker *self)
{
  self->tables += self->programs->bss->request.tables;
  self->programs->bss->request.tables = 0;
  g_mutex_unlock (&self->lock);
}

guint64
dh_page_table_walker_get_tables (DhPageTableWalker *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->tables;
}

guint64
dh_page_table_walker_get_address_end (DhPageTableWalker *self)
{
  return (guint64) 1 << (self->levels == 5 ? 56 : 47);
}

gboolean
dh_page_table_walker_take_slot (DhPageTableWalker *self, guint *ret_slot, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  for (guint i = 0; i < DH_WALK_MAX_SLOTS; i++) {
    if (self->slots[i])
      continue;
    self->slots[i] = TRUE;
    *ret_slot = i;
    return TRUE;
  }
  g_set_error (error, DH_ERROR, DH_ERROR_LIMIT_EXCEEDED,
               "No more than %d processes can be watched at once", DH_WALK_MAX_SLOTS);
  return FALSE;
}

void
dh_page_table_walker_give_slot (DhPageTableWalker *self, guint slot)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->slots[slot] = FALSE;
}

/* libbpf explains failures at length; the one line that says what is missing comes from us. */
static int G_GNUC_PRINTF (2, 0)
  keep_quiet (enum libbpf_print_level level, const char *format, va_list args)
{
  if (level == LIBBPF_WARN)
    g_logv (G_LOG_DOMAIN, G_LOG_LEVEL_DEBUG, format, args);
  return 0;
}

static gboolean
load (DhPageTableWalker *self, const GArray *ram, GError **error)
{
  int result;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsuggest-attribute=format" /* libbpf's own type lacks it */
  libbpf_set_print (keep_quiet);
#pragma GCC diagnostic pop
  self->programs = page_table_walk__open ();
  if (!self->programs) {
    g_set_error (error, DH_UNAVAILABLE, DH_UNAVAILABLE_KERNEL_SUPPORT,
                 "Cannot open the page-table walk: %s", g_strerror (errno));
    return FALSE;
  }
  for (guint i = 0; i < ram->len; i++) {
    const DhRamRange *range = &g_array_index (ram, DhRamRange, i);

    self->programs->rodata->ram[i].start = range->start;
    self->programs->rodata->ram[i].end = range->end;
  }
  self->programs->rodata->n_ram = ram->len;

  result = page_table_walk__load (self->programs);
  if (result == -EPERM || result == -EACCES) {
    g_set_error (
      error, DH_UNAVAILABLE, DH_UNAVAILABLE_PERMISSION,
      "The kernel refuses the page-table walk (CAP_BPF and CAP_PERFMON are needed, and a "
      "lockdown below confidentiality): %s",
      g_strerror (-result));
    return FALSE;
  }
  if (result < 0) {
    g_set_error (
      error, DH_UNAVAILABLE, DH_UNAVAILABLE_KERNEL_SUPPORT,
      "The kernel cannot load the page-table walk (BTF, bpf_loop and the task iterator are "
      "needed): %s",
      g_strerror (-result));
    return FALSE;
  }
  return TRUE;
}

/* Finds the direct map with @levels levels of page tables. Leaves @error alone. */
static gboolean
calibrate (DhPageTableWalker *self, guint levels, guint64 ram_end)
{
  struct dh_walk_calibration *calibration = &self->programs->bss->calibration;
  g_autoptr (DhWalkLink) link = dh_walk_link_new (self->programs->progs.calibrate, getpid (), NULL);
  guint64 *pages =
    mmap (NULL, 2 * DH_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (pages == MAP_FAILED)
    return FALSE;
  madvise (pages, 2 * DH_PAGE_SIZE, MADV_NOHUGEPAGE);
  memset (calibration, 0, sizeof *calibration);
  for (guint i = 0; i < 2; i++) {
    guint64 *page = pages + i * DH_PAGE_SIZE / sizeof *pages;

    *page = (guint64) g_random_int () << 32 | g_random_int ();
    calibration->address[i] = (guintptr) page;
    calibration->content[i] = *page;
  }
  calibration->levels = levels;
  calibration->ram_end = ram_end;
  if (link)
    dh_walk_link_run (link, NULL, NULL, NULL);
  munmap (pages, 2 * DH_PAGE_SIZE);
  return calibration->matches == 1;
}

static gboolean
find_direct_map (DhPageTableWalker *self, const GArray *ram, GError **error)
{
  guint64 ram_end = g_array_index (ram, DhRamRange, ram->len - 1).end;
  gboolean beyond_ram = FALSE;

  for (self->levels = 4; self->levels <= 5; self->levels++) {
    if (calibrate (self, self->levels, ram_end))
      return TRUE;
    beyond_ram = beyond_ram || self->programs->bss->calibration.beyond_ram;
  }
  if (beyond_ram)
    g_set_error_literal (error, DH_UNAVAILABLE, DH_UNAVAILABLE_MEMORY_ENCRYPTION,
                         "Page-table entries hold an encryption bit: memory is encrypted");
  else
    g_set_error (error, DH_UNAVAILABLE, DH_UNAVAILABLE_KERNEL_SUPPORT,
                 "A page of the service's own was not found through the kernel's page tables "
                 "(%u places match)",
                 self->programs->bss->calibration.matches);
  return FALSE;
}

DhPageTableWalker *
dh_page_table_walker_new (const GArray *ram, GError **error)
{
  g_autoptr (DhPageTableWalker) self = g_object_new (DH_TYPE_PAGE_TABLE_WALKER, NULL);

  if (!load (self, ram, error) || !find_direct_map (self, ram, error))
    return NULL;
  return g_steal_pointer (&self);
}

static void
dh_page_table_walker_finalize (GObject *object)
{
  DhPageTableWalker *self = DH_PAGE_TABLE_WALKER (object);

  page_table_walk__destroy (self->programs);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (dh_page_table_walker_parent_class)->finalize (object);
}

static void
dh_page_table_walker_init (DhPageTableWalker *self)
{
  g_mutex_init (&self->lock);
}

static void
dh_page_table_walker_class_init (DhPageTableWalkerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dh_page_table_walker_finalize;
}
