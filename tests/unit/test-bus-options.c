/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bus/options.h"

#include "error.h"

#include <string.h>

enum { FLAG, NUMBER, TEXT, N_OPTIONS };

typedef struct {
  DhOption options[N_OPTIONS];
  GVariant *given;
} OptionsCase;

static void
set_up (OptionsCase *self, gconstpointer data)
{
  static const DhOption options[N_OPTIONS] = { [FLAG] = { "flag", "b", NULL },
                                               [NUMBER] = { "number", "u", NULL },
                                               [TEXT] = { "text", "s", NULL } };

  memcpy (self->options, options, sizeof options);
}

static void
tear_down (OptionsCase *self, gconstpointer data)
{
  dh_options_clear (self->options, N_OPTIONS);
  g_clear_pointer (&self->given, g_variant_unref);
}

/* @text: in GVariant's format. */
static gboolean
parse (OptionsCase *self, const char *text, GError **error)
{
  g_autoptr (GError) malformed = NULL;

  self->given = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &malformed);
  g_assert_no_error (malformed);
  return dh_options_parse (self->given, self->options, N_OPTIONS, error);
}

static void
test_none (OptionsCase *self, gconstpointer data)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (parse (self, "{}", &error));
  for (guint i = 0; i < N_OPTIONS; i++)
    g_assert_null (self->options[i].value);
  g_assert_false (dh_option_is_true (&self->options[FLAG]));
  g_assert_true (dh_option_dup_text (&self->options[TEXT], 5, NULL, &text, &error));
  g_assert_null (text);
}

static void
test_all (OptionsCase *self, gconstpointer data)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (parse (self, "{'text': <'five!'>, 'flag': <true>, 'number': <@u 7>}", &error));
  /* They live as long as they are not cleared. */
  g_clear_pointer (&self->given, g_variant_unref);
  g_assert_true (dh_option_is_true (&self->options[FLAG]));
  g_assert_cmpuint (g_variant_get_uint32 (self->options[NUMBER].value), ==, 7);
  g_assert_true (dh_option_dup_text (&self->options[TEXT], 5, NULL, &text, &error));
  g_assert_cmpstr (text, ==, "five!");
}

static void
test_false_is_not_true (OptionsCase *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (parse (self, "{'flag': <false>}", &error));
  g_assert_nonnull (self->options[FLAG].value);
  g_assert_false (dh_option_is_true (&self->options[FLAG]));
}

static const struct {
  const char *name;
  const char *options;
  const char *message; /* a part of it */
} refusals[] = {
  { "unknown", "{'flags': <true>}", "“flags”" },
  { "unknown-beside-known", "{'flag': <true>, 'Flag': <true>}", "“Flag”" },
  { "nameless", "{'': <true>}", "“”" },
  { "unprintable", "{'\\u0007\\n': <true>}", "“\\x07\\x0a”" },
  { "given-twice", "{'flag': <true>, 'flag': <true>}", "flag is given twice" },
  { "number-for-flag", "{'flag': <@u 1>}", "flag is of type \"b\"" },
  { "signed-for-unsigned", "{'number': <1>}", "number is of type \"u\"" },
  { "long-for-short", "{'number': <@t 1>}", "number is of type \"u\"" },
  { "variant-for-number", "{'number': <<@u 1>>}", "number is of type \"u\"" },
  { "path-for-text", "{'text': <@o '/'>}", "text is of type \"s\"" },
};

static void
test_refused (OptionsCase *self, gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autoptr (GError) error = NULL;

  g_assert_false (parse (self, refusals[i].options, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_INVALID_ARGS);
  g_assert_nonnull (strstr (error->message, refusals[i].message));
}

/* A name of any length is refused in a message of bearable length. */
static void
test_long_name (OptionsCase *self, gconstpointer data)
{
  g_autofree char *name = g_strnfill (1 << 20, 'n');
  g_autofree char *text = g_strdup_printf ("{'%s': <true>}", name);
  g_autoptr (GError) error = NULL;

  g_assert_false (parse (self, text, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_INVALID_ARGS);
  g_assert_cmpuint (strlen (error->message), <, 200);
}

static gboolean
is_letter (char c)
{
  return g_ascii_isalpha (c);
}

static const struct {
  const char *name;
  const char *text;
  gboolean letters;     /* only these are allowed */
  const char *expected; /* NULL: refused; "": none */
} texts[] = {
  { "empty-is-none", "", FALSE, "" },
  { "as-long-as-may-be", "12345678", FALSE, "12345678" },
  { "one-byte-too-long", "123456789", FALSE, NULL },
  { "bytes-count-not-characters", "ääää", FALSE, "ääää" },
  { "one-character-too-long", "ääääa", FALSE, NULL },
  { "a-new-line", "a\nb", FALSE, NULL },
  { "an-escape", "\033[1m", FALSE, NULL },
  { "a-direction",
    "a\xe2\x80\xae"
    "b",
    FALSE, NULL },
  { "a-backslash-is-shown-as-it-is", "a\\b", FALSE, "a\\b" },
  { "only-letters", "abcXYZ", TRUE, "abcXYZ" },
  { "no-letter-in-the-end", "abc1", TRUE, NULL },
  { "no-letter-of-ascii", "ä", TRUE, NULL },
};

static void
test_text (OptionsCase *self, gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  gboolean valid;

  self->options[TEXT].value = g_variant_ref_sink (g_variant_new_string (texts[i].text));
  valid = dh_option_dup_text (&self->options[TEXT], 8, texts[i].letters ? is_letter : NULL, &text,
                              &error);
  if (texts[i].expected) {
    g_assert_no_error (error);
    g_assert_true (valid);
    g_assert_cmpstr (text ? text : "", ==, texts[i].expected);
    return;
  }
  g_assert_false (valid);
  g_assert_null (text);
  g_assert_error (error, DH_ERROR, DH_ERROR_INVALID_VALUE);
  g_assert_true (g_str_has_prefix (error->message, "The option text cannot be "));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_null (strpbrk (error->message, "\n\033"));
}

static void
test_long_text (OptionsCase *self, gconstpointer data)
{
  g_autofree char *long_text = g_strnfill (1 << 20, 'x');
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  self->options[TEXT].value = g_variant_ref_sink (g_variant_new_string (long_text));
  g_assert_false (dh_option_dup_text (&self->options[TEXT], 8, NULL, &text, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_INVALID_VALUE);
  g_assert_cmpuint (strlen (error->message), <, 200);
}

static void
add (const char *path, gconstpointer data, void (*test) (OptionsCase *, gconstpointer))
{
  g_test_add (path, OptionsCase, data, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/bus-options/none", NULL, test_none);
  add ("/bus-options/all", NULL, test_all);
  add ("/bus-options/false-is-not-true", NULL, test_false_is_not_true);
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++) {
    g_autofree char *path = g_strconcat ("/bus-options/refused/", refusals[i].name, NULL);

    add (path, GUINT_TO_POINTER (i), test_refused);
  }
  add ("/bus-options/refused/a-name-of-any-length", NULL, test_long_name);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *path = g_strconcat ("/bus-options/text/", texts[i].name, NULL);

    add (path, GUINT_TO_POINTER (i), test_text);
  }
  add ("/bus-options/text/of-any-length", NULL, test_long_text);

  return g_test_run ();
}
