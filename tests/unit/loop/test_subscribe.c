#include <criterion/criterion.h>
#include <stdio.h>

#include "loop/subscribe.h"

static struct hkey hkey(void)
{
    return hash_cluster_key(slice_text("c"));
}

/** The push for a dot of this kind on ns and target; name NULL = the dot has no name. */
static struct push *push_of(enum dot_kind kind, const char *ns, const char *target)
{
    struct node_applied a = {.dot = {.epoch = 7, .seq = 3, .kind = (uint8_t)kind}};
    const struct hkey key = hkey();
    if (ns != NULL)
        a.dot.name =
            (struct dot_name){.known = true, .ns = slice_text(ns), .target = slice_text(target)};
    struct push *p = push_new(&a, &key);
    cr_assert_neq(p, NULL);
    return p;
}

static bool wanted(const char *ns, const char *prefix, struct push *p)
{
    struct filters f = {.n = 0};
    cr_assert_eq(filters_add(&f, slice_text(ns), slice_text(prefix)), OK);
    const bool want = filters_want(&f, p);
    filters_clear(&f);
    push_drop(p);
    return want;
}

Test(subscribe, a_key_is_told_to_those_whose_prefix_it_has)
{
    cr_expect(wanted("", "", push_of(DOT_KEY, "", "package-1")));
    cr_expect(wanted("", "package-", push_of(DOT_KEY, "", "package-1")));
    cr_expect(wanted("", "package-1", push_of(DOT_PUT, "", "package-1")));
    cr_expect_not(wanted("", "package-1", push_of(DOT_KEY, "", "package-")));
    cr_expect_not(wanted("", "other", push_of(DOT_KEY, "", "package-1")));
    cr_expect_not(wanted("", "", push_of(DOT_KEY, "prices", "package-1")));
    cr_expect(wanted("prices", "", push_of(DOT_KEY, "prices", "package-1")));
}

Test(subscribe, a_prefix_is_told_when_some_key_may_have_both)
{
    cr_expect(wanted("", "pack", push_of(DOT_PREFIX, "", "package-")));
    cr_expect(wanted("", "package-1", push_of(DOT_PREFIX, "", "package-")));
    cr_expect_not(wanted("", "packet", push_of(DOT_PREFIX, "", "package-")));
}

Test(subscribe, tags_and_namespaces_are_told_to_the_whole_namespace)
{
    cr_expect(wanted("n", "zzz", push_of(DOT_TAG, "n", "tag")));
    cr_expect(wanted("n", "zzz", push_of(DOT_NAMESPACE, "n", "")));
    cr_expect_not(wanted("m", "", push_of(DOT_TAG, "n", "tag")));
    cr_expect_not(wanted("m", "", push_of(DOT_NAMESPACE, "n", "")));
}

Test(subscribe, whatever_drops_a_key_is_told_as_that_key)
{
    cr_expect(wanted("n", "k", push_of(DOT_NOSTORE, "n", "k1")));
    cr_expect(wanted("n", "k", push_of(DOT_BEGIN, "n", "k1")));
    cr_expect_not(wanted("n", "x", push_of(DOT_NOSTORE, "n", "k1")));
    cr_expect_not(wanted("n", "x", push_of(DOT_BEGIN, "n", "k1")));
}

Test(subscribe, sets_of_tags_are_told_to_the_whole_namespace)
{
    struct push *p = push_of(DOT_TAGS_ALL, "n", "");
    cr_expect_eq(p->scope, SCOPE_NAMESPACE);
    cr_expect(wanted("n", "zzz", p));
    cr_expect_not(wanted("m", "", push_of(DOT_TAGS_ALL, "n", "")));
}

Test(subscribe, buckets_are_told_to_everybody)
{
    cr_expect(wanted("m", "x", push_of(DOT_BUCKETS, NULL, NULL)));
}

Test(subscribe, what_cannot_be_told_exactly_is_told_to_everybody)
{
    cr_expect(wanted("n", "zzz", push_of(DOT_KEY, NULL, NULL)));
    cr_expect(wanted("n", "zzz", push_of(DOT_ALL, "", "")));
    cr_expect(wanted("n", "zzz", push_of((enum dot_kind)99, "m", "x")));
}

Test(subscribe, a_push_names_the_dot_in_its_stamp)
{
    struct push *p = push_of(DOT_KEY, "ns", "k");
    const struct hkey key = hkey();
    struct stamp stamp;
    cr_assert(p->has_stamp);
    cr_assert_eq(stamp_read(&key, slice_of(p->stamp, STAMP_LEN), &stamp), OK);
    cr_expect_eq(stamp.epoch, 7);
    cr_expect_eq(stamp.seq, 3);
    cr_expect_eq(stamp.count, 1);
    cr_expect_eq(p->scope, SCOPE_KEY);
    cr_expect(slice_eq(p->ns, slice_text("ns")) && slice_eq(p->target, slice_text("k")));
    push_drop(p);
}

Test(subscribe, a_broad_barrier_has_no_stamp)
{
    const struct hkey key = hkey();
    struct push *p = push_new(&(struct node_applied){.everything = true}, &key);
    cr_assert_neq(p, NULL);
    cr_expect_eq(p->scope, SCOPE_ALL);
    cr_expect_not(p->has_stamp);
    push_drop(p);
}

Test(filters, the_64th_is_taken_and_the_65th_refused)
{
    struct filters f = {.n = 0};
    char prefix[16];
    for (int i = 0; i < CLIENT_SUBSCRIPTIONS_MAX; i++) {
        (void)snprintf(prefix, sizeof prefix, "p%d", i);
        cr_assert_eq(filters_add(&f, slice_text(""), slice_text(prefix)), OK);
    }
    cr_expect_eq(filters_add(&f, slice_text(""), slice_text("one more")), ERR_FULL);
    cr_expect_eq(filters_add(&f, slice_text(""), slice_text("p0")), OK, "it is held already");
    cr_expect_eq(f.n, CLIENT_SUBSCRIPTIONS_MAX);
    cr_expect(filters_remove(&f, slice_text(""), slice_text("p7")));
    cr_expect_not(filters_remove(&f, slice_text(""), slice_text("p7")));
    cr_expect_eq(filters_add(&f, slice_text(""), slice_text("one more")), OK);
    filters_clear(&f);
    cr_expect_eq(f.n, 0);
}
