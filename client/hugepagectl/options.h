/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

typedef struct _HctlVerb HctlVerb;

/* Options that only some verbs take. */
typedef enum {
  HCTL_OPTION_JSON = 1 << 0,
  HCTL_OPTION_ALL = 1 << 1,
  HCTL_OPTION_ASCII = 1 << 2,
  HCTL_OPTION_PRIMARY = 1 << 3,
  HCTL_OPTION_RATIO = 1 << 4,
  HCTL_OPTION_FEEDBACK = 1 << 5,
  HCTL_OPTION_REASON = 1 << 6,
  HCTL_OPTION_APPLICATION_ID = 1 << 7,
} HctlOption;

/* A command line. Begins as zeros. */
typedef struct {
  const HctlVerb *verb; /* never NULL, but for @help and @version */
  char **arguments;     /* the verb's own, UTF-8, as many as it takes */
  char **command; /* borrowed, bytes as they were given: what a verb that takes a command is to
                     run; NULL for other verbs */

  gboolean help;
  gboolean version;
  gboolean ask; /* whether polkit may ask a person */
  gboolean json;
  gboolean all;
  gboolean ascii;
  gboolean primary;
  char *ratio; /* this and the following: UTF-8, NULL if not given */
  char *feedback;
  char *reason;
  char *application_id;
} HctlOptions;

/* Parses @words, NULL-terminated, without the program's name. Options and the verb's words may come
 * in any order, and "--" ends the options; but what follows "--", or the verb's last own word, of a
 * verb that takes a command is the command's, whatever it looks like.
 * @options borrows from @words. Errors: G_OPTION_ERROR; G_CONVERT_ERROR for what is no text in the
 * user's locale. After an error, too, it has to be cleared. */
gboolean hctl_options_parse (char **words, HctlOptions *options, GError **error);

void hctl_options_clear (HctlOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HctlOptions, hctl_options_clear)

/* The rows of a help text: the options that every verb takes, and those in @mask of HctlOption.
 * Returns: (transfer full). */
char *hctl_options_describe (guint mask);
