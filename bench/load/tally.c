#include "load/tally.h"

#include <stdbool.h>
#include <string.h>

/** Printable, and harmless between double quotes in JSON. */
static bool is_plain(uint8_t c)
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

static void copy_name(char out[TALLY_NAME_MAX], struct slice name)
{
    const size_t len = name.len < TALLY_NAME_MAX - 1 ? name.len : TALLY_NAME_MAX - 1;
    for (size_t i = 0; i < len; i++)
        out[i] = (char)(is_plain(name.at[i]) ? name.at[i] : '?');
    out[len] = '\0';
}

void tally_error(struct tally *t, struct slice name, uint64_t n)
{
    char plain[TALLY_NAME_MAX];
    uint32_t i = 0;
    copy_name(plain, name);
    t->errors += n;
    while (i < t->named_n && strcmp(t->named[i].name, plain) != 0)
        i++;
    if (i == TALLY_NAMES) {
        i = TALLY_NAMES - 1;
        copy_name(t->named[i].name, slice_text("other errors"));
    } else if (i == t->named_n) {
        t->named_n++;
        memcpy(t->named[i].name, plain, sizeof plain);
    }
    t->named[i].n += n;
}

void tally_merge(struct tally *into, const struct tally *from)
{
    into->requests += from->requests;
    into->hits += from->hits;
    into->misses += from->misses;
    into->verified += from->verified;
    into->refused += from->refused;
    for (uint32_t i = 0; i < from->named_n; i++)
        tally_error(into, slice_text(from->named[i].name), from->named[i].n);
    histogram_merge(&into->sent, &from->sent);
    histogram_merge(&into->due, &from->due);
}
