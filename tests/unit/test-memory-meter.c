/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engines/memory-meter.h"

#include "child.h"

#include <string.h>
#include <sys/mman.h>

/* Against what the kernel says of a child with huge pages, and without. */

#define BLOCK (2 << 20)
#define N_BLOCKS 8
#define SECONDS 10

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* Anonymous memory of which half is huge. */
static void
fill (void)
{
  char *memory =
    mmap (NULL, (N_BLOCKS + 1) * BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (memory == MAP_FAILED)
    _exit (1);
  memory += BLOCK - (guintptr) memory % BLOCK;
  madvise (memory, N_BLOCKS * BLOCK, MADV_NOHUGEPAGE);
  memset (memory, 1, N_BLOCKS * BLOCK);
  /* The rest is not khugepaged's either. */
  madvise (memory, N_BLOCKS / 2 * BLOCK, MADV_HUGEPAGE);
  if (madvise (memory, N_BLOCKS / 2 * BLOCK, MADV_COLLAPSE) < 0)
    _exit (1);
}

static guint64
find_bytes (const char *text, const char *key)
{
  const char *line = strstr (text, key);

  g_assert_nonnull (line);
  return g_ascii_strtoull (line + strlen (key), NULL, 10) * 1024;
}

static DhMemory
ask_kernel (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/smaps_rollup", pid);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return (DhMemory){ find_bytes (text, "\nAnonymous:"), find_bytes (text, "\nAnonHugePages:") };
}

static void
iterate (gint64 usec)
{
  const gint64 end = g_get_monotonic_time () + usec;

  while (g_get_monotonic_time () < end) {
    g_main_context_iteration (NULL, FALSE);
    g_usleep (1000);
  }
}

static gboolean
wait_for_memory (DhMemoryMeter *meter, DhMemory *ret_memory)
{
  const gint64 end = g_get_monotonic_time () + SECONDS * G_USEC_PER_SEC;

  while (!dh_memory_meter_get (meter, ret_memory) && g_get_monotonic_time () < end)
    iterate (1000);
  return dh_memory_meter_get (meter, ret_memory);
}

static DhMemoryMeter *
new_meter (const Child *child)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhProcess) process = dh_process_open ("/", (guint64) child->pid, &error);

  g_assert_no_error (error);
  return dh_memory_meter_new (process);
}

static void
test_measures (void)
{
  g_autoptr (Child) child = child_new (fill);
  const DhMemory expected = ask_kernel (child->pid);
  DhMemoryMeter *meter = new_meter (child);
  DhMemory memory;

  g_assert_false (dh_memory_meter_get (meter, &memory));
  dh_memory_meter_read (meter);
  g_assert_false (dh_memory_meter_get (meter, &memory));
  g_assert_true (wait_for_memory (meter, &memory));
  g_assert_cmpuint (expected.hugepage_bytes, ==, N_BLOCKS / 2 * BLOCK);
  g_assert_cmpuint (expected.anonymous_bytes, >=, N_BLOCKS * BLOCK);
  g_assert_cmpuint (memory.hugepage_bytes, ==, expected.hugepage_bytes);
  g_assert_cmpuint (memory.anonymous_bytes, ==, expected.anonymous_bytes);
  dh_memory_meter_free (meter);
}

/* The last figures stay. */
static void
test_exit_between_readings (void)
{
  g_autoptr (Child) child = child_new (fill);
  const DhMemory expected = ask_kernel (child->pid);
  DhMemoryMeter *meter = new_meter (child);
  DhMemory memory;

  dh_memory_meter_read (meter);
  g_assert_true (wait_for_memory (meter, &memory));
  child_kill (child);
  /* More than what it spaces readings by. */
  iterate (G_USEC_PER_SEC);
  for (guint i = 0; i < 20; i++) {
    dh_memory_meter_read (meter);
    iterate (10000);
  }
  child_reap (child);
  dh_memory_meter_read (meter);
  iterate (10000);
  g_assert_true (dh_memory_meter_get (meter, &memory));
  g_assert_cmpuint (memory.hugepage_bytes, ==, expected.hugepage_bytes);
  g_assert_cmpuint (memory.anonymous_bytes, ==, expected.anonymous_bytes);
  dh_memory_meter_free (meter);
}

static void
test_exit_before_the_first (void)
{
  g_autoptr (Child) child = child_new (NULL);
  DhMemoryMeter *meter = new_meter (child);
  DhMemory memory;

  child_reap (child);
  for (guint i = 0; i < 10; i++) {
    dh_memory_meter_read (meter);
    iterate (5000);
    g_assert_false (dh_memory_meter_get (meter, &memory));
  }
  dh_memory_meter_free (meter);
}

/* At whatever point of a reading, and then the process goes, too. */
static void
test_free_while_reading (void)
{
  for (guint i = 0; i < 50; i++) {
    g_autoptr (Child) child = child_new (i % 10 == 0 ? fill : NULL);
    DhMemoryMeter *meter = new_meter (child);

    dh_memory_meter_read (meter);
    g_usleep (i * 20);
    if (i % 3 == 0)
      child_kill (child);
    if (i % 2 == 0)
      iterate (i * 10);
    dh_memory_meter_free (meter);
    iterate (1000);
  }
  iterate (50000);
}

/* Nor does what the last one's reading has found become the next one's, in the same place. */
static void
test_next_after_free (void)
{
  g_autoptr (Child) child = child_new (fill);
  DhMemoryMeter *meters[10];
  DhMemory memory;

  for (guint i = 0; i < G_N_ELEMENTS (meters); i++) {
    meters[i] = new_meter (child);
    dh_memory_meter_read (meters[i]);
  }
  for (guint i = 0; i < G_N_ELEMENTS (meters); i++)
    dh_memory_meter_free (meters[i]);
  for (guint i = 0; i < G_N_ELEMENTS (meters); i++)
    meters[i] = new_meter (child);
  iterate (200000);
  for (guint i = 0; i < G_N_ELEMENTS (meters); i++) {
    g_assert_false (dh_memory_meter_get (meters[i], &memory));
    dh_memory_meter_free (meters[i]);
  }
}

/* One at a time, and pauses that are long compared with what a reading takes. */
static void
test_many_readings (void)
{
  g_autoptr (Child) child = child_new (fill);
  DhMemoryMeter *meter = new_meter (child);
  DhMemory memory;

  for (guint i = 0; i < 1000; i++) {
    dh_memory_meter_read (meter);
    g_main_context_iteration (NULL, FALSE);
  }
  g_assert_true (wait_for_memory (meter, &memory));
  g_assert_cmpuint (memory.hugepage_bytes, ==, N_BLOCKS / 2 * BLOCK);
  dh_memory_meter_free (meter);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory-meter/measures", test_measures);
  g_test_add_func ("/memory-meter/exit-between-readings", test_exit_between_readings);
  g_test_add_func ("/memory-meter/exit-before-the-first", test_exit_before_the_first);
  g_test_add_func ("/memory-meter/free-while-reading", test_free_while_reading);
  g_test_add_func ("/memory-meter/next-after-free", test_next_after_free);
  g_test_add_func ("/memory-meter/many-readings", test_many_readings);
  return g_test_run ();
}
