/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "calls.h"

/* What the service is compared with: the same object, path and interface under another name. */
#define PLAIN_NAME "org.damon.Plain"
#define PLAIN_VERSION "0.1.0"
