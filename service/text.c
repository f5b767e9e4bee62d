/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "text.h"

/* The bytes of the character at @text, at least 1; @ret_printable: whether they may be shown as
 * they are. */
static gsize
measure_character (const char *text, gsize length, gboolean *ret_printable)
{
  const gunichar c = g_utf8_get_char_validated (text, length);

  if (c == (gunichar) -1 || c == (gunichar) -2) {
    *ret_printable = FALSE;
    return 1;
  }

  const GUnicodeType type = g_unichar_type (c);

  *ret_printable = g_unichar_isprint (c) && type != G_UNICODE_LINE_SEPARATOR
                   && type != G_UNICODE_PARAGRAPH_SEPARATOR;
  return g_utf8_skip[*(const guchar *) text];
}

static void
append_character (GString *output, const char *text, gsize size, gboolean printable)
{
  if (printable && *text == '\\') {
    g_string_append (output, "\\\\");
    return;
  }
  if (printable) {
    g_string_append_len (output, text, size);
    return;
  }
  for (gsize i = 0; i < size; i++)
    g_string_append_printf (output, "\\x%02x", (guchar) text[i]);
}

char *
dh_text_printable (const char *bytes, gssize length, gsize max_bytes)
{
  g_autoptr (GString) output = g_string_new (NULL);
  const gsize n_bytes = length < 0 ? strlen (bytes) : (gsize) length;
  gsize at = 0;

  while (at < n_bytes) {
    const gsize length_before = output->len;
    gboolean printable;
    const gsize size = measure_character (bytes + at, n_bytes - at, &printable);

    append_character (output, bytes + at, size, printable);
    if (output->len > max_bytes) {
      g_string_truncate (output, length_before);
      g_string_append (output, "…");
      break;
    }
    at += size;
  }
  return g_string_free (g_steal_pointer (&output), FALSE);
}

gboolean
dh_text_is_printable (const char *text)
{
  gsize length = strlen (text);
  gboolean printable = TRUE;

  while (printable && length > 0) {
    const gsize size = measure_character (text, length, &printable);

    text += size;
    length -= size;
  }
  return printable;
}
