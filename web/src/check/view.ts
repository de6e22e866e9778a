// The section "Check": takes what is given, has it checked, shows what is claimed and the verdict.
import { announce } from "../announce.js";
import { button, counted, element, make, message, whole } from "../dom.js";
import { whenShown } from "../route.js";
import { check, stop } from "./checker.js";
import type { Claim } from "./claim.js";
import { claimCard, warning } from "./claim-card.js";
import { type Evidence, filesOf, fromAddress, fromFile, WORDS } from "./evidence.js";
import type { Accept, Answer, Job } from "./job.js";
import { ProgressCard } from "./progress-card.js";
import { SAMPLES, type Sample } from "./samples.js";
import { impossible, many, one, type Shown } from "./verdict-card.js";

/** What is there to check. Keys stay when other proofs come; proofs, bundle and openings make way for those that come later. */
const given: { keys: Evidence[]; proofs: Evidence[]; openings: Evidence[]; bundle?: Evidence } = {
  keys: [],
  proofs: [],
  openings: [],
};
/** More proofs than this are not named one by one. */
const MAX_LISTED = 4;
/** Counts checks, so that only what belongs to the last one is shown. */
let checks = 0;
/** The last address parameters that were followed, so that coming back does not fetch again. */
let followed = "";

const model = () => element<HTMLInputElement>("model");
const context = () => element<HTMLInputElement>("context");
const development = () => element<HTMLInputElement>("development");

/** Makes the section work. */
export function startCheck(): void {
  takeDrops();
  const files = element<HTMLInputElement>("files");
  files.addEventListener("change", () => {
    void attempt(async () => take(await Promise.all([...(files.files ?? [])].map(fromFile)))).finally(() => (files.value = ""));
  });
  element("address-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const address = element<HTMLInputElement>("address").value.trim();
    if (address !== "") void attempt(async () => take([await fromAddress(address)]));
  });
  element("samples").append(
    ...SAMPLES.map((sample) => button(sample.title, "chip", () => void attempt(() => trySample(sample)))),
  );
  for (const control of [model(), context(), development()]) control.addEventListener("change", () => void run());
  whenShown("check", follow);
}

/** Checks files that come from elsewhere on the page. */
export async function checkFiles(files: readonly File[]): Promise<void> {
  setTerms({});
  take(await Promise.all(files.map(fromFile)));
}

async function trySample(sample: Sample): Promise<void> {
  const evidence = await sample.files();
  setTerms(sample);
  take(evidence);
}

function setTerms(terms: { model?: string; context?: string }): void {
  model().value = terms.model ?? "";
  context().value = terms.context ?? "";
  development().checked = false;
  element<HTMLDetailsElement>("terms").open = terms.model !== undefined || terms.context !== undefined;
}

/** Follows an address such as `#check?file=https://…&model=…`, which whoever publishes proofs can link to. */
function follow(parameters: URLSearchParams): void {
  const addresses = parameters.getAll("file");
  if (addresses.length === 0 || parameters.toString() === followed) return;
  followed = parameters.toString();
  const [digest, words] = [parameters.get("model"), parameters.get("context")];
  setTerms({ ...(digest === null ? {} : { model: digest }), ...(words === null ? {} : { context: words }) });
  void attempt(async () => take(await Promise.all(addresses.map(fromAddress))));
}

function takeDrops(): void {
  addEventListener("dragover", (event) => {
    event.preventDefault();
    element("intake").classList.add("dragging");
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) element("intake").classList.remove("dragging");
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    element("intake").classList.remove("dragging");
    const transfer = event.dataTransfer;
    if (!transfer) return;
    location.hash = "check";
    void attempt(async () => take(await Promise.all((await filesOf(transfer)).map(fromFile))));
  });
}

/** Does `work`, and says so when it cannot be done. */
async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    checks++;
    stop();
    show(impossible(message(error)));
  }
}

function take(evidence: readonly Evidence[]): void {
  const of = (kind: Evidence["kind"]) => evidence.filter((file) => file.kind === kind);
  const [secret] = of("secret");
  if (secret)
    throw new Error(`${secret.name} is a secret of the publisher. It is not needed to check anything: keep it to yourself.`);
  const [bundle] = of("bundle");
  const known = [...of("key"), ...of("proof"), ...of("opening")];
  if (!bundle && known.length === 0) {
    const [first] = evidence;
    throw new Error(first ? `${first.name} is neither a key nor a proof nor a bundle of proofs.` : "There is no file.");
  }
  given.keys = [...of("key"), ...given.keys.filter(({ name }) => !of("key").some((key) => key.name === name))];
  if (bundle || of("proof").length > 0) {
    given.proofs = bundle ? [] : of("proof");
    given.openings = [];
    if (bundle) given.bundle = bundle;
    else delete given.bundle;
  }
  given.openings.push(...of("opening"));
  listGiven(evidence.length - known.length - (bundle ? 1 : 0));
  void run();
}

function listGiven(ignored: number): void {
  const { bundle, keys, proofs, openings } = given;
  const item = (name: string, what: string): HTMLElement =>
    make("li", {}, make("b", { textContent: name }), make("span", { className: "quiet", textContent: what }));
  const size = (files: readonly Evidence[]): string => {
    const bytes = files
      .map(({ content }) => (typeof content === "string" ? Number.NaN : content.size))
      .reduce((a, b) => a + b, 0);
    return Number.isNaN(bytes) ? "read in parts" : `${whole(bytes)} bytes`;
  };
  const single = (file: Evidence): HTMLElement => item(file.name, `${WORDS[file.kind]}, ${size([file])}`);
  const items = [...(bundle ? [bundle] : keys), ...openings].map(single);
  if (proofs.length > MAX_LISTED) items.push(item(counted(proofs.length, "proof"), size(proofs)));
  else items.push(...proofs.map(single));
  if (ignored > 0) items.push(make("li", { className: "quiet", textContent: `${counted(ignored, "other file")} left alone` }));
  element("given").replaceChildren(...items);
}

function accept(): Accept {
  const [digest, words] = [model().value.trim(), context().value];
  return {
    allowDevelopmentSetup: development().checked,
    ...(digest === "" ? {} : { model: digest }),
    ...(words === "" ? {} : { context: words }),
  };
}

function job(terms: Accept): Job | undefined {
  const { bundle, proofs, openings } = given;
  if (bundle) return { kind: "bundle", source: bundle.content, accept: terms };
  if (proofs.length === 0) return undefined;
  const blobs = (files: readonly Evidence[]) => files.flatMap(({ content }) => (content instanceof Blob ? [content] : []));
  return {
    kind: "proofs",
    keys: blobs(given.keys),
    proofs: proofs.flatMap(({ name, content }) => (content instanceof Blob ? [{ name, content }] : [])),
    openings: blobs(openings),
    accept: terms,
  };
}

async function run(): Promise<void> {
  const number = ++checks;
  const terms = accept();
  const work = job(terms);
  const report = element("report");
  if (!work) {
    stop();
    report.replaceChildren(...(given.keys.length > 0 ? [make("p", { className: "next", textContent: "Now a proof." })] : []));
    return;
  }
  let claims: readonly Claim[] = [];
  const head: HTMLElement[] = [];
  const progress = new ProgressCard(() => {
    checks++;
    stop();
    show(impossible("You stopped it."));
  });
  element("check").classList.add("reporting");
  report.replaceChildren(progress.card);
  const watcher = {
    onClaims: (told: readonly Claim[]) => {
      if (number !== checks) return;
      claims = told;
      if (claims.some((claim) => claim.development))
        head.push(warning(terms.allowDevelopmentSetup ? undefined : acceptDevelopment));
      head.push(...claims.map((claim) => claimCard(claim, terms.model)));
      report.replaceChildren(...head, progress.card);
    },
    onProgress: progress.show.bind(progress),
  };
  try {
    const answer = await check(work, watcher);
    if (number === checks) show(verdict(answer, claims), head);
  } catch (error) {
    if (number === checks) show(impossible(message(error)), head);
  }
}

const verdict = (answer: Answer, claims: readonly Claim[]): Shown =>
  answer.kind === "one" ? one(answer, claims[0]) : many(answer, claims);

function acceptDevelopment(): void {
  development().checked = true;
  element<HTMLDetailsElement>("terms").open = true;
  void run();
}

/** The verdict comes first: what it is about stands below it, and a warning above everything. */
function show({ card, sentence }: Shown, head: readonly HTMLElement[] = []): void {
  const warnings = head.filter((part) => part.classList.contains("warning"));
  const rest = head.filter((part) => !part.classList.contains("warning"));
  element("check").classList.add("reporting");
  element("report").replaceChildren(...warnings, card, ...rest);
  announce(sentence);
  card.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
}
