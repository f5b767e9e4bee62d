/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "text.h"

#define WHOLE 1000

typedef struct {
  const char *bytes;
  gssize length;
  const char *expected;
} Row;

static void
check_rows (const Row *rows, gsize n_rows)
{
  for (gsize i = 0; i < n_rows; i++) {
    g_autofree char *text = dh_text_printable (rows[i].bytes, rows[i].length, WHOLE);

    g_assert_cmpstr (text, ==, rows[i].expected);
  }
}

static void
test_keeps_what_can_be_read (void)
{
  const Row rows[] = {
    { "", -1, "" },
    { "", 0, "" },
    { "firefox", -1, "firefox" },
    { "Größe é 漢字 🙂", -1, "Größe é 漢字 🙂" },
    { "a b\u00a0c", -1, "a b\u00a0c" },
    { "not all of it", 3, "not" },
    { "\ue000 private", -1, "\ue000 private" },
  };

  check_rows (rows, G_N_ELEMENTS (rows));
}

static void
test_escapes_control_characters (void)
{
  const Row rows[] = {
    { "\033[31mred\033[0m", -1, "\\x1b[31mred\\x1b[0m" },
    { "\033]0;title\a", -1, "\\x1b]0;title\\x07" },
    { "two\nlines\r\tend", -1, "two\\x0alines\\x0d\\x09end" },
    { "\x7f", -1, "\\x7f" },
    { "\xc2\x85\xc2\x9b", -1, "\\xc2\\x85\\xc2\\x9b" },
    { "nul\0l", 5, "nul\\x00l" },
    { "\0", 1, "\\x00" },
  };

  check_rows (rows, G_N_ELEMENTS (rows));
}

static void
test_escapes_separators_and_invisible_characters (void)
{
  const Row rows[] = {
    { "\u2028", -1, "\\xe2\\x80\\xa8" },     { "\u2029", -1, "\\xe2\\x80\\xa9" },
    { "\u200e", -1, "\\xe2\\x80\\x8e" },     { "\u200f", -1, "\\xe2\\x80\\x8f" },
    { "\u202a", -1, "\\xe2\\x80\\xaa" },     { "\u202b", -1, "\\xe2\\x80\\xab" },
    { "\u202c", -1, "\\xe2\\x80\\xac" },     { "\u202d", -1, "\\xe2\\x80\\xad" },
    { "a\u202eb", -1, "a\\xe2\\x80\\xaeb" }, { "\u2066", -1, "\\xe2\\x81\\xa6" },
    { "\u2067", -1, "\\xe2\\x81\\xa7" },     { "\u2068", -1, "\\xe2\\x81\\xa8" },
    { "\u2069", -1, "\\xe2\\x81\\xa9" },     { "\u061c", -1, "\\xd8\\x9c" },
    { "\u200b", -1, "\\xe2\\x80\\x8b" },     { "\ufeff", -1, "\\xef\\xbb\\xbf" },
    { "\uffff", -1, "\\xef\\xbf\\xbf" },     { "\U000e0041", -1, "\\xf3\\xa0\\x81\\x81" },
  };

  check_rows (rows, G_N_ELEMENTS (rows));
}

static void
test_escapes_invalid_bytes (void)
{
  const Row rows[] = {
    { "\xff\xfe", -1, "\\xff\\xfe" },
    { "a\x80z", -1, "a\\x80z" },
    { "overlong \xc0\xaf", -1, "overlong \\xc0\\xaf" },
    { "overlong \xe0\x80\xaf", -1, "overlong \\xe0\\x80\\xaf" },
    { "surrogate \xed\xa0\x80", -1, "surrogate \\xed\\xa0\\x80" },
    { "beyond \xf4\x90\x80\x80", -1, "beyond \\xf4\\x90\\x80\\x80" },
    { "ends inside \xe2\x82", -1, "ends inside \\xe2\\x82" },
    { "€", 2, "\\xe2\\x82" },
    { "\xe2(", -1, "\\xe2(" },
  };

  check_rows (rows, G_N_ELEMENTS (rows));
}

static void
test_doubles_the_backslash (void)
{
  const Row rows[] = {
    { "\\", -1, "\\\\" },
    { "\\x1b", -1, "\\\\x1b" },
    { "a\\\nb", -1, "a\\\\\\x0ab" },
  };

  check_rows (rows, G_N_ELEMENTS (rows));
}

static void
test_cuts_between_characters (void)
{
  const struct {
    const char *bytes;
    gsize max_bytes;
    const char *expected;
  } rows[] = {
    { "abc", 3, "abc" },
    { "abcd", 3, "abc…" },
    { "abc", 0, "…" },
    { "", 0, "" },
    { "aé", 2, "a…" },
    { "aé", 3, "aé" },
    { "🙂🙂", 7, "🙂…" },
    { "a\nb", 4, "a…" },
    { "a\nb", 5, "a\\x0a…" },
    { "\u2028", 11, "…" },
    { "a\\", 2, "a…" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *text = dh_text_printable (rows[i].bytes, -1, rows[i].max_bytes);

    g_assert_cmpstr (text, ==, rows[i].expected);
  }
}

/* Undoes the escapes. */
static GBytes *
decode (const char *text)
{
  GByteArray *bytes = g_byte_array_new ();

  for (const char *c = text; *c != '\0'; c++) {
    guint8 byte = *c;

    if (*c == '\\' && c[1] == '\\') {
      c += 1;
    } else if (*c == '\\') {
      byte = g_ascii_xdigit_value (c[2]) << 4 | g_ascii_xdigit_value (c[3]);
      c += 3;
    }
    g_byte_array_append (bytes, &byte, 1);
  }
  return g_byte_array_free_to_bytes (bytes);
}

static void
test_takes_any_bytes_without_losing_one (void)
{
  for (guint round = 0; round < 2000; round++) {
    guint8 bytes[24];
    const gsize length = g_test_rand_int_range (0, sizeof bytes + 1);

    for (gsize i = 0; i < sizeof bytes; i++)
      bytes[i] = g_test_rand_bit () ? g_test_rand_int_range (0, 256)
                                    : "\xe2\x80\xa8\\\n\xf0\x9f\x99"[g_test_rand_int_range (0, 8)];

    g_autoptr (GBytes) given = g_bytes_new (bytes, length);
    g_autofree char *whole = dh_text_printable ((const char *) bytes, length, WHOLE);
    g_autofree char *cut = dh_text_printable ((const char *) bytes, length, 10);
    g_autoptr (GBytes) decoded = decode (whole);

    g_assert_true (g_utf8_validate (whole, -1, NULL));
    g_assert_true (g_utf8_validate (cut, -1, NULL));
    g_assert_cmpuint (strlen (cut), <=, 10 + strlen ("…"));
    g_assert_true (g_bytes_equal (given, decoded));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/text/keeps-what-can-be-read", test_keeps_what_can_be_read);
  g_test_add_func ("/text/escapes-control-characters", test_escapes_control_characters);
  g_test_add_func ("/text/escapes-separators-and-invisible-characters",
                   test_escapes_separators_and_invisible_characters);
  g_test_add_func ("/text/escapes-invalid-bytes", test_escapes_invalid_bytes);
  g_test_add_func ("/text/doubles-the-backslash", test_doubles_the_backslash);
  g_test_add_func ("/text/cuts-between-characters", test_cuts_between_characters);
  g_test_add_func ("/text/takes-any-bytes-without-losing-one",
                   test_takes_any_bytes_without_losing_one);
  return g_test_run ();
}
