/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "error.h"

G_DEFINE_QUARK (dh_error, dh_error)
