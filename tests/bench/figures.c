/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "measurement.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define SHARE_SLACK 0.1
#define SHARE_WIDTH 0.3
#define NARROW_WIDTH 0.04

const Figure figures[] = {
  { "map-hot-huge", "map", "share", BOUND_AT_LEAST, 0.99, RULE_VALUE },
  { "map-cold-huge", "map", "share", BOUND_AT_MOST, 0.01, RULE_VALUE },
  { "map-accesses", "map", "quotient", BOUND_AT_LEAST, 0.97, RULE_VALUE },
  { "map-memory", "map", "share", BOUND_AT_MOST, 0.20, RULE_VALUE },
  { "speed-share", "speed", "share", BOUND_AT_LEAST, 0.90, RULE_SHARE },
  { "redis-share", "redis", "share", BOUND_AT_LEAST, 0.90, RULE_SHARE },
  { "khugepaged-rate", "khugepaged", "MB/s", BOUND_NONE, 0, RULE_VALUE },
  { "own-rate", "khugepaged", "MB/s", BOUND_NONE, 0, RULE_VALUE },
  { "walk-cost", "walk-cost", "quotient", BOUND_AT_MOST, 0.2, RULE_VALUE },
  { "observer-counted", "observer", "share", BOUND_AT_MOST, 0.005, RULE_VALUE },
  { "observer-throughput", "observer", "share", BOUND_AT_MOST, 0.01, RULE_NARROW },
  { "observer-cpu", "observer", "cores", BOUND_AT_MOST, 0.005, RULE_VALUE },
  { "time-to-hot", "time-to-hot", "quotient", BOUND_AT_MOST, 1.2, RULE_VALUE },
  { "collapse-throughput", "collapse", "quotient", BOUND_AT_LEAST, 0.85, RULE_VALUE },
  { "target-throughput", "target-throughput", "quotient", BOUND_AT_LEAST, 0.9, RULE_VALUE },
  { "looking-exponent", "looking", "exponent", BOUND_AT_MOST, 1.1, RULE_VALUE },
  { "sleeping-targets", "sleeping", "quotient", BOUND_AT_MOST, 2, RULE_VALUE },
  { "get-all", "get-all", "quotient", BOUND_AT_MOST, 1.15, RULE_VALUE },
  { "set-root", "set-root", "quotient", BOUND_AT_MOST, 1.15, RULE_VALUE },
  { "set-user", "set-user", "quotient", BOUND_AT_MOST, 1.15, RULE_VALUE },
  { "flood-1", "flood-1", "quotient", BOUND_AT_MOST, 1.3, RULE_BETTER_END },
  { "flood-8", "flood-8", "quotient", BOUND_AT_MOST, 1.3, RULE_BETTER_END },
  { "flood-32", "flood-32", "quotient", BOUND_AT_MOST, 1.3, RULE_BETTER_END },
  { "flood-memory", "flood-memory", "kB", BOUND_AT_MOST, 256, RULE_VALUE },
  { "start", "start", "quotient", BOUND_AT_MOST, 2, RULE_VALUE },
  { "idle-memory", "idle", "quotient", BOUND_AT_MOST, 1.1, RULE_VALUE },
  { "wakeups", "idle", "wakeups", BOUND_AT_MOST, 0, RULE_VALUE },
  { "client-status", "client", "quotient", BOUND_AT_MOST, 2, RULE_VALUE },
  { 0 },
};

const Figure *
figure_find (const char *name)
{
  for (const Figure *figure = figures; figure->name; figure++)
    if (g_str_equal (figure->name, name))
      return figure;
  return NULL;
}

/* How far @value is on the wrong side of the bound; 0 or less: it meets it. */
static double
get_excess (const Figure *figure, double value)
{
  return figure->kind == BOUND_AT_MOST ? value - figure->bound : figure->bound - value;
}

gboolean
figure_is_met (const Figure *figure, const Estimate *estimate)
{
  const double width = estimate->high - estimate->low;
  const double better = figure->kind == BOUND_AT_MOST ? estimate->low : estimate->high;

  if (figure->kind == BOUND_NONE)
    return isfinite (estimate->value);
  if (!isfinite (estimate->value) || !isfinite (width))
    return FALSE;
  switch (figure->rule) {
  case RULE_VALUE:
    return get_excess (figure, estimate->value) <= 0;
  case RULE_BETTER_END:
    return get_excess (figure, better) <= 0;
  case RULE_SHARE:
    return get_excess (figure, better) <= 0 && get_excess (figure, estimate->value) <= SHARE_SLACK
           && width <= SHARE_WIDTH;
  case RULE_NARROW:
    return get_excess (figure, better) <= 0 && width <= NARROW_WIDTH;
  }
  g_assert_not_reached ();
}

char *
figure_format_bound (const Figure *figure)
{
  if (figure->kind == BOUND_NONE)
    return g_strdup ("");
  return g_strdup_printf ("%s %g", figure->kind == BOUND_AT_MOST ? "≤" : "≥", figure->bound);
}

/* JSON has no word for what is no number. */
static void
add_number (JsonBuilder *builder, const char *name, double value)
{
  json_builder_set_member_name (builder, name);
  if (isfinite (value))
    json_builder_add_double_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

void
report (const char *name, Estimate estimate)
{
  const Figure *figure = figure_find (name);
  g_autoptr (JsonBuilder) builder = json_builder_new_immutable ();
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL, *bound = NULL;

  g_assert_nonnull (figure);
  bound = figure_format_bound (figure);
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "name");
  json_builder_add_string_value (builder, name);
  add_number (builder, "value", estimate.value);
  add_number (builder, "low", estimate.low);
  add_number (builder, "high", estimate.high);
  json_builder_set_member_name (builder, "unit");
  json_builder_add_string_value (builder, figure->unit);
  json_builder_set_member_name (builder, "bound");
  json_builder_add_string_value (builder, bound);
  json_builder_set_member_name (builder, "met");
  json_builder_add_boolean_value (builder, figure_is_met (figure, &estimate));
  json_builder_end_object (builder);
  node = json_builder_get_root (builder);
  text = json_to_string (node, FALSE);
  fprintf (stdout, "%s\n", text);
  fflush (stdout);
}

void
report_value (const char *name, double value)
{
  report (name, (Estimate){ value, value, value });
}

void
tell (const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  fprintf (stderr, "  %s\n", text);
}
