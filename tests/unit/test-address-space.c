/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "hugepages/address-space.h"

#define MIB ((guint64) 1 << 20)
#define ANONYMOUS (DH_MAPPING_ANONYMOUS | DH_MAPPING_WRITABLE)
#define SHMEM (DH_MAPPING_SHMEM | DH_MAPPING_WRITABLE)

typedef struct {
  const char *path;
  DhMapping mapping;
  DhBlockView view;
  guint shared_pages;
  DhVerdict verdict;
} Case;

/* clang-format off */
static const Case cases[] = {
  { "/verdict/a-full-anonymous-block-is-eligible",
    { 0, 8 * MIB, 0, ANONYMOUS }, { 2 * MIB, 512, 9, 0, 0, FALSE }, 0, DH_ELIGIBLE },
  { "/verdict/a-block-that-fills-its-mapping-is-eligible",
    { 2 * MIB, 4 * MIB, 0, ANONYMOUS }, { 2 * MIB, 512, 0, 0, 0, FALSE }, 0, DH_ELIGIBLE },
  { "/verdict/read-only-memory-is-eligible",
    { 0, 8 * MIB, 0, DH_MAPPING_ANONYMOUS }, { 2 * MIB, 512, 0, 0, 512, FALSE }, 0, DH_ELIGIBLE },
  { "/verdict/a-block-of-just-enough-pages-is-eligible",
    { 0, 8 * MIB, 0, ANONYMOUS }, { 2 * MIB, 480, 0, 0, 0, FALSE }, 0, DH_ELIGIBLE },
  { "/verdict/a-mapping-that-starts-a-page-late-is-a-border",
    { 2 * MIB + 4096, 8 * MIB, 0, ANONYMOUS }, { 2 * MIB, 511, 0, 0, 0, FALSE }, 0,
    DH_SKIP_BORDER },
  { "/verdict/a-mapping-that-ends-a-page-early-is-a-border",
    { 0, 4 * MIB - 4096, 0, ANONYMOUS }, { 2 * MIB, 511, 0, 0, 0, FALSE }, 0, DH_SKIP_BORDER },
  { "/verdict/a-mapping-that-ends-before-is-a-border",
    { 0, 2 * MIB, 0, ANONYMOUS }, { 2 * MIB, 512, 0, 0, 0, FALSE }, 0, DH_SKIP_BORDER },
  { "/verdict/the-end-of-all-addresses-is-a-border",
    { 0, G_MAXUINT64, 0, ANONYMOUS }, { -2 * MIB, 512, 0, 0, 0, FALSE }, 0, DH_SKIP_BORDER },
  { "/verdict/huge-comes-before-all-else",
    { 0, 2 * MIB, 0, DH_MAPPING_SPECIAL }, { 2 * MIB, 512, 0, 9, 0, TRUE }, 9, DH_SKIP_HUGE },
  { "/verdict/border-comes-before-special",
    { 0, 3 * MIB, 0, DH_MAPPING_SPECIAL }, { 2 * MIB, 512, 0, 0, 0, FALSE }, 0, DH_SKIP_BORDER },
  { "/verdict/special-comes-before-no-hugepage",
    { 0, 8 * MIB, 0, ANONYMOUS | DH_MAPPING_SPECIAL | DH_MAPPING_NO_HUGEPAGE },
    { 2 * MIB, 512, 0, 0, 0, FALSE }, 0, DH_SKIP_SPECIAL },
  { "/verdict/no-hugepage-comes-before-locked",
    { 0, 8 * MIB, 0, ANONYMOUS | DH_MAPPING_NO_HUGEPAGE | DH_MAPPING_LOCKED },
    { 2 * MIB, 512, 0, 0, 0, FALSE }, 0, DH_SKIP_NO_HUGEPAGE },
  { "/verdict/locked-comes-before-file",
    { 0, 8 * MIB, 0, DH_MAPPING_LOCKED }, { 2 * MIB, 512, 0, 0, 0, FALSE }, 0, DH_SKIP_LOCKED },
  { "/verdict/file-comes-before-sparse",
    { 0, 8 * MIB, 0, DH_MAPPING_WRITABLE }, { 2 * MIB, 1, 0, 0, 0, FALSE }, 0, DH_SKIP_FILE },
  { "/verdict/shared-memory-congruent-with-its-object-is-eligible",
    { 3 * MIB + 4096, 9 * MIB, 5 * MIB + 4096, SHMEM }, { 4 * MIB, 512, 0, 0, 0, FALSE }, 0,
    DH_ELIGIBLE },
  { "/verdict/shared-memory-a-page-off-is-incongruent",
    { 3 * MIB, 9 * MIB, 5 * MIB + 4096, SHMEM }, { 4 * MIB, 512, 0, 3, 0, FALSE }, 0,
    DH_SKIP_INCONGRUENT },
  { "/verdict/the-offset-of-anonymous-memory-does-not-matter",
    { 0, 8 * MIB, 4096, ANONYMOUS }, { 2 * MIB, 512, 0, 0, 0, FALSE }, 0, DH_ELIGIBLE },
  { "/verdict/swapped-comes-before-sparse",
    { 0, 8 * MIB, 0, ANONYMOUS }, { 2 * MIB, 100, 0, 1, 0, FALSE }, 0, DH_SKIP_SWAPPED },
  { "/verdict/a-block-one-page-short-is-sparse",
    { 0, 8 * MIB, 0, ANONYMOUS }, { 2 * MIB, 479, 0, 0, 0, FALSE }, 1, DH_SKIP_SPARSE },
  { "/verdict/one-page-shared-after-a-fork-is-enough",
    { 0, 8 * MIB, 0, ANONYMOUS }, { 2 * MIB, 512, 0, 0, 0, FALSE }, 1, DH_SKIP_SHARED },
  { "/verdict/shared-memory-may-be-shared",
    { 0, 8 * MIB, 0, SHMEM }, { 2 * MIB, 512, 0, 0, 0, FALSE }, 512, DH_ELIGIBLE },
};
/* clang-format on */

static void
test_verdict (gconstpointer data)
{
  const Case *row = data;

  g_assert_cmpstr (dh_verdict_to_string (dh_verdict (&row->mapping, &row->view, row->shared_pages)),
                   ==, dh_verdict_to_string (row->verdict));
}

static void
test_no_mapping (void)
{
  DhBlockView view = { .address = 2 * MIB, .resident = 512 };

  g_assert_cmpint (dh_verdict (NULL, &view, 0), ==, DH_SKIP_BORDER);
  view.huge = TRUE;
  g_assert_cmpint (dh_verdict (NULL, &view, 0), ==, DH_SKIP_HUGE);
}

static void
test_names (void)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint verdict = 0; verdict < DH_N_VERDICTS; verdict++)
    g_assert_true (g_hash_table_add (names, (gpointer) dh_verdict_to_string (verdict)));

  g_assert_cmpstr (dh_verdict_to_string (DH_ELIGIBLE), ==, "eligible");
  g_assert_cmpstr (dh_verdict_to_string (DH_SKIP_SHARED), ==, "shared");
  g_assert_cmpstr (dh_verdict_to_string (DH_N_VERDICTS), ==, "unknown");
}

/* [1, 3) [3, 4) [8, 9) MiB */
static GArray *
three_mappings (void)
{
  GArray *mappings = g_array_new (FALSE, FALSE, sizeof (DhMapping));
  const DhMapping rows[] = {
    { .start = 1 * MIB, .end = 3 * MIB },
    { .start = 3 * MIB, .end = 4 * MIB },
    { .start = 8 * MIB, .end = 9 * MIB },
  };

  return g_array_append_vals (mappings, rows, G_N_ELEMENTS (rows));
}

static void
test_find_from_any_hint (void)
{
  static const struct {
    guint64 address;
    int index; /* -1: none */
  } rows[] = {
    { 0, -1 },       { MIB - 1, -1 }, { MIB, 0 },         { 3 * MIB - 1, 0 }, { 3 * MIB, 1 },
    { 4 * MIB, -1 }, { 8 * MIB, 2 },  { 9 * MIB - 1, 2 }, { 9 * MIB, -1 },    { G_MAXUINT64, -1 },
  };
  g_autoptr (GArray) mappings = three_mappings ();

  for (guint start = 0; start < 6; start++)
    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
      guint hint = start < 5 ? start : G_MAXUINT;
      const DhMapping *expected =
        rows[i].index < 0 ? NULL : &g_array_index (mappings, DhMapping, rows[i].index);

      g_assert_true (dh_mappings_find (mappings, rows[i].address, &hint) == expected);
      g_assert_cmpuint (hint, <=, mappings->len);
    }
}

static void
test_find_moves_the_hint_along (void)
{
  g_autoptr (GArray) mappings = three_mappings ();
  guint hint = 0;

  g_assert_nonnull (dh_mappings_find (mappings, 3 * MIB, &hint));
  g_assert_cmpuint (hint, ==, 1);
  g_assert_null (dh_mappings_find (mappings, 5 * MIB, &hint));
  g_assert_cmpuint (hint, ==, 2);
  g_assert_nonnull (dh_mappings_find (mappings, 8 * MIB, &hint));
  g_assert_cmpuint (hint, ==, 2);
}

static void
test_find_in_nothing (void)
{
  g_autoptr (GArray) mappings = g_array_new (FALSE, FALSE, sizeof (DhMapping));
  guint hint = 7;

  g_assert_null (dh_mappings_find (mappings, MIB, &hint));
  g_assert_cmpuint (hint, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add_data_func (cases[i].path, &cases[i], test_verdict);
  g_test_add_func ("/verdict/a-block-in-no-mapping-is-a-border-unless-huge", test_no_mapping);
  g_test_add_func ("/verdict/each-has-a-name-of-its-own", test_names);
  g_test_add_func ("/mappings/are-found-whatever-the-hint", test_find_from_any_hint);
  g_test_add_func ("/mappings/the-hint-moves-along-with-a-sweep", test_find_moves_the_hint_along);
  g_test_add_func ("/mappings/nothing-is-found-in-nothing", test_find_in_nothing);

  return g_test_run ();
}
