/*
 * The real programs for the browser tests: bc260y-platform with its REST interface and a store in a
 * scratch folder, bc260y on a pty, bc260y-at that plays a transcript on it. Every wait has a limit,
 * and each program is ended by its own process id.
 */

import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const LIMIT_MS = 20000;
const STOP_MS = 5000;
const SOURCE = fileURLToPath(new URL("../../", import.meta.url));
const BUILD = process.env.BC_BUILD_DIR || join(SOURCE, "build");
const PYTHON = process.env.BC_PYTHON || "python3";

class Program {
    constructor(name, args, folder) {
        this.name = name;
        this.lines = [];
        this.waiting = [];
        this.errors = "";
        this.process = spawn(join(BUILD, "bin", name), args, {
            cwd: folder, stdio: ["ignore", "pipe", "pipe"],
            env: { ...process.env, HOME: folder, XDG_STATE_HOME: folder },
        });
        this.ended = new Promise((resolve) => {
            this.process.on("error", (error) => {
                this.errors += error.message;
                resolve(-1);
            });
            this.process.on("exit", (code) => resolve(code ?? -1));
        });
        this.process.stderr.on("data", (data) => { this.errors += data; });
        let rest = "";
        this.process.stdout.on("data", (data) => {
            const lines = (rest + data).split("\n");
            rest = lines.pop();
            this.lines.push(...lines);
            this.waiting.splice(0).forEach((again) => again());
        });
    }

    story() {
        return `${this.name} said:\n${this.lines.slice(-40).join("\n")}\n${this.errors}`;
    }

    /* The first line, also of those that came already, that the expression matches. */
    async line(pattern, limitMs = LIMIT_MS) {
        const end = Date.now() + limitMs;
        for (;;) {
            const found = this.lines.map((text) => text.match(pattern)).find(Boolean);
            if (found) {
                return found;
            }
            const left = end - Date.now();
            if (left <= 0 || this.process.exitCode !== null) {
                throw new Error(`no ${pattern} within ${limitMs} ms; ${this.story()}`);
            }
            await new Promise((resolve) => {
                const timer = setTimeout(resolve, Math.min(left, 500));
                this.waiting.push(() => {
                    clearTimeout(timer);
                    resolve();
                });
            });
        }
    }

    async stop() {
        if (this.process.exitCode === null && this.process.pid) {
            this.process.kill("SIGTERM");
            const timer = setTimeout(() => this.process.kill("SIGKILL"), STOP_MS);
            await this.ended;
            clearTimeout(timer);
        }
    }
}

/* A program of ours that ends by itself, and one of Python's; what goes wrong is thrown. */
export const runTool = (name, ...args) => promisify(execFile)(join(BUILD, "bin", name), args,
    { timeout: LIMIT_MS });
export const runPython = (...args) => promisify(execFile)(PYTHON, args,
    { cwd: SOURCE, timeout: LIMIT_MS });

/* A platform, and what runs against it; stop() ends them all. */
export async function startWorld(options = []) {
    const folder = await mkdtemp(join(tmpdir(), "bc260y-browser-"));
    const running = [];
    const run = (name, args) => {
        const program = new Program(name, args, folder);
        running.unshift(program);
        return program;
    };
    const stop = async () => {
        for (const program of running) {
            await program.stop();
        }
        await rm(folder, { recursive: true, force: true });
    };
    try {
        const platform = run("bc260y-platform", ["serve", "--coap", "127.0.0.1:0", "--http",
            "127.0.0.1:0", "--store", join(folder, "store.db"), ...options]);
        const [line] = await platform.line(/"event":"listening".*/);
        const where = JSON.parse(`{${line}`);
        const token = (await readFile(where.token_file, "utf8")).trim();
        return { folder, platform, where, token, url: `http://${where.http}/`, run, stop,
            programs: () => running };
    } catch (error) {
        await stop();
        throw error;
    }
}

export const example = (name) => readFile(join(SOURCE, "examples", `${name}.at`), "utf8");

/* A module that plays a transcript against the platform at `address` (its CoAP port, or that of
 * the bootstrap server); `options` are more of bc260y's. */
export async function playModule(world, transcript, address, seed, options = []) {
    const module = world.run("bc260y", ["--pty", join(world.folder, `port-${seed}`), "--seed",
        String(seed), "--time-scale", "10", "--state", "none", ...options]);
    const port = (await module.line(/^AT port: (.+)$/))[1];
    const file = join(world.folder, `session-${seed}.at`);
    await writeFile(file, transcript);
    const [host, number] = address.split(":");
    const player = world.run("bc260y-at", ["--port", port, "--timeout", "40", "-D",
        `server=${host}`, "-D", `port=${number}`, file]);
    return { module, player };
}
