/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "walk-case.h"

#include "hugepages/address-space.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define PLAIN (DH_MAPPING_ANONYMOUS | DH_MAPPING_WRITABLE)
#define SIZE (2 * DH_BLOCK_SIZE)
#define N_MAPPINGS 60000
#define TIB ((gsize) 1 << 40)

static DhMapping
find_mapping (WalkCase *self, gconstpointer address)
{
  g_autoptr (GArray) mappings = g_array_new (FALSE, TRUE, sizeof (DhMapping));
  const DhMapping *found;
  guint hint = 0;

  g_assert_true (dh_eye_read_mappings (self->eye, mappings, NULL));
  found = dh_mappings_find (mappings, (guintptr) address, &hint);
  g_assert_nonnull (found);
  return *found;
}

static void
assert_flags (WalkCase *self, gconstpointer address, guint flags)
{
  g_assert_cmphex (find_mapping (self, address).flags, ==, flags);
}

static void *
map (int protection, int flags, int fd, off_t offset)
{
  void *area = mmap (NULL, SIZE, protection, flags | MAP_NORESERVE, fd, offset);

  g_assert_true (area != MAP_FAILED);
  return area;
}

static void
test_anonymous (WalkCase *self, gconstpointer data)
{
  guint8 *area;

  if (!self->walker)
    return;
  area = map (PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  /* So that no neighbour is merged with it. */
  g_assert_no_errno (madvise (area, DH_PAGE_SIZE, MADV_DONTFORK));
  g_assert_no_errno (madvise (area + SIZE - DH_PAGE_SIZE, DH_PAGE_SIZE, MADV_DONTFORK));
  area += DH_PAGE_SIZE;
  assert_flags (self, area, PLAIN);
  g_assert_cmphex (find_mapping (self, area).start, ==, (guintptr) area);
  g_assert_cmphex (find_mapping (self, area).end, ==, (guintptr) area + SIZE - 2 * DH_PAGE_SIZE);
  g_assert_no_errno (mprotect (area, DH_PAGE_SIZE, PROT_READ));
  assert_flags (self, area, DH_MAPPING_ANONYMOUS);
  g_assert_no_errno (madvise (area, DH_PAGE_SIZE, MADV_NOHUGEPAGE));
  assert_flags (self, area, DH_MAPPING_ANONYMOUS | DH_MAPPING_NO_HUGEPAGE);
  munmap (area - DH_PAGE_SIZE, SIZE);
}

static void
test_locked (WalkCase *self, gconstpointer data)
{
  guint8 *area;

  if (!self->walker)
    return;
  area = map (PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  /* The address sanitizer makes mlock() do nothing. */
  g_assert_no_errno (syscall (SYS_mlock, area, DH_PAGE_SIZE));
  assert_flags (self, area, PLAIN | DH_MAPPING_LOCKED);
  assert_flags (self, area + DH_PAGE_SIZE, PLAIN);
  munmap (area, SIZE);
}

static void
test_shared_memory (WalkCase *self, gconstpointer data)
{
  int fd;
  void *shared, *private, *anonymous;

  if (!self->walker)
    return;
  fd = memfd_create ("test", MFD_CLOEXEC);
  g_assert_no_errno (ftruncate (fd, 4 * SIZE));
  shared = map (PROT_READ | PROT_WRITE, MAP_SHARED, fd, 3 * DH_PAGE_SIZE);
  private = map (PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  anonymous = map (PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_flags (self, shared, DH_MAPPING_SHMEM | DH_MAPPING_WRITABLE);
  g_assert_cmpuint (find_mapping (self, shared).offset, ==, 3 * DH_PAGE_SIZE);
  assert_flags (self, private, DH_MAPPING_WRITABLE);
  assert_flags (self, anonymous, DH_MAPPING_SHMEM | DH_MAPPING_WRITABLE);
  g_assert_cmpuint (find_mapping (self, anonymous).offset, ==, 0);
  munmap (shared, SIZE);
  munmap (private, SIZE);
  munmap (anonymous, SIZE);
  close (fd);
}

static void
test_file (WalkCase *self, gconstpointer data)
{
  int fd;
  void *area;

  if (!self->walker)
    return;
  fd = open ("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  g_assert_no_errno (fd);
  area = map (PROT_READ, MAP_PRIVATE, fd, 0);
  assert_flags (self, area, 0);
  munmap (area, SIZE);
  close (fd);
}

static void
test_stack (WalkCase *self, gconstpointer data)
{
  guint8 here = 0;

  if (!self->walker)
    return;
  g_assert_true (find_mapping (self, __builtin_frame_address (0)).flags & DH_MAPPING_SPECIAL);
  g_assert_cmpuint (here, ==, 0);
}

static void
test_userfault (WalkCase *self, gconstpointer data)
{
  struct uffdio_api api = { .api = UFFD_API };
  struct uffdio_register request = { .mode = UFFDIO_REGISTER_MODE_MISSING };
  void *area;
  int fd;

  if (!self->walker)
    return;
  fd = (int) syscall (SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
  if (fd < 0) {
    g_test_skip ("This kernel has no userfaultfd");
    return;
  }
  area = map (PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  request.range.start = (guintptr) area;
  request.range.len = SIZE;
  g_assert_no_errno (ioctl (fd, UFFDIO_API, &api));
  g_assert_no_errno (ioctl (fd, UFFDIO_REGISTER, &request));
  assert_flags (self, area, PLAIN | DH_MAPPING_SPECIAL);
  munmap (area, SIZE);
  close (fd);
}

static guint
count_lines (const char *path)
{
  g_autofree char *text = NULL;
  guint n = 0;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  for (const char *end = text; (end = strchr (end, '\n')); end++)
    n++;
  return n;
}

static void
test_many (WalkCase *self, gconstpointer data)
{
  g_autoptr (GArray) mappings = NULL;
  guint lines;
  guint8 *area;

  if (!self->walker)
    return;
  mappings = g_array_new (FALSE, TRUE, sizeof (DhMapping));
  area = mmap (NULL, N_MAPPINGS * DH_PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_assert_true (area != MAP_FAILED);
  for (guint i = 0; i < N_MAPPINGS; i += 2)
    g_assert_no_errno (mprotect (area + i * DH_PAGE_SIZE, DH_PAGE_SIZE, PROT_READ));

  g_assert_true (dh_eye_read_mappings (self->eye, mappings, NULL));
  lines = count_lines ("/proc/self/maps");
  munmap (area, N_MAPPINGS * DH_PAGE_SIZE);
  g_assert_cmpuint (mappings->len, >=, N_MAPPINGS);
  /* That file shows what is no mapping as well, and reading it needed memory. */
  g_assert_cmpuint (mappings->len, <=, lines);
  g_assert_cmpuint (mappings->len + 4, >=, lines);
  for (guint i = 1; i < mappings->len; i++)
    g_assert_cmphex (g_array_index (mappings, DhMapping, i).start, >=,
                     g_array_index (mappings, DhMapping, i - 1).end);
}

/* Maps all it can at a byte, and says so; ends with its parent. */
static void
fill_address_space (int socket)
{
  char byte;

  if (prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || write (socket, "r", 1) != 1)
    _exit (1);
  while (read (socket, &byte, 1) == 1) {
    guint tib = 0;

    for (gsize size = TIB; size >= TIB / 1024; size /= 2)
      while (mmap (NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
             != MAP_FAILED)
        tib += size == TIB ? 1 : 0;
    if (write (socket, tib >= 64 ? "y" : "n", 1) != 1)
      break;
  }
  _exit (0);
}

static char
converse (int socket, gboolean speak)
{
  char byte = 0;

  if (speak)
    g_assert_cmpint (write (socket, "g", 1), ==, 1);
  g_assert_cmpint (read (socket, &byte, 1), ==, 1);
  return byte;
}

static guint64
count_tables (WalkCase *self, DhEye *eye)
{
  g_autoptr (GArray) views = g_array_new (FALSE, TRUE, sizeof (DhBlockView));
  guint64 before = dh_page_table_walker_get_tables (self->walker), generation;

  g_assert_true (dh_eye_read_blocks (eye, 0, G_MAXUINT64, views, &generation, NULL));
  g_assert_cmpuint (views->len, >, 0);
  return dh_page_table_walker_get_tables (self->walker) - before;
}

/* The walk costs what page tables there are, whatever the size of the address space. */
static void
test_bound (WalkCase *self, gconstpointer data)
{
  g_autoptr (DhEye) eye = NULL;
  guint64 before;
  int sockets[2], pidfd;
  pid_t pid;

  if (!self->walker)
    return;
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
  pid = fork ();
  g_assert_no_errno (pid);
  if (pid == 0)
    fill_address_space (sockets[1]);
  g_assert_cmpint (converse (sockets[0], FALSE), ==, 'r');
  pidfd = walk_open_pidfd (pid);
  eye = dh_page_table_eye_new (self->walker, pid, pidfd, NULL);
  close (pidfd);

  before = count_tables (self, eye);
  g_assert_cmpuint (before, >, 0);
  g_assert_cmpint (converse (sockets[0], TRUE), ==, 'y');
  g_assert_cmpuint (count_tables (self, eye), ==, before);

  kill (pid, SIGKILL);
  waitpid (pid, NULL, 0);
  close (sockets[0]);
  close (sockets[1]);
}

static void
add (const char *path, void (*test) (WalkCase *, gconstpointer))
{
  g_test_add (path, WalkCase, NULL, walk_case_set_up, test, walk_case_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/walker/anonymous-mappings", test_anonymous);
  add ("/walker/locked-mappings", test_locked);
  add ("/walker/shared-memory-and-its-offset", test_shared_memory);
  add ("/walker/file-mappings", test_file);
  add ("/walker/the-stack-is-special", test_stack);
  add ("/walker/userfaultfd-is-special", test_userfault);
  add ("/walker/sixty-thousand-mappings", test_many);
  add ("/walker/64-tib-without-pages-cost-nothing", test_bound);

  return g_test_run ();
}
