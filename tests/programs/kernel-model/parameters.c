/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "parameters.h"

#include <errno.h>

/* By the first letter, or two where that is an "o". */
static int
parse_bool (const char *text, guint64 *ret_value)
{
  switch (g_ascii_tolower (text[0])) {
  case 'y':
  case 't':
  case 'e':
  case '1':
    *ret_value = 1;
    return 0;
  case 'n':
  case 'f':
  case 'd':
  case '0':
    *ret_value = 0;
    return 0;
  case 'o':
    if (g_ascii_tolower (text[1]) != 'n' && g_ascii_tolower (text[1]) != 'f')
      return -EINVAL;
    *ret_value = g_ascii_tolower (text[1]) == 'n';
    return 0;
  default:
    return -EINVAL;
  }
}

/* Base 0: a leading 0 is octal, 0x hexadecimal if a digit follows. Moves @text to the digits. */
static guint
find_base (const char **text)
{
  const char *s = *text;

  if (s[0] != '0')
    return 10;
  if (g_ascii_tolower (s[1]) != 'x' || !g_ascii_isxdigit (s[2]))
    return 8;
  *text += 2;
  return 16;
}

/* As kstrtoull(): too large goes before junk that follows. */
static int
parse_unsigned (const char *text, guint64 *ret_value)
{
  gboolean overflow = FALSE;
  guint64 value = 0;
  const char *digits;
  guint base;

  if (*text == '+')
    text++;
  base = find_base (&text);
  for (digits = text; g_ascii_isxdigit (*text); text++) {
    const guint digit = (guint) g_ascii_xdigit_value (*text);

    if (digit >= base)
      break;
    overflow = overflow || value > (G_MAXUINT64 - digit) / base;
    value = value * base + digit;
  }
  if (overflow)
    return -ERANGE;
  if (text == digits)
    return -EINVAL;
  if (*text == '\n')
    text++;
  if (*text != '\0')
    return -EINVAL;
  *ret_value = value;
  return 0;
}

static int
parse_int (const char *text, guint64 *ret_value)
{
  const gboolean negative = *text == '-';
  guint64 magnitude;
  int result = parse_unsigned (negative ? text + 1 : text, &magnitude);

  if (result < 0)
    return result;
  if (magnitude > (guint64) G_MAXINT32 + negative)
    return -ERANGE;
  *ret_value = negative ? -magnitude : magnitude;
  return 0;
}

int
parameter_parse (ParameterKind kind, const char *text, guint64 *ret_value)
{
  switch (kind) {
  case PARAMETER_BOOL:
    return parse_bool (text, ret_value);
  case PARAMETER_ULONG:
    return parse_unsigned (text, ret_value);
  case PARAMETER_INT:
    return parse_int (text, ret_value);
  }
  g_assert_not_reached ();
}

void
parameter_print (ParameterKind kind, guint64 value, GString *text)
{
  if (kind == PARAMETER_BOOL)
    g_string_append (text, value ? "Y\n" : "N\n");
  else if (kind == PARAMETER_INT)
    g_string_append_printf (text, "%d\n", (gint) value);
  else
    g_string_append_printf (text, "%" G_GUINT64_FORMAT "\n", value);
}
