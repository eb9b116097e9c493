/**
 * load/job.h - what all threads of one run share, and the stages that they go through together.
 *
 * Written before a stage begins and by the stage alone where said so; never freed while threads run.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "load/dial.h"
#include "load/options.h"
#include "load/trace.h"
#include "load/value.h"

/** One thing after the other; each ends before the next begins, on all threads. */
enum stage {
    STAGE_CLEAR,  /* drop everything */
    STAGE_LOAD,   /* store every key once */
    STAGE_TOKENS, /* ask for every key, and keep the token of its miss */
    STAGE_RUN     /* the timed part */
};

#define JOB_TOKEN_MAX 64

/** A token of each key, taken before the timed part; a key's is written by one thread only. */
struct token_book {
    uint8_t (*at)[JOB_TOKEN_MAX]; /* NULL: no tokens are kept */
    _Atomic uint32_t len;         /* of every token; 0 = none was seen yet */
};

struct job {
    const struct options *options;
    struct dial dial;
    struct value_book values;
    struct trace trace;
    struct token_book tokens;
    uint32_t keys; /* different ones: as asked for, or as the trace has */
    enum stage stage;
    uint64_t start_ns, until_ns;   /* of STAGE_RUN */
    _Atomic uint64_t counted_from; /* answers count from then on: set when the clocks were read */
};
