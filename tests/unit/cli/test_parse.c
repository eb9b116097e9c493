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
