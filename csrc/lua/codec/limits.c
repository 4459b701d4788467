#include "lua/codec/limits.h"

#include "core/text/utf8.h"

bool br_limits_fit_text(const br_limits *l, br_slice text)
{
    return br_limits_settled(l, text.n) || br_limits_fit(l, (double)br_utf8_length(text));
}

bool br_text_in_enum(const br_model *m, unsigned list, br_slice text)
{
    const uint16_t *values = m->enums + list;
    for (unsigned i = 1; i <= values[0]; i++) {
        if (br_slice_eq(br_model_name(m, values[i]), text))
            return true;
    }
    return false;
}
