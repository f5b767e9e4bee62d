/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engines/walk-verification.h"

#include "engines/unavailable.h"
#include "fake-root.h"

#define PMD_SIZE "sys/kernel/mm/transparent_hugepage/hpage_pmd_size"

typedef struct {
  const char *path;
  const char *flags;    /* the processor's */
  const char *pmd_size; /* NULL: no such file */
  const char *ram_end;  /* of one page, the only one; NULL: no map at all */
  DhUnavailable reason;
  const char *detail; /* in the message */
} Row;

/* clang-format off */
static const Row rows[] = {
  { "/walker/unavailable/in-a-tdx-guest",
    "fpu tdx_guest hypervisor", "2097152\n", "0xfff",
    DH_UNAVAILABLE_MEMORY_ENCRYPTION, "/proc/cpuinfo" },
  { "/walker/unavailable/in-a-sev-guest",
    "fpu hypervisor sme sev", "2097152\n", "0xfff",
    DH_UNAVAILABLE_MEMORY_ENCRYPTION, "/proc/cpuinfo" },
  { "/walker/unavailable/in-a-sev-snp-guest",
    "fpu hypervisor sev_snp", "2097152\n", "0xfff",
    DH_UNAVAILABLE_MEMORY_ENCRYPTION, "/proc/cpuinfo" },
  { "/walker/unavailable/a-sev-host-is-not-a-guest",
    "fpu sev sev_es sev_snp", NULL, NULL,
    DH_UNAVAILABLE_THP, "hpage_pmd_size" },
  { "/walker/unavailable/without-huge-pages",
    "fpu hypervisor", NULL, "0xfff",
    DH_UNAVAILABLE_THP, "hpage_pmd_size" },
  { "/walker/unavailable/with-huge-pages-of-another-size",
    "fpu hypervisor", "536870912\n", "0xfff",
    DH_UNAVAILABLE_THP, "hpage_pmd_size" },
  { "/walker/unavailable/without-a-memory-map",
    "fpu hypervisor", "2097152\n", NULL,
    DH_UNAVAILABLE_KERNEL_SUPPORT, "sys/firmware/memmap" },
  { "/walker/unavailable/with-a-memory-map-of-zeros",
    "fpu hypervisor", "2097152\n", "0x0",
    DH_UNAVAILABLE_KERNEL_SUPPORT, "sys/firmware/memmap" },
  { "/walker/unavailable/with-a-memory-map-that-does-not-hold-the-tables",
    "fpu hypervisor", "2097152\n", "0x3fffffffffff",
    DH_UNAVAILABLE_KERNEL_SUPPORT, "was not found" },
  { "/walker/unavailable/with-page-tables-above-all-memory",
    "fpu hypervisor", "2097152\n", "0xfff",
    DH_UNAVAILABLE_MEMORY_ENCRYPTION, "encryption bit" },
};
/* clang-format on */

static void
test_unavailable (FakeRoot *root, gconstpointer data)
{
  const Row *row = data;
  g_autofree char *flags = g_strdup_printf ("processor\t: 0\nflags\t\t: %s\n", row->flags);
  g_autoptr (GError) error = NULL;

  if (geteuid () != 0) {
    g_test_skip ("Only root may load the walk");
    return;
  }
  fake_root_add_file (root, "proc/cpuinfo", flags);
  if (row->pmd_size)
    fake_root_add_file (root, PMD_SIZE, row->pmd_size);
  if (row->ram_end) {
    guint64 end = g_ascii_strtoull (row->ram_end, NULL, 16);
    g_autofree char *start = g_strdup_printf ("0x%" G_GINT64_MODIFIER "x", end & ~(guint64) 4095);

    fake_root_add_memory (root, 0, start, row->ram_end, "System RAM");
  }

  g_assert_null (dh_verified_walker_new (root->path, &error));
  g_assert_error (error, DH_UNAVAILABLE, (int) row->reason);
  g_assert_nonnull (strstr (error->message, row->detail));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_test_add (rows[i].path, FakeRoot, &rows[i], fake_root_set_up, test_unavailable,
                fake_root_tear_down);

  return g_test_run ();
}
