#include "faults.h"

#include <stdio.h>
#include <string.h>

static const char *const TEXTS[FAULTS] = {
    [FAULT_LOSS] = "loss",     [FAULT_BURST] = "burst",     [FAULT_DUP] = "dup",
    [FAULT_REPLAY] = "replay", [FAULT_DELAY] = "delay",     [FAULT_CLOG] = "clog",
    [FAULT_CUT] = "cut",       [FAULT_ONEWAY] = "oneway",   [FAULT_SHAPE] = "shape",
    [FAULT_TYPES] = "types",   [FAULT_SWIZZLE] = "swizzle", [FAULT_MTU] = "mtu",
    [FAULT_FLIP] = "flip",     [FAULT_CRASH] = "crash",     [FAULT_RESTART] = "restart",
    [FAULT_MASS] = "mass",     [FAULT_ROLLING] = "rolling", [FAULT_FOREIGN] = "foreign",
    [FAULT_PAUSE] = "pause",   [FAULT_CLOCK] = "clock",     [FAULT_DNS] = "dns",
    [FAULT_MEMORY] = "memory", [FAULT_CORE] = "core",       [FAULT_CLONE] = "clone",
    [FAULT_KEYS] = "keys"};

const char *fault_text(enum fault fault)
{
    return TEXTS[fault];
}

enum fault fault_named(const char *name, size_t len)
{
    uint32_t i = 0;
    while (i < FAULTS && (strlen(TEXTS[i]) != len || memcmp(TEXTS[i], name, len) != 0))
        i++;
    return (enum fault)i;
}

static bool is_word(const char *word, size_t len, const char *text)
{
    return strlen(text) == len && memcmp(word, text, len) == 0;
}

static bool parse_word(const char *word, size_t len, uint32_t *out)
{
    const bool without = *word == '-';
    const enum fault fault = fault_named(word + without, len - without);
    if (is_word(word, len, "all") || is_word(word, len, "none")) {
        *out = *word == 'a' ? FAULTS_ALL : 0;
        return true;
    }
    if (fault == FAULTS)
        return false;
    *out = without ? *out & ~(1U << fault) : *out | 1U << fault;
    return true;
}

bool faults_parse(const char *text, uint32_t *out)
{
    *out = *text == '-' ? FAULTS_ALL : 0;
    for (const char *at = text; *at != '\0';) {
        const size_t len = strcspn(at, ",");
        if (len == 0 || !parse_word(at, len, out))
            return false;
        at += len + (at[len] == ',');
    }
    return *text != '\0';
}

static void print_words(uint32_t set, const char *before, char *out, size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < FAULTS && len < cap; i++)
        if ((set >> i & 1) != 0)
            len += (size_t)snprintf(out + len, cap - len, "%s%s%s", len == 0 ? "" : ",", before,
                                    TEXTS[i]);
}

void faults_print(uint32_t set, char *out, size_t cap)
{
    if (set == FAULTS_ALL || set == 0)
        snprintf(out, cap, "%s", set == 0 ? "none" : "all");
    else if (__builtin_popcount(set) > FAULTS / 2)
        print_words(FAULTS_ALL & ~set, "-", out, cap);
    else
        print_words(set, "", out, cap);
}
