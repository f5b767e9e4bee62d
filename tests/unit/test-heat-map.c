/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "hugepages/heat-map.h"

#include "hugepages/heat.h"

#define AT(i) ((guint64) (i) *DH_BLOCK_SIZE)
#define THRESHOLD 100.0

static GArray *
blocks_new (void)
{
  return g_array_new (FALSE, TRUE, sizeof (DhBlock));
}

static DhBlock *
add_block (GArray *blocks, guint64 number, float score)
{
  const DhBlock block = { .address = AT (number), .score = score };

  g_array_append_val (blocks, block);
  return &g_array_index (blocks, DhBlock, blocks->len - 1);
}

/* Runs one after the other, each as "SKIPPED: HEAT HEAT …;". Returns: (transfer full). */
static char *
print (const DhHeatMap *map)
{
  const GArray *runs = dh_heat_map_get_runs (map);
  const guint8 *bytes = dh_heat_map_get_bytes (map);
  g_autoptr (GString) text = g_string_new (NULL);
  guint next = 0;

  for (guint i = 0; i < runs->len; i++) {
    const DhHeatRun *run = &g_array_index (runs, DhHeatRun, i);

    g_assert_cmpuint (run->start, ==, next);
    g_assert_cmpuint (run->length, >, 0);
    next += run->length;
    g_string_append_printf (text, "%" G_GUINT64_FORMAT ":", run->skipped);
    for (guint j = 0; j < run->length; j++)
      g_string_append_printf (text, " %u", bytes[run->start + j]);
    g_string_append_c (text, ';');
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
assert_map (GArray *blocks, const char *expected)
{
  g_autoptr (DhHeatMap) map = dh_heat_map_new (blocks, THRESHOLD);
  g_autofree char *text = print (map);

  g_assert_cmpstr (text, ==, expected);
  g_assert_cmpuint (dh_heat_map_get_block_size (map), ==, DH_BLOCK_SIZE);
}

static const struct {
  const char *name;
  float score;
  guint16 touched;
  guint8 verdict;
  gboolean collapsed;
  guint8 heat;
} heats[] = {
  { "cold", 0, 0, DH_ELIGIBLE, FALSE, 0 },
  { "one-page-is-not-nothing", 0, 1, DH_ELIGIBLE, FALSE, 1 },
  { "a-breath-of-heat", 0.001f, 2, DH_ELIGIBLE, FALSE, 1 },
  { "half-of-what-pays", 50, 64, DH_ELIGIBLE, FALSE, 112 },
  { "what-just-pays", 100, 200, DH_ELIGIBLE, FALSE, 128 },
  { "twice-what-pays", 200, 400, DH_ELIGIBLE, FALSE, 144 },
  { "a-sixteenth-of-a-doubling", 104.5f, 400, DH_ELIGIBLE, FALSE, 129 },
  { "two-hundred-times-what-pays", 20000, 512, DH_ELIGIBLE, FALSE, 250 },
  { "the-hottest", 1e9f, 512, DH_ELIGIBLE, FALSE, 254 },
  { "hot-but-shared", 200, 400, DH_SKIP_SHARED, FALSE, 144 },
  { "huge-by-itself", 200, 512, DH_SKIP_HUGE, FALSE, 255 },
  { "huge-and-cold", 0, 0, DH_SKIP_HUGE, FALSE, 255 },
  { "made-huge", 200, 512, DH_ELIGIBLE, TRUE, 255 },
};

static void
test_heat (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autoptr (GArray) blocks = blocks_new ();
  DhBlock *block = add_block (blocks, 1, heats[i].score);
  g_autofree char *expected = g_strdup_printf ("0: %u;", heats[i].heat);

  block->touched = heats[i].touched;
  block->verdict = heats[i].verdict;
  block->collapsed = heats[i].collapsed;
  assert_map (blocks, expected);
}

static void
test_nothing (void)
{
  g_autoptr (GArray) blocks = blocks_new ();

  assert_map (blocks, "");
}

static void
test_runs (void)
{
  static const guint64 numbers[] = { 7, 8, 9, 12, 14, 15 };
  g_autoptr (GArray) blocks = blocks_new ();

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    add_block (blocks, numbers[i], 100);
  assert_map (blocks, "0: 128 128 128;2: 128;1: 128 128;");
}

/* Neither where the first block is, nor how far a heap is from a stack. */
static void
test_no_addresses (void)
{
  const guint64 far = (guint64) 1 << 35;
  g_autoptr (GArray) near_blocks = blocks_new (), far_blocks = blocks_new ();

  add_block (near_blocks, 3, 0);
  add_block (near_blocks, 3 + DH_HEAT_MAP_MAX_GAP + 1, 0);
  assert_map (near_blocks, "0: 0;4096: 0;");
  add_block (far_blocks, far, 0);
  add_block (far_blocks, far + DH_HEAT_MAP_MAX_GAP + 2, 0);
  add_block (far_blocks, 2 * far - 1, 0);
  assert_map (far_blocks, "0: 0;4096: 0;4096: 0;");
}

static void
test_no_threshold_to_speak_of (void)
{
  static const double thresholds[] = { 1e-300, 1e300, G_MAXDOUBLE };
  g_autoptr (GArray) blocks = blocks_new ();

  add_block (blocks, 1, 5)->touched = 9;
  for (guint i = 0; i < G_N_ELEMENTS (thresholds); i++) {
    g_autoptr (DhHeatMap) map = dh_heat_map_new (blocks, thresholds[i]);

    g_assert_cmpuint (dh_heat_map_get_bytes (map)[0], ==, i == 0 ? DH_HEAT_MAP_HOTTEST : 1);
  }
}

static const struct {
  guint n_blocks;
  guint64 size; /* of what one byte stands for, blocks */
  guint length;
} sizes[] = {
  { 1, 1, 1 },          { 65535, 1, 65535 },  { 65536, 1, 65536 },  { 65537, 2, 32769 },
  { 131072, 2, 65536 }, { 131073, 4, 32769 }, { 200000, 4, 50000 }, { 600000, 16, 37500 },
};

static void
test_is_small (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autoptr (GArray) blocks = blocks_new ();
  g_autoptr (DhHeatMap) map = NULL;
  const GArray *runs;

  for (guint number = 0; number < sizes[i].n_blocks; number++)
    add_block (blocks, number, 100);
  map = dh_heat_map_new (blocks, THRESHOLD);
  runs = dh_heat_map_get_runs (map);
  g_assert_cmpuint (dh_heat_map_get_block_size (map), ==, sizes[i].size * DH_BLOCK_SIZE);
  g_assert_cmpuint (runs->len, ==, 1);
  g_assert_cmpuint (g_array_index (runs, DhHeatRun, 0).length, ==, sizes[i].length);
  for (guint j = 0; j < sizes[i].length; j++)
    g_assert_cmpuint (dh_heat_map_get_bytes (map)[j], ==, DH_HEAT_MAP_PAYS);
}

/* As sparse as a process can be: gaps shrink with the blocks. */
static void
test_is_small_when_sparse (void)
{
  const guint n = DH_HEAT_MAP_MAX_BYTES + 2;
  g_autoptr (GArray) blocks = blocks_new ();
  g_autoptr (DhHeatMap) map = NULL;
  const GArray *runs;

  for (guint i = 0; i < n; i++)
    add_block (blocks, (guint64) i * 8, 100);
  map = dh_heat_map_new (blocks, THRESHOLD);
  runs = dh_heat_map_get_runs (map);
  /* Of blocks that are eight apart, two come together in pieces of sixteen. */
  g_assert_cmpuint (dh_heat_map_get_block_size (map), ==, 16 * DH_BLOCK_SIZE);
  g_assert_cmpuint (runs->len, ==, 1);
  g_assert_cmpuint (g_array_index (runs, DhHeatRun, 0).length, ==, n / 2);
}

/* What is small and hot is what there is to see. */
static void
test_merged (void)
{
  static const struct {
    float score[2];
    gboolean huge[2];
    guint8 heat;
  } pairs[] = {
    { { 0, 0 }, { FALSE, FALSE }, 0 },       { { 0, 100 }, { FALSE, FALSE }, 128 },
    { { 200, 100 }, { FALSE, FALSE }, 144 }, { { 0, 0 }, { TRUE, FALSE }, 0 },
    { { 100, 0 }, { FALSE, TRUE }, 128 },    { { 0, 0 }, { TRUE, TRUE }, 255 },
  };
  g_autoptr (GArray) blocks = blocks_new ();
  g_autoptr (DhHeatMap) map = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    for (guint j = 0; j < 2; j++)
      add_block (blocks, 2 * i + j, pairs[i].score[j])->collapsed = pairs[i].huge[j];
  while (blocks->len <= DH_HEAT_MAP_MAX_BYTES)
    add_block (blocks, blocks->len, 0);
  map = dh_heat_map_new (blocks, THRESHOLD);
  g_assert_cmpuint (dh_heat_map_get_block_size (map), ==, 2 * DH_BLOCK_SIZE);
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    g_assert_cmpuint (dh_heat_map_get_bytes (map)[i], ==, pairs[i].heat);
}

static void
test_lives_as_long_as_it_is_held (void)
{
  g_autoptr (GArray) blocks = blocks_new ();
  g_autoptr (DhHeatMap) held = NULL;
  DhHeatMap *map;
  g_autofree char *text = NULL;

  add_block (blocks, 1, 100);
  map = dh_heat_map_new (blocks, THRESHOLD);
  held = dh_heat_map_ref (map);
  dh_heat_map_unref (map);
  text = print (held);
  g_assert_cmpstr (text, ==, "0: 128;");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (heats); i++) {
    g_autofree char *path = g_strconcat ("/heat-map/heat/", heats[i].name, NULL);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_heat);
  }
  g_test_add_func ("/heat-map/nothing", test_nothing);
  g_test_add_func ("/heat-map/runs-and-gaps", test_runs);
  g_test_add_func ("/heat-map/no-addresses", test_no_addresses);
  g_test_add_func ("/heat-map/no-threshold-to-speak-of", test_no_threshold_to_speak_of);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree char *path = g_strdup_printf ("/heat-map/small/%u-blocks", sizes[i].n_blocks);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_is_small);
  }
  g_test_add_func ("/heat-map/small/as-sparse-as-can-be", test_is_small_when_sparse);
  g_test_add_func ("/heat-map/a-pair-is-as-hot-as-what-is-small-in-it", test_merged);
  g_test_add_func ("/heat-map/lives-as-long-as-it-is-held", test_lives_as_long_as_it_is_held);

  return g_test_run ();
}
