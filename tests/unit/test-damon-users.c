/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engines/damon-users.h"

#include "descriptors.h"
#include "fake-root.h"

#define STAT "sys/module/damon_stat/parameters/enabled"
#define HUGEPAGE "sys/module/damon_hugepage/parameters/enabled"
#define KDAMONDS "sys/kernel/mm/damon/admin/kdamonds"
#define KDAMOND_0 "kdamond 231 of /" KDAMONDS "/0"
#define STAT_IS_ON "the module damon_stat (/" STAT " is Y)"

typedef struct {
  const char *name;
  const char *contents;
} File;

typedef struct {
  const char *path;
  File files[8];
  const char *user; /* NULL: none */
} Row;

static const Row rows[] = {
  { "/damon-users/none/where-there-is-no-damon",
    { { "sys/module/kvm/parameters/enabled", "Y\n" } } },
  { "/damon-users/none/where-all-is-off",
    { { STAT, "N\n" },
      { KDAMONDS "/nr_kdamonds", "1\n" },
      { KDAMONDS "/0/state", "off\n" },
      { KDAMONDS "/0/pid", "-1\n" } } },
  { "/damon-users/none/but-the-module-itself", { { HUGEPAGE, "Y\n" } } },
  { "/damon-users/none/of-another-name",
    { { "sys/module/damo_stat/parameters/enabled", "Y\n" },
      { "sys/module/xdamon_stat/parameters/enabled", "Y\n" },
      { "sys/module/DAMON_STAT/parameters/enabled", "Y\n" },
      { "sys/module/damon/parameters/enabled", "Y\n" },
      { "sys/module/damon_stat/enabled", "Y\n" },
      { "sys/module/damon_stat/parameters/enabled_too", "Y\n" },
      { "sys/module/damon_file", "Y\n" } } },
  { "/damon-users/module/enabled", { { STAT, "Y\n" } }, STAT_IS_ON },
  { "/damon-users/module/enable",
    { { "sys/module/damon_sample_prcl/parameters/enable", "Y\n" } },
    "the module damon_sample_prcl (/sys/module/damon_sample_prcl/parameters/enable is Y)" },
  { "/damon-users/module/enable-where-enabled-is-off",
    { { STAT, "N\n" }, { "sys/module/damon_stat/parameters/enable", "Y\n" } },
    "the module damon_stat (/sys/module/damon_stat/parameters/enable is Y)" },
  { "/damon-users/module/enabled-before-enable",
    { { STAT, "Y\n" }, { "sys/module/damon_stat/parameters/enable", "Y\n" } },
    STAT_IS_ON },
  { "/damon-users/module/besides-the-module-itself",
    { { HUGEPAGE, "Y\n" }, { STAT, "Y\n" } },
    STAT_IS_ON },
  { "/damon-users/module/whose-name-only-begins-as-the-module-s",
    { { "sys/module/damon_hugepage2/parameters/enabled", "Y\n" } },
    "the module damon_hugepage2 (/sys/module/damon_hugepage2/parameters/enabled is Y)" },
  { "/damon-users/module/first-by-name",
    { { STAT, "Y\n" },
      { "sys/module/damon_reclaim/parameters/enabled", "Y\n" },
      { "sys/module/damon_lru_sort/parameters/enabled", "N\n" },
      { "sys/module/damon_wsse/parameters/enabled", "Y\n" } },
    "the module damon_reclaim (/sys/module/damon_reclaim/parameters/enabled is Y)" },
  { "/damon-users/module/before-a-kdamond",
    { { STAT, "Y\n" }, { KDAMONDS "/0/state", "on\n" }, { KDAMONDS "/0/pid", "231\n" } },
    STAT_IS_ON },
  { "/damon-users/module/with-a-name-that-is-not-text",
    { { "sys/module/damon_\x1b[2J\xff/parameters/enabled", "Y\n" } },
    "the module damon_\\x1b[2J\\xff (/sys/module/damon_\\x1b[2J\\xff/parameters/enabled is Y)" },
  { "/damon-users/kdamond/on",
    { { KDAMONDS "/nr_kdamonds", "1\n" },
      { KDAMONDS "/0/state", "on\n" },
      { KDAMONDS "/0/pid", "231\n" } },
    KDAMOND_0 },
  { "/damon-users/kdamond/on-besides-the-module-itself",
    { { HUGEPAGE, "Y\n" }, { KDAMONDS "/0/state", "on\n" }, { KDAMONDS "/0/pid", "231\n" } },
    KDAMOND_0 },
  { "/damon-users/kdamond/first-by-number",
    { { KDAMONDS "/0/state", "off\n" },
      { KDAMONDS "/10/state", "on\n" },
      { KDAMONDS "/10/pid", "1000\n" },
      { KDAMONDS "/9/state", "on\n" },
      { KDAMONDS "/9/pid", "2147483647\n" } },
    "kdamond 2147483647 of /" KDAMONDS "/9" },
  { "/damon-users/kdamond/with-a-name-that-is-not-text",
    { { KDAMONDS "/\n\xe2\x80\xae/state", "on\n" } },
    "the kdamond of /" KDAMONDS "/\\x0a\\xe2\\x80\\xae" },
};

static void
test_row (FakeRoot *root, gconstpointer data)
{
  const Row *row = data;
  const guint n_open = count_descriptors ();
  g_autofree char *user = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (row->files) && row->files[i].name != NULL; i++)
    fake_root_add_file (root, row->files[i].name, row->files[i].contents);

  user = dh_damon_users_describe (root->path, "damon_hugepage");
  g_assert_cmpstr (user, ==, row->user);
  g_assert_cmpuint (count_descriptors (), ==, n_open);
}

static void
test_nothing_excepted (FakeRoot *root, gconstpointer data)
{
  g_autofree char *user = NULL;

  fake_root_add_file (root, HUGEPAGE, "Y\n");
  user = dh_damon_users_describe (root->path, NULL);
  g_assert_cmpstr (user, ==, "the module damon_hugepage (/" HUGEPAGE " is Y)");
}

/* In whatever order the file system lists them. */
static void
test_order (FakeRoot *root, gconstpointer data)
{
  static const char *const names[] = { "damon_a", "damon_b", "damon_c", "damon_d",
                                       "damon_e", "damon_f", "damon_g", "damon_h" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    const char *name = names[(i * 5 + 3) % G_N_ELEMENTS (names)];
    g_autofree char *file = g_build_filename ("sys/module", name, "parameters/enabled", NULL);

    fake_root_add_file (root, file, "Y\n");
  }
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *file = g_build_filename ("sys/module", names[i], "parameters/enabled", NULL);
    g_autofree char *user = dh_damon_users_describe (root->path, NULL);
    g_autofree char *expected = g_strdup_printf (
      "the module %s (/sys/module/%s/parameters/enabled is Y)", names[i], names[i]);

    g_assert_cmpstr (user, ==, expected);
    fake_root_add_file (root, file, "N\n");
  }
}

/* Puts bytes that may hold NULs into a file. */
static void
set_bytes (FakeRoot *root, const char *name, const char *bytes, gsize length)
{
  g_autofree char *path = g_build_filename (root->path, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, bytes, length, &error);
  g_assert_no_error (error);
}

#define BYTES(literal)                                                                             \
  {                                                                                                \
    literal, sizeof literal - 1                                                                    \
  }

static const struct {
  const char *bytes;
  gsize length;
} garbage[] = {
  BYTES (""),        BYTES ("\n"),     BYTES ("Y"),         BYTES ("on"),         BYTES ("Y\n\n"),
  BYTES ("on\n\n"),  BYTES (" Y\n"),   BYTES (" on\n"),     BYTES ("Y \n"),       BYTES ("on \n"),
  BYTES ("y\n"),     BYTES ("On\n"),   BYTES ("yes\n"),     BYTES ("one\n"),      BYTES ("1\n"),
  BYTES ("\0Y\n"),   BYTES ("Y\0\n"),  BYTES ("on\0\n"),    BYTES ("on\0off\n"),  BYTES ("Y\n\0"),
  BYTES ("on\n\0"),  BYTES ("Y\nN\n"), BYTES ("on\noff\n"), BYTES ("off\non\n"),  BYTES ("N\nY\n"),
  BYTES ("\xffY\n"), BYTES ("Y\r\n"),  BYTES ("on\r\n"),    BYTES ("\xff\xfe\n"),
};

static void
test_garbage (FakeRoot *root, gconstpointer data)
{
  fake_root_add_file (root, STAT, "");
  fake_root_add_file (root, KDAMONDS "/0/state", "");
  for (guint i = 0; i < G_N_ELEMENTS (garbage); i++) {
    g_autofree char *user = NULL;

    set_bytes (root, STAT, garbage[i].bytes, garbage[i].length);
    set_bytes (root, KDAMONDS "/0/state", garbage[i].bytes, garbage[i].length);
    user = dh_damon_users_describe (root->path, NULL);
    g_assert_null (user);
  }
}

static void
test_long_garbage (FakeRoot *root, gconstpointer data)
{
  for (gsize length = 62; length <= 66; length++) {
    g_autofree char *filler = g_strnfill (length - 1, 'o');
    g_autofree char *line = g_strconcat (filler, "\n", NULL);
    g_autofree char *user = NULL;

    fake_root_add_file (root, STAT, line);
    fake_root_add_file (root, KDAMONDS "/0/state", line);
    user = dh_damon_users_describe (root->path, NULL);
    g_assert_null (user);
  }
}

static void
test_garbage_goes_before (FakeRoot *root, gconstpointer data)
{
  g_autofree char *folder = g_build_filename (root->path, KDAMONDS "/1/state", NULL);
  g_autofree char *user = NULL;

  fake_root_add_file (root, STAT, "garbage\n");
  fake_root_add_file (root, KDAMONDS "/0/state", "garbage\n");
  g_assert_no_errno (g_mkdir_with_parents (folder, 0755));
  fake_root_add_file (root, KDAMONDS "/2/state", "on\n");
  fake_root_add_file (root, KDAMONDS "/2/pid", "7\n");
  user = dh_damon_users_describe (root->path, NULL);
  g_assert_cmpstr (user, ==, "kdamond 7 of /" KDAMONDS "/2");
}

static void
test_unknown_number (FakeRoot *root, gconstpointer data)
{
  static const char *const pids[] = {
    NULL,     "",     "\n",   "-1\n",         "0\n",
    "231",    "+5\n", " 5\n", "5 \n",         "5\n6\n",
    "0x10\n", "5a\n", "a5\n", "2147483648\n", "99999999999999999999\n"
  };

  fake_root_add_file (root, KDAMONDS "/0/state", "on\n");
  for (guint i = 0; i < G_N_ELEMENTS (pids); i++) {
    g_autofree char *user = NULL;

    if (pids[i] != NULL)
      fake_root_add_file (root, KDAMONDS "/0/pid", pids[i]);
    user = dh_damon_users_describe (root->path, NULL);
    g_assert_cmpstr (user, ==, "the kdamond of /" KDAMONDS "/0");
  }
}

/* A link could lead anywhere; the kernel has none there. */
static void
test_links (FakeRoot *root, gconstpointer data)
{
  g_autofree char *target = g_build_filename (root->path, "yes", NULL);
  g_autofree char *link = g_build_filename (root->path, STAT, NULL);
  g_autofree char *user = NULL;

  fake_root_add_file (root, "yes", "Y\n");
  fake_root_add_file (root, STAT, "N\n");
  g_assert_no_errno (unlink (link));
  g_assert_no_errno (symlink (target, link));
  user = dh_damon_users_describe (root->path, NULL);
  g_assert_null (user);
}

static void
add (const char *path, gconstpointer data, void (*test) (FakeRoot *, gconstpointer))
{
  g_test_add (path, FakeRoot, data, fake_root_set_up, test, fake_root_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    add (rows[i].path, &rows[i], test_row);
  add ("/damon-users/any-module-counts-where-none-is-excepted", NULL, test_nothing_excepted);
  add ("/damon-users/modules-are-in-order", NULL, test_order);
  add ("/damon-users/garbage-is-passed-over", NULL, test_garbage);
  add ("/damon-users/long-garbage-is-passed-over", NULL, test_long_garbage);
  add ("/damon-users/what-comes-after-garbage-is-found", NULL, test_garbage_goes_before);
  add ("/damon-users/a-kdamond-without-a-number-is-one", NULL, test_unknown_number);
  add ("/damon-users/links-are-not-followed", NULL, test_links);

  return g_test_run ();
}
