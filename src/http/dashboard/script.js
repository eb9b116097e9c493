"use strict";
/* What the endpoint's JSON says, drawn. Whatever comes from the cluster becomes a text node or an
 * attribute that cannot act: there is no way from a name to markup. */
(() => {
  const POLL_MS = 1000, SLOW_POLLS = 2, PATIENCE_MS = 4000, RETRY_MS = 2000;
  const SAMPLES = 120, NEWS_MAX = 12, LOG_MAX = 30;
  const COLUMNS_MAX = 32, SLOW_MS = 100, MANY = 100, MANY_POLLS = 5, AGAIN_MS = 250;
  const NAME_SHORT = 16, NAME_END = 8;
  const MATRIX_PAUSE_MS = 2000, MATRIX_MANY_MS = 10000;
  const TRACE_PAUSE_MS = 500, TRACE_AFTER_MS = 400, TRACE_AGE_MS = 60000, TRACE_TRIES = 3;
  const SVG = "http://www.w3.org/2000/svg";
  const id = (name) => document.getElementById(name);

  /* ---- small words ---- */

  function make(tag, attributes = {}, ...children) {
    const drawn = ["svg", "path", "line", "rect", "circle"].includes(tag);
    const element = drawn ? document.createElementNS(SVG, tag) : document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  function say(element, text) {
    const wanted = String(text);
    if (element.textContent !== wanted) element.textContent = wanted;
  }

  function mark(element, name, value) {
    if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
  }

  function announce(text) {
    say(id("announce"), text);
  }

  /** A name inside of a sentence: it must not turn the rest of it around (Unicode TR 9, 2). */
  function inside(name) {
    return name.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
  }

  function number(n) {
    return n === null || n === undefined ? "–" : n.toLocaleString("en");
  }

  function span(ms) {
    if (ms === null || ms === undefined) return "–";
    if (ms < 10) return `${ms.toFixed(2)} ms`;
    if (ms < 1000) return `${Math.round(ms)} ms`;
    if (ms < 60000) return `${(ms / 1000).toFixed(1)} s`;
    if (ms < 3600000) return `${Math.floor(ms / 60000)} min`;
    if (ms < 172800000) return `${Math.floor(ms / 3600000)} h`;
    return `${Math.floor(ms / 86400000)} d`;
  }

  function size(bytes) {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let i = 0;
    for (; bytes >= 1024 && i < units.length - 1; i++) bytes /= 1024;
    return `${bytes < 10 && i > 0 ? bytes.toFixed(1) : Math.round(bytes)} ${units[i]}`;
  }

  function byName(a, b) {
    return a.localeCompare(b, "en", { numeric: true });
  }

  /** Names of one cluster begin alike: of a long one the middle is left out, never the end. */
  function sayName(element, name) {
    if (element.textContent === name) return;
    const letters = [...name];
    mark(element, "title", name);
    if (letters.length <= NAME_SHORT) {
      element.textContent = name;
      return;
    }
    element.replaceChildren(make("span", {}, letters.slice(0, -NAME_END).join("")),
      make("span", {}, letters.slice(-NAME_END).join("")));
  }

  /** Keep the children of parent in step with items: one for each key, in order, made once. */
  function keep(parent, items, keyOf, makeOne, update) {
    const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
    let at = parent.firstElementChild;
    for (const item of items) {
      const key = keyOf(item);
      let child = old.get(key);
      if (!child) {
        child = makeOne(item);
        child.dataset.key = key;
      }
      old.delete(key);
      if (child === at) at = at.nextElementSibling;
      else parent.insertBefore(child, at);
      update(child, item);
    }
    for (const gone of old.values()) gone.remove();
  }

  /* ---- asking ---- */

  class Problem extends Error {}

  async function ask(path) {
    const answer = await fetch(path, {
      signal: AbortSignal.timeout(PATIENCE_MS), cache: "no-store", credentials: "same-origin",
    });
    const body = await answer.json().catch(() => null);
    if (!answer.ok) throw new Problem(body && body.detail || `the node answered ${answer.status}`);
    if (body === null) throw new Error("the answer was cut off");
    return body;
  }

  /* ---- what is known ---- */

  const known = { node: null, members: [], gaps: 0, stats: null, statsAt: 0 };
  const samples = { ratio: [], lookups: [], rate: [] };
  let news = [];       // invalidations, the newest first
  let newsAt = 0;      // when their ages were right
  let link = "wait";   // wait, live, polled, lost
  let streaming = false;

  /* ---- the link ---- */

  const LINKS = {
    wait: "connecting", live: "live", polled: "live, once a second",
    lost: "disconnected, retrying",
  };

  function setLink(state) {
    if (state === link) return;
    const before = link;
    link = state;
    mark(id("link"), "data-state", state === "polled" ? "live" : state);
    document.body.toggleAttribute("data-lost", state === "lost");
    say(id("link-text"), LINKS[state]);
    if (state === "lost") announce("Disconnected from the node, retrying");
    else if (before === "lost") announce("Connected again");
    drawVerdict();
  }

  /* ---- verdict ---- */

  function problems() {
    const list = [];
    if (link === "lost") list.push(["bad", "this page has lost its node: what it shows is old"]);
    for (const m of known.members) {
      if (m.state === "dead") list.push(["bad", `${inside(m.name)} is dead`]);
      if (m.state === "suspect") list.push(["warn", `${inside(m.name)} is suspect`]);
    }
    const n = known.node;
    if (n && !n.ready) list.push(["warn", `this node is not ready: ${n.state}`]);
    if (n && n.isolated) list.push(["bad", "most probes fail: this node may be cut off"]);
    if (n && n.gaps > 0) list.push(["warn", `${number(n.gaps)} gaps: invalidations that this node heard of and lacks`]);
    return list;
  }

  function verdict(list) {
    if (known.members.length === 0) return link === "lost" ? "No answer yet" : "Looking around";
    const alive = known.members.filter((m) => m.state === "alive").length;
    if (list.length > 0) return list.length === 1 ? "1 problem" : `${list.length} problems`;
    return alive === 1 ? "This node is alone, and well" : `All ${alive} members are alive, and nothing is missing here`;
  }

  let told = "";

  function drawVerdict() {
    const list = problems();
    const text = verdict(list);
    const worst = list.some(([state]) => state === "bad") ? "bad" : list.length > 0 ? "warn" : "good";
    mark(id("verdict"), "data-state", known.members.length === 0 && link !== "lost" ? "wait" : worst);
    say(id("verdict-text"), text);
    keep(id("problems"), list, ([, what]) => what, () => make("li"), (item, [state, what]) => {
      mark(item, "data-state", state);
      say(item, what);
    });
    const name = known.node ? known.node.name : "";
    const title = `${list.length > 0 ? `(${list.length}) ` : ""}scrubjay${name ? ` · ${inside(name)}` : ""}`;
    if (document.title !== title) document.title = title;
    const summary = list.map(([, what]) => what).join("; ");
    if (summary !== told && link !== "lost" && known.members.length > 0) announce(summary || text);
    told = summary;
  }

  /* ---- members ---- */

  const SHAPES = {
    alive: ["circle", { cx: 8, cy: 8, r: 6, fill: "currentColor" }],
    suspect: ["path", { d: "M8 1.5 15 14H1zM8 6v4M8 11.6v.8", fill: "none", stroke: "currentColor", "stroke-width": 1.8 }],
    dead: ["path", { d: "M3 3 13 13M13 3 3 13", fill: "none", stroke: "currentColor", "stroke-width": 3 }],
    left: ["circle", { cx: 8, cy: 8, r: 5.5, fill: "none", stroke: "currentColor", "stroke-width": 2 }],
    candidate: ["circle", { cx: 8, cy: 8, r: 5.5, fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-dasharray": "3 2.4" }],
  };

  function drawState(cell, state) {
    if (cell.dataset.state === state) return;
    const word = make("span", { class: "state", "data-state": state });
    const shape = make("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" });
    shape.append(make(...(SHAPES[state] || SHAPES.candidate)));
    word.append(shape, state);
    cell.replaceChildren(word);
    cell.dataset.state = state;
  }

  /** How much of `all` is there, as a bar and in words. */
  function drawKnown(cell, have, all) {
    if (!cell.firstElementChild) {
      const bar = make("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" });
      bar.append(make("rect", { width: 100, height: 10, rx: 5 }), make("rect", { height: 10, rx: 5 }));
      cell.append(make("span", { class: "known" }, bar, make("span")));
    }
    const short = Math.max(0, all - have);
    const whole = cell.firstElementChild;
    mark(whole.querySelector("rect + rect"), "width", all === 0 ? 100 : (100 * Math.min(have, all)) / all);
    whole.toggleAttribute("data-short", short > 0);
    say(whole.lastElementChild, short > 0 ? `${number(short)} missing` : "all");
  }

  const COLUMNS = ["state", "address", "rtt", "ack", "incarnation", "head", "here", "there", "view"];

  const LOOKS = {
    address: "mono quiet", rtt: "n", ack: "n", incarnation: "n quiet", head: "n",
    here: "known-cell", there: "known-cell",
  };

  function makeMember() {
    const row = make("tr", {}, make("th", { scope: "row" }, make("bdi")));
    for (const column of COLUMNS) row.append(make("td", { class: LOOKS[column] || "" }));
    return row;
  }

  function drawMember(row, m, self) {
    const name = row.firstElementChild;
    const cell = (column) => row.children[1 + COLUMNS.indexOf(column)];
    sayName(name.firstElementChild, m.name);
    if (m.self && name.children.length === 1) name.append(make("span", { class: "self" }, "this node"));
    mark(row, "data-state", m.state);
    drawState(cell("state"), m.state);
    if (m.state === "suspect" && m.accuser) mark(cell("state"), "title", `${m.accusers} accuse it, ${inside(m.accuser)} was the first`);
    else cell("state").removeAttribute("title");
    say(cell("address"), m.address);
    say(cell("rtt"), m.self ? "–" : span(m.rtt_ms));
    say(cell("ack"), m.self ? "–" : m.last_ack_ms === null ? "never" : `${span(m.last_ack_ms)} ago`);
    say(cell("incarnation"), number(m.incarnation));
    say(cell("head"), number(m.head));
    if (m.self || m.state === "candidate") {
      for (const column of ["here", "there"]) say(cell(column), "–");
    } else {
      drawKnown(cell("here"), m.applied, m.head);
      drawKnown(cell("there"), m.covered, self ? self.head : m.covered);
    }
    const lives = m.state === "alive" || m.state === "suspect";
    const view = m.self || !lives || !self || m.view_hash === null ? "–" : m.view_hash === self.view_hash ? "yes" : "differs";
    say(cell("view"), view);
    mark(cell("view"), "class", view === "differs" ? "differs" : "quiet");
  }

  function order(a, b) {
    const rank = { suspect: 0, dead: 0, alive: 1, candidate: 2, left: 3 };
    return Number(b.self) - Number(a.self) || rank[a.state] - rank[b.state] ||
      byName(a.name, b.name);
  }

  function drawMembers() {
    const self = known.members.find((m) => m.self);
    keep(id("member-rows"), [...known.members].sort(order), (m) => `${m.name}/${m.generation}`,
      makeMember, (row, m) => drawMember(row, m, self));
  }

  /* ---- numbers over time ---- */

  function drawLine(svg, values, top, what) {
    const step = 120 / (SAMPLES - 1);
    const first = SAMPLES - values.length;
    let d = "", drawing = false;
    values.forEach((value, i) => {
      if (value === null) { drawing = false; return; }
      const y = (30 - 28 * Math.min(1, top === 0 ? 0 : value / top)).toFixed(1);
      d += `${drawing ? "L" : "M"}${((first + i) * step).toFixed(1)} ${y}`;
      if (!drawing) d += "h.01";
      drawing = true;
    });
    if (!svg.firstElementChild)
      svg.append(make("line", { x1: 0, x2: 120, y1: 31, y2: 31 }), make("path"));
    mark(svg.lastElementChild, "d", d || "M0 31");
    mark(svg, "aria-label", what);
  }

  function sample(list, value) {
    list.push(value);
    if (list.length > SAMPLES) list.shift();
  }

  function drawStats(stats, now) {
    const c = stats.cache, before = known.stats, seconds = (now - known.statsAt) / 1000;
    const hits = (s) => s.cache.hits + s.cache.stale_hits;
    say(id("items"), number(c.items));
    say(id("memory"), `${size(c.used_bytes)} of ${size(c.budget_bytes)}`);
    known.stats = stats;
    known.statsAt = now;
    if (!before || seconds <= 0 || hits(stats) < hits(before)) return;
    const hit = hits(stats) - hits(before), miss = c.misses - before.cache.misses;
    const applied = stats.ledger.applied - before.ledger.applied;
    sample(samples.ratio, hit + miss > 0 ? hit / (hit + miss) : null);
    sample(samples.lookups, (hit + miss) / seconds);
    sample(samples.rate, Math.max(0, applied) / seconds);
    drawSamples();
  }

  function drawSamples() {
    const last = (list) => list[list.length - 1];
    const minutes = `over the last ${number(samples.rate.length)} looks`;
    const percent = (x) => `${(100 * x).toFixed(1)} %`;
    const ratios = samples.ratio.filter((x) => x !== null);
    const most = (list) => Math.max(...list, 1);
    say(id("ratio"), ratios.length === 0 ? "–" : percent(last(ratios)));
    drawLine(id("ratio-line"), samples.ratio, 1, ratios.length === 0 ? "no look-ups yet"
      : `hit ratio ${minutes}: from ${percent(Math.min(...ratios))} to ${percent(Math.max(...ratios))}`);
    for (const [name, list, what] of [["lookups", samples.lookups, "look-ups"], ["rate", samples.rate, "invalidations"]]) {
      say(id(name), number(Math.round(last(list))));
      drawLine(id(`${name}-line`), list, most(list), `${what} a second ${minutes}: at most ${number(Math.round(Math.max(...list)))}`);
    }
  }

  /* ---- invalidations ---- */

  const FIXED = 6; // columns before those of members
  const traces = new Map(); // stamp: {nodes: Map of name to what it said, tries, at}

  function seq(stamp) {
    return Number.parseInt(stamp.slice(24, 40), 16);
  }

  function scopeOf(i) {
    const words = { tags_all: "several tags", namespace: "namespace", all: "everything", buckets: "many keys" };
    return (words[i.scope] || i.scope) + (i.soft ? ", soft" : "");
  }

  function living() {
    return known.members.filter((m) => m.state === "alive" || m.state === "suspect");
  }

  function columns() {
    return living()
      .sort((a, b) => byName(a.name, b.name)).slice(0, COLUMNS_MAX);
  }

  function makeNews(i) {
    const row = make("tr");
    const first = make("td");
    if (i.stamp) {
      const label = make("bdi");
      const button = make("button", { type: "button", title: i.stamp }, label, ` #${number(seq(i.stamp))}`);
      say(label, i.issuer || `${i.origin.slice(0, 8)}…`);
      button.addEventListener("click", () => { id("stamp").value = i.stamp; search(i.stamp); });
      first.append(button);
    } else first.append("everything");
    row.append(first, make("td", {}, scopeOf(i)), make("td", {}, make("bdi")),
      make("td", { class: "n" }), make("td", { class: "n" }), make("td", { class: "n" }));
    say(row.children[2].firstElementChild, i.ns === null ? "–" : i.ns === "" ? "(default)" : i.ns);
    if (i.fresh) row.className = "new";
    return row;
  }

  /** Where round trips hide most of it, the most that it can be. */
  function lateness(said) {
    const most = said.late_ms + said.late_error_ms;
    return said.late_error_ms > said.late_ms / 2 ? `≤ ${span(most)}` : span(said.late_ms);
  }

  function drawCell(cell, said, i) {
    let state = "wait", text = i.stamp ? "·" : "";
    if (said) {
      const issued = said.name === i.issuer;
      const timed = said.state === "applied" && said.late_ms !== null;
      state = issued ? "issued" : ["missing", "silent"].includes(said.state) ? "bad"
        : timed && said.late_ms >= SLOW_MS ? "slow" : timed ? "good" : "other";
      text = issued ? "issued" : timed ? lateness(said) : said.state;
    }
    mark(cell, "data-state", state);
    say(cell, text);
    if (said && said.late_ms !== null) mark(cell, "title", `${span(said.late_ms)} ± ${span(said.late_error_ms)}`);
  }

  /** What the cells beside say, in two: more members than fit are scrolled to. */
  function drawSum(row, trace, names) {
    const said = trace ? [...trace.nodes.values()].filter((one) => names.has(one.name)) : [];
    const has = said.filter((one) => one.state === "applied"), timed = has.filter((one) => one.late_ms !== null);
    const last = timed.reduce((most, one) => !most || one.late_ms > most.late_ms ? one : most, null);
    say(row.children[4], said.length === 0 ? "·" : `${has.length} of ${said.length}`);
    mark(row.children[4], "class", said.length > has.length ? "n differs" : "n");
    say(row.children[5], last ? lateness(last) : "·");
    mark(row.children[5], "class", last && last.late_ms >= SLOW_MS ? "n differs" : "n");
  }

  function drawNews() {
    const nodes = columns(), names = new Set(living().map((m) => m.name)), now = performance.now();
    const head = id("news-head");
    while (head.children.length > FIXED + nodes.length) head.lastElementChild.remove();
    nodes.forEach((m, i) => {
      if (!head.children[FIXED + i]) head.append(make("th", { scope: "col", class: "cell n" }, make("bdi")));
      sayName(head.children[FIXED + i].firstElementChild, m.name);
    });
    keep(id("news-rows"), news, (i) => i.key, makeNews, (row, i) => {
      const trace = traces.get(i.stamp);
      say(row.children[3], span(i.age_ms + now - i.at));
      drawSum(row, trace, names);
      while (row.children.length > FIXED + nodes.length) row.lastElementChild.remove();
      nodes.forEach((m, at) => {
        if (!row.children[FIXED + at]) row.append(make("td", { class: "cell" }));
        drawCell(row.children[FIXED + at], trace && trace.nodes.get(m.name), i);
      });
    });
    id("news-none").hidden = news.length > 0;
    id("news-more").hidden = nodes.length < COLUMNS_MAX;
  }

  let barriers = 0;

  function addNews(i, fresh) {
    i.at = performance.now();
    i.fresh = fresh;
    i.key = i.stamp || `barrier ${++barriers}`;
    return i;
  }

  function trim() {
    news = news.slice(0, NEWS_MAX);
    const kept = new Set(news.map((i) => i.stamp));
    for (const stamp of traces.keys()) if (!kept.has(stamp)) traces.delete(stamp);
  }

  async function loadNews() {
    const body = await ask(`v1/invalidations?limit=${NEWS_MAX}`);
    const had = new Set(news.map((i) => i.key));
    if (body.invalidations.every((i) => had.has(i.stamp))) return;
    news = body.invalidations.map((i) => addNews(i, false));
    trim();
    drawNews();
  }

  /** One that is worth a question: young, and not all have said that they applied it. */
  function nextTrace() {
    const now = performance.now();
    return news.find((i) => {
      const age = i.age_ms + now - i.at, trace = traces.get(i.stamp);
      if (!i.stamp || age < TRACE_AFTER_MS || age > TRACE_AGE_MS) return false;
      if (!trace) return true;
      const open = columns().some((m) => !trace.nodes.has(m.name) || trace.nodes.get(m.name).state !== "applied");
      return open && trace.tries < TRACE_TRIES && now - trace.at > 3000;
    });
  }

  async function traceOne() {
    const i = document.hidden || link === "lost" ? undefined : nextTrace();
    if (!i) return;
    const trace = traces.get(i.stamp) || { nodes: new Map(), tries: 0, at: 0 };
    traces.set(i.stamp, trace);
    trace.tries++;
    trace.at = performance.now();
    const body = await ask(`v1/invalidations/${i.stamp}`).catch(() => ({ nodes: [] }));
    for (const said of body.nodes) trace.nodes.set(said.name, said);
    drawNews();
  }

  /* ---- who has what of whom ---- */

  const MATRIX_FIXED = 4; // columns before those of members
  let matrix = null;      // the last answer
  let matrixSeen = false; // is the table in sight?
  let matrixAt = -Infinity, matrixAsked = false;

  function makeVersions() {
    const row = make("tr", {}, make("th", { scope: "row" }, make("bdi")));
    for (let i = 1; i < MATRIX_FIXED; i++) row.append(make("td", { class: "n" }));
    return row;
  }

  function drawLack(cell, said, origin) {
    const behind = said.behind[origin.at], own = said.epoch === origin.epoch;
    const state = behind === null ? "wait" : behind > 0 ? "slow" : own ? "issued" : "good";
    mark(cell, "data-state", state);
    cell.toggleAttribute("data-own", own);
    say(cell, behind === null ? "?" : behind > 0 ? number(behind) : own ? "own" : "all");
    const what = `of ${number(origin.newest)} of ${inside(origin.member)}`;
    mark(cell, "title", behind === null ? `${what}: ${said.answered ? "it did not say" : "no answer"}`
      : `${what}: ${number(behind)} missing, ${number(said.unheard[origin.at])} not heard of`);
  }

  /** What the cells beside say, and those that have no place there. */
  function drawLacks(row, said, names) {
    const told = said.behind.filter((behind, at) => behind !== null || names.has(matrix.origins[at].member));
    const has = told.filter((behind) => behind === 0).length;
    const most = Math.max(0, ...told.filter((behind) => behind !== null));
    say(row.children[1], said.name === matrix.node ? "this node" : said.answered ? span(said.after_ms) : "no answer");
    mark(row.children[1], "class", said.answered ? "n" : "n differs");
    say(row.children[2], said.answered ? `${has} of ${told.length + said.left}` : "?");
    mark(row.children[2], "class", said.answered && has === told.length + said.left ? "n" : "n differs");
    say(row.children[3], !said.answered ? "?" : most === 0 ? "none" : number(most));
    mark(row.children[3], "class", most > 0 ? "n differs" : "n");
  }

  function drawMatrix() {
    const names = new Set(living().map((m) => m.name));
    const origins = matrix.origins.map((origin, at) => ({ ...origin, at }));
    const shown = origins.filter((o) => o.member !== null && names.has(o.member))
      .sort((a, b) => byName(a.member, b.member)).slice(0, COLUMNS_MAX);
    const head = id("versions-head");
    while (head.children.length > MATRIX_FIXED + shown.length) head.lastElementChild.remove();
    shown.forEach((o, i) => {
      if (!head.children[MATRIX_FIXED + i]) head.append(make("th", { scope: "col", class: "cell n" }, make("bdi")));
      sayName(head.children[MATRIX_FIXED + i].firstElementChild, o.member);
    });
    const rows = [...matrix.members].sort((a, b) => byName(a.name, b.name));
    keep(id("versions-rows"), rows, (said) => said.name, makeVersions, (row, said) => {
      sayName(row.firstElementChild.firstElementChild, said.name);
      drawLacks(row, said, names);
      while (row.children.length > MATRIX_FIXED + shown.length) row.lastElementChild.remove();
      shown.forEach((o, i) => {
        if (!row.children[MATRIX_FIXED + i]) row.append(make("td", { class: "cell" }));
        drawLack(row.children[MATRIX_FIXED + i], said, o);
      });
    });
    id("versions-more").hidden = shown.length < COLUMNS_MAX;
    const answered = rows.filter((said) => said.answered).length;
    const gone = origins.filter((o) => o.member === null || !names.has(o.member)).length;
    const others = gone === 0 ? "" : gone === 1 ? " One run that ended is counted and has no column."
      : ` ${number(gone)} runs that ended are counted and have no column.`;
    say(id("versions-said"), `${answered} of ${rows.length} members answered, in ${span(matrix.took_ms)}.${others}`);
  }

  async function askMatrix() {
    const pause = known.members.length > MANY ? MATRIX_MANY_MS : MATRIX_PAUSE_MS;
    const wanted = matrixSeen && !document.hidden && link !== "lost" && link !== "wait";
    if (!wanted || matrixAsked || performance.now() - matrixAt < pause) return;
    matrixAsked = true;
    matrixAt = performance.now();
    const body = await ask("v1/matrix").catch(() => null);
    matrixAsked = false;
    if (body === null) return; // too many ask: what is shown stays
    matrix = body;
    drawMatrix();
  }

  new IntersectionObserver((entries) => {
    matrixSeen = entries[entries.length - 1].isIntersecting;
    askMatrix();
  }).observe(id("versions"));

  /* ---- one stamp ---- */

  const WORDS = {
    applied: "applied", covered: "covered; no time is remembered", barred: "covered by a barrier",
    missing: "missing", unknown: "not heard of", silent: "no answer",
  };

  function makeFound() {
    const row = make("tr", {}, make("th", { scope: "row" }, make("bdi")), make("td"));
    for (let i = 0; i < 4; i++) row.append(make("td", { class: "n" }));
    return row;
  }

  function drawFound(row, said, issuer) {
    const cells = row.children;
    sayName(cells[0].firstElementChild, said.name);
    say(cells[1], said.name === issuer && said.state === "applied" ? "issued, applied" : WORDS[said.state] || said.state);
    cells[1].className = ["missing", "silent"].includes(said.state) ? "error" : "";
    say(cells[2], said.late_ms === null ? "–" : `${span(said.late_ms)} ± ${span(said.late_error_ms)}`);
    say(cells[3], span(said.wait_ms));
    say(cells[4], span(said.acked_ms));
    say(cells[5], span(said.age_ms));
  }

  async function search(text) {
    const stamp = text.toLowerCase().replace(/[^0-9a-f]/g, "");
    try {
      if (stamp.length !== 48) throw new Problem("A stamp has 48 hex digits, as an invalidation answers it.");
      const body = await ask(`v1/invalidations/${stamp}`);
      const has = body.nodes.filter((said) => said.state === "applied").length;
      const title = `#${number(body.seq)} of ${inside(body.issuer || body.origin)}: applied by ${has} of ${body.nodes.length}`;
      say(id("found-title"), title);
      const rank = (said) => said.name === body.issuer ? -1 : said.late_ms === null ? Infinity : said.late_ms;
      body.nodes.sort((a, b) => rank(a) === rank(b) ? 0 : rank(a) - rank(b));
      keep(id("found-rows"), body.nodes, (said) => said.name, makeFound, (row, said) => drawFound(row, said, body.issuer));
      id("found").hidden = false;
      id("found-error").hidden = true;
      announce(title);
    } catch (problem) {
      const why = problem instanceof Problem ? problem.message : "The node did not answer.";
      say(id("found-error"), why);
      id("found").hidden = true;
      id("found-error").hidden = false;
      announce(why);
    }
  }

  id("search").addEventListener("submit", (event) => {
    event.preventDefault();
    search(id("stamp").value);
  });

  /* ---- what happened ---- */

  const HAPPENED = {
    joined: "joined", replaced: "was replaced by a new run", updated: "was updated", suspect: "is suspect",
    alive_again: "is alive again", left: "left", dead: "is dead", forgotten: "was forgotten",
    conflict: "is used by two processes", conflict_over: "is used by one process again",
    isolated: "Most probes fail: this node may be cut off", connected: "Probes succeed again",
  };

  function log(text, ageMs) {
    const at = new Date(Date.now() - ageMs);
    const time = make("time", { datetime: at.toISOString() }, at.toLocaleTimeString("en-GB"));
    const what = make("bdi");
    say(what, text);
    id("log").prepend(make("li", {}, time, what));
    while (id("log").children.length > LOG_MAX) id("log").lastElementChild.remove();
    id("log-none").hidden = true;
  }

  const onEvent = {
    member(event) {
      if (event.what !== "updated") {
        const word = HAPPENED[event.what] || event.what;
        const by = event.what === "suspect" && event.accuser ? `, says ${inside(event.accuser)}` : "";
        log(event.name === null ? word : `${inside(event.name)} ${word}${by}`, event.age_ms);
      }
      poll(true);
    },
    invalidation(event) {
      if (news.some((i) => i.stamp && i.stamp === event.stamp)) return;
      news.unshift(addNews(event, true));
      trim();
      soon();
    },
    state(event) {
      log(`This node is ${event.state}`, event.age_ms);
      poll(true);
    },
    gap(event) {
      log(event.missed === null ? "The node began anew, or was away for long" : `${number(event.missed)} events came too fast to be shown`, 0);
      poll(true);
      loadNews().catch(() => {});
    },
  };

  let drawing = false;

  /** Draw at most once a frame, however much arrives. */
  function soon() {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => { drawing = false; drawNews(); });
  }

  /* ---- the stream ---- */

  function listen() {
    const stream = new EventSource("v1/events");
    stream.addEventListener("open", () => { streaming = true; });
    for (const [type, handle] of Object.entries(onEvent))
      stream.addEventListener(type, (event) => handle(JSON.parse(event.data)));
    stream.addEventListener("error", () => {
      streaming = false;
      poll(true);
      if (stream.readyState !== EventSource.CLOSED) return; // it tries again by itself
      setTimeout(listen, RETRY_MS);
    });
  }

  /* ---- polling ---- */

  let polls = 0, ticks = 0, polling = false, again = false;

  async function pollOnce() {
    const slow = polls++ % SLOW_POLLS === 0;
    const [members, node, stats] = await Promise.all([
      ask("v1/members"), ask("v1/node"), slow ? ask("v1/stats") : null,
      streaming ? null : loadNews(),
    ]);
    const restarted = known.node && known.node.epoch !== node.epoch;
    known.members = members.members;
    known.node = node;
    if (restarted) await loadNews();
    say(id("node"), node.name);
    say(id("about"), `cluster ${node.cluster} · version ${node.version} · up ${span(node.uptime_ms)} · gossip ${node.sealed ? "sealed" : "plain"}`);
    if (stats) drawStats(stats, performance.now());
    drawMembers();
    drawNews();
  }

  async function poll(now) {
    if (polling) { again = again || Boolean(now); return; }
    if (document.hidden && !now) return;
    polling = true;
    try {
      await pollOnce();
      setLink(streaming ? "live" : "polled");
      drawVerdict();
    } catch (problem) {
      setLink("lost");
    }
    polling = false;
    if (again) { again = false; setTimeout(poll, AGAIN_MS, true); }
  }

  document.addEventListener("visibilitychange", () => poll());
  setInterval(() => {
    if (known.members.length <= MANY || ++ticks % MANY_POLLS === 0) poll();
  }, POLL_MS);
  setInterval(traceOne, TRACE_PAUSE_MS);
  setInterval(askMatrix, MATRIX_PAUSE_MS / 4);
  loadNews().catch(() => {});
  poll(true);
  listen();
})();
