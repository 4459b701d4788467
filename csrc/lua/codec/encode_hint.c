#include <stdio.h>

#include "core/base/suggest.h"
#include "lua/codec/encode.h"

#define NAMES_MAX 4

static bool is_structure(const br_shape *s)
{
    return s->kind == BR_SHAPE_STRUCTURE || s->kind == BR_SHAPE_UNION;
}

static bool has_member(const br_encoder *e, const br_shape *s, const char *name, br_shape_kind kind)
{
    int index = br_model_member(e->model, s, br_slice_of(name));
    return index >= 0 && br_encoder_shape(e, e->model->members[index].shape)->kind == kind;
}

/* "{ role = …, content = … }" */
static bool write_required(const br_encoder *e, const br_shape *s, br_hint *out)
{
    char names[sizeof out->text / 2] = "";
    size_t len = 0;
    unsigned count = 0;
    for (unsigned i = 0; i < s->b && len < sizeof names; i++) {
        const br_member *m = &e->model->members[s->a + e->model->members[s->a + i].at];
        br_slice name = br_model_name(e->model, m->name);
        if ((m->bits & BR_MEMBER_REQUIRED) == 0)
            continue;
        if (++count > NAMES_MAX)
            return false;
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%.*s = …",
                                count > 1 ? ", " : "", (int)name.n, name.p);
    }
    if (count == 0 || len >= sizeof names)
        return false;
    snprintf(out->text, sizeof out->text, "{ %s }", names);
    return true;
}

/* What a text would look like as that structure; false: that cannot be told. */
static bool write_structure(const br_encoder *e, const br_shape *s, br_hint *out)
{
    if (has_member(e, s, "text", BR_SHAPE_STRING))
        snprintf(out->text, sizeof out->text, "{ text = \"…\" }");
    else if (has_member(e, s, "bytes", BR_SHAPE_BLOB))
        snprintf(out->text, sizeof out->text, "{ bytes = \"…\" }");
    else
        return write_required(e, s, out);
    return true;
}

/* One name of a table that is no list: of the element that was given instead of a list of them. */
static bool is_element(const br_encoder *e, const br_shape *element, br_slice key)
{
    return is_structure(element) && br_model_member(e->model, element, key) >= 0;
}

static bool write_element(const br_encoder *e, const br_shape *element, br_hint *out)
{
    lua_State *L = e->L;
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
        if (is_structure(element))
            return write_structure(e, element, out);
        snprintf(out->text, sizeof out->text, "\"…\"");
        return element->kind == BR_SHAPE_STRING;
    case LUA_TNUMBER:
        snprintf(out->text, sizeof out->text, "%s", "…");
        return !is_structure(element) && element->kind != BR_SHAPE_LIST;
    default:
        return false;
    }
}

static bool is_numeric(const br_shape *s)
{
    return s->kind == BR_SHAPE_INTEGER || s->kind == BR_SHAPE_LONG || s->kind == BR_SHAPE_FLOAT ||
           s->kind == BR_SHAPE_DOUBLE;
}

static bool is_word(const br_encoder *e, const char *word)
{
    return br_slice_eqs(br_lua_string(e->L, -1), word);
}

/* A number or boolean that was written as a text. */
static bool is_quoted(const br_encoder *e, const br_shape *wanted)
{
    if (lua_type(e->L, -1) != LUA_TSTRING)
        return false;
    if (wanted->kind == BR_SHAPE_BOOLEAN)
        return is_word(e, "true") || is_word(e, "false");
    return is_numeric(wanted) && lua_isnumber(e->L, -1);
}

br_hint br_encode_hint(const br_encoder *e, const br_shape *wanted)
{
    br_hint hint = {""}, inner = {""};
    if (wanted == NULL)
        return hint;
    if (wanted->kind == BR_SHAPE_LIST && write_element(e, br_encoder_shape(e, wanted->a), &inner))
        snprintf(hint.text, sizeof hint.text, ": write { %.*s }", BR_HINT_MAX, inner.text);
    else if (is_structure(wanted) && lua_type(e->L, -1) == LUA_TSTRING &&
             write_structure(e, wanted, &inner))
        snprintf(hint.text, sizeof hint.text, ": write %.*s", BR_HINT_MAX, inner.text);
    else if (is_quoted(e, wanted))
        snprintf(hint.text, sizeof hint.text, ": remove the quotes");
    return hint;
}

br_hint br_encode_list_hint(const br_encoder *e, const br_shape *list, br_slice key)
{
    br_hint hint = {""};
    if (list != NULL && is_element(e, br_encoder_shape(e, list->a), key))
        snprintf(hint.text, sizeof hint.text, ": put it in a list, { { %.*s = … } }",
                 key.n > 60 ? 60 : (int)key.n, key.p);
    return hint;
}

/* What people write who know other libraries, where the structure has the member `beside`. */
static const struct slip {
    const char *name, *beside, *hint;
} slips[] = {
    {"prompt", "messages", "the question goes into messages"},
    {"input", "messages", "the question goes into messages"},
    {"stream", "messages", "use converse_stream to get the answer as it is written"},
    {"max_completion_tokens", "inferenceConfig", "did you mean inferenceConfig.maxTokens?"},
    {"max_output_tokens", "inferenceConfig", "did you mean inferenceConfig.maxTokens?"},
    {"stop", "inferenceConfig", "did you mean inferenceConfig.stopSequences?"},
    {"top_k", "inferenceConfig", "for models that have it, set it in additionalModelRequestFields"},
    {"top_k", "topP", "for models that have it, set it in additionalModelRequestFields"},
};

static const char *slip_of(const br_encoder *e, const br_shape *s, br_slice name)
{
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++)
        if (br_name_alike(name, br_slice_of(slips[i].name)) &&
            br_model_member(e->model, s, br_slice_of(slips[i].beside)) >= 0)
            return slips[i].hint;
    return NULL;
}

/* The member of that name, whatever its case; NULL: there is none. */
static const br_member *alike(const br_encoder *e, const br_shape *s, br_slice name)
{
    for (unsigned i = 0; i < s->b; i++) {
        const br_member *m = &e->model->members[s->a + i];
        if (br_name_alike(name, br_model_name(e->model, m->name)))
            return m;
    }
    return NULL;
}

br_hint br_encode_unknown_hint(const br_encoder *e, const br_shape *structure, br_slice name)
{
    br_hint hint = {""};
    const char *slip = slip_of(e, structure, name);
    if (slip != NULL)
        snprintf(hint.text, sizeof hint.text, "%s", slip);
    if (slip != NULL || structure->kind == BR_SHAPE_UNION)
        return hint;
    for (unsigned i = 0; i < structure->b; i++) {
        const br_member *outer = &e->model->members[structure->a + i];
        const br_shape *s = br_encoder_shape(e, outer->shape);
        const br_member *inner = s->kind == BR_SHAPE_STRUCTURE ? alike(e, s, name) : NULL;
        if (inner == NULL)
            continue;
        br_slice first = br_model_name(e->model, outer->name);
        br_slice second = br_model_name(e->model, inner->name);
        snprintf(hint.text, sizeof hint.text, "did you mean %.*s.%.*s?", (int)first.n, first.p,
                 (int)second.n, second.p);
        break;
    }
    return hint;
}
