#include "app/config_env.h"

#include <string.h>

#include "app/option.h"

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
