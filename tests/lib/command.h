/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "fixture.h"

#include <json-glib/json-glib.h>

/* Commands, hugepagectl above all. The environment says where that is: DH_HUGEPAGECTL. Mostly they
 * are run to their end. */

typedef struct {
  int status; /* exit status */
  char *output;
  char *errors;
} Outcome;

/* As @user, with the fixture's bus as the system's, and no terminal. A command that does not end,
 * or ends by a signal, ends the test. */
Outcome *fixture_run_as (Fixture *self, const char *user, const char *const *argv);
void outcome_free (Outcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Outcome, outcome_free)

/* hugepagectl with @words, quoted as for a shell. */
Outcome *hugepagectl (Fixture *self, const char *user, const char *words);

/* The same, which must succeed and be silent on stderr. Returns: (transfer full): its stdout. */
char *hugepagectl_done (Fixture *self, const char *user, const char *words);

/* The same with --json. Returns: (transfer full): what its stdout is, plain ASCII. */
JsonNode *hugepagectl_json (Fixture *self, const char *user, const char *words);

/* The same, which must fail: one line on stderr, with @word, and nothing on stdout. */
void hugepagectl_fails (Fixture *self, const char *user, const char *words, int status,
                        const char *word);
void assert_failure (const Outcome *outcome, int status, const char *word);

/* The same in the background: stdout is for child_expect_line(). Returns: (transfer none): the
 * fixture ends it. */
Child *hugepagectl_begin (Fixture *self, const char *user, const char *words);

/* What all those in the background have written to stderr. Returns: (transfer full). */
char *hugepagectl_read_errors (Fixture *self);
/* Until @word is there; ends the test if it does not come. */
void hugepagectl_expect_error (Fixture *self, const char *word, guint seconds);

/* Gives commands a user's usual PATH, with hugepagectl in it. */
void fixture_install_hugepagectl (Fixture *self);

/* Whether @text has the line @line, blanks between words aside. */
gboolean has_row (const char *text, const char *line);

/* Of a table, the cells of the row whose cell in @column is @pid. Returns: (transfer full)
 * (nullable). */
GStrv find_row (const char *text, guint column, guint32 pid);

/* Of a list, the object whose member @key is @pid. Returns: (transfer none) (nullable). */
JsonObject *find_object (JsonNode *list, const char *key, guint32 pid);
