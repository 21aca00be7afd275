/*
 * The console's sources: both languages say everything, every word used is there and every word
 * there is used; nothing that could run what a device says; nothing from elsewhere.
 */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import en from "../../platform/console/app/words/en.js";
import zh from "../../platform/console/app/words/zh.js";
import problems from "../../platform/console/app/words/zh_problems.js";
import reasons from "../../platform/console/app/words/zh_reasons.js";

const CONSOLE = fileURLToPath(new URL("../../platform/console/", import.meta.url));

function filesOf(folder) {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory()
        ? filesOf(join(folder, entry.name)) : [join(folder, entry.name)]));
}

const sources = new Map(filesOf(CONSOLE).map((path) => [path.slice(CONSOLE.length),
    readFileSync(path, "utf8")]));
const scripts = [...sources].filter(([path]) => path.endsWith(".js")
    && !path.includes("/words/"));

const withoutComments = (text) => text.replace(/\/\*[\s\S]*?\*\//g, "");
const placeholders = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();

test("both languages have the same words with the same places for values", () => {
    assert.deepEqual(Object.keys(zh).sort(), Object.keys(en).sort());
    for (const key of Object.keys(en)) {
        assert.ok(en[key].trim() && zh[key].trim(), `${key} is empty`);
        assert.deepEqual(placeholders(zh[key]), placeholders(en[key]), key);
    }
});

test("the Chinese words are Chinese, but for names and abbreviations", () => {
    const names = new RegExp("^(carrier\\.\\w+\\.guide|"
        + "product\\.(protocol|data_format|network)\\..*|"
        + "data\\.dp|product\\.power_saving\\.(psm|edrx)|device\\.key|token\\.coap)$");
    for (const [key, text] of Object.entries(zh)) {
        assert.ok(names.test(key) || /[\u4e00-\u9fff]/.test(text), `${key}: ${text}`);
    }
    for (const [key, text] of Object.entries(en)) {
        assert.doesNotMatch(text, /[\u4e00-\u9fff]/, key);
    }
});

const SOURCE = fileURLToPath(new URL("../../", import.meta.url));

test("every problem of the interface has its Chinese words", () => {
    const table = readFileSync(join(SOURCE, "docs/API.md"), "utf8")
        .match(/<!-- generated: problems -->([\s\S]*?)<!-- end -->/)[1];
    const told = new Map([...table.matchAll(/^\| `(\w+)` \| \d+ \| (.*) \|$/gm)].map(
        ([, code, text]) => [code, text.split("…").length - 1]));
    assert.ok(told.size > 50);
    assert.deepEqual(Object.keys(problems).sort(), [...told.keys()].sort());
    for (const [code, text] of Object.entries(problems)) {
        const highest = Math.max(-1, ...placeholders(text).map(Number));
        assert.ok(highest < told.get(code), `${code}: ${text}`);
    }
});

test("the sentences of the platform that have Chinese words are the platform's", () => {
    const platform = ["platform/service", "platform/codec", "tools"].flatMap((folder) =>
        filesOf(join(SOURCE, folder))).filter((path) => path.endsWith(".c"))
        .map((path) => readFileSync(path, "utf8")).join("");
    for (const [sentence, words] of reasons) {
        const parts = sentence.split("…");
        assert.deepEqual(parts.filter((part) => !platform.includes(part)), [], sentence);
        assert.equal(placeholders(words).length, parts.length - 1, sentence);
    }
});

/* t("a.b") and t(`a.${x}.b`), also as one of two: t(on ? "a" : "b"). */
function usedWords() {
    const exact = new Set();
    const patterns = [];
    for (const [, source] of scripts) {
        const text = withoutComments(source);
        for (const [, inside] of text.matchAll(/\bt\(([^()]*(?:\([^()]*\))?[^()]*)/g)) {
            for (const [, key] of inside.matchAll(/"([a-z_0-9]+(?:\.[A-Za-z_0-9]+)*)"/g)) {
                exact.add(key);
            }
            for (const [, key] of inside.matchAll(/`([^`]*\$\{[^`]*)`/g)) {
                patterns.push(key);
            }
        }
        for (const [, group] of text.matchAll(/\bword\("([^"]+)"/g)) {
            patterns.push(`${group}.\${}`);
        }
        for (const [, group] of text.matchAll(/\bword\(`([^`]+)`/g)) {
            patterns.push(`${group}.\${}`);
        }
    }
    const asRegex = (p) => new RegExp(`^${p.replaceAll(".", "\\.").replace(/\$\{[^}]*\}/g,
        "[\\w-]+")}$`);
    return { exact, patterns: patterns.map(asRegex) };
}

test("every word that is used is there, and every word that is there is used", () => {
    const { exact, patterns } = usedWords();
    // Keys that reach t() by a table or a variable.
    const indirect = ["unit.d", "unit.h", "unit.min", "nav.things", "nav.fota", "nav.system",
        "wizard.carrier", "wizard.settings", "form.number", "form.integer"];
    const known = (key) => exact.has(key) || indirect.includes(key)
        || patterns.some((p) => p.test(key));
    const literal = [...exact].filter((key) => key.includes(".") && !(key in en)
        && !/\.(mjs|js)$/.test(key));
    assert.deepEqual(literal, [], "used, but in no dictionary");
    assert.deepEqual(Object.keys(en).filter((key) => !known(key)), [], "never used");
});

test("what devices say can only become text", () => {
    const forbidden = new RegExp("innerHTML|outerHTML|insertAdjacentHTML|document\\.write|"
        + "\\beval\\(|new Function|setAttribute\\(\"style\"|srcdoc|createContextualFragment|"
        + "DOMParser");
    for (const [path, text] of scripts) {
        assert.doesNotMatch(withoutComments(text), forbidden, path);
    }
    const page = sources.get("index.html");
    assert.doesNotMatch(page, /<style|style=|\son\w+=|<script(?![^>]*\ssrc=)/);
});

test("nothing comes from elsewhere", () => {
    for (const [path, text] of sources) {
        const rest = text.replaceAll("http://www.w3.org/2000/svg", "")
            .replaceAll(/https?:\/\/127\.0\.0\.1[:\d]*/g, "")
            .replaceAll(/https?:\\?\/\\?\/(?=[\s"\\）(或]| or| 或|\.|$)/g, "");
        assert.doesNotMatch(rest, /https?:\/\/|@import|url\(/, path);
    }
});

test("no file is longer than the house allows", () => {
    for (const [path, text] of sources) {
        assert.ok(text.split("\n").length <= 1001, path);
    }
});
