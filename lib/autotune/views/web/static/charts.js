// Curves, drawn by uPlot in the page's own colours.

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// `-12 %`, `×3`, `+0.4 s`: a height of the curve of effects. Heights are logarithms of ratios, or differences.
export function worded(height, chart) {
  if (!chart.relative) return `${height > 0 ? "+" : ""}${short(height)}${chart.unit ? ` ${chart.unit}` : ""}`;
  const ratio = Math.exp(height);
  if (ratio >= 3 || ratio < 0.02) return `×${short(ratio)}`;
  const share = 100 * (ratio - 1);
  return `${share > 0 ? "+" : share < 0 ? "−" : "±"}${short(Math.abs(share))} %`;
}

function short(value) {
  return Number(value.toPrecision(3)).toString().replace("-", "−");
}

function axes(values, upright = {}) {
  const common = { stroke: colour("quiet"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  return [
    { ...common, grid: { show: false }, size: 24, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000] },
    { ...common, size: 62, values, ...upright },
  ];
}

// Round effects between two heights, none so near another that their words would touch; no effect is one of them.
function ticks(low, high, room) {
  const apart = ((high - low) * 26) / room;
  const [least, most] = [Math.exp(low), Math.exp(high)];
  const ratios = [1];
  if (high - low > Math.log(20)) {
    for (let power = -12; power <= 12; power += 1) ratios.push(10 ** power, 2 * 10 ** power, 5 * 10 ** power);
  } else {
    const size = 10 ** Math.floor(Math.log10(most - least));
    const step = [size, size / 2, size / 5, size / 10].find((one) => (most - least) / one >= 4);
    for (let count = Math.ceil((least - 1) / step); 1 + count * step <= most; count += 1) ratios.push(1 + count * step);
  }
  const chosen = [];
  for (const at of ratios.filter((ratio) => ratio > 0).map(Math.log)) {
    if (at >= low && at <= high && chosen.every((other) => Math.abs(at - other) >= apart)) chosen.push(at);
  }
  return chosen.sort((one, other) => one - other);
}

function sized(element, height) {
  return { width: Math.max(200, element.clientWidth), height };
}

// What is drawn has room; an interval or a point far off is cut where it would hide all else.
export function extent(rows, chart) {
  const core = [0];
  const others = [];
  for (const { plot, kept } of rows) {
    if (!plot) continue;
    core.push(plot.step - chart.noise, plot.step + chart.noise);
    if (plot.at === null) continue;
    (kept ? core : others).push(...[plot.low, plot.at, plot.high].filter((one) => one !== null));
  }
  if (chart.claim) core.push(...chart.claim);
  const sorted = others.sort((one, other) => one - other);
  if (sorted.length) core.push(sorted[Math.floor(sorted.length * 0.05)], sorted[Math.ceil(sorted.length * 0.95) - 1]);
  const [low, high] = [Math.min(...core), Math.max(...core)];
  const spare = (high - low) * 0.06 || (chart.relative ? 0.01 : Math.abs(high) || 1);
  return [low - spare, high + spare];
}

export class Effects {
  constructor(element, { onPick, onPoint, onDrawn }) {
    Object.assign(this, { element, onPick, onPoint, onDrawn, rows: [], chart: null, marks: [], plot: null });
  }

  show(rows, chart, marks) {
    Object.assign(this, { rows: rows.filter((row) => row.plot), chart, marks });
    this.draw();
  }

  data() {
    const { rows, chart } = this;
    const steps = rows.map((row) => row.plot.step);
    return [
      rows.map((row) => row.number),
      steps,
      steps.map((step) => step - chart.noise),
      steps.map((step) => step + chart.noise),
      rows.map((row) => (row.kept ? row.plot.at : null)),
      rows.map((row) => (row.kept ? null : row.plot.at)),
    ];
  }

  draw() {
    if (!this.chart || !this.rows.length) return;
    if (this.plot) {
      this.plot.setData(this.data());
      return;
    }
    const stepped = uPlot.paths.stepped({ align: 1 });
    const none = () => null;
    const line = { points: { show: false } };
    this.plot = new uPlot(
      {
        ...sized(this.element, this.element.clientWidth < 500 ? 220 : 360),
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
        scales: { x: { time: false, range: (_, low, high) => [low - 0.5, high + 0.5] }, y: { range: () => extent(this.rows, this.chart) } },
        axes: axes(
          (_, splits) => splits.map((height) => worded(height, this.chart)),
          this.chart.relative ? { splits: (plot, _, low, high) => ticks(low, high, plot.bbox.height / devicePixelRatio) } : {},
        ),
        series: [
          {},
          { ...line, stroke: colour("accent"), width: 2, paths: stepped },
          { ...line, paths: stepped, stroke: "transparent" },
          { ...line, paths: stepped, stroke: "transparent" },
          { paths: none, points: { show: true, size: this.rows.length > 200 ? 5.5 : 8, fill: colour("accent"), stroke: colour("accent") } },
          { paths: none, points: { show: true, size: this.rows.length > 200 ? 3.5 : 6, fill: colour("ground"), stroke: colour("quiet"), width: 1 } },
        ],
        bands: [{ series: [3, 2], fill: colour("band") }],
        hooks: {
          drawClear: [(plot) => this.beneath(plot)],
          draw: [
            (plot) => this.failed(plot),
            (plot) => this.begun(plot),
            (plot) => this.onDrawn(plot.bbox.left / devicePixelRatio, plot.bbox.width / devicePixelRatio),
          ],
          setCursor: [(plot) => this.onPoint(plot.cursor.idx === null || plot.cursor.idx === undefined ? null : this.rows[plot.cursor.idx])],
        },
      },
      this.data(),
      this.element,
    );
    this.plot.over.addEventListener("click", () => this.plot.cursor.idx != null && this.onPick(this.rows[this.plot.cursor.idx]));
  }

  // Intervals, no effect, segments, and the claim.
  beneath(plot) {
    const { ctx, bbox } = plot;
    const scale = devicePixelRatio;
    const at = (value, axis) => plot.valToPos(value, axis, true);
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    stroke(ctx, colour("quiet"), scale, [6 * scale, 4 * scale], () => {
      ctx.moveTo(bbox.left, at(0, "y"));
      ctx.lineTo(bbox.left + bbox.width, at(0, "y"));
    });
    for (const kept of [false, true]) {
      stroke(ctx, colour(kept ? "accent" : "interval"), (kept ? 2 : 1) * scale, [], () => {
        for (const row of this.rows) {
          if (row.kept !== kept || row.plot.low === null || row.plot.low === row.plot.high) continue;
          const x = Math.round(at(row.number, "x"));
          ctx.moveTo(x, at(row.plot.low, "y"));
          ctx.lineTo(x, at(row.plot.high, "y"));
        }
      });
    }
    if (this.chart.claim) {
      const x = bbox.left + bbox.width - 4 * scale;
      stroke(ctx, colour("good"), 4 * scale, [], () => {
        ctx.moveTo(x, at(this.chart.claim[0], "y"));
        ctx.lineTo(x, at(this.chart.claim[2], "y"));
      });
    }
    ctx.restore();
  }

  // Where segments begin: a dotted line; at a rebaseline a whole one, with a diamond. Words that would touch stand below each other.
  begun(plot) {
    const { ctx, bbox } = plot;
    const scale = devicePixelRatio;
    ctx.save();
    Object.assign(ctx, { font: `${11 * scale}px system-ui`, textAlign: "left", textBaseline: "alphabetic" });
    const ends = [];
    for (const { after, word, rebaseline } of this.marks) {
      const x = Math.round(plot.valToPos(after + 0.5, "x", true));
      const text = rebaseline ? `◆ ${word}` : word;
      const wide = ctx.measureText(text).width;
      const left = Math.min(x + 3 * scale, bbox.left + bbox.width - wide);
      const free = ends.findIndex((end) => end < left);
      const line = free < 0 ? ends.length : free;
      ends[line] = left + wide + 6 * scale;
      stroke(ctx, colour("fair"), (rebaseline ? 1.5 : 1) * scale, rebaseline ? [] : [2 * scale, 3 * scale], () => {
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
      });
      ctx.fillStyle = colour("ground");
      ctx.fillRect(left - scale, bbox.top + (2 + 13 * line) * scale, wide + 2 * scale, 13 * scale);
      ctx.fillStyle = colour("fair");
      ctx.fillText(text, left, bbox.top + (12 + 13 * line) * scale);
    }
    ctx.restore();
  }

  // What failed has no effect: a cross at the bottom.
  failed(plot) {
    const { ctx, bbox } = plot;
    const size = 3 * devicePixelRatio;
    const y = bbox.top + bbox.height - 2 * size;
    stroke(ctx, colour("bad"), 1.5 * devicePixelRatio, [], () => {
      for (const row of this.rows) {
        if (row.plot.at !== null) continue;
        const x = plot.valToPos(row.number, "x", true);
        ctx.moveTo(x - size, y - size);
        ctx.lineTo(x + size, y + size);
        ctx.moveTo(x + size, y - size);
        ctx.lineTo(x - size, y + size);
      }
    });
  }

  again() {
    this.plot?.destroy();
    this.plot = null;
    this.draw();
  }
}

function stroke(ctx, style, width, dash, path) {
  ctx.beginPath();
  ctx.strokeStyle = style;
  ctx.lineWidth = width;
  ctx.setLineDash(dash);
  path();
  ctx.stroke();
}

// A line that grows towards what is needed.
export function evidence(element, found) {
  const pairs = found.points.map(([pair]) => pair);
  const top = Math.max(found.needed, ...found.points.map(([, height]) => height)) * 1.08 || 1;
  const low = Math.min(0, ...found.points.map(([, height]) => height));
  return new uPlot(
    {
      ...sized(element, 130),
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: (_, min, max) => [min - 0.5, Math.max(max, min + 4) + 0.5] }, y: { range: () => [low, top] } },
      axes: axes((_, splits) => splits.map((power) => `${short(10 ** power)} : 1`)),
      series: [
        {},
        { stroke: colour("accent"), width: 2, points: { show: true, size: 5, fill: colour("accent") } },
        { stroke: colour("good"), width: 2, dash: [6, 4], points: { show: false } },
      ],
    },
    [pairs, found.points.map(([, height]) => height), pairs.map(() => found.needed)],
    element,
  );
}

// Samples of both arms in the order of their runs; a line stands where a pair or block was complete.
export function samples(element, found) {
  const places = found.values.map((_, place) => place + 1);
  const of = (arm) => found.values.map((value, place) => (found.arms[place] === arm ? value : null));
  const points = (fill, more) => ({ paths: () => null, points: { show: true, size: 9, stroke: colour("ink"), width: 1.5, fill, ...more } });
  return new uPlot(
    {
      ...sized(element, 220),
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: (_, low, high) => [low - 0.8, high + 0.8] } },
      axes: axes((_, splits) => splits.map(short)),
      series: [{}, points(colour("accent"), { stroke: colour("accent") }), points(colour("ground"))],
      hooks: {
        drawClear: [
          ({ ctx, bbox, valToPos }) =>
            stroke(ctx, colour("line"), devicePixelRatio, [], () => {
              for (const end of found.ends.slice(0, -1)) {
                const x = Math.round(valToPos(end + 0.5, "x", true));
                ctx.moveTo(x, bbox.top);
                ctx.lineTo(x, bbox.top + bbox.height);
              }
            }),
        ],
      },
    },
    [places, of("candidate"), of("incumbent")],
    element,
  );
}

// Days (UTC), of seconds.
function days(_, splits) {
  return splits.map((at) => new Date(1000 * at).toISOString().slice(5, 10));
}

// Means over time, from 0 to 1, each with its interval.
export function means(element, found) {
  const { low, high } = found.reduce((so, one) => ({ low: Math.min(so.low, one.low), high: Math.max(so.high, one.high) }), { low: 1, high: 0 });
  const room = Math.max(0.02, (high - low) * 0.08);
  return new uPlot(
    {
      ...sized(element, 150),
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { range: (_, min, max) => [min - 43200, Math.max(max, min + 86400) + 43200] }, y: { range: () => [Math.max(0, low - room), Math.min(1, high + room)] } },
      axes: axes((_, splits) => splits.map(short)).map((axis, at) => (at ? { ...axis, size: 44, space: 22 } : { ...axis, incrs: undefined, space: 70, values: days })),
      series: [{}, { stroke: colour("accent"), width: 1.5, points: { show: true, size: 6, fill: colour("accent") } }],
      hooks: {
        drawClear: [
          ({ ctx, valToPos }) =>
            stroke(ctx, colour("interval"), 2 * devicePixelRatio, [], () => {
              for (const one of found) {
                const x = Math.round(valToPos(one.from_ms / 1000, "x", true));
                ctx.moveTo(x, valToPos(one.low, "y", true));
                ctx.lineTo(x, valToPos(one.high, "y", true));
              }
            }),
        ],
      },
    },
    [found.map((one) => one.from_ms / 1000), found.map((one) => one.value)],
    element,
  );
}
