/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "verbs.h"

/* Options of those that add a target. */
#define TARGET_OPTIONS                                                                             \
  (HCTL_OPTION_RATIO | HCTL_OPTION_FEEDBACK | HCTL_OPTION_REASON | HCTL_OPTION_APPLICATION_ID)

#define TARGET_IS "TARGET is a process ID, or what hugepagectl targets shows."

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
  { .name = "list",
    .arguments = "",
    .options = HCTL_OPTION_JSON | HCTL_OPTION_ALL,
    .summary = "List your processes, to choose one.\n\n"
               "A unit of a user's own manager, who can name it as he likes, begins with user:",
    .example = "hugepagectl list --all",
    .run = hctl_list },
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
  { .name = "targets",
    .arguments = "",
    .options = HCTL_OPTION_JSON,
    .summary = "List the processes that are to be served.",
    .example = "hugepagectl targets",
    .run = hctl_targets },
  { .name = "add",
    .arguments = " PID",
    .min_arguments = 1,
    .max_arguments = 1,
    .options = TARGET_OPTIONS | HCTL_OPTION_PRIMARY,
    .summary = "Serve one more process, until it exits.\n\n"
               "Prints the path of the target.",
    .example = "hugepagectl add 4711 --ratio=50% --reason='nightly batch'",
    .run = hctl_add },
  { .name = "remove",
    .arguments = " TARGET",
    .min_arguments = 1,
    .max_arguments = 1,
    .summary = "Stop serving a target and forget it.\n\n"
               "Memory that is huge stays so.\n" TARGET_IS,
    .example = "hugepagectl remove 4711",
    .run = hctl_remove },
  { .name = "run",
    .arguments = " -- CMD...",
    .options = TARGET_OPTIONS,
    .takes_command = TRUE,
    .connects = TRUE,
    .summary = "Run a command that is served from its start.\n\n"
               "A command that cannot be served is not run. Signals are passed on. Ends as the\n"
               "command does: with its exit code, or by the same signal; with 127 if it is not\n"
               "found, with 126 if it cannot be executed. The command begins after -- or with\n"
               "the first word that is no option; what looks like an option then is its own.",
    .example = "hugepagectl run --ratio=50% -- redis-server --port 6380",
    .run = hctl_run },
  { .name = "feedback",
    .arguments = " TARGET -- CMD...",
    .min_arguments = 1,
    .max_arguments = 1,
    .takes_command = TRUE,
    .summary = "Steer a target by what a command prints.\n\n"
               "Runs the command once a quota window. The first line of its output is how well\n"
               "the target does: 10000 or 100% is \"goal met\", below it more is made huge, above\n"
               "it less. Ends with the target or when interrupted (Ctrl-C), and switches the\n"
               "feedback off then.\n" TARGET_IS,
    .example = "hugepagectl feedback 4711 -- sh -c 'echo 9000'",
    .run = hctl_feedback },
  { .name = "stats",
    .arguments = " [TARGET]",
    .max_arguments = 1,
    .options = HCTL_OPTION_JSON,
    .summary = "Print all figures of a target, else the primary.\n\n" TARGET_IS,
    .example = "hugepagectl stats 4711",
    .run = hctl_stats },
  { .name = "heatmap",
    .arguments = " TARGET",
    .min_arguments = 1,
    .max_arguments = 1,
    .options = HCTL_OPTION_JSON | HCTL_OPTION_ASCII,
    .summary = "Draw which memory of a target is hot and huge.\n\n" TARGET_IS,
    .example = "hugepagectl heatmap 4711",
    .run = hctl_heatmap },
  { .name = "undo",
    .arguments = " [TARGET]",
    .max_arguments = 1,
    .options = HCTL_OPTION_JSON,
    .summary = "Stop serving a target; split what was made huge.\n\n"
               "The target, else the primary one, stays, but is not served.\n" TARGET_IS,
    .example = "hugepagectl undo 4711",
    .run = hctl_undo },
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
