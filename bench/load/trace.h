/**
 * load/trace.h - the keys of a recorded trace, in order, numbered from 0.
 *
 * Reads four formats, also packed by zstd or xz, whose programs do the unpacking. Sizes and times that
 * a trace tells are not used: every request is for one key.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct trace {
    uint32_t *keys;
    size_t n;
    uint32_t keys_n; /* different ones */
};

/**
 * Read FILE, or FILE:FORMAT.
 *
 * FORMAT:  lis (text, "start count ignore number" a line), oracle (libCacheSim's oracleGeneral), be32
 *          and be64 (bare big-endian ids). Without one, ".lis" and ".oracleGeneral" in the name tell
 *          it; other files hold bare ids, whose size is guessed.
 * Errors:  end the program with one line.
 */
void trace_read(const char *file, struct trace *out);

/** Number the records of the len bytes at `at`, in the given format. Returns: NULL, or what is wrong,
 *  as static text; then *out holds what came before. */
const char *trace_parse(const char *format, const uint8_t *at, size_t len, struct trace *out);

/** Release the memory. */
void trace_free(struct trace *t);
