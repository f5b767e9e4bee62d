/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engines/system-ram.h"

#include "engines/unavailable.h"
#include "fake-root.h"

static GArray *
read_ram (const char *root, guint max)
{
  g_autoptr (GError) error = NULL;
  GArray *ranges = dh_system_ram_read (root, max, &error);

  g_assert_no_error (error);
  return ranges;
}

static void
assert_range (GArray *ranges, guint i, guint64 start, guint64 end)
{
  const DhRamRange *range = &g_array_index (ranges, DhRamRange, i);

  g_assert_cmpuint (i, <, ranges->len);
  g_assert_cmphex (range->start, ==, start);
  g_assert_cmphex (range->end, ==, end);
}

static void
assert_none (const char *root)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (dh_system_ram_read (root, 8, &error));
  g_assert_error (error, DH_UNAVAILABLE, DH_UNAVAILABLE_KERNEL_SUPPORT);
  g_assert_nonnull (strstr (error->message, "sys/firmware/memmap"));
}

static void
test_ranges (FakeRoot *root, gconstpointer data)
{
  g_autoptr (GArray) ranges = NULL;

  fake_root_add_memory (root, 0, "0x100000000", "0x17fffffff", "System RAM");
  fake_root_add_memory (root, 1, "0x0", "0x9efff", "System RAM");
  fake_root_add_memory (root, 2, "0xa0000", "0xfffff", "Reserved");
  fake_root_add_memory (root, 3, "0xb0000000", "0xb0ffffff", "ACPI Tables");
  ranges = read_ram (root->path, 8);
  g_assert_cmpuint (ranges->len, ==, 2);
  assert_range (ranges, 0, 0, 0x9f000);
  assert_range (ranges, 1, 0x100000000, 0x180000000);
}

static void
test_neighbours (FakeRoot *root, gconstpointer data)
{
  g_autoptr (GArray) ranges = NULL;

  fake_root_add_memory (root, 0, "0x20000", "0x3ffff", "System RAM");
  fake_root_add_memory (root, 1, "0x10000", "0x1ffff", "System RAM");
  fake_root_add_memory (root, 2, "0x30000", "0x4ffff", "System RAM");
  fake_root_add_memory (root, 3, "0x32000", "0x33fff", "System RAM");
  ranges = read_ram (root->path, 8);
  g_assert_cmpuint (ranges->len, ==, 1);
  assert_range (ranges, 0, 0x10000, 0x50000);
}

static void
test_parts_of_pages (FakeRoot *root, gconstpointer data)
{
  g_autoptr (GArray) ranges = NULL;

  fake_root_add_memory (root, 0, "0x10001", "0x14ffe", "System RAM");
  fake_root_add_memory (root, 1, "0x20800", "0x20fff", "System RAM");
  ranges = read_ram (root->path, 8);
  g_assert_cmpuint (ranges->len, ==, 1);
  assert_range (ranges, 0, 0x11000, 0x14000);
}

static void
test_largest (FakeRoot *root, gconstpointer data)
{
  g_autoptr (GArray) ranges = NULL;

  fake_root_add_memory (root, 0, "0x1000", "0x1fff", "System RAM");
  fake_root_add_memory (root, 1, "0x10000", "0x2ffff", "System RAM");
  fake_root_add_memory (root, 2, "0x40000", "0x40fff", "System RAM");
  fake_root_add_memory (root, 3, "0x80000", "0x8ffff", "System RAM");
  ranges = read_ram (root->path, 2);
  g_assert_cmpuint (ranges->len, ==, 2);
  assert_range (ranges, 0, 0x10000, 0x30000);
  assert_range (ranges, 1, 0x80000, 0x90000);
}

static void
test_no_directory (FakeRoot *root, gconstpointer data)
{
  assert_none (root->path);
}

static void
test_nothing_usable (FakeRoot *root, gconstpointer data)
{
  fake_root_add_memory (root, 0, "0x0", "0x0", "System RAM");
  fake_root_add_memory (root, 1, "0x0", "0x0", "System RAM");
  fake_root_add_memory (root, 2, "0x5000", "0x4fff", "System RAM");
  fake_root_add_memory (root, 3, "", "0x4fff", "System RAM");
  fake_root_add_memory (root, 4, "0x1000", "-1", "System RAM");
  fake_root_add_memory (root, 5, "0x1000", "0xffffffffffffffff", "System RAM");
  fake_root_add_memory (root, 6, "0x1000", "0x1ffffffffffffffff", "System RAM");
  fake_root_add_memory (root, 7, "0x1000", "0x9fff", "system ram");
  fake_root_add_file (root, "sys/firmware/memmap/8/type", "System RAM\n");
  fake_root_add_file (root, "sys/firmware/memmap/9", "a file\n");
  assert_none (root->path);
}

static void
test_this_machine (void)
{
  g_autoptr (GArray) ranges = NULL;
  guint64 bytes = 0;

  if (!g_file_test ("/sys/firmware/memmap/0", G_FILE_TEST_EXISTS)) {
    g_test_skip ("The firmware's memory map is not shown here");
    return;
  }
  ranges = read_ram ("/", 128);
  for (guint i = 0; i < ranges->len; i++) {
    const DhRamRange *range = &g_array_index (ranges, DhRamRange, i);

    g_assert_cmpuint (range->start, <, range->end);
    g_assert_cmpuint (range->start % 4096, ==, 0);
    bytes += range->end - range->start;
  }
  g_assert_cmpuint (bytes, >=,
                    (guint64) sysconf (_SC_PHYS_PAGES) * (guint64) sysconf (_SC_PAGESIZE));
}

static void
add (const char *path, void (*test) (FakeRoot *, gconstpointer))
{
  g_test_add (path, FakeRoot, NULL, fake_root_set_up, test, fake_root_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/system-ram/ranges-are-sorted-and-of-ram-alone", test_ranges);
  add ("/system-ram/neighbours-are-joined", test_neighbours);
  add ("/system-ram/parts-of-pages-are-left-out", test_parts_of_pages);
  add ("/system-ram/the-largest-are-kept-where-there-are-too-many", test_largest);
  add ("/system-ram/no-directory-is-no-source", test_no_directory);
  add ("/system-ram/zeros-and-nonsense-are-no-source", test_nothing_usable);
  g_test_add_func ("/system-ram/this-machine-has-all-its-memory", test_this_machine);

  return g_test_run ();
}
