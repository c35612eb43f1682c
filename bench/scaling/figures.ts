/** An integer with separators of thousands. */
export function thousands(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** US dollars: cents below a hundred, and one digit below a cent. */
export function usd(value: number): string {
  if (value === 0) return "0";
  return value < 0.01 ? value.toPrecision(1) : value < 100 ? value.toFixed(2) : thousands(value);
}

/** A quantity in three digits, with G for a thousand million and T for a million million. */
export function quantity(value: number): string {
  const steps = [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
  ] as const;
  const step = steps.find(([size]) => value >= size);
  if (step) return `${Number((value / step[0]).toPrecision(3))} ${step[1]}`;
  return value >= 100 ? thousands(value) : String(Number(value.toPrecision(2)));
}
