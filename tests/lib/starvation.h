/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "fixture.h"

/* A service that can open no file any more: what it has to look at it cannot, and its engine fails.
 * It goes on with what it has open, the bus among it. */

/* Until @condition is true, or so many seconds have passed. Returns: whether it is. */
gboolean fixture_service_starve_until (Fixture *self, WaitCondition condition, gpointer data,
                                       guint seconds);
