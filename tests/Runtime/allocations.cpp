// The C library's allocator, counted. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "allocations.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>

static std::atomic<std::size_t> count = 0;

std::size_t rnet::test::allocations() { return count; }

extern "C" {
// glibc's functions under their second names; memory is freed as ever.
void *__libc_malloc(std::size_t);
void *__libc_calloc(std::size_t, std::size_t);
void *__libc_realloc(void *, std::size_t);
void *__libc_memalign(std::size_t, std::size_t);

void *malloc(std::size_t size) {
  ++count;
  return __libc_malloc(size);
}
void *calloc(std::size_t items, std::size_t size) {
  ++count;
  return __libc_calloc(items, size);
}
void *realloc(void *memory, std::size_t size) {
  ++count;
  return __libc_realloc(memory, size);
}
void *memalign(std::size_t border, std::size_t size) {
  ++count;
  return __libc_memalign(border, size);
}
void *aligned_alloc(std::size_t border, std::size_t size) { return memalign(border, size); }
int posix_memalign(void **memory, std::size_t border, std::size_t size) {
  *memory = memalign(border, size);
  return *memory ? 0 : ENOMEM;
}
}
