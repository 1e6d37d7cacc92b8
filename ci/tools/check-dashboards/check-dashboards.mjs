// Reads dashboards as TypeScript reads literals of Grafana's own types: a misspelt key, a wrong value and
// a missing field are errors. Prints FILE:LINE: panel "TITLE": FIELD: message, exits 1 when there is one.
// Usage: node check-dashboards.mjs FILE...
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const HERE = dirname(fileURLToPath(import.meta.url));
const PLUGINS = "node_modules/@grafana/schema/dist/types/raw/composable";
const OPTIONS = {
  noEmit: true,
  strict: true,
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2022.d.ts"],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  types: [],
  // Grafana's types are checked too: a name that they import in vain would be `any`, which accepts anything.
  skipDefaultLibCheck: true,
};

const pathOf = (plugin) => `${PLUGINS}/${plugin}/panelcfg/x/types.gen`;
const sourceOf = (plugin) => join(HERE, `${pathOf(plugin)}.d.ts`);
const known = readdirSync(join(HERE, PLUGINS)).filter((plugin) => existsSync(sourceOf(plugin)));

/** The type of a list of panels, each by its plugin, in the words of types.ts. */
function typeOfPanels(panels = []) {
  return `[${panels.map(typeOfPanel).join(", ")}]`;
}

function typeOfPanel({ type, panels }) {
  if (type === "row") return `check.Row<${typeOfPanels(panels)}>`;
  const plugin = String(type).replaceAll("-", "");
  if (!known.includes(plugin)) return `check.Panel<${known.map((name) => `"${name}"`).join(" | ")}, any, any>`;
  const source = readFileSync(sourceOf(plugin), "utf8");
  const [options, custom] = ["Options", "FieldConfig"].map((name) =>
    source.includes(`export interface ${name} `) ? `import("./${pathOf(plugin)}").${name}` : "check.Nothing",
  );
  return `check.Panel<"${type}", ${options}, ${custom}>`;
}

/** A program around the JSON of a file that leaves every line its number. */
function asProgram(json) {
  const type = `check.Dashboard<${typeOfPanels(JSON.parse(json).panels)}>`;
  return `import type * as check from "./types"; export const dashboard: ${type} = ${json}`;
}

/** The keys and indices that lead to a position: ["panels", 3, "options", "legend"]. */
function keysTo(position, source) {
  const keys = [];
  const visit = (node) => {
    if (position < node.getStart(source) || position >= node.getEnd()) return;
    if (ts.isPropertyAssignment(node)) keys.push(node.name.text);
    if (ts.isArrayLiteralExpression(node.parent)) keys.push(node.parent.elements.indexOf(node));
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(source, visit);
  return keys;
}

/** Where an error is, as somebody who knows the dashboard would say it. */
function place(keys, within, title = "") {
  const [first, index, ...rest] = keys;
  if (first === "panels" && index !== undefined) {
    const panel = within.panels[index];
    return place(rest, panel, `panel "${panel.title}": `);
  }
  return title + (keys.join(".") || "itself");
}

/** What is wrong, without the listings of whole types that the compiler puts in. */
function complaint(messageText) {
  return ts.flattenDiagnosticMessageText(messageText, " ").replaceAll(/'\{[^']*\}'/g, "'{...}'");
}

const programs = new Map(
  process.argv.slice(2).map((file) => {
    const json = readFileSync(file, "utf8");
    return [join(HERE, `${resolve(file).replaceAll("/", "_")}.ts`), { file, json, text: asProgram(json) }];
  }),
);
const host = ts.createCompilerHost(OPTIONS);
const { readFile, fileExists } = host;
host.readFile = (path) => programs.get(path)?.text ?? readFile(path);
host.fileExists = (path) => programs.has(path) || fileExists(path);

const found = ts.getPreEmitDiagnostics(ts.createProgram([...programs.keys()], OPTIONS, host));
for (const { file: source, start, messageText } of found) {
  const given = programs.get(source?.fileName);
  const line = source && source.getLineAndCharacterOfPosition(start).line + 1;
  const where = given
    ? `${given.file}:${line}: ${place(keysTo(start, source), JSON.parse(given.json))}`
    : `${source?.fileName ?? "check-dashboards"}:${line ?? 1}`;
  console.log(`${where}: ${complaint(messageText)}`);
}
process.exit(found.length ? 1 : 0);
