/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "fake-eye.h"

#include "error.h"
#include "thread-clock.h"

#include <errno.h>

struct _FakeEye {
  GObject parent_instance;

  DhAdvisor advisor;
  GMutex lock;
  GCond changed;
  GArray *mappings; /* DhMapping */
  GArray *blocks;   /* FakeBlock */
  GArray *tried;    /* guint */
  guint64 generation;
  guint64 largest_clear;
  guint64 cost;
  guint cleared;
  guint clears;
  guint splits;
  gboolean broken;
  gboolean starved;
  gboolean holds;
  gboolean held;
};

static void fake_eye_iface_init (DhEyeInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FakeEye, fake_eye, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DH_TYPE_EYE, fake_eye_iface_init))

static FakeBlock *
find (FakeEye *self, guint64 address)
{
  for (guint i = 0; i < self->blocks->len; i++) {
    FakeBlock *block = &g_array_index (self->blocks, FakeBlock, i);

    if (block->address == address)
      return block;
  }
  return NULL;
}

static gboolean
check (FakeEye *self, GError **error)
{
  if (self->broken)
    g_set_error_literal (error, DH_ERROR, DH_ERROR_KERNEL_REJECTED, "The eye is broken");
  else if (self->starved)
    g_set_error_literal (error, DH_ERROR, DH_ERROR_LIMIT_EXCEEDED, "The eye has no descriptors");
  return !self->broken && !self->starved;
}

static gboolean
read_mappings (DhEye *eye, GArray *mappings, GError **error)
{
  FakeEye *self = FAKE_EYE (eye);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_array_set_size (mappings, 0);
  g_array_append_vals (mappings, self->mappings->data, self->mappings->len);
  return check (self, error);
}

static DhBlockView
view_of (const FakeBlock *block)
{
  DhBlockView view = { .address = block->address,
                       .resident = block->resident,
                       .young = block->cleared ? block->touched : block->resident,
                       .swapped = block->swapped,
                       .read_only = block->read_only,
                       .huge = block->huge };

  if (block->huge)
    view.resident = view.young = DH_BLOCK_PAGES;
  return view;
}

static gboolean
read_blocks (DhEye *eye, guint64 start, guint64 end, GArray *views, guint64 *ret_generation,
             GError **error)
{
  FakeEye *self = FAKE_EYE (eye);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  const guint64 begin = dh_thread_cpu_usec ();

  g_array_set_size (views, 0);
  for (guint i = 0; i < self->blocks->len; i++) {
    const FakeBlock *block = &g_array_index (self->blocks, FakeBlock, i);
    DhBlockView view = view_of (block);

    if (block->address >= start && block->address < end && (block->resident || block->swapped))
      g_array_append_val (views, view);
  }
  while (dh_thread_cpu_usec () - begin < self->cost)
    ;
  *ret_generation = self->generation;
  return check (self, error);
}

static gboolean
count_shared (DhEye *eye, guint64 address, guint *ret_shared)
{
  FakeEye *self = FAKE_EYE (eye);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  const FakeBlock *block = find (self, address);

  *ret_shared = block ? block->shared : 0;
  return block != NULL;
}

static void
wait_while_held (FakeEye *self)
{
  self->held = self->holds;
  while (self->holds)
    g_cond_wait (&self->changed, &self->lock);
  self->held = FALSE;
}

/* One page of a huge block alone takes it apart, unless somebody else maps it as well. */
static int
split_block (FakeEye *self, FakeBlock *block)
{
  if (!block)
    return -ENOMEM;
  self->splits++;
  wait_while_held (self);
  if (block->shared == 0)
    block->huge = FALSE;
  return 0;
}

/* Returns: 0 or -errno. */
static int
clear_block (FakeEye *self, FakeBlock *block)
{
  if (!block || block->stubborn)
    return -ENOMEM;
  block->cleared = TRUE;
  self->cleared++;
  return 0;
}

static int
collapse_block (FakeEye *self, FakeBlock *block, guint64 address)
{
  guint number = (guint) (address / DH_BLOCK_SIZE);

  g_array_append_val (self->tried, number);
  wait_while_held (self);
  if (!block)
    return -ENOMEM;
  if (block->failure > 0)
    return -block->failure;
  if (block->failure != FAKE_LIE) {
    block->huge = TRUE;
    block->resident = DH_BLOCK_PAGES;
  }
  return 0;
}

static gssize
advise (gpointer data, int pidfd, const struct iovec *ranges, gsize n_ranges, int advice)
{
  FakeEye *self = data;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  guint64 done = 0, size = 0;
  int result = 0;

  for (gsize i = 0; i < n_ranges && result == 0; i++) {
    guint64 start = (guintptr) ranges[i].iov_base, end = start + ranges[i].iov_len;

    for (guint64 at = start; at < end && result == 0; at += DH_BLOCK_SIZE)
      result = advice == MADV_COLLAPSE    ? collapse_block (self, find (self, at), at)
               : end - at == DH_PAGE_SIZE ? split_block (self, find (self, at))
                                          : clear_block (self, find (self, at));
    size += ranges[i].iov_len;
    if (result == 0)
      done += ranges[i].iov_len;
  }
  if (advice == MADV_COLD && size > DH_PAGE_SIZE) {
    self->clears++;
    self->largest_clear = MAX (self->largest_clear, size);
  }
  return done > 0 ? (gssize) done : result;
}

const DhAdvisor *
fake_eye_get_advisor (FakeEye *self)
{
  return &self->advisor;
}

void
fake_eye_map (FakeEye *self, guint first, guint n_blocks, guint flags)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  DhMapping mapping = { .start = FAKE_AT (first),
                        .end = FAKE_AT (first + n_blocks),
                        .flags = flags };

  g_array_append_val (self->mappings, mapping);
}

void
fake_eye_fill (FakeEye *self, guint first, guint n_blocks, guint touched)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  for (guint i = 0; i < n_blocks; i++) {
    FakeBlock block = { .address = FAKE_AT (first + i),
                        .resident = DH_BLOCK_PAGES,
                        .touched = (guint16) touched };

    g_array_append_val (self->blocks, block);
  }
}

void
fake_eye_add (FakeEye *self, guint first, guint n_blocks, guint touched)
{
  fake_eye_map (self, first, n_blocks, DH_MAPPING_ANONYMOUS | DH_MAPPING_WRITABLE);
  fake_eye_fill (self, first, n_blocks, touched);
}

FakeBlock *
fake_eye_lock (FakeEye *self, guint block)
{
  FakeBlock *found;

  g_mutex_lock (&self->lock);
  found = find (self, FAKE_AT (block));
  g_assert_nonnull (found);
  return found;
}

void
fake_eye_unlock (FakeEye *self)
{
  g_mutex_unlock (&self->lock);
}

void
fake_eye_exec (FakeEye *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->generation++;
  for (guint i = 0; i < self->blocks->len; i++) {
    FakeBlock *block = &g_array_index (self->blocks, FakeBlock, i);

    block->huge = block->cleared = FALSE;
  }
}

void
fake_eye_break (FakeEye *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->broken = TRUE;
}

void
fake_eye_starve (FakeEye *self, gboolean starved)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->starved = starved;
}

void
fake_eye_set_cost (FakeEye *self, guint64 cost)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->cost = cost;
}

void
fake_eye_set_failure (FakeEye *self, guint block, int number)
{
  fake_eye_lock (self, block)->failure = number;
  fake_eye_unlock (self);
}

void
fake_eye_hold (FakeEye *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->holds = TRUE;
}

void
fake_eye_release (FakeEye *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->holds = FALSE;
  g_cond_broadcast (&self->changed);
}

gboolean
fake_eye_is_held (FakeEye *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->held;
}

gboolean
fake_eye_is_huge (FakeEye *self, guint block)
{
  gboolean huge = fake_eye_lock (self, block)->huge;

  fake_eye_unlock (self);
  return huge;
}

guint
fake_eye_count_huge (FakeEye *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  guint n = 0;

  for (guint i = 0; i < self->blocks->len; i++)
    n += g_array_index (self->blocks, FakeBlock, i).huge ? 1 : 0;
  return n;
}

guint
fake_eye_count_cleared (FakeEye *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->cleared;
}

guint
fake_eye_count_clears (FakeEye *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->clears;
}

guint
fake_eye_count_splits (FakeEye *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->splits;
}

guint64
fake_eye_get_largest_clear (FakeEye *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->largest_clear;
}

GArray *
fake_eye_dup_tried (FakeEye *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return g_array_copy (self->tried);
}

static void
fake_eye_finalize (GObject *object)
{
  FakeEye *self = FAKE_EYE (object);

  g_array_unref (self->mappings);
  g_array_unref (self->blocks);
  g_array_unref (self->tried);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  G_OBJECT_CLASS (fake_eye_parent_class)->finalize (object);
}

static void
fake_eye_init (FakeEye *self)
{
  self->advisor = (DhAdvisor){ .advise = advise, .data = self };
  self->mappings = g_array_new (FALSE, FALSE, sizeof (DhMapping));
  self->blocks = g_array_new (FALSE, FALSE, sizeof (FakeBlock));
  self->tried = g_array_new (FALSE, FALSE, sizeof (guint));
  self->generation = 1;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
}

static void
fake_eye_class_init (FakeEyeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = fake_eye_finalize;
}

static void
fake_eye_iface_init (DhEyeInterface *iface)
{
  iface->read_mappings = read_mappings;
  iface->read_blocks = read_blocks;
  iface->count_shared = count_shared;
}

FakeEye *
fake_eye_new (void)
{
  return g_object_new (FAKE_TYPE_EYE, NULL);
}
