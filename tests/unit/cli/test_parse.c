/** Options before and behind a command, and what is told about mistakes. */

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <string.h>

#include "base/attr.h"
#include "cli/jay.h"

/** A command line taken apart. */
struct taken {
    struct jay jay;
    struct jay_args args;
    enum jay_exit status;
};

static struct taken take(const char *name, int argc, const char *const *words)
{
    struct taken t = {.jay = {.ns = ""}};
    char *argv[16];
    cr_assert_lt(argc, 15);
    for (int i = 0; i < argc; i++)
        argv[i + 1] = (char *)words[i];
    argv[0] = (char *)name;
    argv[argc + 1] = NULL;
    const struct jay_command *command = jay_find_command(name);
    cr_assert_not_null(command);
    t.status = jay_parse_command(&t.jay, command, argc + 1, argv, &t.args);
    return t;
}

#define TAKE(name, ...)                                                                            \
    take(name, (int)ARRAY_LEN(((const char *const[]){__VA_ARGS__})),                               \
         (const char *const[]){__VA_ARGS__})

Test(parse, options_may_stand_anywhere)
{
    const struct taken t = TAKE("put", "--ttl", "30s", "key", "--tag=a", "value", "--tag", "b",
                                "-n", "shop", "-o", "json");
    cr_expect_eq(t.status, JAY_OK);
    cr_expect(t.args.ttl_ms == 30000 && t.args.tags_n == 2 && t.jay.json);
    cr_expect_str_eq(t.jay.ns, "shop");
    cr_assert_eq(t.args.words_n, 2);
    cr_expect_str_eq(t.args.words[0], "key");
    cr_expect_str_eq(t.args.words[1], "value");
}

Test(parse, a_token_is_a_switch_for_get_and_hex_for_fill)
{
    const struct taken get = TAKE("get", "key", "--token");
    cr_expect(get.status == JAY_OK && get.args.show_token);
    const struct taken fill = TAKE("fill", "key", "-", "--token", "00ff");
    cr_expect(fill.status == JAY_OK && fill.args.token_len == 2 && fill.args.token[1] == 0xFF);
}

Test(parse, a_get_takes_its_conditions)
{
    const struct taken t = TAKE("get", "key", "--after", "00ff", "--after", "01", "--stale",
                                "--wait", "0", "--within", "1s");
    cr_expect_eq(t.status, JAY_OK);
    cr_assert_eq(t.args.after_n, 2);
    cr_expect(t.args.after[0].len == 2 && t.args.after[1].bytes[0] == 1);
    cr_expect(t.args.stale && t.args.wait_ms == 0 && t.args.within_ms == 1000);
}

Test(parse, a_get_is_after_at_most_8_stamps, .init = cr_redirect_stderr)
{
    cr_expect_eq(TAKE("get", "k", "--after=1a", "--after=1a", "--after=1a", "--after=1a",
                      "--after=1a", "--after=1a", "--after=1a", "--after=1a")
                     .status,
                 JAY_OK);
    cr_expect_eq(TAKE("get", "k", "--after=1a", "--after=1a", "--after=1a", "--after=1a",
                      "--after=1a", "--after=1a", "--after=1a", "--after=1a", "--after=1a")
                     .status,
                 JAY_USAGE);
}

Test(parse, an_acknowledgement_is_a_word_or_a_number)
{
    const struct taken word = TAKE("put", "k", "v", "--ack", "fenced", "--ack-timeout", "3s");
    cr_expect_eq(word.status, JAY_OK);
    cr_expect(word.args.ack.level == SCRUBJAY_ACK_FENCED && word.args.ack.timeout_ms == 3000);
    const struct taken number = TAKE("invalidate", "k", "--ack", "2");
    cr_expect(number.args.ack.level == SCRUBJAY_ACK_NODES && number.args.ack.nodes == 2);
    cr_expect_eq(TAKE("put", "k", "v").args.ack.level, SCRUBJAY_ACK_DEFAULT);
}

Test(parse, a_version_behind_put_is_the_sources_and_behind_ping_jays, .init = cr_redirect_stdout)
{
    const struct taken put = TAKE("put", "k", "v", "--version", "18446744073709551615");
    cr_expect(put.status == JAY_OK && put.args.has_version && put.args.version == UINT64_MAX);
    const struct taken ping = TAKE("ping", "--version");
    cr_expect(ping.status == JAY_OK && ping.jay.done && !ping.args.has_version);
}

Test(parse, tags_of_a_conjunction_are_separated_by_commas, .init = cr_redirect_stderr)
{
    const struct taken t = TAKE("invalidate", "--tags-all", "a,bc,", "--dry-run", "--soft");
    cr_expect(t.status == JAY_OK && t.args.dry_run && t.args.soft);
    cr_assert_eq(t.args.tags_all_n, 3, "an empty tag is for the protocol to refuse");
    cr_expect(t.args.tags_all[1].len == 2 && t.args.tags_all[2].len == 0);
    cr_expect_eq(TAKE("invalidate", "--tags-all", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q").status,
                 JAY_USAGE);
}

Test(parse, after_two_dashes_come_words)
{
    const struct taken t = TAKE("put", "--", "-key", "--value");
    cr_expect_eq(t.status, JAY_OK);
    cr_assert_eq(t.args.words_n, 2);
    cr_expect_str_eq(t.args.words[0], "-key");
}

Test(parse, mistakes_are_usage_errors, .init = cr_redirect_stderr)
{
    cr_expect_eq(TAKE("get", "a", "b").status, JAY_USAGE);
    cr_expect_eq(TAKE("put", "a").status, JAY_USAGE);
    cr_expect_eq(TAKE("get", "a", "--ttl", "1s").status, JAY_USAGE);
    cr_expect_eq(TAKE("put", "a", "b", "--ttl", "soon").status, JAY_USAGE);
    cr_expect_eq(TAKE("fill", "a", "b", "--token", "xyz").status, JAY_USAGE);
    cr_expect_eq(TAKE("watch", "--count", "0").status, JAY_USAGE);
    cr_expect_eq(TAKE("get", "a", "--after", "xyz").status, JAY_USAGE);
    cr_expect_eq(TAKE("get", "a", "--within", "0").status, JAY_USAGE);
    cr_expect_eq(TAKE("get", "a", "--wait", "50d").status, JAY_USAGE);
    cr_expect_eq(TAKE("put", "a", "b", "--ack", "most").status, JAY_USAGE);
    cr_expect_eq(TAKE("put", "a", "b", "--ack", "0").status, JAY_USAGE);
    cr_expect_eq(TAKE("put", "a", "b", "--version", "newest").status, JAY_USAGE);
    cr_expect_eq(TAKE("begin", "a", "--hold", "0").status, JAY_USAGE);
    cr_expect_eq(TAKE("fill", "a", "b", "--ack", "all").status, JAY_USAGE);
    cr_expect_eq(TAKE("abort").status, JAY_USAGE);
    cr_expect_eq(TAKE("node", "-o", "yaml").status, JAY_USAGE);
    cr_expect_eq(TAKE("node", "--timeout", "0").status, JAY_USAGE);
}

Test(parse, a_mistyped_command_is_answered_with_the_nearest, .init = cr_redirect_stderr)
{
    cr_expect_null(jay_find_command("memebrs"));
    fflush(stderr);
    cr_expect_stderr_eq_str("jay: unknown command \"memebrs\": did you mean \"members\"?\n");
}

Test(parse, a_word_like_no_command_is_answered_with_the_way_to_all, .init = cr_redirect_stderr)
{
    cr_expect_null(jay_find_command("frobnicate"));
    fflush(stderr);
    cr_expect_stderr_eq_str("jay: unknown command \"frobnicate\"; \"jay help\" lists them all\n");
}
