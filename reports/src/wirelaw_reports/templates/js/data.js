/* The results: an index that is always there, and the details of cases in compressed chunks that
   are unpacked when somebody looks. */
const DATA = JSON.parse($("index").textContent);
const CASES = new Map(DATA.cases.map((row, i) => [row.id, Object.assign(row, { order: i })]));
const REQUIREMENTS = new Map(DATA.requirements.map((row, i) => [row.id, Object.assign(row, { order: i })]));
const chunks = new Map();

const level = (row) => row.group;
const caseLink = (id) => "#/c/" + encodeURIComponent(id);
const ruleLink = (id) => "#/r/" + encodeURIComponent(id);
const rule = (id) => h("a.mono.iso", { href: ruleLink(id) }, id);

for (const row of DATA.requirements) row.hay = [row.id, row.statement, row.section, DATA.sections[row.section] || ""].join("\n").toLowerCase();
for (const row of DATA.cases) row.hay = [row.id, row.title, row.line, row.requirements.join(" ")].join("\n").toLowerCase();

function unpack(number) {
  if (!chunks.has(number)) {
    const packed = Uint8Array.from(atob($("chunk-" + number).textContent), (char) => char.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    chunks.set(number, new Response(stream).json());
  }
  return chunks.get(number);
}

/* Steps, messages and log of one case. */
async function details(row) {
  const chunk = await unpack(Math.floor(row.order / DATA.chunk_size));
  return chunk[row.order % DATA.chunk_size];
}

/* "3.1.2.11" -> ["3", "3.1", "3.1.2", "3.1.2.11"] */
function ancestors(section) {
  const parts = section.split(".");
  return parts.map((_, i) => parts.slice(0, i + 1).join("."));
}

function bySection(a, b) {
  const [left, right] = [a.split("."), b.split(".")];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const order = (parseInt(left[i] ?? "-1", 10) || 0) - (parseInt(right[i] ?? "-1", 10) || 0);
    if (order) return order;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

const sectionName = (section) => DATA.sections[section] || (section ? "Section " + section : "Elsewhere");
