#include "core/aws/command.h"

#include <stdlib.h>

#include <openssl/crypto.h>

typedef struct splitter {
    const char *p, *end;
    char *to; /* where the next byte of a word goes */
    br_command *command;
} splitter;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* From behind the quote to behind its partner. */
static const char *take_quoted(splitter *s, char quote)
{
    while (s->p < s->end && *s->p != quote) {
        bool escapes = quote == '"' && *s->p == '\\' && s->p + 1 < s->end &&
                       (s->p[1] == '"' || s->p[1] == '\\');
        s->p += escapes;
        *s->to++ = *s->p++;
    }
    if (s->p == s->end)
        return quote == '"' ? "has an opening \" without a closing one"
                            : "has an opening ' without a closing one";
    s->p++;
    return NULL;
}

static const char *take_word(splitter *s)
{
    const char *problem = NULL;
    if (s->command->count == BR_COMMAND_WORDS_MAX)
        return "has too many words";
    s->command->words[s->command->count++] = s->to;
    while (problem == NULL && s->p < s->end && !is_blank(*s->p)) {
        char c = *s->p++;
        if (c == '\'' || c == '"')
            problem = take_quoted(s, c);
        else if (c == '\\' && s->p == s->end)
            problem = "ends in a backslash that nothing follows";
        else
            *s->to++ = c == '\\' ? *s->p++ : c;
    }
    *s->to++ = '\0';
    return problem;
}

static const char *take_words(splitter *s)
{
    for (;;) {
        while (s->p < s->end && is_blank(*s->p))
            s->p++;
        if (s->p == s->end)
            break;
        const char *problem = take_word(s);
        if (problem != NULL)
            return problem;
    }
    s->command->words[s->command->count] = NULL;
    return s->command->count > 0 && s->command->words[0][0] != '\0' ? NULL : "names no program";
}

/* A word's end takes the place of a blank, but for the last one's. */
const char *br_command_split(br_slice line, br_command *out)
{
    size_t table = (BR_COMMAND_WORDS_MAX + 1) * sizeof(char *);
    *out = (br_command){.words = NULL};
    if (line.n > BR_COMMAND_MAX)
        return "is too long";
    if (line.n > 0 && memchr(line.p, '\0', line.n) != NULL)
        return "has a NUL byte";
    out->size = table + line.n + 1;
    out->words = malloc(out->size);
    if (out->words == NULL)
        return "cannot be split: out of memory";
    splitter s = {.p = line.n > 0 ? line.p : "",
                  .to = (char *)(out->words + BR_COMMAND_WORDS_MAX + 1),
                  .command = out};
    s.end = s.p + line.n;
    const char *problem = take_words(&s);
    if (problem != NULL)
        br_command_free(out);
    return problem;
}

void br_command_free(br_command *c)
{
    if (c->words != NULL)
        OPENSSL_cleanse(c->words, c->size);
    free(c->words);
    *c = (br_command){.words = NULL};
}
