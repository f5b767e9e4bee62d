/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "verbs.h"

static const HctlVerb verbs[] = {
  { .name = "status",
    .arguments = "",
    .options = HCTL_OPTION_JSON,
    .summary = "Show what the service does, or why it does nothing.",
    .example = "hugepagectl status",
    .run = hctl_status },
  { .name = "engines",
    .arguments = "",
    .options = HCTL_OPTION_JSON,
    .summary = "List the engines, what each can do or lacks here.",
    .example = "hugepagectl engines",
    .run = hctl_engines },
  { .name = "enable",
    .arguments = " PID",
    .min_arguments = 1,
    .max_arguments = 1,
    .summary = "Make the hot memory of a process huge.\n\n"
               "It becomes the primary target, in the place of the one that was.",
    .example = "hugepagectl enable 4711",
    .run = hctl_enable },
  { .name = "disable",
    .arguments = "",
    .summary = "Stop serving the primary target.\n\n"
               "Memory that is huge stays so.",
    .example = "hugepagectl disable",
    .run = hctl_disable },
  { .name = "get",
    .arguments = " [NAME...]",
    .max_arguments = G_MAXUINT,
    .options = HCTL_OPTION_JSON,
    .summary = "Print properties of the service, all or some.",
    .example = "hugepagectl get Ratio QuotaTimeUSec",
    .run = hctl_get },
  { .name = "set",
    .arguments = " NAME VALUE...",
    .min_arguments = 2,
    .max_arguments = G_MAXUINT,
    .summary = "Change properties, all of them or none.\n\n"
               "A number is in the property's own unit (microseconds, bytes, basis points) or\n"
               "has one: us ms s min, K M G T (powers of 1024), %.",
    .example = "hugepagectl set QuotaTimeUSec 50ms QuotaSize 256M Ratio 80%",
    .run = hctl_set },
  { .name = "reset",
    .arguments = "",
    .summary = "Set every writable number to its default.\n\n"
               "The targets stay.",
    .example = "hugepagectl reset",
    .run = hctl_reset },
  { .name = "monitor",
    .arguments = "",
    .options = HCTL_OPTION_JSON,
    .summary = "Print changes, statistics and exits.\n\n"
               "Ends when interrupted (Ctrl-C).",
    .example = "hugepagectl monitor",
    .run = hctl_monitor },
};

const HctlVerb *
hctl_verbs_get_all (gsize *ret_n_verbs)
{
  *ret_n_verbs = G_N_ELEMENTS (verbs);
  return verbs;
}

const HctlVerb *
hctl_verbs_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (g_str_equal (verbs[i].name, name))
      return &verbs[i];
  return NULL;
}
