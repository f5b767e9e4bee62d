/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "module-case.h"

/* What can be wrong with a file of the module, each in a kernel's model that runs. */
typedef struct {
  const char *name;
  const char *order; /* of the model, with the file's name in place of FILE */
} ParameterFault;

extern const ParameterFault parameter_faults[];
extern const guint n_parameter_faults;

/* The first is that the file is missing. */
#define PARAMETER_FAULT_MISSING 0

typedef struct {
  const char *name;
  const char *property; /* NULL: none */
  gboolean required;
  gboolean writable;
} ParameterFile;

extern const ParameterFile parameter_files[];
#define N_PARAMETER_FILES 20

void parameter_fault_make (ModuleCase *self, const ParameterFault *fault,
                           const ParameterFile *file);
void parameter_fault_mend (ModuleCase *self, const ParameterFile *file);

/* Ends the test unless the log, from @position on, names the file, and in no more than
 * @max_lines. */
void parameter_fault_assert_logged (ModuleCase *self, const ParameterFile *file, gsize position,
                                    guint max_lines);
gsize parameter_fault_get_log_length (ModuleCase *self);
