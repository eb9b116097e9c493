#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "policy/options.h"
#include "policy/policy.h"

static struct options o;
static struct fault fault;

/** Read a command line that is cut at its blanks. */
static bool reads(const char *line)
{
    static char text[256];
    static char *argv[32];
    int argc = 0;
    snprintf(text, sizeof text, "jay-hitratio %s", line);
    for (char *rest = text; rest != NULL; argc++)
        argv[argc] = strsep(&rest, " ");
    argv[argc] = NULL;
    return options_read(argc, argv, &o, &fault);
}

static uint64_t capacity(const char *size, uint32_t objects_n)
{
    char line[64];
    const struct trace t = {.objects_n = objects_n, .bytes = 1000ULL * objects_n};
    snprintf(line, sizeof line, "x.lis --size %s", size);
    cr_assert(reads(line), "%s", fault.text);
    return options_capacity(&o.sizes[0], &t, o.by_size);
}

Test(options, a_size_is_a_number_or_a_share)
{
    cr_assert_eq(capacity("1000", 48974), 1000);
    cr_assert_eq(capacity("1%", 48974), 489);
    cr_assert_eq(capacity("0.1", 48974), 4897);
    cr_assert_eq(capacity("0.5%", 1000), 5);
    cr_assert_eq(capacity("100%", 13756), 13756);
    cr_assert_eq(capacity("0.1%", 10), 1); /* never nothing */
    cr_assert_eq(capacity("64MiB --bytes", 10), 64 << 20);
    cr_assert_eq(capacity("1% --bytes", 10), 100);
}

Test(options, several_traces_sizes_and_policies_may_be_named)
{
    cr_assert(reads("a.lis b.lis --size 1%,10%,500 --policy lru,opt --json"), "%s", fault.text);
    cr_assert_eq(o.traces_n, 2);
    cr_assert_str_eq(o.traces[1], "b.lis");
    cr_assert_eq(o.sizes_n, 3);
    cr_assert_str_eq(o.sizes[1].text, "10%");
    cr_assert_eq(o.policies_n, 2);
    cr_assert_eq(o.policies[1], &POLICY_OPT);
    cr_assert(o.json);
}

Test(options, all_policies_are_the_default)
{
    cr_assert(reads("a.lis --size 1"));
    cr_assert_eq(o.policies_n, POLICIES_N);
    cr_assert(reads("a.lis --size 1 --policy all"));
    cr_assert_eq(o.policies_n, POLICIES_N);
    cr_assert(reads("a.lis --size 1 --bytes")); /* all but the engine */
    cr_assert_eq(o.policies_n, POLICIES_N - 1);
}

#define REFUSES(line, part)                                                                        \
    do {                                                                                           \
        cr_assert_not(reads(line));                                                                \
        cr_assert_not_null(strstr(fault.text, part), "%s", fault.text);                            \
    } while (0)

Test(options, what_is_wrong_is_told)
{
    REFUSES("a.lis", "--size N|SHARE are needed");
    REFUSES("--size 1", "at least one TRACE");
    REFUSES("a.lis --size 0", "\"0\" is not");
    REFUSES("a.lis --size -1", "\"-1\" is not");
    REFUSES("a.lis --size 101%", "\"101%\" is not");
    REFUSES("a.lis --size 0.0000001", "is not");
    REFUSES("a.lis --size 1,,2", "\"\" is not");
    REFUSES("a.lis --size 64MiB", "needs --bytes");
    REFUSES("a.lis --size 1 --policy arc", "\"arc\" is not");
    REFUSES("a.lis --size 1 --policy engine --bytes", "objects of one size");
    REFUSES("a.lis --size 1 --format csv", "\"csv\" is not");
    REFUSES("a.lis --size 1 --value 65537", "from 1 to 65536");
    REFUSES("a.lis --size 1 --wat", "unknown option");
    REFUSES("a.lis --size", "without its value");
}
