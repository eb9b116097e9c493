#include "wire/scan.h"

#include <assert.h>
#include <stdbool.h>

/** What a lead byte says about the bytes behind it. */
struct shape {
    bool refused;
    uint8_t len_n;    /* bytes of the length field */
    uint8_t fixed;    /* the length, when there is no length field */
    uint8_t children; /* values per unit of length: 0 the length is in bytes, 1 array, 2 map */
};

/* Lead bytes 0xC0 to 0xDF. Source: the MessagePack specification, "Formats". */
static const struct shape variable_shapes[32] = {
    [0x01] = {.refused = true},           /* 0xC1, never used */
    [0x04] = {.len_n = 1},                /* bin */
    [0x05] = {.len_n = 2},                /* bin */
    [0x06] = {.len_n = 4},                /* bin */
    [0x07] = {.refused = true},           /* ext */
    [0x08] = {.refused = true},           /* ext */
    [0x09] = {.refused = true},           /* ext */
    [0x0A] = {.fixed = 4},                /* binary32 */
    [0x0B] = {.fixed = 8},                /* binary64 */
    [0x0C] = {.fixed = 1},                /* unsigned */
    [0x0D] = {.fixed = 2},                /* unsigned */
    [0x0E] = {.fixed = 4},                /* unsigned */
    [0x0F] = {.fixed = 8},                /* unsigned */
    [0x10] = {.fixed = 1},                /* signed */
    [0x11] = {.fixed = 2},                /* signed */
    [0x12] = {.fixed = 4},                /* signed */
    [0x13] = {.fixed = 8},                /* signed */
    [0x14] = {.refused = true},           /* fixext */
    [0x15] = {.refused = true},           /* fixext */
    [0x16] = {.refused = true},           /* fixext */
    [0x17] = {.refused = true},           /* fixext */
    [0x18] = {.refused = true},           /* fixext */
    [0x19] = {.len_n = 1},                /* str */
    [0x1A] = {.len_n = 2},                /* str */
    [0x1B] = {.len_n = 4},                /* str */
    [0x1C] = {.len_n = 2, .children = 1}, /* array */
    [0x1D] = {.len_n = 4, .children = 1}, /* array */
    [0x1E] = {.len_n = 2, .children = 2}, /* map */
    [0x1F] = {.len_n = 4, .children = 2}, /* map */
};

/** Where the walk stands. The whole state is here: no recursion, no allocation. */
struct walk {
    struct slice rest;
    const struct scan_limits *limits;
    uint32_t nodes;                /* values seen and values promised by containers seen */
    uint32_t depth;                /* containers that are open */
    uint32_t left[SCAN_DEPTH_MAX]; /* values still to come in each open container */
};

static struct shape shape_of(uint8_t lead)
{
    if (lead < 0x80 || lead >= 0xE0)
        return (struct shape){0};
    if (lead < 0x90)
        return (struct shape){.fixed = lead & 0x0F, .children = 2};
    if (lead < 0xA0)
        return (struct shape){.fixed = lead & 0x0F, .children = 1};
    if (lead < 0xC0)
        return (struct shape){.fixed = lead & 0x1F};
    return variable_shapes[lead - 0xC0];
}

static bool skip(struct walk *w, uint64_t n)
{
    if (w->rest.len < n)
        return false;
    w->rest.at += n;
    w->rest.len -= n;
    return true;
}

static uint64_t big_endian(const uint8_t *at, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value = value << 8 | at[i];
    return value;
}

/** Open a container of n values. Both limits are checked before one of the n is looked for. */
static enum err open_container(struct walk *w, uint64_t n)
{
    if (w->depth == w->limits->depth_max || n > w->limits->nodes_max - w->nodes)
        return ERR_LIMIT;
    w->nodes += (uint32_t)n;
    w->left[w->depth++] = (uint32_t)n;
    return OK;
}

/** Walk over one value; of a container only over its head. */
static enum err walk_value(struct walk *w)
{
    const uint8_t *const at = w->rest.at;
    if (!skip(w, 1))
        return ERR_SHORT;
    const struct shape shape = shape_of(at[0]);
    if (shape.refused)
        return ERR_MALFORMED;
    if (!skip(w, shape.len_n))
        return ERR_SHORT;
    const uint64_t n = shape.len_n == 0 ? shape.fixed : big_endian(at + 1, shape.len_n);
    if (shape.children != 0)
        return open_container(w, n * shape.children);
    return skip(w, n) ? OK : ERR_SHORT;
}

/** Close the containers that are complete; false when nothing is left to walk over. */
static bool another_value(struct walk *w)
{
    while (w->depth > 0 && w->left[w->depth - 1] == 0)
        w->depth--;
    if (w->depth == 0)
        return false;
    w->left[w->depth - 1]--;
    return true;
}

enum err scan_value(struct slice bytes, const struct scan_limits *limits, struct scan_size *out)
{
    assert(limits != NULL && out != NULL);
    assert(limits->depth_max <= SCAN_DEPTH_MAX);
    if (limits->nodes_max == 0)
        return ERR_LIMIT;
    struct walk w = {.rest = bytes, .limits = limits, .nodes = 1};
    do {
        const enum err err = walk_value(&w);
        if (err != OK)
            return err;
    } while (another_value(&w));
    *out = (struct scan_size){.len = bytes.len - w.rest.len, .nodes = w.nodes};
    return OK;
}
