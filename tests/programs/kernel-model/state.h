/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

typedef struct _Model Model;

/* Appends what the file "state" says. With the model's mutex held. */
void state_print (Model *model, GString *text);
