/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* spread BLOCKS: a process with page tables for so many blocks of 2 MiB and hardly any memory: one
 * page of each is read, which maps the page of zeros. Prints "ready", and waits. */

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define BLOCK_SIZE ((size_t) 2 << 20)

int
main (int argc, char **argv)
{
  const size_t blocks = argc > 1 ? strtoul (argv[1], NULL, 10) : 0;
  volatile char *area =
    mmap (NULL, blocks * BLOCK_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  if (blocks == 0 || area == MAP_FAILED)
    return EXIT_FAILURE;
  /* Not the huge page of zeros. */
  madvise ((void *) area, blocks * BLOCK_SIZE, MADV_NOHUGEPAGE);
  for (size_t i = 0; i < blocks; i++)
    (void) area[i * BLOCK_SIZE];
  puts ("ready");
  fflush (stdout);
  for (;;)
    pause ();
}
