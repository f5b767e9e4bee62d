/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "kernel-model-case.h"

#include <signal.h>

/* What the kernel's model does to memory under the quota, and what its mark leaves behind, as Linux
 * 7.3 with RFC v3's module was seen to do it. */

/* As quick as it goes: a window at each aggregation, which is 2 ms. */
static void
hurry (ModelCase *self)
{
  kernel_model_set (self->model, "sample_interval", "1000");
  kernel_model_set (self->model, "aggr_interval", "2000");
  kernel_model_set (self->model, "min_age", "0");
  kernel_model_set (self->model, "quota_reset_interval_ms", "0");
}

/* Windows of 50 ms that are full at once. */
static void
fill_windows (ModelCase *self)
{
  kernel_model_set (self->model, "quota_reset_interval_ms", "50");
  kernel_model_set (self->model, "quota_ms", "0");
  kernel_model_set (self->model, "quota_sz", "65536");
  kernel_model_command (self->model, "height 65536");
}

static guint64
get_counter (ModelCase *self, const char *file)
{
  g_autofree char *value = kernel_model_read (self->model, file);

  return g_ascii_strtoull (value, NULL, 10);
}

typedef struct {
  ModelCase *test;
  const char *file;
  guint64 than;
} Growth;

static gboolean
has_grown (gpointer data)
{
  const Growth *growth = data;

  return get_counter (growth->test, growth->file) > growth->than;
}

/* Whether the counter gets beyond @than. */
static gboolean
grows (ModelCase *self, const char *file, guint64 than)
{
  return wait_until (has_grown, &(Growth){ self, file, than }, 5);
}

typedef struct {
  ModelCase *test;
  const char *key;
  gint64 end;
} Passage;

static gboolean
has_passed (gpointer data)
{
  const Passage *passage = data;

  return kernel_model_get_number (passage->test->model, passage->key) >= passage->end;
}

/* So many more of what the state counts by @key: a busy machine lets them come late. */
static void
pass (ModelCase *self, const char *key, guint count)
{
  const gint64 begin = kernel_model_get_number (self->model, key);

  g_assert_true (wait_until (has_passed, &(Passage){ self, key, begin + count }, 10));
}

static gboolean
stand (ModelCase *self)
{
  const guint64 tried = get_counter (self, "nr_hugepage_tried_regions");
  const guint64 exceeds = get_counter (self, "nr_quota_exceeds");

  wait_for (300);
  pass (self, "windows", 4);
  return tried == get_counter (self, "nr_hugepage_tried_regions")
         && exceeds == get_counter (self, "nr_quota_exceeds");
}

/* 2 bytes, then twice as much each window; nothing is tried below half a page. */
static void
test_climbs_from_two_bytes (ModelCase *self, gconstpointer data)
{
  gint64 window = 0;

  model_case_aim (self);
  hurry (self);
  kernel_model_set (self->model, "quota_reset_interval_ms", "40");
  model_case_start (self);
  g_assert_true (grows (self, "nr_quota_exceeds", 0));
  while (window < 10) {
    const gint64 quota = kernel_model_get_number (self->model, "quota");
    const guint64 tried = get_counter (self, "nr_hugepage_tried_regions");
    const gint64 now = kernel_model_get_number (self->model, "windows");

    /* All of it was in one window. */
    if (now == window && now < 10) {
      g_assert_cmpint (quota, ==, G_GINT64_CONSTANT (2) << window);
      g_assert_cmpuint (tried, ==, 0);
    }
    window = now;
    wait_for (5);
  }
  g_assert_true (grows (self, "nr_hugepage_tried_regions", 0));
  g_assert_cmpuint (get_counter (self, "nr_quota_exceeds"), >=, 10);
}

static void
test_feedback (ModelCase *self, gconstpointer data)
{
  static const struct {
    const char *feedback;
    gint64 least;
    gint64 most;
  } cases[] = {
    { "20000", 1, 1 }, { "10000", 1, 1 }, { "0", 1024, G_MAXINT64 }, { "10000", 1024, G_MAXINT64 },
    { "30000", 1, 1 },
  };

  model_case_aim (self);
  hurry (self);
  kernel_model_set (self->model, "quota_autotune_feedback", "10000");
  model_case_start (self);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    kernel_model_set (self->model, "quota_autotune_feedback", "%s", cases[i].feedback);
    model_case_commit (self);
    pass (self, "windows", 50);
    g_assert_cmpint (kernel_model_get_number (self->model, "height"), >=, cases[i].least);
    g_assert_cmpint (kernel_model_get_number (self->model, "height"), <=, cases[i].most);
  }
}

static void
test_ratio (ModelCase *self, gconstpointer data)
{
  gint64 height;

  model_case_aim (self);
  hurry (self);
  kernel_model_command (self->model, "huge-ratio 100");
  kernel_model_command (self->model, "height 4096");
  model_case_start (self);
  pass (self, "windows", 40);
  height = kernel_model_get_number (self->model, "height");
  g_assert_cmpint (height, ==, 4096);
  kernel_model_command (self->model, "huge-ratio 150");
  pass (self, "windows", 40);
  g_assert_cmpint (kernel_model_get_number (self->model, "height"), <, height);
  kernel_model_command (self->model, "huge-ratio 200");
  pass (self, "windows", 40);
  g_assert_cmpint (kernel_model_get_number (self->model, "height"), ==, 1);
}

/* Not before the unmapped hole behind the program has been paid for. */
static void
test_collapses_by_address (ModelCase *self, gconstpointer data)
{
  Child *hotmap = fixture_hotmap_as (&self->fixture, "alice", NULL, "--hot=2", "--cold=6", NULL);
  guint64 huge = 0;

  kernel_model_set (self->model, "monitored_pid", "%d", child_get_pid (hotmap));
  hurry (self);
  kernel_model_set (self->model, "quota_percentage_hugepage", "10000");
  kernel_model_set (self->model, "quota_ms", "0");
  model_case_start (self);
  for (guint i = 0; i < 500 && huge == 0; i++) {
    g_autoptr (PageTables) tables = page_tables_open (child_get_pid (hotmap), NULL);
    guint64 anonymous;

    wait_for (20);
    g_assert_true (page_tables_get_totals (tables, &anonymous, &huge, NULL));
  }
  g_assert_cmpuint (huge, >, 0);
  g_assert_cmpint (kernel_model_get_number (self->model, "windows"), >=, 21);
  g_assert_true (grows (self, "bytes_hugepage_tried_regions", 2 << 20));
  kernel_model_command (self->model, "allow-hurt undrained");
}

static void
test_counters_are_the_systems (ModelCase *self, gconstpointer data)
{
  kernel_model_command (self->model, "set-counters 1 2 3 4 5");
  assert_parameter (self->model, "nr_hugepage_tried_regions", "1");
  assert_parameter (self->model, "bytes_hugepage_tried_regions", "2");
  assert_parameter (self->model, "nr_hugepage_regions", "3");
  assert_parameter (self->model, "bytes_hugepage_regions", "4");
  model_case_aim (self);
  model_case_start (self);
  g_assert_true (grows (self, "nr_quota_exceeds", 5));
  kernel_model_set (self->model, "enabled", "N");
  g_assert_cmpuint (get_counter (self, "nr_quota_exceeds"), >=, 6);
}

/* As long as no window has been full, nothing happens to the next start. */
static void
test_stop_before_a_full_window (ModelCase *self, gconstpointer data)
{
  model_case_aim (self);
  for (guint i = 0; i < 3; i++) {
    model_case_start (self);
    kernel_model_set (self->model, "enabled", "N");
    g_assert_cmpint (kernel_model_get_number (self->model, "trapped"), ==, 0);
  }
}

static void
start_with_full_windows (ModelCase *self)
{
  hurry (self);
  fill_windows (self);
  /* Whatever of the target's memory may be huge by itself: with a sanitizer there is much. */
  kernel_model_command (self->model, "huge-ratio 0");
  model_case_start (self);
  g_assert_true (grows (self, "nr_hugepage_tried_regions", 2));
  kernel_model_wait (self->model, "mark", "1", 5);
}

/* Both counters stand, with a target that lives and can be worked on. */
static void
assert_trapped (ModelCase *self)
{
  model_case_start (self);
  /* The window of before may have been full, and that is counted once. */
  pass (self, "windows", 3);
  g_assert_true (stand (self));
  g_assert_cmpint (kernel_model_get_number (self->model, "trapped"), ==, 1);
  kernel_model_set (self->model, "enabled", "N");
}

static void
test_stop_shuts_the_trap (ModelCase *self, gconstpointer data)
{
  model_case_aim (self);
  start_with_full_windows (self);
  kernel_model_set (self->model, "enabled", "N");
  g_assert_cmpint (kernel_model_get_number (self->model, "hurts"), ==, 1);
  for (guint i = 0; i < 2; i++)
    assert_trapped (self);
  g_assert_cmpint (kernel_model_get_number (self->model, "hurts"), ==, 1);
  kernel_model_command (self->model, "allow-hurt undrained");
}

static void
test_exit_shuts_the_trap (ModelCase *self, gconstpointer data)
{
  Child *target = fixture_poser_as (&self->fixture, "alice", NULL, NULL);

  kernel_model_set (self->model, "monitored_pid", "%d", child_get_pid (target));
  start_with_full_windows (self);
  child_signal (target, SIGKILL);
  g_assert_true (child_wait (target, 5, NULL));
  kernel_model_wait (self->model, "running", "0", 5);
  kernel_model_set (self->model, "enabled", "N");
  model_case_aim (self);
  assert_trapped (self);
}

typedef enum {
  DRAIN_BY_AGE_ALONE,
  DRAIN_WHOLE, /* with a goal out of reach */
} DrainKind;

/* @aggregation: milliseconds. */
static void
begin_drain (ModelCase *self, DrainKind kind, guint aggregation)
{
  kernel_model_set (self->model, "sample_interval", "1000");
  kernel_model_set (self->model, "aggr_interval", "%u", aggregation * 1000);
  kernel_model_set (self->model, "min_age", "%" G_GUINT64_FORMAT,
                    G_MAXUINT32 * (guint64) aggregation * 1000);
  kernel_model_set (self->model, "quota_reset_interval_ms", "0");
  if (kind == DRAIN_WHOLE) {
    kernel_model_set (self->model, "quota_percentage_hugepage", "1000000000");
    kernel_model_set (self->model, "quota_autotune_feedback", "0");
  }
  model_case_commit (self);
}

/* By feedback, until the quota is a byte. */
static void
exceed_goal (ModelCase *self)
{
  kernel_model_set (self->model, "quota_autotune_feedback", "20000");
  model_case_commit (self);
  kernel_model_wait (self->model, "quota", "1", 5);
}

static void
assert_works (ModelCase *self)
{
  hurry (self);
  fill_windows (self);
  /* Whatever of the target's memory may be huge by itself: with a sanitizer there is much. */
  kernel_model_command (self->model, "huge-ratio 0");
  model_case_start (self);
  g_assert_true (
    grows (self, "nr_hugepage_tried_regions", get_counter (self, "nr_hugepage_tried_regions")));
}

static void
test_drain (ModelCase *self, gconstpointer data)
{
  model_case_aim (self);
  start_with_full_windows (self);
  for (guint i = 0; i < 3; i++) {
    begin_drain (self, DRAIN_WHOLE, 5);
    pass (self, "aggregations", 20);
    kernel_model_set (self->model, "enabled", "N");
    g_assert_cmpint (kernel_model_get_number (self->model, "mark"), ==, 0);
    model_case_aim (self);
    assert_works (self);
  }
  exceed_goal (self);
  begin_drain (self, DRAIN_WHOLE, 5);
  kernel_model_wait (self->model, "mark", "0", 5);
  kernel_model_set (self->model, "enabled", "N");
  g_assert_cmpint (kernel_model_get_number (self->model, "hurts"), ==, 0);
  assert_works (self);
}

static void
test_drain_that_is_too_short (ModelCase *self, gconstpointer data)
{
  model_case_aim (self);
  start_with_full_windows (self);
  begin_drain (self, DRAIN_WHOLE, 500);
  pass (self, "aggregations", 2);
  kernel_model_set (self->model, "enabled", "N");
  g_assert_cmpint (kernel_model_get_number (self->model, "hurts"), ==, 1);
  assert_trapped (self);
  kernel_model_command (self->model, "allow-hurt undrained");
}

/* A quota of one byte is always full. */
static void
test_drain_over_the_goal (ModelCase *self, gconstpointer data)
{
  model_case_aim (self);
  start_with_full_windows (self);
  exceed_goal (self);
  begin_drain (self, DRAIN_BY_AGE_ALONE, 5);
  pass (self, "aggregations", 40);
  kernel_model_set (self->model, "enabled", "N");
  g_assert_cmpint (kernel_model_get_number (self->model, "trapped"), ==, 1);
  kernel_model_command (self->model, "allow-hurt undrained");
}

static void
test_trap_by_order (ModelCase *self, gconstpointer data)
{
  model_case_aim (self);
  hurry (self);
  kernel_model_command (self->model, "trap");
  assert_trapped (self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  model_case_add ("/kernel-model-quota/climbs-from-two-bytes", test_climbs_from_two_bytes);
  model_case_add ("/kernel-model-quota/feedback", test_feedback);
  model_case_add ("/kernel-model-quota/ratio", test_ratio);
  model_case_add ("/kernel-model-quota/collapses-by-address", test_collapses_by_address);
  model_case_add ("/kernel-model-quota/counters-are-the-systems", test_counters_are_the_systems);
  model_case_add ("/kernel-model-quota/stop-before-a-full-window", test_stop_before_a_full_window);
  model_case_add ("/kernel-model-quota/stop-shuts-the-trap", test_stop_shuts_the_trap);
  model_case_add ("/kernel-model-quota/exit-shuts-the-trap", test_exit_shuts_the_trap);
  model_case_add ("/kernel-model-quota/drain", test_drain);
  model_case_add ("/kernel-model-quota/drain-that-is-too-short", test_drain_that_is_too_short);
  model_case_add ("/kernel-model-quota/drain-over-the-goal", test_drain_over_the_goal);
  model_case_add ("/kernel-model-quota/trap-by-order", test_trap_by_order);
  return g_test_run ();
}
