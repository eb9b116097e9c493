// types.js - is there any name in a render that Kubernetes does not know?
//
// Each object becomes a typed literal, and the TypeScript compiler refuses what its type does not have:
// "podManagmentPolicy does not exist in type IStatefulSetSpec".
"use strict";

const fs = require("fs");
const path = require("path");
const ts = require("typescript");
const monitoring = require("./monitoring.json");

const OPTIONS = {
  noEmit: true,
  strict: true,
  skipLibCheck: true,
  types: [],
  target: ts.ScriptTarget.ES2020,
  module: ts.ModuleKind.CommonJS,
  moduleResolution: ts.ModuleResolutionKind.Node10,
};

function literal(object, index) {
  const type = `import("kubernetes-models/${object.apiVersion}/${object.kind}").I${object.kind}`;
  return `export const _${index}: ${type} = ${JSON.stringify(object, null, 1)};\n`;
}

function told(diagnostic) {
  return ts.flattenDiagnosticMessageText(diagnostic.messageText, " ");
}

/** folder: where node_modules lies, since modules are looked for from there. */
module.exports = (objects, folder) => {
  const file = path.join(folder, `render-${process.pid}.ts`);
  const typed = objects.filter((object) => !monitoring[`${object.apiVersion}/${object.kind}`]);
  fs.writeFileSync(file, typed.map(literal).join(""));
  try {
    const program = ts.createProgram([file], OPTIONS);
    return [...new Set(ts.getPreEmitDiagnostics(program).map(told))];
  } finally {
    fs.unlinkSync(file);
  }
};
