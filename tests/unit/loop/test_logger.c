#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "loop/logger.h"

#define WALL_MS 1714564800123ULL /* 2024-05-01T12:00:00.123Z */

static const char *format(const struct logger_field *fields, size_t n, bool json)
{
    static char out[LOGGER_LINE_MAX + 1];
    const struct logger_line line = {.wall_ms = WALL_MS,
                                     .level = LOGGER_INFO,
                                     .msg = "member joined",
                                     .fields = fields,
                                     .fields_n = n};
    out[logger_format(&line, json, out, LOGGER_LINE_MAX)] = '\0';
    return out;
}

Test(logger, logfmt_quotes_only_where_it_must)
{
    char room[LOGGER_TEXT_MAX];
    const struct logger_field fields[] = {
        logger_text("member", "b"), logger_text("address", "10.0.0.2:6248"),
        logger_text("why", "a \"b\" = c"), logger_number("n", 42, room), logger_text("none", "")};
    cr_expect_str_eq(format(fields, ARRAY_LEN(fields), false),
                     "ts=2024-05-01T12:00:00.123Z level=info msg=\"member joined\" member=b "
                     "address=10.0.0.2:6248 why=\"a \\\"b\\\" = c\" n=42 none=\"\"\n");
}

Test(logger, json_is_one_object_and_leaves_numbers_bare)
{
    char room[LOGGER_TEXT_MAX];
    const struct logger_field fields[] = {logger_text("member", "b"), logger_number("n", 42, room)};
    cr_expect_str_eq(format(fields, ARRAY_LEN(fields), true),
                     "{\"ts\":\"2024-05-01T12:00:00.123Z\",\"level\":\"info\","
                     "\"msg\":\"member joined\",\"member\":\"b\",\"n\":42}\n");
}

Test(logger, control_bytes_cannot_forge_a_line)
{
    const struct logger_field field = logger_text("name", "a\nts=1 level=error");
    const char *line = format(&field, 1, false);
    cr_expect_eq(strchr(line, '\n'), line + strlen(line) - 1);
    cr_expect_neq(strstr(line, "\\u000a"), NULL);
}

Test(logger, a_field_that_does_not_fit_is_left_out_whole)
{
    static char text[LOGGER_LINE_MAX];
    memset(text, 'x', sizeof text - 1);
    const struct logger_field fields[] = {logger_text("long", text), logger_text("short", "y")};
    const char *line = format(fields, ARRAY_LEN(fields), true);
    cr_expect_eq(strstr(line, "long"), NULL);
    cr_expect_neq(strstr(line, "\"short\":\"y\"}\n"), NULL);
    cr_expect_leq(strlen(line), LOGGER_LINE_MAX);
}

Test(logger, levels_have_names_both_ways)
{
    for (int i = 0; i < LOGGER_LEVELS; i++) {
        enum logger_level level = LOGGER_LEVELS;
        cr_expect(logger_level_of(logger_level_text((enum logger_level)i), &level));
        cr_expect_eq((int)level, i);
    }
    enum logger_level kept = LOGGER_WARN;
    cr_expect_not(logger_level_of("loud", &kept));
    cr_expect_eq(kept, LOGGER_WARN);
}

static size_t count_lines(int fd)
{
    static char bytes[65536];
    size_t lines = 0;
    const ssize_t n = read(fd, bytes, sizeof bytes);
    for (ssize_t i = 0; i < n; i++)
        lines += bytes[i] == '\n';
    return lines;
}

Test(logger, lines_below_the_level_are_not_written)
{
    int fds[2];
    struct logger l;
    cr_assert_eq(pipe(fds), 0);
    logger_init(&l, &(struct logger_cfg){.level = LOGGER_WARN, .fd = fds[1]});
    logger_say(&l, LOGGER_INFO, "no", NULL, 0);
    logger_say(&l, LOGGER_WARN, "yes", NULL, 0);
    logger_level_set(&l, LOGGER_DEBUG);
    logger_say(&l, LOGGER_DEBUG, "yes", NULL, 0);
    close(fds[1]);
    cr_expect_eq(count_lines(fds[0]), 2);
    logger_fini(&l);
}

Test(logger, the_rate_limit_holds_and_is_counted_but_errors_pass)
{
    int fds[2];
    struct logger l;
    cr_assert_eq(pipe(fds), 0);
    logger_init(&l, &(struct logger_cfg){.fd = fds[1]});
    /* More than two seconds' worth: wherever the second ends, some are over the limit. */
    for (int i = 0; i < 3 * LOGGER_PER_SECOND; i++)
        logger_say(&l, LOGGER_INFO, "x", NULL, 0);
    const uint64_t suppressed = l.suppressed_total;
    cr_expect_geq(suppressed, LOGGER_PER_SECOND);
    cr_expect_eq(l.lines_total, 3 * LOGGER_PER_SECOND - suppressed);
    logger_say(&l, LOGGER_ERROR, "e", NULL, 0);
    cr_expect_eq(l.suppressed_total, suppressed);
    close(fds[1]);
    close(fds[0]);
    logger_fini(&l);
}
