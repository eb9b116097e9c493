#include <criterion/criterion.h>
#include <string.h>

#include "node/parts.h"

/** Part i of three of one answer, with n covers. */
static struct peer_proof part_of(uint8_t i, size_t n)
{
    static uint8_t covers[PROOF_COVERS_MAX * COVER_LEN];
    return (struct peer_proof){.challenge = 7,
                               .vote = VOTE_REGULAR,
                               .window_ms = 1000,
                               .rest_hash = 5,
                               .part = i,
                               .last_part = 2,
                               .covers = slice_of(covers, n * COVER_LEN)};
}

Test(parts, all_of_them_make_the_answer)
{
    struct parts a = {0};
    struct peer_proof p = part_of(2, 1);
    cr_assert_not(parts_go_on(&a, &p));
    cr_assert_eq(parts_add(&a, 9, &p), PARTS_MISSING);
    p = part_of(0, 2);
    cr_assert(parts_go_on(&a, &p));
    cr_assert_eq(parts_add(&a, 9, &p), PARTS_MISSING);
    p = part_of(1, 0);
    cr_assert_eq(parts_add(&a, 9, &p), PARTS_WHOLE);
    cr_assert_eq(p.covers.len, 3 * COVER_LEN);
    cr_assert_not(parts_go_on(&a, &p), "it is over");
}

Test(parts, what_does_not_belong_together_is_dropped)
{
    for (int kind = 0; kind < 6; kind++) {
        struct parts a = {0};
        struct peer_proof p = part_of(0, 1);
        cr_assert_eq(parts_add(&a, 9, &p), PARTS_MISSING);
        struct peer_proof bad = part_of(kind == 5 ? 0 : 1, 1); /* 5: twice the same */
        bad.rest_hash += kind == 0;
        bad.vote = kind == 1 ? VOTE_ANEW : bad.vote;
        bad.last_part = (uint8_t)(bad.last_part + (kind == 2));
        bad.partial = kind == 3;
        bad.window_ms += kind == 4;
        cr_assert_eq(parts_add(&a, 9, &bad), PARTS_MALFORMED, "kind %d", kind);
        p = part_of(2, 1);
        cr_assert_not(parts_go_on(&a, &p), "kind %d", kind);
    }
}

Test(parts, they_hold_no_more_covers_than_an_answer)
{
    for (size_t over = 0; over <= 1; over++) {
        struct parts a = {0};
        struct peer_proof p = part_of(0, PROOF_COVERS_MAX - 1);
        cr_assert_eq(parts_add(&a, 9, &p), PARTS_MISSING);
        p = part_of(1, 1 + over);
        cr_assert_eq(parts_add(&a, 9, &p), over ? PARTS_MALFORMED : PARTS_MISSING);
    }
}
