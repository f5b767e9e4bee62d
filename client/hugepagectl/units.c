/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "units.h"

typedef enum {
  KIND_COUNT,
  KIND_DURATION,
  KIND_SIZE,
  KIND_SHARE,
} Kind;

static const struct {
  const char *suffix;
  Kind kind;
} names[] = {
  { "USec", KIND_DURATION }, { "-usec", KIND_DURATION },       { "Size", KIND_SIZE },
  { "-bytes", KIND_SIZE },   { "effective-quota", KIND_SIZE }, { "Ratio", KIND_SHARE },
  { "ratio", KIND_SHARE },   { "goal", KIND_SHARE },           { "Feedback", KIND_SHARE },
};

static const struct {
  const char *name;
  Kind kind;
  guint64 factor;
} units[] = {
  { "us", KIND_DURATION, 1 },
  { "ms", KIND_DURATION, 1000 },
  { "s", KIND_DURATION, G_USEC_PER_SEC },
  { "min", KIND_DURATION, 60 * G_USEC_PER_SEC },
  { "K", KIND_SIZE, 1ull << 10 },
  { "KiB", KIND_SIZE, 1ull << 10 },
  { "M", KIND_SIZE, 1ull << 20 },
  { "MiB", KIND_SIZE, 1ull << 20 },
  { "G", KIND_SIZE, 1ull << 30 },
  { "GiB", KIND_SIZE, 1ull << 30 },
  { "T", KIND_SIZE, 1ull << 40 },
  { "TiB", KIND_SIZE, 1ull << 40 },
  { "%", KIND_SHARE, 100 },
};

/* How an error says what would have been right. */
static const char *const expectations[] = {
  [KIND_COUNT] = "a whole number",
  [KIND_DURATION] = "whole microseconds or a duration such as 10ms",
  [KIND_SIZE] = "whole bytes or a size such as 128M",
  [KIND_SHARE] = "whole basis points or a percentage such as 50%",
};

static Kind
find_kind (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_has_suffix (name, names[i].suffix))
      return names[i].kind;
  return KIND_COUNT;
}

/* Finds how much one @unit is. Returns: 0 if it does not fit. */
static guint64
find_factor (Kind kind, const char *unit)
{
  if (*unit == '\0')
    return 1;
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (units[i].kind == kind && g_str_equal (units[i].name, unit))
      return units[i].factor;
  return 0;
}

/* More digits than any factor divides into whole numbers; keeps the product below 64 bits. */
#define MAX_FRACTION_DIGITS 6

/* Adds the digits after the point, @n of them, of a number of @factor. Exact: what gives no whole
 * number is refused, never rounded. */
static gboolean
add_fraction (const char *digits, gsize n, guint64 factor, guint64 *value)
{
  guint64 numerator = 0, denominator = 1;

  if (n == 0 || n > MAX_FRACTION_DIGITS)
    return FALSE;
  for (gsize i = 0; i < n; i++) {
    numerator = numerator * 10 + (guint64) g_ascii_digit_value (digits[i]);
    denominator *= 10;
  }
  return numerator * factor % denominator == 0
         && g_uint64_checked_add (value, *value, numerator * factor / denominator);
}

static gboolean
parse_number (Kind kind, const char *text, guint64 *ret_value)
{
  gsize n_whole = strspn (text, "0123456789");
  gboolean has_point = text[n_whole] == '.';
  const char *fraction = text + n_whole + (has_point ? 1 : 0);
  gsize n_fraction = has_point ? strspn (fraction, "0123456789") : 0;
  guint64 factor = find_factor (kind, fraction + n_fraction);
  g_autofree char *whole = g_strndup (text, n_whole);

  return factor != 0 && g_ascii_string_to_unsigned (whole, 10, 0, G_MAXUINT64, ret_value, NULL)
         && g_uint64_checked_mul (ret_value, *ret_value, factor)
         && (!has_point || add_fraction (fraction, n_fraction, factor, ret_value));
}

static gboolean
parse_boolean (const char *text, gboolean *ret_value)
{
  static const char *const yes[] = { "true", "yes", "on", "1", NULL };
  static const char *const no[] = { "false", "no", "off", "0", NULL };

  *ret_value = g_strv_contains (yes, text);
  return *ret_value || g_strv_contains (no, text);
}

GVariant *
hctl_units_parse (const char *name, const char *type, const char *text, GError **error)
{
  Kind kind = find_kind (name);
  gboolean truth;
  guint64 number;

  if (g_str_equal (type, "b")) {
    if (parse_boolean (text, &truth))
      return g_variant_new_boolean (truth);
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s is yes or no, not “%s”", name,
                 text);
    return NULL;
  }

  if (!parse_number (kind, text, &number)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s takes %s, not “%s”", name,
                 expectations[kind], text);
    return NULL;
  }
  if (g_str_equal (type, "t"))
    return g_variant_new_uint64 (number);
  if (number <= G_MAXUINT32)
    return g_variant_new_uint32 ((guint32) number);
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s is at most %u, not “%s”", name,
               G_MAXUINT32, text);
  return NULL;
}

static char *
format_duration (guint64 usec)
{
  if (usec < 1000)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " µs", usec);
  if (usec < G_USEC_PER_SEC)
    return g_strdup_printf ("%g ms", (double) usec / 1000);
  return g_strdup_printf ("%g s", (double) usec / G_USEC_PER_SEC);
}

char *
hctl_units_format (const char *name, guint64 value)
{
  switch (find_kind (name)) {
  case KIND_DURATION:
    return format_duration (value);
  case KIND_SIZE:
    return g_format_size_full (value, G_FORMAT_SIZE_IEC_UNITS);
  case KIND_SHARE:
    return g_strdup_printf ("%g %%", (double) value / 100);
  case KIND_COUNT:
  default:
    return NULL;
  }
}
