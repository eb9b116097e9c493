/**
 * policy/trace.h - a trace as policies want it: objects numbered from 0, and when each comes again.
 *
 * Knows of files only through policy/unpack.h and policy/decode.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/decode.h"
#include "policy/fault.h"

#define TRACE_NEVER UINT32_MAX

struct trace_request {
    uint32_t object; /* 0 .. objects_n - 1 */
    uint32_t size;   /* bytes */
    uint32_t next;   /* number of the next request for this object; TRACE_NEVER */
};

struct trace {
    struct trace_request *requests;
    uint32_t requests_n;
    uint32_t objects_n;
    uint64_t bytes; /* of all objects, each as large as when it was first asked for */
};

/** Number the objects of n records (at most DECODE_REQUESTS_MAX). Copies; false when out of memory. */
bool trace_link(const struct record *records, size_t n, struct trace *out);

/** Load a trace file; format NULL: by its name. false: *fault says what is wrong with which file. */
bool trace_load(const char *path, const enum trace_format *format, struct trace *out,
                struct fault *fault);

/** Give its memory back. */
void trace_free(struct trace *t);
