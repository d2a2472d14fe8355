/* SPDX-License-Identifier: MIT */
/* sanitized - SANITIZED is 1 under a sanitizer that needs memory and stack of its own, else 0. */
#ifndef NP_TESTS_SANITIZED_H
#define NP_TESTS_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
