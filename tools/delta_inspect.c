/*
 * What a package is, for people and for programs: see delta.h.
 */
#include "delta.h"

#include <jansson.h>
#include <stdio.h>

#include "base/sink.h"

#define HEX_CHARS (2U * BC_SHA256_BYTES)

static void to_hex(const uint8_t digest[BC_SHA256_BYTES], char text[HEX_CHARS + 1])
{
    for (size_t i = 0; i < BC_SHA256_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]); /* as sha256sum prints it */
}

/* Of a package whose records are good: how many of its blocks are copies, and the longest frame. */
struct summary {
    uint32_t copies;
    uint32_t longest;
};

static struct summary summarize(bc_view package, const struct bc_package *p)
{
    struct summary summary = {0};
    struct bc_package_record record = {0};
    size_t at = BC_PACKAGE_HEADER_BYTES;
    for (uint32_t i = 0; i < bc_package_blocks(p); i++) {
        (void)bc_package_take_record((bc_view){package.ptr + at, package.len - at}, &record);
        at += record.head_bytes + record.frame_bytes;
        summary.copies += record.frame_bytes == 0;
        if (record.frame_bytes > summary.longest)
            summary.longest = record.frame_bytes;
    }
    return summary;
}

static void print_image(const char *name, const char *revision, uint32_t bytes,
                        const uint8_t digest[BC_SHA256_BYTES])
{
    char hex[HEX_CHARS + 1];
    to_hex(digest, hex);
    printf("%s   %s, %u bytes\n         SHA-256 %s\n", name, revision, bytes, hex);
}

static void print_text(bc_view package, const struct bc_package *p)
{
    char hex[HEX_CHARS + 1];
    struct summary summary = summarize(package, p);
    to_hex(p->body_sha256, hex);
    printf("package  format %d, %zu bytes, %.1f %% of the target, undamaged\n", BC_PACKAGE_VERSION,
           package.len, 100.0 * (double)package.len / p->target_bytes);
    printf("         SHA-256 of the body %s\n", hex);
    print_image("source", p->source_revision, p->source_bytes, p->source_sha256);
    print_image("target", p->target_revision, p->target_bytes, p->target_sha256);
    printf("blocks   %u of %u bytes, %u of them copies, the longest other compressed to %u\n",
           bc_package_blocks(p), p->block_bytes, summary.copies, summary.longest);
    printf("memory   %zu bytes to apply it, with the source mapped\n",
           bc_dfota_memory_bytes(p->block_bytes));
}

static json_t *image(const char *revision, uint32_t bytes, const uint8_t digest[BC_SHA256_BYTES])
{
    char hex[HEX_CHARS + 1];
    to_hex(digest, hex);
    return json_pack("{s:s, s:I, s:s}", "revision", revision, "bytes", (json_int_t)bytes, "sha256",
                     hex);
}

static bool print_json(bc_view package, const struct bc_package *p)
{
    char hex[HEX_CHARS + 1];
    struct summary summary = summarize(package, p);
    to_hex(p->body_sha256, hex);
    json_t *all = json_pack(
        "{s:i, s:I, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I}", "format", BC_PACKAGE_VERSION, "bytes",
        (json_int_t)package.len, "body_sha256", hex, "source",
        image(p->source_revision, p->source_bytes, p->source_sha256), "target",
        image(p->target_revision, p->target_bytes, p->target_sha256), "block_bytes",
        (json_int_t)p->block_bytes, "blocks", (json_int_t)bc_package_blocks(p), "copied_blocks",
        (json_int_t)summary.copies, "longest_frame_bytes", (json_int_t)summary.longest,
        "apply_memory_bytes", (json_int_t)bc_dfota_memory_bytes(p->block_bytes));
    bool good = all != NULL && json_dumpf(all, stdout, JSON_INDENT(2)) == 0 && putchar('\n') > 0;
    json_decref(all);
    return good;
}

bool delta_inspect(bc_view package, bool json, char why[TOOL_WHY_MAX])
{
    struct delta_run run = {.package = package};
    if (!delta_run(&run, BC_DFOTA_CHECK_SOURCE, why))
        return false;
    bool good = true;
    if (json)
        good = print_json(package, &run.header);
    else
        print_text(package, &run.header);
    if (fflush(stdout) != 0 || !good) {
        snprintf(why, TOOL_WHY_MAX, "cannot write to standard output");
        return false;
    }
    return true;
}
