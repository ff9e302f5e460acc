// What runs in a report: lines are drawn, and tables are sorted by a click on a column's head or by the keyboard. Without
// scripts every figure is there all the same.

/** For the end of the page, after uPlot's own script if there are lines to draw. */
export const REPORT_SCRIPT = `
(() => {
  const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const count = (value) => value.toLocaleString("en-US", { maximumFractionDigits: 1 });
  const FORMATS = {
    count,
    cores: (value) => count(value / 1000),
    bytes: (value) => {
      let unit = 0;
      for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
      return count(value) + " " + UNITS[unit];
    },
  };
  const BYTE_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const plots = [];

  function draw(figure) {
    const holder = figure.querySelector(".plot");
    const { unit, hours, series } = JSON.parse(figure.querySelector("script").textContent);
    const format = FORMATS[unit];
    const axis = { stroke: token("--quiet"), grid: { stroke: token("--line"), width: 1 }, ticks: { stroke: token("--line"), width: 1 } };
    const options = {
      width: holder.clientWidth,
      height: 260,
      legend: { live: true },
      cursor: { focus: { prox: 24 } },
      scales: { x: { time: false }, y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.05 : 1] } },
      axes: [
        { ...axis, values: (_plot, ticks) => ticks.map((tick) => tick + " h") },
        { ...axis, size: 78, ...(unit === "bytes" && { incrs: BYTE_STEPS }), values: (_plot, ticks) => ticks.map(format) },
      ],
      series: [
        { label: "hours", value: (_plot, value) => (value === null ? "–" : count(value)) },
        ...series.map(({ name, isOurs }, index) => ({
          label: name,
          stroke: token(isOurs ? "--ours" : "--other-" + ((index % 4) + 1)),
          width: isOurs ? 2.5 : 1.5,
          dash: isOurs ? undefined : [[], [7, 3], [2, 3], [9, 3, 2, 3]][index % 4],
          points: { show: false },
          paths: uPlot.paths.stepped({ align: 1 }),
          value: (_plot, value) => (value === null || value === undefined ? "–" : format(value)),
        })),
      ],
    };
    holder.replaceChildren();
    const plot = new uPlot(options, [hours, ...series.map(({ values }) => values)], holder);
    plots.push({ plot, holder });
  }

  function drawAll() {
    plots.splice(0).forEach(({ plot }) => plot.destroy());
    document.querySelectorAll("figure.lines").forEach(draw);
  }

  if (typeof uPlot !== "undefined") {
    drawAll();
    addEventListener("resize", () => plots.forEach(({ plot, holder }) => plot.setSize({ width: holder.clientWidth, height: 260 })));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  }

  const amount = (text) => {
    const number = Number.parseFloat(text.replaceAll(",", "").replace("−", "-"));
    const unit = UNITS.findIndex((name) => text.endsWith(" " + name));
    return Number.isNaN(number) ? undefined : number * 1024 ** Math.max(0, unit);
  };
  const compare = (a, b) => {
    const [x, y] = [amount(a), amount(b)];
    return x === undefined || y === undefined ? a.localeCompare(b) : x - y;
  };
  document.querySelectorAll("table.data").forEach((table) => {
    table.querySelectorAll("thead th").forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const isUp = head.getAttribute("aria-sort") === "descending";
        table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
        const text = (row) => row.cells[column]?.textContent ?? "";
        const rows = [...table.tBodies[0].rows].sort((a, b) => (isUp ? 1 : -1) * compare(text(a), text(b)));
        table.tBodies[0].append(...rows);
      });
    });
  });
})();
`;
