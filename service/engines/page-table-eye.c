/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "page-table-walker-private.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* vm_flags bits (include/linux/mm.h); the walk's verification proves VM_NOHUGEPAGE and VM_WRITE
 * here. */
#define VM_WRITE 0x2u
#define VM_SHARED 0x8u
#define VM_GROWSDOWN 0x100u
#define VM_PFNMAP 0x400u
#define VM_LOCKED 0x2000u
#define VM_IO 0x4000u
#define VM_HUGETLB 0x400000u
#define VM_MIXEDMAP 0x10000000u
#define VM_NOHUGEPAGE 0x40000000u

#define DH_TYPE_PAGE_TABLE_EYE (dh_page_table_eye_get_type ())
G_DECLARE_FINAL_TYPE (DhPageTableEye, dh_page_table_eye, DH, PAGE_TABLE_EYE, GObject)

struct _DhPageTableEye {
  GObject parent_instance;

  DhPageTableWalker *walker;
  pid_t pid;
  int pidfd;
  guint slot;
  gboolean has_slot;
  DhWalkLink *walk;
  DhWalkLink *mappings;
  DhWalkLink *shared;
};

static void dh_page_table_eye_iface_init (DhEyeInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DhPageTableEye, dh_page_table_eye, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DH_TYPE_EYE, dh_page_table_eye_iface_init))

/* The iterator finds its process by number: only if the pidfd still shows a live one was it this
 * one. */
static gboolean
check_alive (DhPageTableEye *self, gboolean seen, GError **error)
{
  struct pollfd fd = { .fd = self->pidfd, .events = POLLIN };

  if (seen && poll (&fd, 1, 0) == 0)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_PROCESS_EXITED, "Process %d has exited", self->pid);
  return FALSE;
}

static DhMapping
convert_mapping (const struct dh_walk_mapping *from)
{
  DhMapping mapping = { .start = from->start,
                        .end = from->end,
                        .offset = from->offset * DH_PAGE_SIZE };

  if (from->shmem && (from->flags & VM_SHARED))
    mapping.flags |= DH_MAPPING_SHMEM;
  else if (from->anonymous)
    mapping.flags |= DH_MAPPING_ANONYMOUS;
  if (from->flags & VM_WRITE)
    mapping.flags |= DH_MAPPING_WRITABLE;
  if (from->flags & VM_NOHUGEPAGE)
    mapping.flags |= DH_MAPPING_NO_HUGEPAGE;
  if (from->flags & VM_LOCKED)
    mapping.flags |= DH_MAPPING_LOCKED;
  if (from->userfault
      || (from->flags & (VM_GROWSDOWN | VM_PFNMAP | VM_IO | VM_HUGETLB | VM_MIXEDMAP)))
    mapping.flags |= DH_MAPPING_SPECIAL;
  return mapping;
}

typedef struct {
  GArray *mappings;
  guint64 end; /* of the last */
} MappingList;

static void
add_mapping (MappingList *list, const struct dh_walk_mapping *from)
{
  DhMapping mapping = convert_mapping (from);

  if (mapping.end <= list->end)
    return;
  /* Merged with the one before since that was read. */
  if (mapping.start < list->end) {
    mapping.offset += list->end - mapping.start;
    mapping.start = list->end;
  }
  list->end = mapping.end;
  g_array_append_val (list->mappings, mapping);
}

/* The kernel ends a list that fits one read. A longer one it never ends: it goes over the last part
 * again and again (seen with Linux 6.18), so the list ends with a part that brings nothing new. */
static gboolean
take_mappings (GByteArray *output, gpointer data)
{
  MappingList *list = data;
  guint whole = output->len / sizeof (struct dh_walk_mapping);
  guint64 end = list->end;

  for (guint i = 0; i < whole; i++) {
    struct dh_walk_mapping mapping;

    memcpy (&mapping, output->data + i * sizeof mapping, sizeof mapping);
    add_mapping (list, &mapping);
  }
  if (whole > 0)
    g_byte_array_remove_range (output, 0, whole * (guint) sizeof (struct dh_walk_mapping));
  return whole == 0 || list->end > end;
}

static gboolean
read_mappings (DhEye *eye, GArray *mappings, GError **error)
{
  DhPageTableEye *self = DH_PAGE_TABLE_EYE (eye);
  MappingList list = { .mappings = mappings };

  g_array_set_size (mappings, 0);
  return dh_walk_link_run (self->mappings, take_mappings, &list, error)
         && check_alive (self, TRUE, error);
}

static void
append_views (GArray *views, const struct dh_walk_block *blocks, guint count)
{
  for (guint i = 0; i < count; i++) {
    DhBlockView view = {
      .address = blocks[i].address,
      .resident = blocks[i].resident,
      .young = blocks[i].young,
      .swapped = blocks[i].swapped,
      .read_only = blocks[i].read_only,
      .huge = blocks[i].huge != 0,
    };

    g_array_append_val (views, view);
  }
}

/* One run: the lock is held for about a millisecond. Moves @cursor. */
static gboolean
walk_once (DhPageTableEye *self, guint64 *cursor, guint64 end, GArray *views,
           guint64 *ret_generation, GError **error)
{
  struct page_table_walk *programs = dh_page_table_walker_lock (self->walker);
  struct dh_walk_request *request = &programs->bss->request;
  gboolean done, seen;

  *request = (struct dh_walk_request){ .start = *cursor, .end = end, .slot = self->slot };
  done = dh_walk_link_run (self->walk, NULL, NULL, error);
  seen = request->seen;
  if (done && seen) {
    append_views (views, programs->bss->blocks, MIN (request->count, DH_WALK_MAX_BLOCKS));
    *ret_generation = request->generation;
    *cursor = request->next;
  }
  dh_page_table_walker_unlock (self->walker);
  return done && check_alive (self, seen, error);
}

static gboolean
read_blocks (DhEye *eye, guint64 start, guint64 end, GArray *views, guint64 *ret_generation,
             GError **error)
{
  DhPageTableEye *self = DH_PAGE_TABLE_EYE (eye);
  guint64 cursor = start & ~(DH_BLOCK_SIZE - 1);
  guint64 generation = 0, first = 0;

  g_array_set_size (views, 0);
  end = MIN (end, dh_page_table_walker_get_address_end (self->walker));
  while (cursor < end) {
    if (!walk_once (self, &cursor, end, views, &generation, error))
      return FALSE;
    if (first != 0 && generation != first) {
      /* Another address space in mid-walk: start over in that one. */
      g_array_set_size (views, 0);
      cursor = start & ~(DH_BLOCK_SIZE - 1);
      first = 0;
      continue;
    }
    first = generation;
  }
  *ret_generation = generation;
  return TRUE;
}

static gboolean
count_shared (DhEye *eye, guint64 address, guint *ret_shared)
{
  DhPageTableEye *self = DH_PAGE_TABLE_EYE (eye);
  struct page_table_walk *programs = dh_page_table_walker_lock (self->walker);
  struct dh_walk_shared *sharing = &programs->bss->sharing;
  gboolean known;

  *sharing = (struct dh_walk_shared){ .address = address, .slot = self->slot };
  known = dh_walk_link_run (self->shared, NULL, NULL, NULL) && sharing->known;
  *ret_shared = sharing->shared;
  dh_page_table_walker_unlock (self->walker);
  return known;
}

static void
dh_page_table_eye_finalize (GObject *object)
{
  DhPageTableEye *self = DH_PAGE_TABLE_EYE (object);

  g_clear_pointer (&self->walk, dh_walk_link_free);
  g_clear_pointer (&self->mappings, dh_walk_link_free);
  g_clear_pointer (&self->shared, dh_walk_link_free);
  if (self->has_slot)
    dh_page_table_walker_give_slot (self->walker, self->slot);
  if (self->pidfd >= 0)
    close (self->pidfd);
  g_clear_object (&self->walker);
  G_OBJECT_CLASS (dh_page_table_eye_parent_class)->finalize (object);
}

static void
dh_page_table_eye_init (DhPageTableEye *self)
{
  self->pidfd = -1;
}

static void
dh_page_table_eye_class_init (DhPageTableEyeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dh_page_table_eye_finalize;
}

static void
dh_page_table_eye_iface_init (DhEyeInterface *iface)
{
  iface->read_mappings = read_mappings;
  iface->read_blocks = read_blocks;
  iface->count_shared = count_shared;
}

DhEye *
dh_page_table_eye_new (DhPageTableWalker *walker, pid_t pid, int pidfd, GError **error)
{
  g_autoptr (DhPageTableEye) self = g_object_new (DH_TYPE_PAGE_TABLE_EYE, NULL);
  struct page_table_walk *programs;

  self->walker = g_object_ref (walker);
  self->pid = pid;
  self->pidfd = fcntl (pidfd, F_DUPFD_CLOEXEC, 0);
  if (self->pidfd < 0) {
    g_set_error (error, DH_ERROR, DH_ERROR_LIMIT_EXCEEDED, "No descriptor to watch process %d: %s",
                 pid, g_strerror (errno));
    return NULL;
  }
  if (!dh_page_table_walker_take_slot (walker, &self->slot, error))
    return NULL;
  self->has_slot = TRUE;
  programs = dh_page_table_walker_lock (walker);
  self->walk = dh_walk_link_new (programs->progs.walk_page_tables, pid, error);
  if (self->walk)
    self->mappings = dh_walk_link_new (programs->progs.list_mappings, pid, error);
  if (self->mappings)
    self->shared = dh_walk_link_new (programs->progs.count_shared, pid, error);
  dh_page_table_walker_unlock (walker);
  return self->shared ? DH_EYE (g_steal_pointer (&self)) : NULL;
}
