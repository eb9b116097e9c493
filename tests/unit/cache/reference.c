#include "reference.h"

#include <stdlib.h>
#include <string.h>

void ref_free(struct reference *r)
{
    for (size_t i = 0; i < REF_KEYS; i++)
        free(r->keys[i].puts);
    free(r->prefixes);
    free(r);
}

void ref_put(struct reference *r, size_t key_i, const struct content *content, uint64_t index)
{
    struct ref_key *k = &r->keys[key_i];
    if (k->puts_n == k->puts_max) {
        k->puts_max = k->puts_max * 2 + 8;
        k->puts = realloc(k->puts, k->puts_max * sizeof *k->puts);
    }
    k->puts[k->puts_n++] = (struct put_dot){index, *content};
}

static bool same_prefix(const struct ref_prefix *p, uint8_t ns, const char *key, size_t len)
{
    return p->ns == ns && p->len == len && memcmp(p->text, key, len) == 0;
}

void ref_prefix(struct reference *r, uint8_t ns, const char *key, size_t len, uint64_t index)
{
    for (size_t i = 0; i < r->prefixes_n; i++) {
        if (!same_prefix(&r->prefixes[i], ns, key, len))
            continue;
        if (index > r->prefixes[i].bar)
            r->prefixes[i].bar = index;
        return;
    }
    if (r->prefixes_n == r->prefixes_max) {
        r->prefixes_max = r->prefixes_max * 2 + 64;
        r->prefixes = realloc(r->prefixes, r->prefixes_max * sizeof *r->prefixes);
    }
    struct ref_prefix *p = &r->prefixes[r->prefixes_n++];
    *p = (struct ref_prefix){.len = len, .ns = ns, .bar = index};
    memcpy(p->text, key, len);
}

static bool same_content(const struct content *a, const struct content *b)
{
    return a->value == b->value && a->ttl_class == b->ttl_class && a->tags_n == b->tags_n &&
           memcmp(a->tags, b->tags, a->tags_n * sizeof a->tags[0]) == 0;
}

static bool key_refuses(const struct ref_key *k, const struct content *content, uint64_t stamp,
                        uint64_t own)
{
    if (k->key_bar > stamp)
        return true;
    for (size_t i = 0; i < k->puts_n; i++) {
        const struct put_dot *p = &k->puts[i];
        if (p->index > stamp && p->index != own && !same_content(&p->content, content))
            return true;
    }
    return false;
}

static bool tag_refuses(const struct reference *r, uint8_t ns, const struct content *content,
                        uint64_t stamp)
{
    for (size_t i = 0; i < content->tags_n; i++) {
        if (r->tag_bar[ns][content->tags[i]] > stamp)
            return true;
    }
    return false;
}

static bool prefix_refuses(const struct reference *r, const struct ref_key *k, uint64_t stamp)
{
    const size_t len = strlen(k->text);
    for (size_t i = 0; i < r->prefixes_n; i++) {
        const struct ref_prefix *p = &r->prefixes[i];
        if (p->bar > stamp && p->ns == k->ns && p->len <= len &&
            memcmp(p->text, k->text, p->len) == 0)
            return true;
    }
    return false;
}

static enum cache_reason barriers(const struct reference *r, const struct ref_key *k,
                                  const struct content *content, uint64_t stamp)
{
    if (tag_refuses(r, k->ns, content, stamp))
        return CACHE_TAG;
    if (prefix_refuses(r, k, stamp))
        return CACHE_PREFIX;
    if (r->ns_bar[k->ns] > stamp)
        return CACHE_NAMESPACE;
    return r->all_bar > stamp ? CACHE_ALL : CACHE_STORED;
}

enum cache_reason ref_judge(const struct reference *r, size_t key_i, const struct content *content,
                            uint64_t stamp, uint64_t own)
{
    const struct ref_key *k = &r->keys[key_i];
    if (key_refuses(k, content, stamp, own))
        return CACHE_INVALIDATED;
    return barriers(r, k, content, stamp);
}

bool ref_lives(const struct reference *r, size_t key_i, mono_us now)
{
    const struct ref_key *k = &r->keys[key_i];
    if (!k->there || now >= k->expires_us || k->key_bar > k->stamp)
        return false;
    for (size_t i = 0; i < k->puts_n; i++) {
        const struct put_dot *p = &k->puts[i];
        if (p->index > k->stamp && p->index > k->touched && p->index != k->own &&
            !same_content(&p->content, &k->content))
            return false;
    }
    return barriers(r, k, &k->content, k->stamp) == CACHE_STORED;
}

void ref_store(struct reference *r, size_t key_i, const struct ref_key *entry)
{
    struct ref_key *k = &r->keys[key_i];
    k->there = true;
    k->stamp = entry->stamp;
    k->own = entry->own;
    k->touched = 0;
    k->expires_us = entry->expires_us;
    k->content = entry->content;
}
