/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* Kernel parameters as text: what param_set_*() takes and param_get_*() prints. Pure. */
typedef enum {
  PARAMETER_BOOL,
  PARAMETER_ULONG, /* 64 bits */
  PARAMETER_INT,   /* 32 bits and a sign; as a value its two's complement in 64 bits */
} ParameterKind;

/* Returns: 0, -EINVAL or -ERANGE; @ret_value is set on success only. */
int parameter_parse (ParameterKind kind, const char *text, guint64 *ret_value);

/* Appends the value and a newline. */
void parameter_print (ParameterKind kind, guint64 value, GString *text);
