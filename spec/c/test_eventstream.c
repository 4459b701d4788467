#include "core/aws/eventstream.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))

/* Messages written out by hand from the format; the checksums are those of CRC-32 (IEEE). */
static const char empty_message[] =
    "\x00\x00\x00\x10\x00\x00\x00\x00\x05\xC2\x48\xEB\x7D\x98\xC8\xFF";
static const char payload_message[] =
    "\x00\x00\x00\x1D\x00\x00\x00\x00\xFD\x52\x8C\x5A{'foo':'bar'}\xC3\x65\x39\x36";
static const char header_message[] = "\x00\x00\x00\x3D\x00\x00\x00\x20\x07\xFD\x83\x96"
                                     "\x0C"
                                     "content-type"
                                     "\x07\x00\x10"
                                     "application/json"
                                     "{'foo':'bar'}\x8D\x9C\x08\xB1";

static br_error last_error;

/* Feeds the pieces [0, a), [a, b), [b, n), each against an unmapped page; counts the messages. */
static int decode(br_es_decoder *d, br_slice bytes, size_t a, size_t b, br_es_message *last)
{
    size_t ends[] = {a, b, bytes.n}, start = 0;
    int count = 0, more = 0;
    static br_es_message m;
    for (size_t i = 0; i < 3 && more >= 0; i++) {
        size_t n = ends[i] - start;
        char *copy = guard_copy(bytes.p + start, n);
        br_es_feed(d, (br_slice){copy, n});
        while ((more = br_es_next(d, last != NULL ? last : &m, &last_error)) == 1)
            count++;
        guard_free(copy, n);
        start = ends[i];
    }
    return more < 0 ? -1 : count;
}

static int decode_whole(br_slice bytes)
{
    br_es_decoder *d = br_es_decoder_new();
    int count = decode(d, bytes, 0, 0, NULL);
    bool ends = br_es_at_boundary(d);
    br_es_decoder_free(d);
    return count >= 0 && !ends ? -2 : count;
}

static void test_known_messages(void)
{
    br_es_decoder *d = br_es_decoder_new();
    static br_es_message m;
    br_es_feed(d, (br_slice){empty_message, sizeof(empty_message) - 1});
    CHECK(br_es_next(d, &m, &last_error) == 1 && m.header_count == 0 && m.payload.n == 0);
    CHECK(br_es_at_boundary(d) && br_es_next(d, &m, &last_error) == 0);
    br_es_feed(d, (br_slice){payload_message, sizeof(payload_message) - 1});
    CHECK_INT(br_es_next(d, &m, &last_error), 1);
    CHECK_SLICE(m.payload, "{'foo':'bar'}");
    CHECK(m.payload.p == payload_message + 12 && br_es_next(d, &m, &last_error) == 0);
    br_es_feed(d, (br_slice){header_message, sizeof(header_message) - 1});
    CHECK(br_es_next(d, &m, &last_error) == 1 && m.header_count == 1);
    CHECK_SLICE(m.headers[0].name, "content-type");
    CHECK_INT(m.headers[0].type, BR_ES_STRING);
    CHECK_SLICE(m.headers[0].bytes, "application/json");
    CHECK_SLICE(m.payload, "{'foo':'bar'}");
    CHECK(m.content_type.p == NULL && br_es_next(d, &m, &last_error) == 0);
    br_es_decoder_free(d);
}

static void test_known_encodings(void)
{
    br_buf b;
    br_buf_init(&b, 1000);
    br_es_header h = {BR_SLICE("content-type"), BR_ES_STRING, 0, BR_SLICE("application/json")};
    CHECK(br_es_encode(&b, NULL, 0, (br_slice){NULL, 0}));
    CHECK(b.len == 16 && memcmp(b.data, empty_message, 16) == 0);
    br_buf_clear(&b);
    CHECK(br_es_encode(&b, &h, 1, BR_SLICE("{'foo':'bar'}")));
    CHECK(b.len == 61 && memcmp(b.data, header_message, 61) == 0);
    br_buf_free(&b);
}

/* The headers of one message of all types, as bytes. */
static const char all_types[] = "\x01"
                                "t"
                                "\x00"
                                "\x01"
                                "f"
                                "\x01"
                                "\x01"
                                "b"
                                "\x02\x80"
                                "\x01"
                                "s"
                                "\x03\xFF\xFE"
                                "\x01"
                                "i"
                                "\x04\x80\x00\x00\x00"
                                "\x01"
                                "l"
                                "\x05\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
                                "\x01"
                                "y"
                                "\x06\x00\x03"
                                "\x00\xFF\x01"
                                "\x01"
                                "S"
                                "\x07\x00\x00"
                                "\x01"
                                "T"
                                "\x08\x80\x00\x00\x00\x00\x00\x00\x00"
                                "\x01"
                                "u"
                                "\x09"
                                "0123456789abcdef";

static const br_es_header all_headers[] = {
    {BR_SLICE("t"), BR_ES_TRUE, 1, {NULL, 0}},
    {BR_SLICE("f"), BR_ES_FALSE, 0, {NULL, 0}},
    {BR_SLICE("b"), BR_ES_BYTE, -128, {NULL, 0}},
    {BR_SLICE("s"), BR_ES_SHORT, -2, {NULL, 0}},
    {BR_SLICE("i"), BR_ES_INT, INT32_MIN, {NULL, 0}},
    {BR_SLICE("l"), BR_ES_LONG, INT64_MAX, {NULL, 0}},
    {BR_SLICE("y"), BR_ES_BYTES, 0, BR_SLICE("\0\xFF\x01")},
    {BR_SLICE("S"), BR_ES_STRING, 0, BR_SLICE("")},
    {BR_SLICE("T"), BR_ES_TIMESTAMP, INT64_MIN, {NULL, 0}},
    {BR_SLICE("u"), BR_ES_UUID, 0, BR_SLICE("0123456789abcdef")},
};

static void test_all_types(void)
{
    br_buf b;
    static br_es_message m;
    br_buf_init(&b, 1000);
    CHECK(br_es_encode(&b, all_headers, LENGTH(all_headers), BR_SLICE("P")));
    CHECK_INT(b.len, 12 + sizeof(all_types) - 1 + 1 + 4);
    CHECK(memcmp(b.data + 12, all_types, sizeof(all_types) - 1) == 0);
    br_es_decoder *d = br_es_decoder_new();
    br_es_feed(d, br_buf_slice(&b));
    CHECK(br_es_next(d, &m, &last_error) == 1 && m.header_count == LENGTH(all_headers));
    for (size_t i = 0; i < LENGTH(all_headers); i++) {
        CHECK(br_slice_eq(m.headers[i].name, all_headers[i].name));
        CHECK(m.headers[i].type == all_headers[i].type && m.headers[i].i == all_headers[i].i);
        CHECK(br_slice_eq(m.headers[i].bytes, all_headers[i].bytes));
    }
    br_es_decoder_free(d);
    br_buf_free(&b);
}

static void add_event(br_buf *b, const char *type, const char *payload)
{
    br_es_header h[] = {
        {BR_SLICE(":event-type"), BR_ES_STRING, 0, br_slice_of(type)},
        {BR_SLICE(":content-type"), BR_ES_STRING, 0, BR_SLICE("application/json")},
        {BR_SLICE(":message-type"), BR_ES_STRING, 0, BR_SLICE("event")},
    };
    br_es_encode(b, h, LENGTH(h), br_slice_of(payload));
}

static void test_usual_headers(void)
{
    static br_es_message m;
    br_buf b;
    br_buf_init(&b, 10000);
    add_event(&b, "messageStart", "{}");
    br_es_header h[] = {
        {BR_SLICE(":message-type"), BR_ES_STRING, 0, BR_SLICE("error")},
        {BR_SLICE(":error-code"), BR_ES_STRING, 0, BR_SLICE("Oops")},
        {BR_SLICE(":error-message"), BR_ES_STRING, 0, BR_SLICE("why")},
        {BR_SLICE(":exception-type"), BR_ES_STRING, 0, BR_SLICE("throttlingException")},
        {BR_SLICE(":event-type"), BR_ES_BYTES, 0, BR_SLICE("not a string")},
        {BR_SLICE(":event-typo"), BR_ES_STRING, 0, BR_SLICE("another")},
    };
    br_es_encode(&b, h, LENGTH(h), BR_SLICE(""));
    br_es_decoder *d = br_es_decoder_new();
    br_es_feed(d, br_buf_slice(&b));
    CHECK(br_es_next(d, &m, &last_error) == 1);
    CHECK_SLICE(m.event_type, "messageStart");
    CHECK_SLICE(m.content_type, "application/json");
    CHECK_SLICE(m.message_type, "event");
    CHECK(m.exception_type.p == NULL && m.error_code.p == NULL && m.error_message.p == NULL);
    CHECK(br_es_next(d, &m, &last_error) == 1);
    CHECK_SLICE(m.message_type, "error");
    CHECK_SLICE(m.error_code, "Oops");
    CHECK_SLICE(m.error_message, "why");
    CHECK_SLICE(m.exception_type, "throttlingException");
    CHECK(m.event_type.p == NULL && m.content_type.p == NULL && m.header_count == 6);
    h[1] = h[0];
    br_buf_clear(&b);
    br_es_encode(&b, h, 2, BR_SLICE(""));
    CHECK_INT(decode_whole(br_buf_slice(&b)), -1);
    br_es_decoder_free(d);
    br_buf_free(&b);
}

/* The three that nearly all messages begin with: in any order, once, and with others among them. */
static void test_orders(void)
{
    static const br_es_header usual[] = {
        {BR_SLICE(":event-type"), BR_ES_STRING, 0, BR_SLICE("messageStart")},
        {BR_SLICE(":content-type"), BR_ES_STRING, 0, BR_SLICE("application/json")},
        {BR_SLICE(":message-type"), BR_ES_STRING, 0, BR_SLICE("event")},
        {BR_SLICE(":event-other"), BR_ES_INT, 7, {NULL, 0}},
    };
    static br_es_message m;
    size_t size;
    br_buf b;
    br_buf_init(&b, 1000);
    for (size_t code = 0; code < 256; code++) {
        br_es_header h[4];
        unsigned seen = 0;
        bool twice = false;
        for (size_t i = 0; i < 4; i++) {
            size_t which = code >> (2 * i) & 3;
            h[i] = usual[which];
            twice = twice || (which < 3 && (seen >> which & 1) != 0);
            seen |= 1u << which;
        }
        br_buf_clear(&b);
        CHECK(br_es_encode(&b, h, 4, BR_SLICE("{}")));
        CHECK_INT(br_es_peek(br_buf_slice(&b), &m, &size), twice ? -1 : 1);
        for (size_t i = 0; i < 4 && !twice; i++) {
            CHECK(m.header_count == 4 && m.headers[i].type == h[i].type);
            CHECK(br_slice_eq(m.headers[i].name, h[i].name) && m.headers[i].i == h[i].i);
            CHECK(br_slice_eq(m.headers[i].bytes, h[i].bytes));
        }
        CHECK(twice || (m.event_type.p != NULL) == ((seen & 1) != 0));
        CHECK(twice || (m.content_type.p != NULL) == ((seen & 2) != 0));
        CHECK(twice || (m.message_type.p != NULL) == ((seen & 4) != 0));
    }
    br_buf_free(&b);
}

static void test_splits(void)
{
    br_buf b;
    static br_es_message m;
    br_buf_init(&b, 10000);
    add_event(&b, "messageStart", "{\"role\":\"assistant\"}");
    add_event(&b, "contentBlockDelta", "{}");
    br_es_encode(&b, NULL, 0, BR_SLICE(""));
    add_event(&b, "messageStop", "{\"stopReason\":\"end_turn\"}");
    for (size_t i = 0; i <= b.len; i++)
        for (size_t j = i; j <= b.len; j += j < i + 20 ? 1 : 7) {
            br_es_decoder *d = br_es_decoder_new();
            if (decode(d, br_buf_slice(&b), i, j, NULL) != 4 || !br_es_at_boundary(d))
                check_number((long long)i, (long long)j, "split", __FILE__, __LINE__);
            br_es_decoder_free(d);
        }
    br_es_decoder *d = br_es_decoder_new();
    int count = 0;
    bool last_at_boundary = false;
    for (size_t i = 0; i < b.len; i++) {
        CHECK(br_es_feed(d, (br_slice){b.data + i, 1}));
        while (br_es_next(d, &m, &last_error) == 1) {
            count++;
            last_at_boundary = br_es_at_boundary(d);
            CHECK(last_at_boundary);
        }
        CHECK(br_es_at_boundary(d) == last_at_boundary || count < 4);
        last_at_boundary = false;
    }
    CHECK_INT(count, 4);
    br_es_decoder_free(d);
    br_buf_free(&b);
}

/* A body that ends early is at no boundary, wherever inside a message it ends. */
static void test_truncated(void)
{
    for (size_t n = 0; n < sizeof(header_message); n++) {
        bool whole = n == 0 || n == sizeof(header_message) - 1;
        CHECK_INT(decode_whole((br_slice){header_message, n}), whole ? n > 0 : -2);
    }
}

static void test_corruption(void)
{
    char bytes[sizeof(header_message)];
    for (size_t i = 0; i < sizeof(bytes) - 1; i++)
        for (int bit = 0; bit < 8; bit++) {
            memcpy(bytes, header_message, sizeof(bytes));
            bytes[i] = (char)(bytes[i] ^ (1 << bit));
            CHECK_INT(decode_whole((br_slice){bytes, sizeof(bytes) - 1}), -1);
            br_es_decoder *d = br_es_decoder_new();
            CHECK_INT(decode(d, (br_slice){bytes, sizeof(bytes) - 1}, 5, 30, NULL), -1);
            br_es_decoder_free(d);
        }
}

static uint32_t crc32_of(const char *p, size_t n)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < n; i++) {
        crc ^= (unsigned char)p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
    }
    return ~crc;
}

static void put32(char *p, uint32_t value)
{
    for (int i = 3; i >= 0; i--, value >>= 8)
        p[i] = (char)(value & 0xFF);
}

/* A frame with right checksums and any lengths and header bytes. */
static br_slice frame(br_buf *b, uint32_t total, uint32_t header_len, br_slice content)
{
    char prelude[12], crc[4];
    br_buf_clear(b);
    put32(prelude, total);
    put32(prelude + 4, header_len);
    put32(prelude + 8, crc32_of(prelude, 8));
    br_buf_add(b, prelude, 12);
    br_buf_add_slice(b, content);
    put32(crc, crc32_of(b->data, b->len));
    br_buf_add(b, crc, 4);
    return br_buf_slice(b);
}

static void test_lying_lengths(void)
{
    static const struct {
        uint32_t total, headers;
    } lies[] = {{0, 0},
                {15, 0},
                {1, 0xFFFFFFFF},
                {16, 1},
                {20, 5},
                {24, 0xFFFFFFF8},
                {0xFFFFFFFF, 0},
                {0x80000000, 0},
                {25165825, 0},
                {25165824, 131073},
                {25165824, 0xFFFFFF},
                {12, 0}};
    br_buf b;
    br_buf_init(&b, 1000);
    for (size_t i = 0; i < LENGTH(lies); i++) {
        CHECK_INT(decode_whole(frame(&b, lies[i].total, lies[i].headers, BR_SLICE("12345678"))),
                  -1);
        CHECK(last_error.kind == BR_ERR_STREAM && strcmp(last_error.code, "BadResponse") == 0);
    }
    CHECK_INT(decode_whole(frame(&b, 24, 0, BR_SLICE("12345678"))), 1);
    CHECK_INT(decode_whole(frame(&b, 25165824, 131072, BR_SLICE("12345678"))), -2);
    br_buf_free(&b);
}

/* Its versions differ here. */
/* clang-format off */
#define H(literal) {literal, sizeof(literal) - 1}
/* clang-format on */

static void test_bad_headers(void)
{
    static const br_slice bad[] = {
        H("\x00\x00"),
        H("\x01"),
        H("\x01"
          "a"),
        H("\x02"
          "a\x00"),
        H("\xFF"
          "a\x00"),
        H("\x01"
          "a\x0A"),
        H("\x01"
          "a\xFF"),
        H("\x01"
          "a\x02"),
        H("\x01"
          "a\x03\x00"),
        H("\x01"
          "a\x04\x00\x00\x00"),
        H("\x01"
          "a\x05\x00\x00\x00\x00\x00\x00\x00"),
        H("\x01"
          "a\x06"),
        H("\x01"
          "a\x06\x00"),
        H("\x01"
          "a\x06\x00\x01"),
        H("\x01"
          "a\x07\x00\x02x"),
        H("\x01"
          "a\x07\x80\x00"),
        H("\x01"
          "a\x07\xFF\xFF"),
        H("\x01"
          "a\x08\x00\x00\x00\x00\x00\x00\x00"),
        H("\x01"
          "a\x09"
          "0123456789abcde"),
        H("\x01"
          "a\x00\x01"),
    };
    br_buf b;
    br_buf_init(&b, 1000);
    for (size_t i = 0; i < LENGTH(bad); i++) {
        uint32_t n = (uint32_t)bad[i].n;
        CHECK_INT(decode_whole(frame(&b, n + 16, n, bad[i])), -1);
    }
    br_buf_free(&b);
}

/* Headers of the usual names, which end anywhere: only between two of them is there a message. */
static void test_cut_headers(void)
{
    static const br_slice all = H("\x0b:event-type\x07\x00\x01x"
                                  "\x0d:content-type\x07\x00\x00"
                                  "\x0d:message-type\x07\x00\x02yz");
    static const br_slice bad[] = {
        H("\x0b:event-type\x07\x80\x00"),
        H("\x0b:event-type\x07\xFF\xFF"),
        H("\x0b:event-type\x0A\x00\x00"),
        H("\x0b:event-type\x07\x00\x00\x0b:event-type\x07\x00\x00"),
    };
    br_buf b;
    br_buf_init(&b, 1000);
    for (size_t n = 0; n <= all.n; n++) {
        bool whole = n == 0 || n == 16 || n == 33 || n == all.n;
        br_slice cut = {all.p, n};
        CHECK_INT(decode_whole(frame(&b, (uint32_t)n + 16, (uint32_t)n, cut)), whole ? 1 : -1);
    }
    for (size_t i = 0; i < LENGTH(bad); i++) {
        uint32_t n = (uint32_t)bad[i].n;
        CHECK_INT(decode_whole(frame(&b, n + 16, n, bad[i])), -1);
    }
    br_buf_free(&b);
}

static void test_header_counts(void)
{
    br_buf content, b;
    static br_es_header headers[BR_ES_HEADER_COUNT_MAX + 1];
    br_buf_init(&content, 10000);
    br_buf_init(&b, 10000);
    for (uint32_t n = 0; n <= BR_ES_HEADER_COUNT_MAX + 1; n++) {
        bool fits = n <= BR_ES_HEADER_COUNT_MAX;
        CHECK_INT(decode_whole(frame(&b, n * 3 + 16, n * 3, br_buf_slice(&content))),
                  fits ? 1 : -1);
        br_buf_clear(&b);
        CHECK(br_es_encode(&b, headers, n, BR_SLICE("")) == fits);
        CHECK(!fits || decode_whole(br_buf_slice(&b)) == 1);
        br_buf_add(&content, "\x01h", 3);
        if (fits)
            headers[n] = (br_es_header){BR_SLICE("h"), BR_ES_TRUE, 1, {NULL, 0}};
    }
    br_buf_free(&content);
    br_buf_free(&b);
}

static bool encodes(br_es_header h)
{
    br_buf b;
    br_buf_init(&b, 100000);
    bool ok = br_es_encode(&b, &h, 1, BR_SLICE(""));
    CHECK(ok ? decode_whole(br_buf_slice(&b)) == 1 : b.len == 0);
    br_buf_free(&b);
    return ok;
}

static void test_encode_limits(void)
{
    static char big[40000];
    br_slice name = {big, 255};
    memset(big, 'n', sizeof(big));
    CHECK(encodes((br_es_header){name, BR_ES_STRING, 0, {big, BR_ES_HEADER_VALUE_MAX}}));
    CHECK(!encodes((br_es_header){name, BR_ES_STRING, 0, {big, BR_ES_HEADER_VALUE_MAX + 1}}));
    CHECK(!encodes((br_es_header){{big, 256}, BR_ES_TRUE, 0, {NULL, 0}}));
    CHECK(!encodes((br_es_header){{big, 0}, BR_ES_TRUE, 0, {NULL, 0}}));
    CHECK(!encodes((br_es_header){name, (br_es_type)10, 0, {NULL, 0}}));
    CHECK(!encodes((br_es_header){name, BR_ES_UUID, 0, {big, 15}}));
    CHECK(encodes((br_es_header){name, BR_ES_BYTE, 127, {NULL, 0}}));
    CHECK(!encodes((br_es_header){name, BR_ES_BYTE, 128, {NULL, 0}}));
    CHECK(!encodes((br_es_header){name, BR_ES_BYTE, -129, {NULL, 0}}));
    CHECK(!encodes((br_es_header){name, BR_ES_SHORT, 32768, {NULL, 0}}));
    CHECK(!encodes((br_es_header){name, BR_ES_INT, INT64_C(2147483648), {NULL, 0}}));
    br_es_header five[5];
    for (size_t i = 0; i < 5; i++)
        five[i] = (br_es_header){name, BR_ES_BYTES, 0, {big, BR_ES_HEADER_VALUE_MAX}};
    br_buf b;
    br_buf_init(&b, BR_ES_MESSAGE_MAX + 100);
    CHECK(!br_es_encode(&b, five, 5, BR_SLICE("")) && b.len == 0);
    CHECK(br_es_encode(&b, five, 3, BR_SLICE("")) && decode_whole(br_buf_slice(&b)) == 1);
    br_buf_free(&b);
}

static void test_largest(void)
{
    size_t n = BR_ES_MESSAGE_MAX - BR_ES_OVERHEAD;
    char *payload = calloc(1, n + 1);
    br_buf b;
    br_buf_init(&b, BR_ES_MESSAGE_MAX + 100);
    CHECK(!br_es_encode(&b, NULL, 0, (br_slice){payload, n + 1}));
    CHECK(br_es_encode(&b, NULL, 0, (br_slice){payload, n}));
    br_es_decoder *d = br_es_decoder_new();
    static br_es_message m;
    int found = 0;
    for (size_t at = 0; at < b.len; at += 100000) {
        size_t piece = b.len - at < 100000 ? b.len - at : 100000;
        br_es_feed(d, (br_slice){b.data + at, piece});
        found = br_es_next(d, &m, &last_error);
    }
    CHECK(found == 1 && m.payload.n == n && br_es_next(d, &m, &last_error) == 0);
    br_es_decoder_free(d);
    br_buf_free(&b);
    free(payload);
}

/* After an error nothing is read any more, and the same is said again. */
static void test_sticky(void)
{
    char bytes[sizeof(empty_message)];
    static br_es_message m;
    memcpy(bytes, empty_message, sizeof(bytes));
    bytes[15] = 0;
    br_es_decoder *d = br_es_decoder_new();
    br_es_feed(d, (br_slice){payload_message, sizeof(payload_message) - 1});
    CHECK_INT(br_es_next(d, &m, &last_error), 1);
    CHECK_INT(br_es_next(d, &m, &last_error), 0);
    br_es_feed(d, (br_slice){bytes, sizeof(bytes) - 1});
    CHECK_INT(br_es_next(d, &m, &last_error), -1);
    CHECK(strstr(last_error.message, "byte 29") != NULL);
    char first[BR_ERROR_MESSAGE_MAX];
    memcpy(first, last_error.message, sizeof(first));
    CHECK(!br_es_feed(d, (br_slice){empty_message, 16}));
    br_error_clear(&last_error);
    CHECK(br_es_next(d, &m, &last_error) == -1 && !br_es_at_boundary(d));
    CHECK_STR(last_error.message, first);
    CHECK(last_error.kind == BR_ERR_STREAM);
    br_es_decoder_free(d);
    br_es_decoder_free(NULL);
}

static void test_feeding_too_early(void)
{
    br_es_decoder *d = br_es_decoder_new();
    static br_es_message m;
    CHECK(br_es_feed(d, (br_slice){NULL, 0}) && br_es_next(d, &m, &last_error) == 0);
    br_es_feed(d, (br_slice){empty_message, 16});
    CHECK(!br_es_feed(d, (br_slice){empty_message, 16}));
    CHECK(br_es_next(d, &m, &last_error) == 1 && br_es_next(d, &m, &last_error) == 0);
    br_es_decoder_free(d);
}

/* Every beginning of a message, against an unmapped page, then with a bit turned. */
static void test_peeking(void)
{
    static br_es_message m;
    size_t n = sizeof(header_message) - 1, size;
    for (size_t length = 0; length <= n; length++) {
        char *copy = guard_copy(header_message, length);
        CHECK_INT(br_es_peek((br_slice){copy, length}, &m, &size), length == n);
        CHECK_INT((long long)size, length < 12 ? 0 : (long long)n);
        if (length == n)
            CHECK_SLICE(m.payload, "{'foo':'bar'}");
        guard_free(copy, length);
    }
    for (size_t i = 0; i < n; i++) {
        char *copy = guard_copy(header_message, n);
        copy[i] ^= 1;
        CHECK_INT(br_es_peek((br_slice){copy, n}, &m, &size), -1);
        guard_free(copy, n);
    }
    CHECK_INT(br_es_peek(BR_SLICE("<html><body>"), &m, &size), -1);
}

int main(void)
{
    test_known_messages();
    test_known_encodings();
    test_all_types();
    test_usual_headers();
    test_orders();
    test_splits();
    test_truncated();
    test_corruption();
    test_lying_lengths();
    test_bad_headers();
    test_cut_headers();
    test_header_counts();
    test_encode_limits();
    test_largest();
    test_sticky();
    test_feeding_too_early();
    test_peeking();
    return check_done();
}
