/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "walk-verification.h"

#include "hugepages/advisor.h"
#include "page-table-walk.h"
#include "system-ram.h"
#include "unavailable.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAPABILITY_SYS_NICE 23 /* linux/capability.h */

/* Pages of the first block that are present, and that are touched after the clear. */
#define PRESENT 37
#define TOUCHED 5

static gboolean
has_word (const char *line, const char *word)
{
  g_auto (GStrv) words = line ? g_strsplit_set (line, " \t\n", -1) : NULL;

  return words && g_strv_contains ((const char *const *) words, word);
}

static char *
read_line (const char *root, const char *file, const char *prefix)
{
  g_autofree char *path = g_build_filename (root, file, NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line; line++)
    if (g_str_has_prefix (*line, prefix))
      return g_strdup (*line + strlen (prefix));
  return NULL;
}

/* An encrypted guest: the processor's flags say what is switched on, not what it could do. */
static gboolean
is_encrypted (const char *root)
{
  g_autofree char *flags = read_line (root, "proc/cpuinfo", "flags");

  return has_word (flags, "tdx_guest")
         || (has_word (flags, "hypervisor")
             && (has_word (flags, "sev") || has_word (flags, "sev_es")
                 || has_word (flags, "sev_snp")));
}

static gboolean
has_huge_pages (const char *root)
{
  g_autofree char *path =
    g_build_filename (root, "sys/kernel/mm/transparent_hugepage/hpage_pmd_size", NULL);
  g_autofree char *size = NULL;

  return g_file_get_contents (path, &size, NULL, NULL)
         && g_ascii_strtoull (size, NULL, 10) == DH_BLOCK_SIZE;
}

static gboolean
has_capability (guint number)
{
  g_autofree char *effective = read_line ("/", "proc/self/status", "CapEff:");

  return effective && (g_ascii_strtoull (g_strstrip (effective), NULL, 16) >> number & 1);
}

static gboolean
check_machine (const char *root, GError **error)
{
#ifndef __x86_64__
  g_set_error_literal (error, DH_UNAVAILABLE, DH_UNAVAILABLE_KERNEL_SUPPORT,
                       "The page-table walk knows x86-64 page tables only");
  return FALSE;
#endif
  if (is_encrypted (root)) {
    g_set_error_literal (error, DH_UNAVAILABLE, DH_UNAVAILABLE_MEMORY_ENCRYPTION,
                         "This is a guest with encrypted memory (flags in /proc/cpuinfo)");
    return FALSE;
  }
  if (!has_huge_pages (root)) {
    g_set_error_literal (error, DH_UNAVAILABLE, DH_UNAVAILABLE_THP,
                         "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size does not say 2 MiB");
    return FALSE;
  }
  if (!has_capability (CAPABILITY_SYS_NICE)) {
    g_set_error_literal (error, DH_UNAVAILABLE, DH_UNAVAILABLE_PERMISSION,
                         "CAP_SYS_NICE is missing, without which other processes' memory cannot be "
                         "advised");
    return FALSE;
  }
  return TRUE;
}

static void
touch (volatile guint8 *block, guint pages)
{
  for (guint i = 0; i < pages; i++)
    block[i * DH_PAGE_SIZE] = (guint8) (i + 1);
}

static gboolean
refuse (GError **error, const char *what, guint wanted, guint found)
{
  g_set_error (error, DH_UNAVAILABLE, DH_UNAVAILABLE_KERNEL_SUPPORT,
               "The page-table walk misread memory of the service's own: %s should be %u, is %u",
               what, wanted, found);
  return FALSE;
}

static gboolean
read_block (DhEye *eye, gconstpointer address, DhBlockView *ret_view, GError **error)
{
  g_autoptr (GArray) views = g_array_new (FALSE, TRUE, sizeof (DhBlockView));
  g_autoptr (GError) local = NULL;
  guint64 generation;

  if (!dh_eye_read_blocks (eye, (guintptr) address, (guintptr) address + DH_BLOCK_SIZE, views,
                           &generation, &local)) {
    g_set_error_literal (error, DH_UNAVAILABLE, DH_UNAVAILABLE_KERNEL_SUPPORT, local->message);
    return FALSE;
  }
  if (views->len != 1)
    return refuse (error, "blocks with a page table", 1, views->len);
  *ret_view = g_array_index (views, DhBlockView, 0);
  return TRUE;
}

static gboolean
verify_counts (DhEye *eye, int pidfd, guint8 *block, GError **error)
{
  struct iovec whole = { .iov_base = block, .iov_len = DH_BLOCK_SIZE };
  DhBlockView view;
  guint shared;

  touch (block, PRESENT);
  if (!read_block (eye, block, &view, error))
    return FALSE;
  if (view.resident != PRESENT || view.huge || view.swapped != 0)
    return refuse (error, "pages present", PRESENT, view.resident);
  if (dh_eye_count_shared (eye, (guintptr) block, &shared) && shared != 0)
    return refuse (error, "pages shared", 0, shared);

  if (dh_advisor_forget (&dh_kernel_advisor, pidfd, &whole, 1) != 1) {
    g_set_error_literal (error, DH_UNAVAILABLE, DH_UNAVAILABLE_KERNEL_SUPPORT,
                         "process_madvise(MADV_COLD) does not work here");
    return FALSE;
  }
  touch (block, TOUCHED);
  if (!read_block (eye, block, &view, error))
    return FALSE;
  /* Page-table walks of the processor's own may touch a few more, never all. */
  if (view.young < TOUCHED || view.young >= PRESENT)
    return refuse (error, "pages touched since the clear", TOUCHED, view.young);
  return TRUE;
}

static gboolean
verify_mappings (DhEye *eye, guint8 *block, GError **error)
{
  g_autoptr (GArray) mappings = g_array_new (FALSE, TRUE, sizeof (DhMapping));
  g_autoptr (GError) local = NULL;
  const DhMapping *mapping = NULL;
  guint wanted = DH_MAPPING_ANONYMOUS | DH_MAPPING_WRITABLE | DH_MAPPING_NO_HUGEPAGE;

  if (!dh_eye_read_mappings (eye, mappings, &local)) {
    g_set_error_literal (error, DH_UNAVAILABLE, DH_UNAVAILABLE_KERNEL_SUPPORT, local->message);
    return FALSE;
  }
  for (guint i = 0; i < mappings->len && !mapping; i++) {
    const DhMapping *candidate = &g_array_index (mappings, DhMapping, i);

    if (candidate->start <= (guintptr) block && (guintptr) block < candidate->end)
      mapping = candidate;
  }
  if (!mapping || mapping->flags != wanted)
    return refuse (error, "flags of a mapping", wanted, mapping ? mapping->flags : 0);
  return TRUE;
}

static gboolean
verify_collapse (DhEye *eye, int pidfd, guint8 *block, GError **error)
{
  DhBlockView view;
  int result;

  madvise (block, DH_BLOCK_SIZE, MADV_HUGEPAGE);
  result = dh_advisor_collapse (&dh_kernel_advisor, pidfd, (guintptr) block, DH_BLOCK_SIZE);
  if (result == -EINVAL) {
    g_set_error_literal (error, DH_UNAVAILABLE, DH_UNAVAILABLE_THP,
                         "process_madvise(MADV_COLLAPSE) does not work here (Linux 6.1 has it)");
    return FALSE;
  }
  /* Fragmented or busy memory says nothing about what the kernel can do. */
  if (result < 0)
    return TRUE;
  if (!read_block (eye, block, &view, error))
    return FALSE;
  return view.huge || refuse (error, "huge blocks", 1, 0);
}

static gboolean
verify (DhPageTableWalker *walker, GError **error)
{
  gsize size = 2 * DH_BLOCK_SIZE;
  guint8 *area =
    mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  guint8 *block = (guint8 *) (((guintptr) area + DH_BLOCK_SIZE - 1) & ~(DH_BLOCK_SIZE - 1));
  int pidfd = (int) syscall (SYS_pidfd_open, getpid (), 0);
  g_autoptr (GError) local = NULL;
  g_autoptr (DhEye) eye = NULL;
  gboolean good = FALSE;

  if (area == MAP_FAILED || pidfd < 0) {
    g_set_error_literal (error, DH_UNAVAILABLE, DH_UNAVAILABLE_KERNEL_SUPPORT,
                         "No memory or no pidfd to verify the page-table walk with");
  } else if (!(eye = dh_page_table_eye_new (walker, getpid (), pidfd, &local))) {
    g_set_error_literal (error, DH_UNAVAILABLE, DH_UNAVAILABLE_KERNEL_SUPPORT, local->message);
  } else {
    madvise (area, size, MADV_NOHUGEPAGE);
    good = verify_counts (eye, pidfd, block, error) && verify_mappings (eye, block, error)
           && verify_collapse (eye, pidfd, block, error);
  }
  if (area != MAP_FAILED)
    munmap (area, size);
  if (pidfd >= 0)
    close (pidfd);
  return good;
}

DhPageTableWalker *
dh_verified_walker_new (const char *root, GError **error)
{
  g_autoptr (DhPageTableWalker) walker = NULL;
  g_autoptr (GArray) ram = NULL;

  if (!check_machine (root, error))
    return NULL;
  ram = dh_system_ram_read (root, DH_WALK_MAX_RAM, error);
  if (!ram)
    return NULL;
  walker = dh_page_table_walker_new (ram, error);
  return walker && verify (walker, error) ? g_steal_pointer (&walker) : NULL;
}
