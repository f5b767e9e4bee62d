/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "tree.h"

/* What tests make go wrong with single files. With the model's mutex held. */

/* Waits while the file's reads or writes are blocked: until faults_release(), or for a minute, so
 * that nobody is stuck for ever behind a test that has failed. */
void faults_wait (Model *model, Node *node, Action action);
void faults_release (Model *model);

/* Counts one down. Returns: 0, or the -errno that the operation is to end with. */
int faults_take_failure (Node *node, Action action);

/* @count: G_MAXUINT: every time; 0: no more. @number: errno. */
void faults_set_failure (Node *node, Action action, int number, guint count);

/* @text: \n, \0, \\ and \xNN stand for bytes; NULL: what is really there. */
void faults_set_content (Node *node, const char *text);

/* Appends what reading is to give. Returns: FALSE if it is what is really there. */
gboolean faults_get_content (const Node *node, GString *text);
