/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* Touches and gives back so many MiB, in huge pages where they are allowed, so that the host of a
 * virtual machine has backed them when they are next asked for. A host that reclaims free memory
 * takes them back after a while: warm shortly before. */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MEBIBYTE ((size_t) 1 << 20)
#define PAGE_SIZE ((size_t) 4096)
#define BLOCK_SIZE (2 * MEBIBYTE)

int
main (int argc, char **argv)
{
  char *end, *area, *first;
  size_t size;

  if (argc != 2 || (size = strtoul (argv[1], &end, 10)) == 0 || *end != '\0'
      || size > SIZE_MAX / MEBIBYTE / 2) {
    fputs ("Usage: hostmem-warm MEBIBYTES\n", stderr);
    return EXIT_FAILURE;
  }
  size *= MEBIBYTE;
  area = mmap (NULL, size + BLOCK_SIZE, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (area == MAP_FAILED) {
    fprintf (stderr, "hostmem-warm: cannot map %zu bytes: %s\n", size, strerror (errno));
    return EXIT_FAILURE;
  }
  first = area + (BLOCK_SIZE - (size_t) area % BLOCK_SIZE) % BLOCK_SIZE;
  (void) madvise (first, size, MADV_HUGEPAGE);
  for (size_t offset = 0; offset < size; offset += PAGE_SIZE)
    *(volatile char *) (first + offset) = 1;
  return EXIT_SUCCESS;
}
