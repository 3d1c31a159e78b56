/** The types in the comments of the page's modules agree with each other and with browsers. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";

import { require } from "./browser.mjs";

test("TypeScript finds nothing in the modules of the page", () => {
  const tsc = require.resolve("typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "--project", dirname(fileURLToPath(import.meta.url)), "--pretty", "false"], { encoding: "utf8" });
  assert.equal(stdout, "");
  assert.equal(status, 0);
});
