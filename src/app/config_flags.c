#include "app/config_flags.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "app/option.h"
#include "base/suggest.h"

/* Codes of getopt_long(): below 1,000 they are enum config_option. */
enum code {
    CODE_CONFIG = 1000,
    CODE_CHECK,
    CODE_PRINT,
    CODE_VERSION,
    CODE_HELP
};

/** Options that are no settings. */
static const struct {
    enum code code;
    const char *flag;
    const char *arg;
    const char *help;
} OTHERS[] = {
    {CODE_CONFIG, "config", "FILE", "read settings from a YAML file"},
    {CODE_CHECK, "check-config", NULL, "say whether the settings are good, and exit"},
    {CODE_PRINT, "print-config", NULL, "print the settings and where each came from, and exit"},
    {CODE_VERSION, "version", NULL, "print the version, and exit"},
    {CODE_HELP, "help", NULL, "print this, and exit"},
};

#define TABLE_MAX (OPTIONS + ARRAY_LEN(OTHERS) + 1)

static void make_table(struct option table[TABLE_MAX])
{
    size_t n = 0;
    memset(table, 0, TABLE_MAX * sizeof *table);
    for (; n < OPTIONS; n++) {
        const struct option_row *row = option_row((enum config_option)n);
        table[n] = (struct option){row->flag, row->arg != NULL ? required_argument : no_argument,
                                   NULL, (int)n};
    }
    for (size_t i = 0; i < ARRAY_LEN(OTHERS); i++)
        table[n++] =
            (struct option){OTHERS[i].flag, OTHERS[i].arg != NULL ? required_argument : no_argument,
                            NULL, (int)OTHERS[i].code};
}

/* ---- mistakes ---- */

static bool refuse_unknown(const struct option *table, const char *given,
                           struct config_fault *fault)
{
    char name[SUGGEST_WORD_MAX + 1] = "";
    const size_t len = strcspn(given, "=");
    memcpy(name, given, len < SUGGEST_WORD_MAX ? len : SUGGEST_WORD_MAX);
    const char *bare = name + strspn(name, "-");
    struct suggest s = suggest_begin(bare);
    for (; table->name != NULL; table++)
        suggest_offer(&s, table->name);
    if (s.best == NULL)
        return config_refuse(fault, EXIT_USAGE, "unknown option \"%s\": scrubjayd --help lists all",
                             name);
    return config_refuse(fault, EXIT_USAGE, "unknown option \"%s\": did you mean \"--%s\"?", name,
                         s.best);
}

/** getopt_long() takes any unique beginning of a name; a later version might make it another's. */
static bool is_whole(const char *given, const char *flag)
{
    const size_t len = strlen(flag);
    return strncmp(given, "--", 2) == 0 && strncmp(given + 2, flag, len) == 0 &&
           (given[2 + len] == '\0' || given[2 + len] == '=');
}

/** What is wrong with `given`, which getopt_long() did not take. */
static bool refuse_given(const struct option *table, const char *given, int result,
                         struct config_fault *fault)
{
    for (const struct option *o = table; o->name != NULL; o++) {
        if (!is_whole(given, o->name))
            continue;
        return result == ':' ? config_refuse(fault, EXIT_USAGE, "%s needs a value", given)
                             : config_refuse(fault, EXIT_USAGE, "--%s takes no value", o->name);
    }
    return refuse_unknown(table, given, fault);
}

/* ---- reading ---- */

static bool take_setting(struct flags *out, enum config_option option, struct config_fault *fault)
{
    if (out->n == FLAGS_MAX)
        return config_refuse(fault, EXIT_USAGE, "more than %d options; put some into a file",
                             FLAGS_MAX);
    out->given[out->n++] = (struct flag){option, optarg == NULL ? "true" : optarg};
    return true;
}

static bool take(struct flags *out, int code, struct config_fault *fault)
{
    switch (code) {
    case CODE_CONFIG:
        out->config = optarg;
        return true;
    case CODE_CHECK:
        out->action = CONFIG_CHECK;
        return true;
    case CODE_PRINT:
        out->action = CONFIG_PRINT;
        return true;
    case CODE_VERSION:
        out->action = CONFIG_VERSION;
        return true;
    case CODE_HELP:
        out->action = CONFIG_HELP;
        return true;
    default:
        return take_setting(out, (enum config_option)code, fault);
    }
}

static bool read_all(const struct config_source *source, const struct option *table,
                     struct flags *out, struct config_fault *fault)
{
    bool good = true;
    while (good && out->action != CONFIG_HELP && out->action != CONFIG_VERSION) {
        const int at = optind == 0 ? 1 : optind;
        int i = 0;
        const int code = getopt_long(source->argc, source->argv, "+:", table, &i);
        if (code == -1)
            break;
        if (code == '?' || code == ':' || !is_whole(source->argv[at], table[i].name))
            return refuse_given(table, source->argv[at], code, fault);
        good = take(out, code, fault);
    }
    return good;
}

bool flags_read(const struct config_source *source, struct flags *out, struct config_fault *fault)
{
    struct option table[TABLE_MAX];
    make_table(table);
    *out = (struct flags){.action = CONFIG_RUN};
    opterr = 0;
    optind = 0; /* glibc: begin anew, for tests and for reading a second time */
    if (!read_all(source, table, out, fault))
        return false;
    if (out->action != CONFIG_HELP && out->action != CONFIG_VERSION && optind < source->argc)
        return config_refuse(fault, EXIT_USAGE,
                             "\"%s\" is no option: scrubjayd takes nothing else, see --help",
                             source->argv[optind]);
    return true;
}

bool flags_apply(const struct flags *flags, struct config *c, struct config_fault *fault)
{
    char name[CONFIG_TEXT_MAX];
    for (size_t i = 0; i < flags->n; i++) {
        const struct flag *f = &flags->given[i];
        const struct config_place place = {.origin = CONFIG_FLAG, .name = name};
        (void)snprintf(name, sizeof name, "--%s", option_row(f->option)->flag);
        if (!config_set(c, f->option, f->text, &place, fault))
            return false;
    }
    return true;
}

/* ---- help ---- */

static void say_option(const struct option_row *row)
{
    char left[64];
    const char *standard = row->standard != NULL ? row->standard : row->found;
    (void)snprintf(left, sizeof left, "--%s%s%s", row->flag, row->arg == NULL ? "" : " ",
                   row->arg == NULL ? "" : row->arg);
    (void)printf("  %-28s %s%s", left, row->help, row->more == NULL ? "" : ", see below");
    if (standard != NULL && row->arg != NULL)
        (void)printf(" [%s]", standard);
    (void)printf("\n");
}

static void say_more(const struct option_row *row)
{
    if (row->more != NULL)
        (void)printf("\n--%s %s\n%s", row->flag, row->arg, row->more);
}

void flags_help(void)
{
    (void)printf("scrubjayd - a node of a cluster cache with exact invalidation\n\n"
                 "usage: scrubjayd [OPTION]...\n\n");
    for (size_t i = 0; i < OPTIONS; i++)
        say_option(option_row((enum config_option)i));
    (void)printf("\n");
    for (size_t i = 0; i < ARRAY_LEN(OTHERS); i++)
        say_option(&(struct option_row){
            .flag = OTHERS[i].flag, .arg = OTHERS[i].arg, .help = OTHERS[i].help});
    (void)printf(
        "\n--join, --join-dns, --join-srv, --dns-server and --http-host may be repeated. Every\n"
        "option is also read from the environment (SCRUBJAY_GOSSIP_LISTEN) and from the file\n"
        "(gossip.listen); a flag outranks the environment, which outranks the file. Namespaces "
        "are\n"
        "configured in the file only.\n");
    for (size_t i = 0; i < OPTIONS; i++)
        say_more(option_row((enum config_option)i));
    (void)printf(
        "\nexit status: 0 left cleanly, 1 failed while running, 2 usage, 78 bad configuration\n");
}
