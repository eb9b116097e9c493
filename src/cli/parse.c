#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/hex.h"
#include "cli/jay.h"
#include "cli/options.h"
#include "cli/text.h"

/* What getopt_long() gives for options; letters are themselves. */
enum code {
    CODE_JSON = 256,
    CODE_TIMEOUT,
    CODE_COLOR,
    CODE_VERSION,
    CODE_CLIENT_KEY,
    CODE_OWN = 1000 /* and the place in OPTIONS */
};

static const struct option GLOBALS[] = {
    {"server", required_argument, NULL, 's'},
    {"ns", required_argument, NULL, 'n'},
    {"output", required_argument, NULL, 'o'},
    {"json", no_argument, NULL, CODE_JSON},
    {"timeout", required_argument, NULL, CODE_TIMEOUT},
    {"color", required_argument, NULL, CODE_COLOR},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, CODE_VERSION},
    {"client-key", required_argument, NULL, CODE_CLIENT_KEY},
};

/** An option that some commands have. */
static const struct {
    enum jay_option option;
    const char *name;
    bool has_value;
} OPTIONS[] = {
    {JAY_TTL, "ttl", true},
    {JAY_TAG, "tag", true},
    {JAY_TOKEN, "token", true},
    {JAY_SHOW_TOKEN, "token", false},
    {JAY_PREFIX, "prefix", true},
    {JAY_NAMESPACE, "namespace", false},
    {JAY_ALL, "all", false},
    {JAY_REASON, "reason", true},
    {JAY_STATE, "state", true},
    {JAY_COUNT, "count", true},
    {JAY_LABEL, "label", true},
    {JAY_AFTER, "after", true},
    {JAY_STALE, "stale", false},
    {JAY_WAIT, "wait", true},
    {JAY_WITHIN, "within", true},
    {JAY_FRESH, "fresh", true},
    {JAY_SOURCE_VERSION, "version", true},
    {JAY_ACK, "ack", true},
    {JAY_ACK_TIMEOUT, "ack-timeout", true},
    {JAY_SOFT, "soft", false},
    {JAY_DRY_RUN, "dry-run", false},
    {JAY_TAGS_ALL, "tags-all", true},
    {JAY_HOLD, "hold", true},
    {JAY_TXN, "txn", true},
    {JAY_WATCH, "watch", false},
    {JAY_INTERVAL, "interval", true},
    {JAY_NO_RECONNECT, "no-reconnect", false},
    {JAY_LIVE, "live", false},
    {JAY_ID, "id", true},
    {JAY_CAN, "can", true},
};

#define TABLE_MAX (ARRAY_LEN(GLOBALS) + ARRAY_LEN(OPTIONS) + 1)

/** The options that may stand after a command's name (0 for those before it), ended by zeros. The
 *  command's own go first: getopt_long() takes the first of two with one name. */
static void make_table(unsigned bits, struct option table[TABLE_MAX])
{
    size_t n = 0;
    memset(table, 0, TABLE_MAX * sizeof *table);
    for (size_t i = 0; i < ARRAY_LEN(OPTIONS); i++) {
        if ((bits & OPTIONS[i].option) != 0)
            table[n++] = (struct option){OPTIONS[i].name,
                                         OPTIONS[i].has_value ? required_argument : no_argument,
                                         NULL, CODE_OWN + (int)i};
    }
    for (size_t i = 0; i < ARRAY_LEN(GLOBALS); i++)
        table[n++] = GLOBALS[i];
}

bool jay_option_global(size_t i, struct jay_option_view *out)
{
    if (i >= ARRAY_LEN(GLOBALS))
        return false;
    const struct option *o = &GLOBALS[i];
    *out = (struct jay_option_view){.name = o->name,
                                    .letter = (char)(o->val < CODE_JSON ? o->val : 0),
                                    .has_value = o->has_arg == required_argument};
    return true;
}

bool jay_option_own(const struct jay_command *command, size_t i, struct jay_option_view *out)
{
    for (size_t k = 0; k < ARRAY_LEN(OPTIONS); k++) {
        if ((command->options & OPTIONS[k].option) == 0 || i-- > 0)
            continue;
        *out = (struct jay_option_view){.name = OPTIONS[k].name, .has_value = OPTIONS[k].has_value};
        return true;
    }
    return false;
}

static enum jay_exit take_output(struct jay *j, const char *form)
{
    j->json = strcmp(form, "json") == 0;
    if (j->json || strcmp(form, "table") == 0)
        return JAY_OK;
    return jay_usage("unknown output form \"%s\": \"table\" and \"json\" exist", form);
}

static enum jay_exit take_timeout(struct jay *j, const char *text)
{
    uint64_t ms;
    if (!text_duration(text, &ms) || ms == 0 || ms > UINT32_MAX)
        return jay_usage("\"%s\" is no time to wait: write 500ms, 2s or 1m", text);
    j->timeout_ms = (uint32_t)ms;
    return JAY_OK;
}

/** auto stays what it was found to be: a terminal, and no NO_COLOR. */
static enum jay_exit take_colour(struct jay *j, const char *when)
{
    if (strcmp(when, "auto") == 0)
        return JAY_OK;
    j->colour = strcmp(when, "always") == 0;
    if (j->colour || strcmp(when, "never") == 0)
        return JAY_OK;
    return jay_usage("\"%s\" is no time for colour: auto, always and never are", when);
}

/** Take an option that stands before the command or behind it. */
static enum jay_exit take_global(struct jay *j, int code, const char *value)
{
    switch (code) {
    case 's':
        j->server = value;
        return JAY_OK;
    case 'n':
        j->ns = value;
        return JAY_OK;
    case 'o':
        return take_output(j, value);
    case CODE_JSON:
        j->json = true;
        return JAY_OK;
    case CODE_TIMEOUT:
        return take_timeout(j, value);
    case CODE_COLOR:
        return take_colour(j, value);
    case CODE_CLIENT_KEY:
        j->client_key = value;
        return JAY_OK;
    default:
        return JAY_USAGE;
    }
}

static enum jay_exit take_tag(struct jay_args *a, const char *tag)
{
    if (a->tags_n == ARRAY_LEN(a->tags))
        return jay_usage("over %zu tags; that is the limit", ARRAY_LEN(a->tags));
    a->tags[a->tags_n++] = scrubjay_text(tag);
    return JAY_OK;
}

/** "a,b,c" into single tags. */
static enum jay_exit take_tags_all(struct jay_args *a, const char *list)
{
    for (const char *at = list; at != NULL;) {
        const char *comma = strchr(at, ',');
        if (a->tags_all_n == ARRAY_LEN(a->tags_all))
            return jay_usage("over %zu tags; that is the limit", ARRAY_LEN(a->tags_all));
        a->tags_all[a->tags_all_n++] =
            (struct scrubjay_bytes){at, comma != NULL ? (size_t)(comma - at) : strlen(at)};
        at = comma != NULL ? comma + 1 : NULL;
    }
    return JAY_OK;
}

bool jay_read_stamp(const char *text, struct scrubjay_stamp *out)
{
    return hex_read(text, out->bytes, sizeof out->bytes, &out->len);
}

enum jay_exit jay_read_txn(const char *text, struct scrubjay_stamp *out)
{
    if (jay_read_stamp(text, out))
        return JAY_OK;
    return jay_usage("\"%s\" is no txn: give the 48 hex digits that \"jay begin\" printed", text);
}

static enum jay_exit take_after(struct jay_args *a, const char *text)
{
    if (a->after_n == ARRAY_LEN(a->after))
        return jay_usage("over %zu stamps; that is the limit", ARRAY_LEN(a->after));
    if (jay_read_stamp(text, &a->after[a->after_n++]))
        return JAY_OK;
    return jay_usage("\"%s\" is no stamp: give the hex digits that \"jay invalidate\" printed",
                     text);
}

/** A word, or a number of other nodes. */
static enum jay_exit take_ack(struct jay_args *a, const char *text)
{
    static const struct {
        const char *word;
        enum scrubjay_ack_level level;
    } levels[] = {{"local", SCRUBJAY_ACK_LOCAL},
                  {"quorum", SCRUBJAY_ACK_QUORUM},
                  {"all", SCRUBJAY_ACK_ALL},
                  {"fenced", SCRUBJAY_ACK_FENCED}};

    uint64_t nodes;
    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        if (strcmp(levels[i].word, text) == 0) {
            a->ack.level = levels[i].level;
            return JAY_OK;
        }
    }
    if (!text_count(text, &nodes))
        return jay_usage("\"%s\" is no level: local, quorum, all, fenced and numbers of nodes are",
                         text);
    a->ack.level = SCRUBJAY_ACK_NODES;
    a->ack.nodes = (uint32_t)nodes;
    return JAY_OK;
}

/** Where a time goes: limits are the protocol's, only 0 is told here, because it would mean "not given". */
static enum jay_exit take_time(struct jay_args *a, enum jay_option option, const char *text)
{
    uint32_t *const out = option == JAY_WAIT          ? &a->wait_ms
                          : option == JAY_WITHIN      ? &a->within_ms
                          : option == JAY_ACK_TIMEOUT ? &a->ack.timeout_ms
                          : option == JAY_INTERVAL    ? &a->interval_ms
                                                      : &a->hold_ms;
    uint64_t ms;
    if (!text_duration(text, &ms) || ms > UINT32_MAX || (ms == 0 && option != JAY_WAIT))
        return jay_usage("\"%s\" is no time: write 500ms, 2s or 1m", text);
    *out = (uint32_t)ms;
    return JAY_OK;
}

static enum jay_exit take_lifetime(const char *text, uint64_t *out)
{
    if (text_duration(text, out))
        return JAY_OK;
    return jay_usage("\"%s\" is no time to live: write 500ms, 30s, 5m, 1h or 2d", text);
}

static enum jay_exit take_number(struct jay_args *a, enum jay_option option, const char *text)
{
    if (option == JAY_COUNT) {
        if (text_count(text, &a->count))
            return JAY_OK;
        return jay_usage("\"%s\" is no count: write a number from 1", text);
    }
    a->has_version = true;
    if (text_number(text, &a->version))
        return JAY_OK;
    return jay_usage("\"%s\" is no version: write a number up to 2^64 - 1", text);
}

static enum jay_exit take_value(struct jay_args *a, enum jay_option option, const char *value)
{
    switch (option) {
    case JAY_TTL:
        return take_lifetime(value, &a->ttl_ms);
    case JAY_FRESH:
        return take_lifetime(value, &a->fresh_ms);
    case JAY_TOKEN:
        if (hex_read(value, a->token, sizeof a->token, &a->token_len))
            return JAY_OK;
        return jay_usage("\"%s\" is no token: give the hex digits that \"jay get KEY --token\" "
                         "printed",
                         value);
    case JAY_TXN:
        return jay_read_txn(value, &a->txn);
    case JAY_COUNT:
    case JAY_SOURCE_VERSION:
        return take_number(a, option, value);
    case JAY_AFTER:
        return take_after(a, value);
    case JAY_ACK:
        return take_ack(a, value);
    case JAY_TAGS_ALL:
        return take_tags_all(a, value);
    case JAY_TAG:
        return take_tag(a, value);
    default:
        return take_time(a, option, value);
    }
}

/** Where a switch is kept; NULL when the option is none. */
static bool *switch_of(struct jay_args *a, enum jay_option option)
{
    switch (option) {
    case JAY_SHOW_TOKEN:
        return &a->show_token;
    case JAY_NAMESPACE:
        return &a->namespace;
    case JAY_ALL:
        return &a->all;
    case JAY_STALE:
        return &a->stale;
    case JAY_SOFT:
        return &a->soft;
    case JAY_DRY_RUN:
        return &a->dry_run;
    case JAY_WATCH:
        return &a->watch;
    case JAY_NO_RECONNECT:
        return &a->no_reconnect;
    case JAY_LIVE:
        return &a->live;
    default:
        return NULL;
    }
}

/** Take an option that is a switch. false when it is none. */
static bool take_switch(struct jay_args *a, enum jay_option option)
{
    bool *const at = switch_of(a, option);
    if (at != NULL)
        *at = true;
    return at != NULL;
}

/** Take an option of the command. */
static enum jay_exit take_own(struct jay_args *a, enum jay_option option, const char *value)
{
    if (take_switch(a, option))
        return JAY_OK;
    switch (option) {
    case JAY_PREFIX:
        a->prefix = value;
        break;
    case JAY_REASON:
        a->reason = value;
        break;
    case JAY_STATE:
        a->state = value;
        break;
    case JAY_LABEL:
        a->label = value;
        break;
    case JAY_ID:
        a->id = value;
        break;
    case JAY_CAN:
        a->can = value;
        break;
    default:
        return take_value(a, option, value);
    }
    return JAY_OK;
}

/** getopt's own complaint was silenced: this one says where to look. */
static enum jay_exit refuse_option(const char *word, const struct jay_command *command)
{
    if (command == NULL)
        return jay_usage("option \"%s\" is unknown or lacks its value; see \"jay help\"", word);
    return jay_usage("option \"%s\" of \"%s\" is unknown or lacks its value; see \"jay help %s\"",
                     word, command->name, command->name);
}

/** Take what may stand on either side of the command's name; command is NULL in front of it. */
static enum jay_exit take_any(struct jay *j, const struct jay_command *command, int code,
                              const char *word)
{
    if (code == '?')
        return refuse_option(word, command);
    if (code != CODE_VERSION && code != 'h')
        return take_global(j, code, optarg);
    if (code == 'h')
        jay_print_help(command);
    else
        printf("jay %s\n", JAY_VERSION);
    j->done = true;
    return JAY_OK;
}

enum jay_exit jay_parse_globals(struct jay *j, int argc, char **argv, int *command)
{
    struct option table[TABLE_MAX];
    enum jay_exit err = JAY_OK;
    make_table(0, table);
    opterr = 0;
    while (err == JAY_OK && !j->done) {
        const int code = getopt_long(argc, argv, "+s:n:o:h", table, NULL);
        if (code == -1)
            break;
        err = take_any(j, NULL, code, argv[optind - 1]);
    }
    *command = optind;
    return err;
}

static enum jay_exit check_words(const struct jay_command *command, size_t n)
{
    if (n >= command->words_min && n <= command->words_max)
        return JAY_OK;
    if (n > command->words_max && command->words_max == SCRUBJAY_TARGETS_MAX)
        return jay_usage("%zu targets; the limit of one call is %u", n, command->words_max);
    return jay_usage("usage: jay %s %s", command->name, command->synopsis);
}

enum jay_exit jay_parse_command(struct jay *j, const struct jay_command *command, int argc,
                                char **argv, struct jay_args *out)
{
    struct option table[TABLE_MAX];
    enum jay_exit err = JAY_OK;
    make_table(command->options, table);
    out->interval_ms = JAY_INTERVAL_MS;
    optind = 0; /* glibc: begin anew */
    while (err == JAY_OK && !j->done) {
        const int code = getopt_long(argc, argv, "s:n:o:h", table, NULL);
        if (code == -1)
            break;
        err = code < CODE_OWN ? take_any(j, command, code, argv[optind - 1])
                              : take_own(out, OPTIONS[code - CODE_OWN].option, optarg);
    }
    out->words = argv + optind;
    out->words_n = (size_t)(argc - optind);
    return err == JAY_OK && !j->done ? check_words(command, out->words_n) : err;
}
