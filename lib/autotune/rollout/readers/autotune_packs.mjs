// Prompt packs for an agent in JavaScript: copy this file; it needs Node, Bun or Deno alone. The format is in docs/rollout.md.
//
//   const packs = new Packs(`${process.env.HOME}/.config/dotclaw/prompts`);
//   const shown = packs.choose("response-quality", { user: "u-17", conversation: "c-3" });
//   systemPrompt += shown ? shown.instructions : "";
//   trace.prompt_pack_versions = versions(shown);     // what you record is what counts

import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const DIGITS = 13;
const KINDS = ["user", "conversation", "request"];

/** Where a unit falls, from 0 to below 1. `kind` is user, conversation or request; a user has a day, the others have none. */
export function coin(salt, day, kind, name) {
  const digest = createHash("sha256").update(`${salt}\n${day}\n${kind}\t${name}`, "utf8").digest("hex");
  return parseInt(digest.slice(0, DIGITS), 16) / 16 ** DIGITS;
}

/** The packs in a folder. Files are read again when they change. */
export class Packs {
  #read = new Map();

  constructor(folder) {
    this.folder = folder;
  }

  /** The pack of a behaviour for one request; null where none is active. The same user gets the same one all day. */
  choose(behavior, { user, conversation, request, now = new Date() } = {}) {
    const active = this.#pack(`${behavior}.json`, behavior);
    if (active === null) return null;
    const canary = this.#pack(`${behavior}.canary.json`, behavior);
    const drawn = canary !== null && gets(canary, { user, conversation, request }, now);
    return shownOf(behavior, drawn ? canary : active, drawn);
  }

  #pack(name, behavior) {
    const path = join(this.folder, name);
    try {
      const found = statSync(path, { bigint: true });
      const key = `${found.mtimeNs} ${found.size} ${found.ino}`;
      if (this.#read.get(path)?.key !== key) this.#read.set(path, { key, pack: JSON.parse(readFileSync(path, "utf8")) });
      const { pack } = this.#read.get(path);
      const fits = pack.behavior === behavior && typeof pack.instructions === "string" && pack.version != null;
      return fits ? pack : null;
    } catch {
      return null;
    }
  }
}

function gets(canary, names, now) {
  const said = canary.metadata ?? {};
  const moment = now.toISOString();
  if (said.expires && `${moment.slice(0, 19)}Z` >= String(said.expires)) return false;
  const kinds = ["auto", "user-day"].includes(said.unit ?? "auto") ? KINDS : [String(said.unit)];
  const kind = kinds.find((one) => names[one] != null);
  const share = Number(said.canaryPercent ?? 0) / 100;
  if (kind === undefined) return Math.random() < share;
  const day = kind === "user" ? moment.slice(0, 10) : "";
  return coin(String(said.salt ?? canary.version), day, kind, String(names[kind])) < share;
}

function shownOf(behavior, pack, canary) {
  const demos = (pack.demos ?? []).map((one) => [String(one.input), String(one.output)]);
  return { behavior, version: String(pack.version), instructions: pack.instructions, demos, canary };
}

/** What a trace says under `prompt_pack_versions`: name the packs that really reached the prompt. */
export function versions(...shown) {
  return Object.fromEntries(shown.filter((one) => one != null).map((one) => [one.behavior, one.version]));
}
