/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* A file system in place of /sys that answers as a kernel with the module DAMON_HUGEPAGE (RFC v3)
 * does. Usage: kernel-model MOUNTPOINT. Prints "ready" once it is there, and takes it away at
 * SIGTERM. What tests can do to it: control.h. */

#include "model.h"
#include "operations.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

/* Every one may be waiting for the kernel's lock, and nothing else has to wait for that. */
#define MAX_THREADS 500

static gpointer
serve (gpointer fuse)
{
  struct fuse_loop_config *config = fuse_loop_cfg_create ();

  fuse_loop_cfg_set_max_threads (config, MAX_THREADS);
  fuse_loop_mt (fuse, config);
  /* Somebody else has unmounted it. */
  kill (getpid (), SIGTERM);
  return NULL;
}

static struct fuse *
mount_model (Model *model, const char *mount_point)
{
  char *arguments[] = { (char *) "kernel-model", (char *) "-o",
                        (char *) "allow_other,default_permissions,fsname=kernel-model", NULL };
  struct fuse_args args = FUSE_ARGS_INIT (G_N_ELEMENTS (arguments) - 1, arguments);
  struct fuse *fuse = fuse_new (&args, &model_operations, sizeof model_operations, model);

  if (fuse == NULL || fuse_mount (fuse, mount_point) < 0)
    return NULL;
  return fuse;
}

int
main (int argc, char **argv)
{
  Model *model;
  struct fuse *fuse;
  sigset_t signals;
  int number;

  if (argc != 2) {
    fputs ("Usage: kernel-model MOUNTPOINT\n", stderr);
    return EXIT_FAILURE;
  }
  /* In all threads: only main() takes them. */
  sigemptyset (&signals);
  sigaddset (&signals, SIGTERM);
  sigaddset (&signals, SIGINT);
  sigprocmask (SIG_BLOCK, &signals, NULL);
  model = model_new ();
  fuse = mount_model (model, argv[1]);
  if (fuse == NULL)
    return EXIT_FAILURE;
  g_thread_unref (g_thread_new ("fuse", serve, fuse));
  puts ("ready");
  fflush (stdout);
  sigwait (&signals, &number);
  umount2 (argv[1], MNT_DETACH);
  model_end (model);
  /* Whatever waits in the model waits no longer: its descriptor of the mount goes with it. */
  _exit (EXIT_SUCCESS);
}
