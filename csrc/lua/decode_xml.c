#include "lua/decode.h"

bool br_decode_xml(br_decoder *d, const br_op *op, br_slice body)
{
    (void)op, (void)body;
    return br_decode_fail(d, "XML answers are not supported");
}
