#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/namespace.h"

#include "kit.h"

static struct kit k;

static void begin(void)
{
    kit_init(&k);
}

static void end(void)
{
    kit_fini(&k);
}

TestSuite(namespaces, .init = begin, .fini = end);

static void give(const char *flag, const char *value)
{
    kit_arg(&k, flag);
    kit_arg(&k, value);
}

static void give_file(const char *text)
{
    give("--config", kit_file(&k, "c.yaml", text));
}

static void file_fails(const char *text, const char *part)
{
    give_file(text);
    kit_fails(&k, EXIT_CONFIG, part);
    cr_assert(k.fault.in_file);
    cr_assert_eq(strncmp(k.fault.text, k.root, strlen(k.root)), 0, "the text begins with the file");
}

static const struct policy *policy(size_t i)
{
    cr_assert_lt(i, k.config.namespaces.n);
    return &k.config.namespaces.at[i].policy;
}

/** Every key with a value that is no default. */
static const char FULL[] = "expect: 3\n"
                           "freshness: {fence_ms: 2000}\n"
                           "namespaces:\n"
                           "  - name: \"\"\n"
                           "    ttl_ms: 60000\n"
                           "  - name: prices\n"
                           "    strict: true\n"
                           "    within_ms: 1500\n"
                           "    ttl_ms: 30000\n"
                           "    ttl_max_ms: 300000\n"
                           "    stale_ms: 7\n"
                           "    ack: fenced\n"
                           "  - {name: 'with \"quotes\", # and: \\', ack: 2, strict: false}\n"
                           "  - {ack: quorum, name: gr\xc3\xbcn}\n";

/* ---- what is read ---- */

Test(namespaces, none_is_the_default)
{
    kit_loads(&k);
    cr_assert_eq(k.config.namespaces.n, 0);
    cr_assert_eq(k.config.expect, 0);
    cr_assert_eq(k.config.fence_ms, POLICY_FENCE_MS);
}

Test(namespaces, every_key_is_read)
{
    give_file(FULL);
    kit_loads(&k);
    cr_assert_eq(k.config.namespaces.n, 4);
    cr_assert_str_eq(k.config.namespaces.at[0].name, "");
    cr_assert_eq(policy(0)->ttl_ms, 60000);
    cr_assert_eq(policy(0)->ack.level, ACK_DEFAULT, "what is not given is not set");
    cr_assert_str_eq(k.config.namespaces.at[1].name, "prices");
    cr_assert(policy(1)->strict);
    cr_assert_eq(policy(1)->within_ms, 1500);
    cr_assert_eq(policy(1)->ttl_ms, 30000);
    cr_assert_eq(policy(1)->ttl_max_ms, 300000);
    cr_assert_eq(policy(1)->stale_ms, 7);
    cr_assert_eq(policy(1)->ack.level, ACK_FENCED);
    cr_assert_not(policy(2)->strict);
    cr_assert(policy(2)->ack.level == ACK_NODES && policy(2)->ack.k == 2);
    cr_assert_eq(policy(3)->ack.level, ACK_QUORUM);
}

Test(namespaces, lines_are_kept)
{
    give_file(FULL);
    kit_loads(&k);
    cr_assert_eq(k.config.namespaces.line, 3);
    cr_assert_eq(k.config.namespaces.at[1].line, 6);
    cr_assert_eq(k.config.namespaces.at[1].lines[NAMESPACE_STRICT], 7);
    cr_assert_eq(k.config.namespaces.at[0].lines[NAMESPACE_STRICT], 0);
}

Test(namespaces, they_may_be_all_that_a_file_says)
{
    give_file("namespaces: [{name: a, ttl_ms: 5}]\n");
    kit_loads(&k);
    cr_assert_eq(policy(0)->ttl_ms, 5);
}

Test(namespaces, an_empty_list_is_none)
{
    give_file("namespaces: []\nname: n\n");
    kit_loads(&k);
    cr_assert_eq(k.config.namespaces.n, 0);
    cr_assert_str_eq(k.config.name, "n");
}

Test(namespaces, keys_behind_the_list_are_read)
{
    give_file("namespaces:\n  - name: a\ncluster: c\nlog: {level: warn}\n");
    kit_loads(&k);
    cr_assert_str_eq(k.config.cluster, "c");
    cr_assert_eq(k.config.log_level, LOGGER_WARN);
}

Test(namespaces, the_loop_gets_policies_that_lend_their_names)
{
    static struct policy at[POLICIES_MAX];
    give_file(FULL);
    kit_loads(&k);
    const struct policies all = config_policies(&k.config, at);
    cr_assert_eq(all.n, 4);
    cr_assert_eq(all.expect, 3);
    cr_assert_eq(all.fence_ms, 2000);
    cr_assert_eq(all.at[0].ns.len, 0);
    cr_assert(slice_eq(all.at[1].ns, slice_text("prices")));
    cr_assert_eq(all.at[1].within_ms, 1500);
    cr_assert(slice_eq(all.at[3].ns, slice_text("gr\xc3\xbcn")));
}

/* ---- expect and fence-ms ---- */

Test(namespaces, expect_is_1_to_64)
{
    give("--expect", "64");
    kit_loads(&k);
    cr_assert_eq(k.config.expect, POLICY_EXPECT_MAX);
    give("--expect", "65");
    kit_fails(&k, EXIT_USAGE, "--expect: \"65\" is not a number from 1 to 64");
}

Test(namespaces, expect_is_not_0)
{
    kit_env(&k, "SCRUBJAY_EXPECT=0");
    kit_fails(&k, EXIT_CONFIG, "SCRUBJAY_EXPECT: \"0\" is not a number from 1 to 64");
}

Test(namespaces, fence_ms_comes_from_the_environment_too)
{
    kit_env(&k, "SCRUBJAY_FENCE_MS=60000");
    kit_loads(&k);
    cr_assert_eq(k.config.fence_ms, POLICY_FENCE_MS_MAX);
}

Test(namespaces, fence_ms_is_a_flag)
{
    give("--fence-ms", "50");
    kit_loads(&k);
    cr_assert_eq(k.config.fence_ms, POLICY_FENCE_MS_MIN);
    give("--fence-ms", "49");
    kit_fails(&k, EXIT_USAGE,
              "--fence-ms: \"49\" is not whole milliseconds from 50 to 60000, as in 1000");
}

Test(namespaces, fence_ms_is_told_with_its_line)
{
    file_fails("name: a\nfreshness:\n  fence_ms: 1s\n",
               "c.yaml:3: freshness.fence_ms: \"1s\" is not whole milliseconds from 50 to 60000");
}

/* ---- shapes ---- */

Test(namespaces, unknown_keys_suggest_what_was_meant)
{
    file_fails("namespaces:\n  - name: a\n    stric: true\n",
               "c.yaml:3: unknown key \"namespaces.stric\": did you mean \"namespaces.strict\"?");
}

Test(namespaces, keys_that_resemble_nothing_have_no_suggestion)
{
    file_fails("namespaces: [{zzzzzzz: 1}]\n", "c.yaml:1: unknown key \"namespaces.zzzzzzz\"");
    cr_assert_null(strstr(k.fault.text, "did you mean"));
}

Test(namespaces, a_text_of_several_lines_is_refused_in_one)
{
    file_fails("namespaces: [{\"zz\\n\\ezz\": 1}]\n",
               "c.yaml:1: unknown key \"namespaces.zz??zz\"");
}

Test(namespaces, the_list_itself_is_suggested)
{
    file_fails("namespace:\n  - name: a\n",
               "c.yaml:1: unknown key \"namespace\": did you mean \"namespaces\"?");
}

Test(namespaces, a_key_given_twice)
{
    file_fails("namespaces:\n  - name: a\n    ttl_ms: 1\n    ttl_ms: 2\n",
               "c.yaml:4: namespaces.ttl_ms was given before, on line 3");
}

Test(namespaces, the_list_given_twice)
{
    file_fails("namespaces: []\nname: a\nnamespaces: []\n",
               "c.yaml:3: namespaces was given before, on line 1");
}

Test(namespaces, a_list_is_a_list)
{
    file_fails("namespaces:\n  name: a\n", "c.yaml:2: namespaces must be a list");
}

Test(namespaces, entries_are_groups)
{
    file_fails("namespaces:\n  - a\n", "c.yaml:2: namespaces must be a list of groups");
}

Test(namespaces, values_are_plain)
{
    file_fails("namespaces:\n  - name: [a]\n", "c.yaml:2: namespaces.name must be one value");
}

Test(namespaces, keys_are_plain)
{
    file_fails("namespaces:\n  - ? [a]\n    : b\n", "c.yaml:2: a key must be a plain word");
}

Test(namespaces, aliases_are_refused)
{
    file_fails("name: &x a\nnamespaces:\n  - name: *x\n", "c.yaml:3: aliases");
}

Test(namespaces, a_list_that_is_cut_off)
{
    file_fails("namespaces:\n  - {name: a,\n", "c.yaml:3: this is no YAML");
}

/* ---- names ---- */

Test(namespaces, an_entry_has_a_name)
{
    file_fails("namespaces:\n  - name: a\n  - ttl_ms: 1\n    ack: all\n",
               "c.yaml:3: this entry of namespaces has no name: write name: \"\"");
}

Test(namespaces, no_name_is_not_the_default_namespace)
{
    file_fails("namespaces:\n  - name:\n    ttl_ms: 1\n",
               "c.yaml:2: namespaces.name has no value: write \"\" for the default namespace");
}

Test(namespaces, other_values_are_not_left_out_either)
{
    file_fails("namespaces:\n  - name: a\n    ttl_ms:\n",
               "c.yaml:3: namespaces.ttl_ms has no value");
}

Test(namespaces, names_have_at_most_64_bytes)
{
    char name[66], text[128], part[256];
    memset(name, 'a', 65);
    name[65] = '\0';
    (void)snprintf(text, sizeof text, "namespaces: [{name: %.64s}]\n", name);
    give_file(text);
    kit_loads(&k);
    cr_assert_eq(strlen(k.config.namespaces.at[0].name), 64);
    (void)snprintf(text, sizeof text, "namespaces: [{name: %s}]\n", name);
    (void)snprintf(part, sizeof part,
                   "c.yaml:1: namespaces.name: \"%s\" is not a name of at most 64 bytes without "
                   "control characters",
                   name);
    file_fails(text, part);
}

Test(namespaces, a_name_given_twice)
{
    file_fails("namespaces:\n  - name: a\n  - name: b\n  - ttl_ms: 1\n    name: a\n",
               "c.yaml:5: namespace \"a\" was given before, on line 2");
}

Test(namespaces, the_default_namespace_given_twice)
{
    file_fails("namespaces:\n  - name: \"\"\n  - name: ''\n",
               "c.yaml:3: namespace \"\" was given before, on line 2");
}

static void list(size_t n, char *out, size_t cap)
{
    size_t len = (size_t)snprintf(out, cap, "namespaces:\n");
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(out + len, cap - len, "  - name: n%zu\n", i);
}

Test(namespaces, there_are_at_most_256)
{
    static char text[POLICIES_MAX * 32];
    list(POLICIES_MAX, text, sizeof text);
    give_file(text);
    kit_loads(&k);
    cr_assert_eq(k.config.namespaces.n, POLICIES_MAX);
    list(POLICIES_MAX + 1, text, sizeof text);
    file_fails(text, "c.yaml:258: more than 256 namespaces, which is the limit");
}

/* ---- values ---- */

/** The value of one key in an entry is refused, with its line and this text. */
static void value_fails(const char *key, const char *value, const char *wanted)
{
    char text[128], part[256];
    (void)snprintf(text, sizeof text, "expect: 3\nnamespaces:\n  - name: a\n    %s: %s\n", key,
                   value);
    (void)snprintf(part, sizeof part, "c.yaml:4: namespaces.%s: \"%s\" is not %s", key, value,
                   wanted);
    file_fails(text, part);
}

Test(namespaces, strict_is_a_switch)
{
    value_fails("strict", "maybe", "true or false");
}

Test(namespaces, within_ms_is_not_0)
{
    value_fails("within_ms", "0", "whole milliseconds from 1 to 3600000");
}

Test(namespaces, within_ms_is_at_most_an_hour)
{
    value_fails("within_ms", "3600001", "whole milliseconds from 1 to 3600000");
}

Test(namespaces, times_to_live_are_at_most_3650_days)
{
    value_fails("ttl_ms", "315360000001", "whole milliseconds from 0 to 315360000000 (3,650 days)");
}

Test(namespaces, times_have_no_unit)
{
    value_fails("ttl_max_ms", "5s", "whole milliseconds from 0 to 315360000000");
}

Test(namespaces, times_are_whole)
{
    value_fails("stale_ms", "1.5", "whole milliseconds from 0 to 315360000000");
}

Test(namespaces, ack_is_a_level)
{
    value_fails("ack", "most", "local, quorum, all, fenced, or a number of nodes from 1 to 1023");
}

Test(namespaces, ack_of_nobody_is_local)
{
    value_fails("ack", "0", "local, quorum, all, fenced, or a number");
}

/* ---- what must fit together ---- */

#define NEEDS "which needs expect: how many nodes run at most at one time (--expect N)"

Test(namespaces, strict_needs_expect)
{
    file_fails("namespaces:\n  - name: prices\n    strict: true\n",
               "c.yaml:3: namespaces.strict of \"prices\" is true, " NEEDS);
}

Test(namespaces, within_ms_needs_expect)
{
    file_fails("namespaces:\n  - name: \"\"\n    within_ms: 500\n",
               "c.yaml:3: namespaces.within_ms of \"\" is 500, " NEEDS);
}

Test(namespaces, quorum_needs_expect)
{
    file_fails("namespaces: [{name: a, ack: quorum}]\n",
               "c.yaml:1: namespaces.ack of \"a\" is quorum, " NEEDS);
}

Test(namespaces, fenced_needs_expect)
{
    file_fails("namespaces: [{name: a, ack: fenced}]\n",
               "c.yaml:1: namespaces.ack of \"a\" is fenced, " NEEDS);
}

Test(namespaces, the_rest_needs_no_expect)
{
    give_file("namespaces:\n  - {name: a, strict: false, ack: all, ttl_ms: 1, stale_ms: 9}\n"
              "  - {name: b, ack: 3}\n  - {name: c, ack: local}\n");
    kit_loads(&k);
}

Test(namespaces, expect_may_come_from_a_flag)
{
    give_file("namespaces: [{name: a, strict: true}]\n");
    give("--expect", "3");
    kit_loads(&k);
}

Test(namespaces, strict_reads_are_bounded_by_the_fence)
{
    give("--expect", "3");
    give("--fence-ms", "400");
    file_fails("namespaces:\n  - name: prices\n    within_ms: 401\n    strict: true\n",
               "c.yaml:3: namespaces.within_ms of \"prices\" is 401, more than "
               "freshness.fence_ms, which is 400");
}

Test(namespaces, a_bound_as_wide_as_the_fence_is_good)
{
    give_file("expect: 3\nnamespaces: [{name: a, strict: true, within_ms: 1000}]\n");
    kit_loads(&k);
}

Test(namespaces, other_reads_are_not_bounded_by_the_fence)
{
    give_file("expect: 3\nnamespaces: [{name: a, within_ms: 3600000}]\n");
    kit_loads(&k);
}

Test(namespaces, a_time_to_live_is_not_over_its_limit)
{
    file_fails("namespaces:\n  - name: a\n    ttl_max_ms: 10\n    ttl_ms: 11\n",
               "c.yaml:4: namespaces.ttl_ms of \"a\" is 11, more than its ttl_max_ms, which is 10");
}

Test(namespaces, a_time_to_live_may_be_its_limit_or_have_none)
{
    give_file("namespaces:\n  - {name: a, ttl_max_ms: 10, ttl_ms: 10}\n"
              "  - {name: b, ttl_max_ms: 0, ttl_ms: 11}\n  - {name: c, ttl_max_ms: 1}\n");
    kit_loads(&k);
}

/* ---- printing ---- */

Test(namespaces, print_tells_where_they_stand)
{
    give_file(FULL);
    kit_loads(&k);
    char *text = kit_print(&k);
    kit_prints(text, "\nexpect: 3", "c.yaml:1");
    kit_prints(text, "\n  fence_ms: 2000", "c.yaml:2");
    kit_prints(text, "\n  - name: \"\"", "c.yaml:4");
    kit_prints(text, "\n    ttl_ms: 60000", "c.yaml:5");
    kit_prints(text, "\n  - name: prices", "c.yaml:6");
    kit_prints(text, "\n    strict: true", "c.yaml:7");
    kit_prints(text, "\n    ack: fenced", "c.yaml:12");
    free(text);
}

Test(namespaces, print_tells_that_there_are_none)
{
    kit_loads(&k);
    char *text = kit_print(&k);
    kit_prints(text, "\n# expect: none", "# default");
    kit_prints(text, "\n  fence_ms: 1000", "# default");
    kit_prints(text, "\n# namespaces: none", "# default");
    free(text);
}

static void same(const struct config_namespace *a, const struct config_namespace *b)
{
    cr_assert_str_eq(a->name, b->name);
    for (size_t i = 0; i < NAMESPACE_KEYS; i++) {
        char before[NAMESPACE_TEXT_MAX], after[NAMESPACE_TEXT_MAX];
        namespace_format(a, (enum namespace_key)i, before);
        namespace_format(b, (enum namespace_key)i, after);
        cr_assert_str_eq(before, after);
        cr_assert_eq(a->lines[i] == 0, b->lines[i] == 0, "what is not set stays unset");
    }
    cr_assert(a->policy.strict == b->policy.strict && a->policy.within_ms == b->policy.within_ms);
    cr_assert(a->policy.ttl_ms == b->policy.ttl_ms &&
              a->policy.ttl_max_ms == b->policy.ttl_max_ms &&
              a->policy.stale_ms == b->policy.stale_ms);
    cr_assert(a->policy.ack.level == b->policy.ack.level && a->policy.ack.k == b->policy.ack.k);
}

Test(namespaces, what_is_printed_loads_to_equal_settings)
{
    struct config *before = malloc(sizeof *before);
    give_file(FULL);
    kit_loads(&k);
    *before = k.config;
    char *text = kit_print(&k);
    kit_file(&k, "c.yaml", text);
    kit_loads(&k);
    cr_assert_eq(k.config.expect, before->expect);
    cr_assert_eq(k.config.fence_ms, before->fence_ms);
    cr_assert_eq(k.config.namespaces.n, before->namespaces.n);
    for (size_t i = 0; i < before->namespaces.n; i++)
        same(&k.config.namespaces.at[i], &before->namespaces.at[i]);
    free(text);
    free(before);
}
