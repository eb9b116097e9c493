#include "app/config_env.h"

#include <string.h>

#include "app/option.h"
#include "base/attr.h"
#include "base/suggest.h"

#define PREFIX "SCRUBJAY_"

/* What --config and jay read. */
static const char *const OTHERS[] = {"CONFIG", "SERVER", "CLIENT_KEY"};

const char *config_env(char *const *env, const char *name)
{
    const size_t len = strlen(name);
    for (; *env != NULL; env++) {
        if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
            return (*env)[len + 1] == '\0' ? NULL : *env + len + 1;
    }
    return NULL;
}

/** One entry of a comma-separated list at a time; blanks around it do not count. */
static bool set_entries(struct config *c, enum config_option option, const char *text,
                        const struct config_place *place, struct config_fault *fault)
{
    bool good = true;
    while (good && *text != '\0') {
        char entry[CONFIG_TEXT_MAX];
        text += strspn(text, " ");
        const size_t len = strcspn(text, ",");
        size_t kept = len < sizeof entry ? len : sizeof entry - 1;
        while (kept > 0 && text[kept - 1] == ' ')
            kept--;
        memcpy(entry, text, kept);
        entry[kept] = '\0';
        text += len + (text[len] == ',');
        good = config_set(c, option, entry, place, fault);
    }
    return good;
}

/** Is the name that of a setting, or of what jay and --config read? */
static bool is_known(const char *name)
{
    char known[CONFIG_TEXT_MAX];
    for (size_t i = 0; i < OPTIONS; i++) {
        option_env(option_row((enum config_option)i), known);
        if (strcmp(known, name) == 0)
            return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(OTHERS); i++)
        if (strcmp(name + sizeof PREFIX - 1, OTHERS[i]) == 0)
            return true;
    return false;
}

/** Refuse a name of which at most every fourth letter would have to change. Others are let be: Kubernetes
 *  sets SCRUBJAY_PORT and its like in every pod beside a service of that name. */
static bool check_name(const char *name, struct config_fault *fault)
{
    char known[OPTIONS][CONFIG_TEXT_MAX];
    const size_t skip = sizeof PREFIX - 1;
    struct suggest s = suggest_begin(name + skip);
    for (size_t i = 0; i < OPTIONS; i++) {
        option_env(option_row((enum config_option)i), known[i]);
        suggest_offer(&s, known[i] + skip);
    }
    suggest_offer(&s, "CONFIG");
    return s.best == NULL || 4 * s.distance > strlen(s.word) ||
           config_refuse(fault, EXIT_CONFIG,
                         "unknown environment variable \"%s\": did you mean "
                         "\"" PREFIX "%s\"?",
                         name, s.best);
}

bool env_check(char *const *env, struct config_fault *fault)
{
    bool good = true;
    for (; good && *env != NULL; env++) {
        char name[SUGGEST_WORD_MAX] = "";
        const size_t len = strcspn(*env, "=");
        if (strncmp(*env, PREFIX, sizeof PREFIX - 1) != 0 || len >= sizeof name)
            continue;
        memcpy(name, *env, len);
        good = is_known(name) || check_name(name, fault);
    }
    return good;
}

bool env_apply(char *const *env, struct config *c, struct config_fault *fault)
{
    char name[CONFIG_TEXT_MAX];
    bool good = true;
    for (size_t i = 0; good && i < OPTIONS; i++) {
        const struct option_row *row = option_row((enum config_option)i);
        const struct config_place place = {.origin = CONFIG_ENVIRONMENT, .name = name};
        option_env(row, name);
        const char *text = config_env(env, name);
        if (text != NULL && row->many)
            good = set_entries(c, (enum config_option)i, text, &place, fault);
        else if (text != NULL)
            good = config_set(c, (enum config_option)i, text, &place, fault);
    }
    return good;
}
