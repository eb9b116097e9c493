/**
 * tests/e2e/keys.h - the keys of a history: 400 in groups of eight, which share a prefix and a tag.
 *
 * Never says which of them is read or written: that is drawn in history.c.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#define KEYS       400
#define GROUP      8                  /* keys of a group: one prefix, one tag */
#define SMALL_FROM (KEYS - 5 * GROUP) /* these live in a namespace of their own */

/** What a key, its group and its tags are called. */
struct names {
    char key[24], group[16], tag[16], half[4];
};

/** Names of a key; by value. */
static inline struct names names_of(uint32_t key)
{
    struct names n;
    snprintf(n.key, sizeof n.key, "g%u:k%u", key / GROUP, key);
    snprintf(n.group, sizeof n.group, "g%u:", key / GROUP);
    snprintf(n.tag, sizeof n.tag, "t%u", key / GROUP);
    snprintf(n.half, sizeof n.half, "h%u", key % 2);
    return n;
}

/** Lends static text. */
static inline const char *namespace_of(uint32_t key)
{
    return key < SMALL_FROM ? "shop" : "small";
}
