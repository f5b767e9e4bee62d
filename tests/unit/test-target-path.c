/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bus/target-path.h"

#include <gio/gio.h>

#define PREFIX "/org/damon/Hugepage/targets/t"

static const guint64 ids[] = { 1, 7, 4711, G_MAXUINT32, G_MAXUINT64 };

static void
test_there_and_back (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
    g_autofree char *path = dh_target_path_new (ids[i]);
    g_autofree char *expected = g_strdup_printf (PREFIX "%" G_GUINT64_FORMAT, ids[i]);
    guint64 id;

    g_assert_cmpstr (path, ==, expected);
    g_assert_true (g_variant_is_object_path (path));
    g_assert_true (dh_target_path_parse (path, &id));
    g_assert_cmpuint (id, ==, ids[i]);
  }
}

/* Each object has one path: no second spelling of it is one. */
static const struct {
  const char *name;
  const char *path;
} strangers[] = {
  { "nothing", "" },
  { "root", "/" },
  { "the-service", "/org/damon/Hugepage" },
  { "the-folder", "/org/damon/Hugepage/targets" },
  { "no-number", PREFIX },
  { "zero", PREFIX "0" },
  { "a-leading-zero", PREFIX "07" },
  { "a-sign", PREFIX "+7" },
  { "a-minus", PREFIX "-7" },
  { "a-space", PREFIX " 7" },
  { "more-behind", PREFIX "7/8" },
  { "a-letter-behind", PREFIX "7a" },
  { "hexadecimal", PREFIX "0x7" },
  { "one-too-large", PREFIX "18446744073709551616" },
  { "another-letter", "/org/damon/Hugepage/targets/7" },
  { "another-service", "/org/damon/Hugepages/targets/t7" },
  { "more-before", "/x" PREFIX "7" },
};

static void
test_stranger (gconstpointer data)
{
  guint64 id;

  g_assert_false (dh_target_path_parse (strangers[GPOINTER_TO_UINT (data)].path, &id));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/target-path/there-and-back", test_there_and_back);
  for (guint i = 0; i < G_N_ELEMENTS (strangers); i++) {
    g_autofree char *path = g_strconcat ("/target-path/is-not/", strangers[i].name, NULL);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_stranger);
  }

  return g_test_run ();
}
