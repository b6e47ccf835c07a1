/** The question and its answer in sentences, from the document's figures alone. */
import { feeTier, grouped } from "../../../report/format.ts";
import type { StudyDocument } from "../document.ts";
import { isShort } from "../notes.ts";
import { listed, longDate, percentText } from "./write.ts";

/** What the sentences need of a strategy's part of the document. */
type Entry = readonly [name: string, figures: StudyDocument["strategies"][string]];

export function question(document: StudyDocument): string {
  const { data, model, starts, strategies } = document;
  const count = Object.keys(strategies).length;
  const ways = count === 1 ? `of strategy ${Object.keys(strategies)[0] ?? ""}` : `of ${count} strategies`;
  const dates =
    starts.length === 1
      ? "There is one start."
      : `There are ${starts.length} starts, a week apart; figures are means over them.`;
  return (
    `Somebody has ${grouped(model.nav, 0)} (in the currency in which the prices are quoted) from ${longDate(data.from)} to ${longDate(data.to)}. ` +
    `What becomes of it in each ${ways}, and why? ${dates} ` +
    payWords(document)
  );
}

function payWords({ model, measured }: StudyDocument): string {
  if (model.k !== null)
    return `Pools are taken to pay those who provide liquidity k = ${model.k} of what these lose to arbitrage.`;
  const { pool } = model;
  const ratio = measured?.payRatio ?? null;
  const paid = ratio === null ? "" : `, which was ${grouped(ratio, 2)} of what full-range liquidity lost to arbitrage`;
  return `Pay is what one pool of ${pool === undefined ? "its pair" : feeTier(pool.fee)} was seen to pay in these hours${paid}.`;
}

/** A short headline and what stands behind it, one a row; the most important first. */
export interface Finding {
  readonly headline: string;
  readonly detail: string;
}

export function findings(document: StudyDocument): readonly Finding[] {
  const entries = ranked(document);
  return [
    ...winner(entries, document),
    ...loser(entries, document),
    ...againstHold(entries, document),
    ...byK(entries, document),
    ...byStart(entries),
    ...falls(entries),
    ...fewStarts(document),
    ...document.notes.map((detail) => ({ headline: "", detail })),
  ];
}

/** Best mean CAGR first. */
function ranked({ strategies }: StudyDocument): Entry[] {
  return Object.entries(strategies).toSorted(
    ([, a], [, b]) => (b.cagr ?? Number.NEGATIVE_INFINITY) - (a.cagr ?? Number.NEGATIVE_INFINITY),
  );
}

/** The return of a year, or of the window where that is too short for one. */
function returned([, { cagr, netReturn }]: Entry, document: StudyDocument): string {
  const short = isShort(document.data.bars);
  const value = short ? netReturn : cagr;
  return value === null
    ? "no return that can be given"
    : short
      ? `${percentText(value, 2)} over the window`
      : `${percentText(value)} a year`;
}

/** "1,000,000 became 1,813,136" */
function became(netReturn: number | null, { model }: StudyDocument): string {
  return netReturn === null ? "" : `${grouped(model.nav, 0)} became ${grouped(model.nav * (1 + netReturn), 0)}`;
}

function winner([best, second]: readonly Entry[], document: StudyDocument): Finding[] {
  if (best === undefined) return [];
  const [name, figures] = best;
  const short = isShort(document.data.bars);
  const range = short ? null : figures.ranges.cagr;
  const spread =
    range === null ? "" : ` (${percentText(range[0])} to ${percentText(range[1])}, depending on the start)`;
  if (second === undefined)
    return [
      {
        headline: `${name} made ${returned(best, document)}.`,
        detail: `${became(figures.netReturn, document)}${spread}.`,
      },
    ];
  const points = ([, other]: Entry): string =>
    short
      ? grouped(((figures.netReturn ?? 0) - (other.netReturn ?? 0)) * 100, 2)
      : grouped(((figures.cagr ?? 0) - (other.cagr ?? 0)) * 100, 1);
  const hold = Object.entries(document.strategies).find(([other]) => other === "hold");
  const overHold =
    hold === undefined || hold[0] === name || hold[0] === second[0] ? "" : ` and ${points(hold)} more than hold`;
  return [
    {
      headline: `${name} ended best: ${returned(best, document)}.`,
      detail: `${became(figures.netReturn, document)}${spread}. That is ${points(second)} points ${short ? "" : "a year "}more than ${second[0]}, the next${overHold}.`,
    },
  ];
}

function loser(entries: readonly Entry[], document: StudyDocument): Finding[] {
  const worst = entries.at(-1);
  if (worst === undefined || entries.length < 3) return [];
  return [
    {
      headline: `${worst[0]} ended worst: ${returned(worst, document)}.`,
      detail: `${became(worst[1].netReturn, document)}. ${origin(worst)}`,
    },
  ];
}

/** What fees were against what they had to pay for. */
function origin([name, { attribution }]: Entry): string {
  const [fees, lvr] = [Number(attribution.fees), Number(attribution.lvr)];
  if (lvr === 0) return "";
  return `Over its life ${name} took in ${grouped(fees, 0)} of fees and gave up ${grouped(lvr, 0)} to arbitrage.`;
}

function againstHold(entries: readonly Entry[], { starts }: StudyDocument): Finding[] {
  const judged = entries.filter(([, { beatsHold }]) => beatsHold !== null);
  if (judged.length === 0) return [];
  const those = (test: (part: number) => boolean): string[] =>
    judged.filter(([, { beatsHold }]) => beatsHold !== null && test(beatsHold)).map(([name]) => name);
  const [always, never] = [those((part) => part === 1), those((part) => part === 0)];
  const sometimes = judged.filter(([, { beatsHold }]) => beatsHold !== null && beatsHold > 0 && beatsHold < 1);
  const all = starts.length === 1 ? "the one start" : `all ${starts.length} starts`;
  const sentences = [
    always.length > 0 ? `From ${all}: ${listed(always)}.` : "",
    sometimes.length > 0
      ? `From some: ${listed(sometimes.map(([name, { beatsHold }]) => `${name} (${Math.round((beatsHold ?? 0) * starts.length)} of ${starts.length})`))}.`
      : "",
    never.length > 0 ? `From none: ${listed(never)}.` : "",
  ].filter((sentence) => sentence !== "");
  const most = those((part) => part > 0.5);
  const headline =
    always.length > 0
      ? `${listed(always)} beat${always.length === 1 ? "s" : ""} holding half and half.`
      : most.length > 0
        ? `${listed(most)} beat${most.length === 1 ? "s" : ""} holding half and half from most starts.`
        : sometimes.length > 0
          ? "Nothing beats holding half and half from most starts."
          : "Nothing beat holding half and half.";
  return [{ headline, detail: sentences.join(" ") }];
}

function byK(entries: readonly Entry[], document: StudyDocument): Finding[] {
  if (document.model.k === null) return [];
  const flips = entries.filter(([, { signDependsOnK }]) => signDependsOnK === true).map(([name]) => name);
  const ratios = entries[0]?.[1].atK.map(({ k }) => k) ?? [];
  const bests = ratios.map((k) => ({ k, name: bestAt(entries, k) }));
  const names = [...new Set(bests.map(({ name }) => name))];
  const places = names.map(
    (name) => `${name} at k = ${listed(bests.filter((one) => one.name === name).map(({ k }) => String(k)))}`,
  );
  const who =
    entries.length < 2
      ? ""
      : names.length > 1
        ? ` Who ends best depends on k too: ${listed(places)}.`
        : ` ${names[0] ?? ""} ends best at every one of them.`;
  const range = `Pay ratios tried: ${listed(ratios.map(String))}; k = ${document.model.k} is an assumption, and measurements over months lie between 0.8 and 1.`;
  return flips.length === 0
    ? [{ headline: "Whether a strategy gains or loses does not depend on k.", detail: `${range}${who}` }]
    : [
        {
          headline: `Whether ${listed(flips)} gain${flips.length === 1 ? "s" : ""} or lose${flips.length === 1 ? "s" : ""} depends on k.`,
          detail: `${range}${who}`,
        },
      ];
}

function bestAt(entries: readonly Entry[], k: number): string {
  const returns = entries.map(([name, { atK }]) => ({
    name,
    cagr: atK.find((one) => one.k === k)?.cagr ?? Number.NEGATIVE_INFINITY,
  }));
  return returns.reduce((best, one) => (one.cagr > best.cagr ? one : best), returns[0] ?? { name: "", cagr: 0 }).name;
}

function byStart(entries: readonly Entry[]): Finding[] {
  const flips = entries.filter(
    ([, { starts }]) => starts.min !== null && starts.max !== null && starts.min < 0 && starts.max > 0,
  );
  const widest = entries
    .map(([name, { ranges }]) => ({ name, range: ranges.cagr }))
    .reduce<{ name: string; width: number }>(
      (most, { name, range }) =>
        range !== null && range[1] - range[0] > most.width ? { name, width: range[1] - range[0] } : most,
      { name: "", width: 0 },
    );
  if (widest.name === "") return [];
  const detail = `Beginning a few weeks earlier or later moves the yearly return by up to ${grouped(widest.width * 100, 1)} points (${widest.name}).`;
  const one = flips.length === 1;
  return [
    {
      headline:
        flips.length === 0
          ? "Whether a strategy gains or loses does not depend on these starts."
          : `Whether ${listed(flips.map(([name]) => name))} gain${one ? "s" : ""} or lose${one ? "s" : ""} depends on the start.`,
      detail,
    },
  ];
}

function falls(entries: readonly Entry[]): Finding[] {
  const known = entries.flatMap(([name, { maxDrawdown }]) =>
    maxDrawdown === null ? [] : [{ name, fall: maxDrawdown }],
  );
  const sorted = known.toSorted((a, b) => a.fall - b.fall);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (least === undefined || most === undefined) return [];
  const at = (one: { name: string; fall: number }): string => `${grouped(one.fall * 100, 0)}\u00a0% (${one.name})`;
  return [
    {
      headline:
        sorted.length === 1
          ? `At its worst ${at(least)} was lost.`
          : `On the way even the calmest strategy once stood ${grouped(least.fall * 100, 0)}\u00a0% below an earlier peak.`,
      detail: sorted.length === 1 ? "" : `Greatest falls from a peak: from ${at(least)} to ${at(most)}.`,
    },
  ];
}

function fewStarts({ starts, model }: StudyDocument): Finding[] {
  // Where pay is measured one start is as many as there can be, and the notes say so.
  if (starts.length >= 6 || (starts.length === 1 && model.k === null)) return [];
  return [
    {
      headline: "One path proves little.",
      detail: `There ${starts.length === 1 ? "is" : "are"} only ${starts.length} of at least 6 starts: read everything above as an example.`,
    },
  ];
}
