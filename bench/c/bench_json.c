/*
** What JSON costs in the core, without Lua: reading a 2 KB answer of Converse (every value taken),
** an embedding of 1,024 numbers and a 1 MiB string, and writing the same. The floor of reading is a
** look at every byte.
**
**   bench_json NAME N
*/
#include "core/text/base64.h"
#include "core/text/json.h"

#include "alone.h"

#include <string.h>

#define NUMBERS 1024
#define BLOB_SIZE ((size_t)1024 * 1024)

typedef struct bench {
    br_buf answer, short_numbers, long_numbers, blob, out;
    double values[NUMBERS], long_values[NUMBERS];
    size_t seen;
} bench;

static void add_answer(br_buf *b)
{
    br_buf_adds(b, "{\"metrics\":{\"latencyMs\":1234},\"output\":{\"message\":{\"content\":[");
    for (int i = 0; i < 3; i++) {
        br_buf_adds(b, i > 0 ? ",{\"text\":\"" : "{\"text\":\"");
        for (int j = 0; j < 9; j++)
            br_buf_adds(b, "It was the best of times, it was the worst of times.\\n \xE2\x80\x94 ");
        br_buf_adds(b, "\"}");
    }
    br_buf_adds(b, "],\"role\":\"assistant\"}},\"stopReason\":\"end_turn\",\"usage\":{"
                   "\"inputTokens\":125,\"outputTokens\":1060,\"totalTokens\":1185,"
                   "\"cacheReadInputTokens\":0,\"cacheWriteInputTokens\":0}}");
}

static void walk(br_json_reader *r, size_t *seen);

static void walk_array(br_json_reader *r, size_t *seen)
{
    int more;
    must(br_json_array_begin(r), "array");
    for (bool first = true; (more = br_json_array_next(r, first)) == 1; first = false)
        walk(r, seen);
    must(more == 0, "end of array");
}

static void walk_object(br_json_reader *r, size_t *seen)
{
    int more;
    br_slice key;
    must(br_json_object_begin(r), "object");
    for (bool first = true; (more = br_json_object_next(r, first, &key)) == 1; first = false) {
        *seen += key.n;
        walk(r, seen);
    }
    must(more == 0, "end of object");
}

static void walk(br_json_reader *r, size_t *seen)
{
    br_slice text;
    br_json_number number;
    switch (br_json_peek(r)) {
    case BR_JSON_OBJECT:
        walk_object(r, seen);
        break;
    case BR_JSON_ARRAY:
        walk_array(r, seen);
        break;
    case BR_JSON_STRING:
        must(br_json_string(r, &text), "string");
        *seen += text.n;
        break;
    case BR_JSON_NUMBER:
        must(br_json_number_value(r, &number), "number");
        *seen += number.d > 0;
        break;
    default:
        must(br_json_skip(r), "value");
    }
}

static void read_text(bench *b, const br_buf *text)
{
    br_json_reader r;
    br_json_reader_init(&r, br_buf_slice(text));
    walk(&r, &b->seen);
    must(br_json_end(&r), "end");
    br_json_reader_free(&r);
}

static void floor_answer(void *state)
{
    bench *b = state;
    for (size_t i = 0; i < b->answer.len; i++)
        b->seen += b->answer.data[i] == '"';
}

static void read_answer(void *state)
{
    bench *b = state;
    read_text(b, &b->answer);
}

static void read_short_numbers(void *state)
{
    bench *b = state;
    read_text(b, &b->short_numbers);
}

static void read_long_numbers(void *state)
{
    bench *b = state;
    read_text(b, &b->long_numbers);
}

static void read_blob(void *state)
{
    bench *b = state;
    read_text(b, &b->blob);
}

static void write_answer_text(void *state)
{
    bench *b = state;
    br_buf_clear(&b->out);
    for (int i = 0; i < 18; i++)
        br_json_write_string(&b->out, BR_SLICE("It was the best of times, it was the worst of "
                                               "times.\n \xE2\x80\x94 And nothing else was."));
}

static void write_numbers(bench *b, const double *values)
{
    br_buf_clear(&b->out);
    br_buf_addc(&b->out, '[');
    for (int i = 0; i < NUMBERS; i++) {
        if (i > 0)
            br_buf_addc(&b->out, ',');
        must(br_json_write_double(&b->out, values[i]), "write");
    }
    br_buf_addc(&b->out, ']');
}

static void write_short_numbers(void *state)
{
    bench *b = state;
    write_numbers(b, b->values);
}

static void write_long_numbers(void *state)
{
    bench *b = state;
    write_numbers(b, b->long_values);
}

static void write_blob(void *state)
{
    bench *b = state;
    br_buf_clear(&b->out);
    br_base64_encode(&b->out, (br_slice){b->blob.data, BLOB_SIZE * 3 / 4});
}

static void set_up(bench *b)
{
    br_buf *all[] = {&b->answer, &b->short_numbers, &b->long_numbers, &b->blob, &b->out};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        br_buf_init(all[i], 4 * BLOB_SIZE);
    add_answer(&b->answer);
    for (int i = 0; i < NUMBERS; i++) {
        b->values[i] = (double)((i * 7919) % 200003 - 100000) / 1e6;
        b->long_values[i] = b->values[i] / 3;
    }
    write_numbers(b, b->values);
    br_buf_add_slice(&b->short_numbers, br_buf_slice(&b->out));
    write_numbers(b, b->long_values);
    br_buf_add_slice(&b->long_numbers, br_buf_slice(&b->out));
    char *blob = br_buf_reserve(&b->blob, BLOB_SIZE);
    must(blob != NULL, "memory");
    memset(blob, 'A', BLOB_SIZE);
    blob[0] = blob[BLOB_SIZE - 1] = '"';
    br_buf_commit(&b->blob, BLOB_SIZE);
}

int main(int argc, char **argv)
{
    static const contestant all[] = {
        {"json-floor-2k", floor_answer, 1},
        {"json-read-2k", read_answer, 1},
        {"json-read-1024-short", read_short_numbers, 1},
        {"json-read-1024-long", read_long_numbers, 1},
        {"json-read-1MiB-string", read_blob, 1},
        {"json-write-2k-text", write_answer_text, 1},
        {"json-write-1024-short", write_short_numbers, 1},
        {"json-write-1024-long", write_long_numbers, 1},
        {"json-write-768KiB-base64", write_blob, 1},
    };
    static bench b;
    set_up(&b);
    alone(&b, all, sizeof(all) / sizeof(all[0]), argc, argv);
    return 0;
}
