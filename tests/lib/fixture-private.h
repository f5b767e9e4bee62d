/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "fixture.h"

/* Waits until somebody owns @name on the fixture's bus; ends the test if @child exits instead. */
void fixture_wait_for_name (Fixture *self, const char *name, Child *child);

/* Starts a system process, with stdout and stderr in NAME.log. */
Child *fixture_spawn_daemon (Fixture *self, const char *const *argv, GStrv environment);

/* @first and what follows up to NULL. Returns: (transfer container) */
GPtrArray *fixture_collect (const char *first, va_list rest);

/* Notes from now on which services announce that they have probed their engines. */
void fixture_service_watch (Fixture *self);

/* Fails the test if the service's log shows a sanitizer's report or a critical message. */
void fixture_service_check_log (Fixture *self);
void fixture_service_tear_down (Fixture *self);
