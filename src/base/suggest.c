#include "base/suggest.h"

#include <assert.h>
#include <string.h>

/** Three rows of the table of distances are enough: the swap looks back by two. */
struct rows {
    uint32_t two_back[SUGGEST_WORD_MAX + 1];
    uint32_t back[SUGGEST_WORD_MAX + 1];
    uint32_t now[SUGGEST_WORD_MAX + 1];
};

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static bool are_swapped(struct slice a, struct slice b, size_t i, size_t j)
{
    return i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1];
}

static void fill_row(struct rows *r, struct slice a, struct slice b, size_t i)
{
    r->now[0] = (uint32_t)i;
    for (size_t j = 1; j <= b.len; j++) {
        const uint32_t replace = r->back[j - 1] + (a.at[i - 1] != b.at[j - 1]);
        r->now[j] = least(replace, least(r->back[j], r->now[j - 1]) + 1);
        if (are_swapped(a, b, i, j))
            r->now[j] = least(r->now[j], r->two_back[j - 2] + 1);
    }
}

uint32_t suggest_distance(struct slice a, struct slice b)
{
    struct rows r = {.now = {0}};
    if (a.len > SUGGEST_WORD_MAX || b.len > SUGGEST_WORD_MAX)
        return UINT32_MAX;
    for (size_t j = 0; j <= b.len; j++)
        r.now[j] = (uint32_t)j;
    for (size_t i = 1; i <= a.len; i++) {
        memcpy(r.two_back, r.back, sizeof r.back);
        memcpy(r.back, r.now, sizeof r.now);
        fill_row(&r, a, b, i);
    }
    return r.now[b.len];
}

struct suggest suggest_begin(const char *word)
{
    assert(word != NULL);
    return (struct suggest){.word = word, .distance = UINT32_MAX};
}

void suggest_offer(struct suggest *s, const char *candidate)
{
    const struct slice word = slice_text(s->word);
    const uint32_t distance = suggest_distance(word, slice_text(candidate));
    const uint32_t limit = word.len < 6 ? 1 + (word.len > 2) : (uint32_t)(word.len / 3);
    if (distance > limit || distance >= s->distance)
        return;
    s->best = candidate;
    s->distance = distance;
}
