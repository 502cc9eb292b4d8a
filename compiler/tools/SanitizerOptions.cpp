// How AddressSanitizer runs our tools: linked into sanitized builds only.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

/// LLVM's own libraries are not instrumented: memory that our copy of its allocators poisons,
/// theirs uses.
extern "C" const char *__asan_default_options() { return "allow_user_poisoning=0"; }
