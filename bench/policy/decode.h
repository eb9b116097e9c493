/**
 * policy/decode.h - the records of a trace file: what was asked for, and how large it was.
 *
 * arc     text, a line `start_block count ignore reqno`, one request for each block;
 * oracle  packed little-endian {u32 time; u64 id; u32 size; i64 next}, as libCacheSim writes them;
 * u64     big-endian ids of 8 bytes; u32: of 4 bytes; both as in Caffeine's simulator.
 *
 * The bytes are hostile: a bad record is told with its number, from 1, and the limit that it breaks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "policy/fault.h"

#define DECODE_REQUESTS_MAX 100000000U
#define DECODE_BLOCKS_MAX   1000000U /* of one line of an arc trace */

enum trace_format {
    TRACE_ARC,
    TRACE_ORACLE,
    TRACE_U64,
    TRACE_U32,
    TRACE_FORMATS
};

struct record {
    uint64_t id;
    uint32_t size; /* bytes, at least 1 */
};

/** Records that grow. All zero is empty; free() `at` in the end. */
struct records {
    struct record *at;
    size_t n, cap;
};

/** The format of that name ("arc", "oracle", "u64", "u32"); false when there is none. */
bool decode_format(const char *name, enum trace_format *out);

/** The format that the name of a trace file tells; false when it tells none. */
bool decode_guess(const char *path, enum trace_format *out);

/** Append all records of bytes to out. false: *fault says which record of path is bad, and why. */
bool decode(const char *path, enum trace_format format, struct slice bytes, struct records *out,
            struct fault *fault);
