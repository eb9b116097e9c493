// What a person with a browser would see. Lines on standard output: "ok TEXT", "FAIL TEXT", and
// "kill NODE", "stop NODE", "go NODE", "start NODE" for whoever runs the nodes.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const { OUT, WORK, URL: ADDRESS, EXPECT_HOSTILE, KNOWN_STAMP } = process.env;
const require = createRequire(join(OUT, "package.json"));
const puppeteer = require("puppeteer-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const SIZES = { wide: { width: 1280, height: 1500 }, narrow: { width: 360, height: 800 } };

const tell = (word, text) => process.stdout.write(`${word} ${text}\n`);
const check = (what, good, detail = "") => tell(good ? "ok" : "FAIL", `${what}${good || !detail ? "" : `: ${detail}`}`);

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  userDataDir: join(WORK, "chromium"),
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
    "--disable-background-networking", "--disable-component-update"],
});
const page = await browser.newPage();

/* ---- what must not happen ---- */

const wrong = [], foreign = [];
let excuse = () => false; // a text of the console that is expected at this moment
page.on("console", (message) => {
  if (["error", "warn"].includes(message.type()) && !excuse(message.text())) wrong.push(message.text());
});
page.on("pageerror", (error) => wrong.push(String(error)));
page.on("request", (request) => {
  if (!request.url().startsWith(ADDRESS) && !request.url().startsWith("data:")) foreign.push(request.url());
});
await page.evaluateOnNewDocument(() => {
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (e) => window.violations.push(`${e.violatedDirective} ${e.blockedURI}`));
});

/* ---- looking ---- */

const members = () => page.$$eval("#member-rows tr", (rows) => Object.fromEntries(rows.map((row) =>
  [row.querySelector("th bdi").textContent, row.querySelector(".state").textContent])));

/** Wait for something on the page; whether it came. */
async function within(ms, what, test, ...args) {
  const begun = Date.now();
  const came = await page.waitForFunction(test, { timeout: ms, polling: 50 }, ...args).then(() => true, () => false);
  check(`${what}: ${came ? Date.now() - begun : "not within"} ms`, came, `limit ${ms}`);
  return came;
}

const stateIs = (name, state) => [...document.querySelectorAll("#member-rows tr")].some((row) =>
  row.querySelector("th bdi").textContent === name && row.querySelector(".state").textContent === state);
const linkIs = (state) => document.getElementById("link").dataset.state === state;

/* The moment of suspicion is short. Photographs take longer: the page is given the same answers for
 * that time, as the node gave them. */
let frozen = null; // path: answer
let traced = null; // the answer to a question for a stamp
const answers = new Map();
page.on("response", async (response) => {
  const path = new URL(response.url()).pathname;
  if (frozen || !/^\/v1\/(members|node|stats)$/.test(path) || response.status() !== 200) return;
  const body = await response.text().catch(() => "");
  if (body !== "" && !frozen) answers.set(path, body);
});
page.on("request", (request) => {
  if (!frozen || request.isInterceptResolutionHandled()) return;
  const path = new URL(request.url()).pathname;
  const body = frozen.get(path) || (traced && path.startsWith("/v1/invalidations/") ? traced(path) : undefined);
  (body ? request.respond({ status: 200, contentType: "application/json", body }) : request.continue()).catch(() => {});
});

async function freeze() {
  frozen = new Map(answers);
  await page.setRequestInterception(true);
}

async function thaw() {
  await page.setRequestInterception(false);
  frozen = null;
  traced = null;
}

/** What these members have of each other, and of a run that ended: suspects do not say, others lack a little. */
function matrixOf(all) {
  const epoch = (i) => i.toString(16).padStart(16, "0");
  const lacks = (i, k) => (i !== k && (7 * i + 3 * k) % 11 === 3 ? 1 + 100 * k : 0);
  const origins = all.map((m, k) => ({ epoch: epoch(k), member: m.name, newest: 10000 }));
  origins.push({ epoch: epoch(all.length), member: null, newest: 3 });
  const members = all.map((m, i) => ({ m, i })).filter(({ m }) => m.state !== "dead").map(({ m, i }) => {
    const answered = m.state !== "suspect";
    return {
      name: m.name, epoch: epoch(i), answered, after_ms: answered ? 0.4 + i : null, left: answered ? 0 : null,
      behind: origins.map((o, k) => (answered ? lacks(i, k) : null)), unheard: origins.map(() => (answered ? 0 : null)),
    };
  });
  return { node: all[0].name, took_ms: 500, origins, members };
}

/** From now on the node has so many members, made after those that it has: some dead, suspect or with a long
 *  name; and all of them applied whatever is asked for, a few late. */
async function pretend(n) {
  const said = JSON.parse(answers.get("/v1/members"));
  const self = said.members.find((m) => m.self), other = said.members.find((m) => !m.self && m.state === "alive");
  const all = [self];
  for (let i = 1; i < n; i++) {
    const state = i % 9 === 5 ? "dead" : i % 20 === 7 ? "suspect" : "alive";
    const name = i % 16 === 3 ? `scrubjay-with-a-long-name-of-a-region-and-a-zone-eu-west-1b-${i}` : `scrubjay-${i}`;
    all.push({ ...other, name, state, generation: other.generation + i, address: `10.42.${i}.${250 - i}:6248` });
  }
  said.members = all;
  if (!frozen) await freeze();
  frozen.set("/v1/members", JSON.stringify(said));
  traced = (path) => JSON.stringify({
    stamp: path.slice(-48), seq: 7, issuer: "b", origin: "00".repeat(8),
    nodes: all.filter((m) => m.state !== "dead").map((m, i) => ({
      name: m.name, state: m.state === "suspect" ? "silent" : "applied", late_ms: m.state === "suspect" ? null : i % 7 === 3 ? 140.5 : 1.25 + i,
      late_error_ms: 0.3, wait_ms: 0.1, acked_ms: null, age_ms: 900,
    })),
  });
  frozen.set("/v1/matrix", JSON.stringify(matrixOf(all)));
  await within(6000, `${n} members are listed`, (wanted) => document.querySelectorAll("#member-rows tr").length === wanted, n);
}

/** Nothing may reach over the page's edge, and no text over that of its neighbour. */
const overlaps = () => page.evaluate(() => {
  const found = [];
  for (const row of document.querySelectorAll("tbody tr, thead tr")) {
    const cells = [...row.children].map((cell) => [cell, cell.getBoundingClientRect()]);
    for (const [cell, box] of cells)
      if (cell.scrollWidth > Math.ceil(box.width) + 1) found.push(cell.textContent.slice(0, 30));
  }
  return found;
});

/** Freeze the answer that calls a member suspect: the page has just shown it. */
async function freezeSuspicion(name) {
  for (let i = 0; i < 50; i++) {
    const { members = [] } = JSON.parse(answers.get("/v1/members") || "{}");
    if (members.some((m) => m.name === name && m.state === "suspect")) {
      await freeze();
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}

async function photograph(name, size, scheme) {
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.setViewport(SIZES[size]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await page.screenshot({ path: join(OUT, `${name}-${size}-${scheme}.png`), fullPage: true });
}

/** One part of the page alone. */
async function portrait(name, size, scheme, selector) {
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.setViewport(SIZES[size]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await (await page.$(selector)).screenshot({ path: join(OUT, `${name}-${size}-${scheme}.png`) });
}

async function violations(scheme) {
  const found = await page.evaluate(async (axe) => {
    if (!window.axe) (0, eval)(axe);
    const result = await window.axe.run(document, { resultTypes: ["violations"] });
    return result.violations.map((v) => `${v.impact} ${v.id} (${v.nodes.map((n) => n.target.join(" ")).slice(0, 3).join(", ")})`);
  }, AXE);
  check(`axe finds nothing in ${scheme}`, found.length === 0, found.join("; "));
}

const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/* ---- the story ---- */

try {
  await page.setViewport(SIZES.wide);
  const answer = await page.goto(ADDRESS, { waitUntil: "load" });
  const policy = answer.headers()["content-security-policy"] || "";
  check("the page has a policy without exceptions", policy.includes("default-src 'none'") && !policy.includes("unsafe"), policy);
  await within(5000, "all nine are listed as alive", () => document.querySelectorAll("#member-rows tr").length === 9 &&
    [...document.querySelectorAll("#member-rows .state")].every((s) => s.textContent === "alive"));
  await within(3000, "and the verdict is good", () => /^All 9 members are alive/.test(document.getElementById("verdict-text").textContent));
  await within(3000, "the title names the node and no problem", () => document.title === "scrubjay · a");
  await within(3000, "the stream is live", linkIs, "live");
  check("a hostile name is text", EXPECT_HOSTILE in (await members()), JSON.stringify(Object.keys(await members())));
  check("and nothing else", (await page.$$("img, script")).length === 1);
  await within(8000, "an invalidation was traced by itself", () => [...document.querySelectorAll("#news-rows .cell")].some((c) => /^(≤ )?[\d.]+ (ms|s)$/.test(c.textContent)));

  /* Who has what of whom: asked only while somebody looks. */
  const asked = [];
  page.on("request", (request) => { if (new URL(request.url()).pathname === "/v1/matrix") asked.push(Date.now()); });
  await page.setViewport(SIZES.narrow);
  await page.evaluate(() => window.scrollTo(0, 0));
  await new Promise((resolve) => setTimeout(resolve, 500));
  const before = asked.length;
  await new Promise((resolve) => setTimeout(resolve, 2500));
  check("what nobody looks at is not asked for", asked.length === before, `${asked.length - before} times`);
  await page.setViewport(SIZES.wide);
  await page.$eval("#versions", (card) => card.scrollIntoView());
  await within(6000, "everybody has something to say of everybody", () => {
    const rows = [...document.querySelectorAll("#versions-rows tr")].map((row) => [...row.querySelectorAll(".cell")].map((c) => c.textContent));
    return rows.length === 9 && rows.every((row, i) => row.length === 9 && row.every((text, k) => (i === k ? text === "own" : /^(all|[\d,]+)$/.test(text))));
  });
  check("it is a table whose rows and columns have heads", await page.$eval("#versions table", (table) =>
    table.querySelectorAll("thead th[scope=col]").length === 13 && table.querySelectorAll("tbody th[scope=row]").length === 9));
  check("its rows and columns are in one order", await page.$eval("#versions table", (table) =>
    [...table.querySelectorAll("thead th.cell")].map((th) => th.textContent).join() === [...table.querySelectorAll("tbody th")].map((th) => th.textContent).join()));
  for (let i = 0; i < 200 && asked.length < before + 3; i++) await new Promise((resolve) => setTimeout(resolve, 50));
  check("it is asked for at most every two seconds", asked.slice(1).every((at, i) => at - asked[i] >= 1900), asked.map((at, i) => at - (asked[i - 1] || at)).join());
  await page.evaluate(() => { // what it says of who does not answer, if only for a moment
    window.silent = "";
    setInterval(() => {
      const row = [...document.querySelectorAll("#versions-rows tr")].find((r) => r.children[0].textContent === "h");
      if (row && row.children[1].textContent === "no answer") window.silent = [...row.querySelectorAll(".cell")].map((c) => c.textContent).join("");
    }, 50);
  });

  tell("kill", "d");
  await within(9000, "a crash is shown as dead", stateIs, "d", "dead");
  tell("stop", "h");
  await within(9000, "a stopped node is shown as suspect", stateIs, "h", "suspect");
  check("the answer that said so is kept", await freezeSuspicion("h"));
  await within(6000, "nothing is guessed of who does not answer", () => /^\?+$/.test(window.silent));
  for (const scheme of ["light", "dark"])
    for (const size of ["wide", "narrow"]) await portrait("matrix", size, scheme, "#versions");
  await page.setViewport(SIZES.wide);
  tell("go", "h");
  await within(3000, "the title counts the problems", () => /^\(2\) scrubjay/.test(document.title));
  const shown = await members();
  check("all nine are listed, with their states", Object.keys(shown).length === 9 && shown.d === "dead" && shown.h === "suspect" &&
    Object.values(shown).filter((s) => s === "alive").length === 7, JSON.stringify(shown));
  check("states have shapes beside words", (await page.$$eval(".state", (all) => all.every((s) => s.querySelector("svg") && s.textContent !== ""))));
  check("the problems are listed", (await page.$$eval("#problems li", (all) => all.map((li) => li.textContent).sort().join())) === "d is dead,h is suspect");
  for (const scheme of ["light", "dark"]) {
    await photograph("trouble", "wide", scheme);
    await violations(scheme);
    await photograph("trouble", "narrow", scheme);
    check(`nothing hangs over at 360 pixels in ${scheme}`, (await overflow()) <= 0, `${await overflow()} pixels`);
  }
  await page.setViewport(SIZES.wide);
  await thaw();
  await within(9000, "it comes back to life", stateIs, "h", "alive");
  await within(2000, "what happened is told", () => /d is dead/.test(document.getElementById("log").textContent));

  /* Many members. */
  for (const n of [24, 64]) {
    await pretend(n);
    await page.$eval("#stamp", (input, stamp) => { input.value = stamp; }, KNOWN_STAMP);
    await page.$eval("#search", (form) => form.requestSubmit());
    await within(6000, "each of them is asked", (wanted) => document.querySelectorAll("#found-rows tr").length >= wanted, n * 0.8);
    await within(9000, "and has its place beside an invalidation", () => {
      const row = document.querySelector("#news-rows tr");
      return row && [...row.querySelectorAll(".cell")].filter((c) => /ms|silent/.test(c.textContent)).length >= 15;
    });
    const alive = n - Math.floor((n + 3) / 9);
    await page.$eval("#versions", (card) => card.scrollIntoView());
    await within(6000, "and in the table of who has what of whom", (rows, columns) =>
      document.querySelectorAll("#versions-rows tr").length === rows && document.querySelectorAll("#versions-head .cell").length === columns, alive, Math.min(32, alive));
    for (const size of ["wide", "narrow"]) {
      await photograph(`many-${n}`, size, "light");
      check(`${n} members, ${size}: nothing hangs over`, (await overflow()) <= 0, `${await overflow()} pixels`);
      const over = await overlaps();
      check(`${n} members, ${size}: no text lies over another`, over.length === 0, over.slice(0, 5).join("; "));
    }
  }
  const ends = await page.$$eval("#member-rows th bdi", (all) => all.filter((name) => name.children.length === 2)
    .map((name) => [name.lastElementChild, name.getBoundingClientRect()]).map(([end, box]) =>
      end.getBoundingClientRect().right <= box.right + 1 ? end.textContent : "hidden"));
  check("long names that begin alike end differently", ends.length === 4 && new Set(ends).size === 4 && !ends.includes("hidden"), ends.join());
  await page.$eval(".matrix", (table) => { table.parentElement.scrollLeft = 400; });
  check("a row that is scrolled keeps its stamp", await page.$eval(".matrix", (table) =>
    Math.abs(table.querySelector("tbody td").getBoundingClientRect().left - table.parentElement.getBoundingClientRect().left) <= 1));
  await within(9000, "and the sum of all members is beside it", () => [...document.querySelectorAll("#news-rows tr")]
    .some((row) => row.children[4].textContent === "54 of 57" && row.children[5].textContent === "141 ms"));
  check("a row of what a member has keeps its name, too", await page.$eval("#versions table", (table) => {
    table.parentElement.scrollLeft = 400;
    return Math.abs(table.querySelector("tbody th").getBoundingClientRect().left - table.parentElement.getBoundingClientRect().left) <= 1;
  }));
  const sums = await page.$$eval("#versions-rows tr", (all) => all.slice(0, 8).map((row) => [1, 2, 3].map((i) => row.children[i].textContent).join("; ")));
  check("and what has no column is summed up", sums.some((text) => /^\d.* ms; \d+ of 65; [\d,]+$/.test(text)) && sums.includes("no answer; ?; ?"), sums.join(" | "));
  await portrait("matrix-64", "wide", "light", "#versions");
  await portrait("matrix-64", "narrow", "dark", "#versions");
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
  await violations("light, with 64 members");
  await page.$eval("#stamp", (input) => { input.value = ""; });
  await page.setViewport(SIZES.wide);
  await thaw();
  await within(3000, "and nine again", () => document.querySelectorAll("#member-rows tr").length === 9);

  /* One stamp, by the keyboard alone. */
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.focus("body");
  const path = [];
  for (let i = 0; i < 6; i++) {
    await page.keyboard.press("Tab");
    path.push(await page.evaluate(() => {
      const e = document.activeElement, style = getComputedStyle(e);
      return `${e.id || e.className || e.tagName}${style.outlineStyle === "none" ? " (invisible)" : ""}`;
    }));
    if (path[path.length - 1].startsWith("stamp")) break;
  }
  check("the keyboard goes: skip, members, stamp", path.join(" > ") === "skip > scroll > stamp", path.join(" > "));
  await page.keyboard.type(` ${KNOWN_STAMP} `);
  await page.keyboard.press("Enter");
  await within(3000, "a stamp is found", () => /^#\d+ of b: applied by \d of \d$/.test(document.getElementById("found-title").textContent));
  const rows = await page.$$eval("#found-rows tr", (all) => all.map((row) => [...row.children].map((c) => c.textContent)));
  const issuer = rows.find((row) => row[0] === "b") || [];
  check("who issued it, and how late others were", /issued/.test(issuer[1]) && rows.filter((row) => / ± /.test(row[2])).length >= 6, JSON.stringify(rows));
  await photograph("trace", "wide", "light");
  excuse = (text) => /status of 400/.test(text);
  await page.$eval("#stamp", (input) => { input.value = ""; });
  await page.type("#stamp", "0".repeat(48));
  await page.keyboard.press("Enter");
  await within(3000, "what is no stamp is said so", () => /48 hex digits/.test(document.getElementById("found-error").textContent) && !document.getElementById("found-error").hidden);

  /* The node goes away and comes back. */
  excuse = (text) => /net::ERR_(CONNECTION|EMPTY|INCOMPLETE)/.test(text) || /status of 400/.test(text);
  tell("kill", "a");
  await within(6000, "it says that it is disconnected", () => document.getElementById("link-text").textContent === "disconnected, retrying");
  check("in its title too", /^\(\d\) /.test(await page.title()), await page.title());
  await photograph("lost", "narrow", "light");
  tell("start", "a");
  await within(15000, "it connects again by itself", linkIs, "live");
  await within(9000, "and shows the members again", () => document.querySelectorAll("#member-rows tr").length >= 8);
  excuse = () => false;

  check("nothing was said on the console", wrong.length === 0, wrong.slice(0, 5).join("; "));
  const blocked = await page.evaluate(() => window.violations);
  check("nothing broke the policy", blocked.length === 0, blocked.join("; "));
  check("nobody else was asked", foreign.length === 0, foreign.slice(0, 5).join(" "));
} finally {
  await browser.close();
}
