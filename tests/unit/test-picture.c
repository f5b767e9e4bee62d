/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "picture.h"

#include <string.h>

#define MIB (1ull << 20)

/* Returns: (transfer full): @text is runs as a variant in GVariant's notation. */
static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *runs = g_variant_parse (G_VARIANT_TYPE ("a(tay)"), text, NULL, NULL, &error);

  g_assert_no_error (error);
  return runs;
}

static const HctlPictureStyle ascii = { .width = 10, .max_lines = 3 };

/* What all kinds look like, with the edges between them. */
#define ALL_KINDS "[(0, [0x00, 0x01, 0x3f, 0x40, 0x7f, 0x80, 0xfe, 0xff]), (7, [0xff])]"

static void
test_every_kind (void)
{
  g_autoptr (GVariant) runs = parse (ALL_KINDS);
  g_autofree char *text = hctl_picture_draw (2 * MIB, runs, &ascii);

  g_assert_cmpstr (text, ==,
                   ".--++**#|#\n"
                   "\n"
                   "#     4.0 MiB  huge\n"
                   "*     4.0 MiB  hot: pays for a huge page\n"
                   "+     4.0 MiB  warm: touched up to 16 times less\n"
                   "-     4.0 MiB  cold: touched still less\n"
                   ".     2.0 MiB  not touched\n"
                   "|              gap: not mapped, or never used\n"
                   "One character is 2.0 MiB.\n");
}

static void
test_shades (void)
{
  const HctlPictureStyle style = { .width = 10, .max_lines = 3, .utf8 = TRUE };
  g_autoptr (GVariant) runs = parse (ALL_KINDS);
  g_autofree char *text = hctl_picture_draw (2 * MIB, runs, &style);

  g_assert_cmpstr (text, ==,
                   "·░░▒▒▓▓█│█\n"
                   "\n"
                   "█     4.0 MiB  huge\n"
                   "▓     4.0 MiB  hot: pays for a huge page\n"
                   "▒     4.0 MiB  warm: touched up to 16 times less\n"
                   "░     4.0 MiB  cold: touched still less\n"
                   "·     2.0 MiB  not touched\n"
                   "│              gap: not mapped, or never used\n"
                   "One character is 2.0 MiB.\n");
}

static void
test_colours (void)
{
  const HctlPictureStyle style = { .width = 10, .max_lines = 3, .colour = TRUE };
  g_autoptr (GVariant) runs = parse ("[(0, [0x00, 0x01, 0x02, 0x40, 0x80, 0xff]), (1, [0xff])]");
  g_autofree char *text = hctl_picture_draw (2 * MIB, runs, &style);

  g_assert_cmpstr (
    text, ==,
    "\033[2m.\033[0m\033[34m--\033[0m\033[33m+\033[0m\033[31m*\033[0m\033[32m#\033[0m"
    "\033[2m|\033[0m\033[32m#\033[0m\n"
    "\n"
    "\033[32m#\033[0m     4.0 MiB  huge\n"
    "\033[31m*\033[0m     2.0 MiB  hot: pays for a huge page\n"
    "\033[33m+\033[0m     2.0 MiB  warm: touched up to 16 times less\n"
    "\033[34m-\033[0m     4.0 MiB  cold: touched still less\n"
    "\033[2m.\033[0m     2.0 MiB  not touched\n"
    "\033[2m|\033[0m              gap: not mapped, or never used\n"
    "One character is 2.0 MiB.\n");
}

/* Of a picture: the map alone. Returns: (transfer full). */
static char *
draw_map (const char *text, guint width, guint max_lines)
{
  const HctlPictureStyle style = { .width = width, .max_lines = max_lines };
  g_autoptr (GVariant) runs = parse (text);
  g_autofree char *picture = hctl_picture_draw (2 * MIB, runs, &style);

  return g_strndup (picture, (gsize) (strstr (picture, "\n\n") + 1 - picture));
}

/* One block is 2 MiB. */
static void
test_blocks_put_together (void)
{
  static const struct {
    const char *runs;
    guint width;
    guint max_lines;
    const char *map;
  } rows[] = {
    /* All that fits is drawn. */
    { "[(0, [0xff, 0xff, 0, 0])]", 4, 1, "##..\n" },
    { "[(0, [0xff, 0xff, 0, 0])]", 2, 2, "##\n..\n" },
    { "[(0, [0xff, 0xff, 0, 0])]", 3, 2, "##.\n.\n" },
    /* What does not, by twos and fours. */
    { "[(0, [0xff, 0xff, 0, 0])]", 3, 1, "#.\n" },
    { "[(0, [0xff, 0xff, 0, 0, 0])]", 4, 1, "#..\n" },
    { "[(0, [0xff, 0xff, 0, 0, 0])]", 2, 1, "#.\n" },
    /* Most of four, and the hotter of two that are even. */
    { "[(0, [0x80, 1, 1, 0, 0x80, 0x80, 0xff, 0xff])]", 2, 1, "-#\n" },
    { "[(0, [0, 0, 0x40, 0x40])]", 1, 1, "+\n" },
    { "[(0, [0, 0, 0, 0x80])]", 1, 1, ".\n" },
    /* A gap is drawn where it is as large as a character. */
    { "[(0, [0xff]), (1, [0xff])]", 3, 1, "#|#\n" },
    { "[(0, [0xff, 0xff]), (1, [0, 0])]", 2, 1, "#.\n" },
    { "[(0, [0xff, 0xff, 0xff]), (2, [0])]", 4, 1, "##|.\n" },
    { "[(0, [0xff, 0xff, 0xff]), (2, [0])]", 3, 1, "#\n" },
    /* Nothing is told of what is before the first run. */
    { "[(4096, [0xff])]", 3, 1, "#\n" },
    /* Runs that follow one another. */
    { "[(0, [0xff]), (0, [0])]", 3, 1, "#.\n" },
    { "[(0, []), (3, [0xff])]", 3, 1, "#\n" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *map = draw_map (rows[i].runs, rows[i].width, rows[i].max_lines);

    g_test_message ("%s in %u x %u", rows[i].runs, rows[i].width, rows[i].max_lines);
    g_assert_cmpstr (map, ==, rows[i].map);
  }
}

/* The figures are of all blocks, however few characters there are. */
static void
test_exact_figures (void)
{
  const HctlPictureStyle style = { .width = 2, .max_lines = 1 };
  g_autoptr (GVariant) runs = parse ("[(0, [0xff, 0, 0, 0, 0, 0, 0x80])]");
  g_autofree char *text = hctl_picture_draw (4 * MIB, runs, &style);

  g_assert_cmpstr (text, ==,
                   "..\n"
                   "\n"
                   "#     4.0 MiB  huge\n"
                   "*     4.0 MiB  hot: pays for a huge page\n"
                   "+     0 bytes  warm: touched up to 16 times less\n"
                   "-     0 bytes  cold: touched still less\n"
                   ".    20.0 MiB  not touched\n"
                   "|              gap: not mapped, or never used\n"
                   "One character is 16.0 MiB, shown as what most of it is.\n");
}

static void
test_empty (void)
{
  g_autoptr (GVariant) runs = parse ("[]");
  g_autofree char *text = hctl_picture_draw (2 * MIB, runs, &ascii);

  g_assert_true (g_str_has_prefix (text, "#     0 bytes  huge\n"));
}

/* As many bytes as there can be, in one run and in as many runs. */
static void
test_largest_maps (void)
{
  const HctlPictureStyle style = { .width = 80, .max_lines = 16 };

  for (int scattered = 0; scattered <= 1; scattered++) {
    g_autoptr (GString) notation = g_string_new ("[");
    g_autoptr (GVariant) runs = NULL;
    g_autofree char *text = NULL;
    g_auto (GStrv) lines = NULL;

    for (int i = 0; i < 65536; i++)
      g_string_append_printf (notation, "%s(%d, [0x80])", i > 0 ? "," : "", scattered ? 4096 : 0);
    g_string_append_c (notation, ']');
    runs = parse (notation->str);
    text = hctl_picture_draw (2 * MIB, runs, &style);
    lines = g_strsplit (text, "\n", -1);
    g_assert_cmpuint (g_strv_length (lines), <=, 16 + 9);
    g_assert_nonnull (strstr (text, "*   128.0 GiB  hot"));
  }
}

/* What no service should say is believed without harm. */
static void
test_absurd_figures (void)
{
  const HctlPictureStyle style = { .width = 1, .max_lines = 1 };
  g_autoptr (GVariant) runs = parse ("[(0, [0xff]), (18446744073709551615, [0xff])]");
  g_autofree char *text = hctl_picture_draw (G_MAXUINT64, runs, &style);

  g_assert_true (g_str_has_prefix (text, "#\n|\n#\n\n"));
  g_assert_nonnull (strstr (text, "EiB  huge"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/picture/every-kind-of-memory", test_every_kind);
  g_test_add_func ("/picture/shades", test_shades);
  g_test_add_func ("/picture/colours", test_colours);
  g_test_add_func ("/picture/blocks-put-together", test_blocks_put_together);
  g_test_add_func ("/picture/exact-figures", test_exact_figures);
  g_test_add_func ("/picture/nothing", test_empty);
  g_test_add_func ("/picture/the-largest-maps", test_largest_maps);
  g_test_add_func ("/picture/absurd-figures", test_absurd_figures);
  return g_test_run ();
}
