/*
 * The console's files, which are part of the program: a URL is one of theirs or it is none, so
 * that no path leads anywhere else.
 */
#include <string.h>

#include "inside.h"

const struct http_asset *http_asset_find(const char *url)
{
    const char *path = strcmp(url, "/") == 0 ? "/console/index.html" : url;
    for (const struct http_asset *asset = http_assets; asset->path != NULL; asset++)
        if (strcmp(asset->path, path) == 0)
            return asset;
    return NULL;
}

const char *http_asset_media_type(const struct http_asset *asset)
{
    static const struct {
        const char *end;
        const char *media_type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".json", "application/json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
    };
    const char *end = strrchr(asset->path, '.');
    for (size_t i = 0; end != NULL && i < API_COUNT(types); i++)
        if (strcmp(end, types[i].end) == 0)
            return types[i].media_type;
    return "application/octet-stream";
}
