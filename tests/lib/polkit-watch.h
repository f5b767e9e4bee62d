/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "fixture.h"

/* Sees what polkit is asked, and that it answers, also where it hangs. A service's first question
 * takes an answer of polkit's before it is put: without that it is not seen. */
typedef struct _PolkitWatch PolkitWatch;

/* polkitd and the service must be running. */
PolkitWatch *polkit_watch_new (Fixture *fixture);
void polkit_watch_free (PolkitWatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PolkitWatch, polkit_watch_free)

/* So far: questions, and those of them that a person may be asked. */
guint polkit_watch_count (PolkitWatch *self);
guint polkit_watch_count_interactive (PolkitWatch *self);

/* Until there were so many questions; until they were answered, and the service has read that. */
void polkit_watch_wait_asked (PolkitWatch *self, guint n_questions);
void polkit_watch_wait_answered (PolkitWatch *self, guint n_questions);
