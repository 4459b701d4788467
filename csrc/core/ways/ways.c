#include "core/ways/ways.h"

#include <stdio.h>

void br_ways_init(br_ways *w)
{
    memset(w, 0, sizeof *w);
    br_buf_init(&w->looked, BR_LOOKED_MAX);
}

void br_ways_free(br_ways *w)
{
    br_shared_free(&w->files);
    br_buf_free(&w->looked);
}

void br_ways_name_profile(br_ways *w, br_slice option)
{
    static const char *const variables[] = {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"};
    w->profile = option;
    w->profile_given = option.n > 0;
    for (size_t i = 0; i < sizeof variables / sizeof *variables && w->profile.n == 0; i++)
        w->profile = br_variable(&w->variables, variables[i]);
    w->profile_named = w->profile.n > 0;
    if (!w->profile_named)
        w->profile = BR_SLICE("default");
}

void br_ways_note(br_ways *w, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    br_buf_addf(&w->looked, "%s%s", w->looked.len > 0 ? "; " : "", text);
}

br_slice br_ways_get(const br_ways *w, br_slice profile, const char *key)
{
    return br_shared_get(&w->files, BR_SECTION_PROFILE, profile, key);
}
