#include <criterion/criterion.h>
#include <string.h>

#include "base/attr.h"
#include "base/suggest.h"

static uint32_t distance(const char *a, const char *b)
{
    return suggest_distance(slice_text(a), slice_text(b));
}

static const char *nearest(const char *word)
{
    static const char *const words[] = {"gossip", "join", "name", "memory", "log"};
    struct suggest s = suggest_begin(word);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        suggest_offer(&s, words[i]);
    return s.best;
}

Test(suggest, each_edit_costs_one)
{
    cr_assert_eq(distance("gossip", "gossip"), 0);
    cr_assert_eq(distance("gosip", "gossip"), 1);
    cr_assert_eq(distance("gosssip", "gossip"), 1);
    cr_assert_eq(distance("gassip", "gossip"), 1);
    cr_assert_eq(distance("gosspi", "gossip"), 1, "a swap is one slip of the fingers");
    cr_assert_eq(distance("", "abc"), 3);
    cr_assert_eq(distance("kitten", "sitting"), 3);
    cr_assert_eq(distance("ca", "abc"), 3, "what was swapped is not edited again");
}

Test(suggest, distance_does_not_depend_on_the_order)
{
    static const char *const words[] = {"gossip", "gosspi", "", "listen", "silent", "tinsel"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        for (size_t j = 0; j < ARRAY_LEN(words); j++)
            cr_assert_eq(distance(words[i], words[j]), distance(words[j], words[i]));
    }
}

Test(suggest, the_nearest_word_is_offered)
{
    cr_assert_str_eq(nearest("gosip"), "gossip");
    cr_assert_str_eq(nearest("jion"), "join");
    cr_assert_str_eq(nearest("memroy"), "memory");
}

Test(suggest, nothing_is_better_than_something_far_away)
{
    cr_assert_null(nearest("expect"));
    cr_assert_null(nearest("x"));
    cr_assert_null(nearest(""));
}

Test(suggest, words_beyond_the_limit_resemble_nothing)
{
    char longest[SUGGEST_WORD_MAX + 2];
    memset(longest, 'a', sizeof longest);
    cr_assert_eq(suggest_distance(slice_of(longest, SUGGEST_WORD_MAX), slice_text("a")),
                 SUGGEST_WORD_MAX - 1);
    cr_assert_eq(suggest_distance(slice_of(longest, SUGGEST_WORD_MAX + 1), slice_text("a")),
                 UINT32_MAX);
}
